/* Decode, validate, enrich, shape: one after the other, and again from where an event stands when memory was short. */
#include "flow/stages.h"

#include "base/table.h"
#include "event/detail.h"
#include "flow/flow_private.h"

#include <stdint.h>

/* Keys, query values and places never meet in one lane by their text alone. */
enum { SEED_OF_QUERY = 0x5157, SEED_OF_PLACE = 0x504c };

static struct verdict decode_event(const struct route *route, struct passage *passage) {
    if (passage->event->omitted > 0 && !PLANTED(OMITTED_TOMBSTONE))
        return detail_dead(passage->event, REASON_TOO_LARGE, "is larger than what limits.memory has room for");
    if (passage->event->value.data == NULL) /* a tombstone has nothing to decode */
        return (struct verdict){.kind = route->tombstone == TOMBSTONE_FILTER ? VERDICT_SKIP : VERDICT_DEAD,
                                .reason = REASON_TOMBSTONE};
    return decode(&route->decode, passage->event, &passage->message);
}

/* True when the route's query says its lane. What was decoded for it is kept where there is memory; else it is decoded
 * again when its turn comes. */
static bool look(struct flow *flow, const struct route *route, struct passage *passage) {
    struct arena *arena = &passage->event->arena;
    struct arena_mark mark = arena_mark(arena);
    struct span text = SPAN_NONE;
    size_t before = arena->bytes, most = flow->most_of_event, room = budget_left(flow, BUDGET_LOOK);
    arena->limit = before + (room < most ? room : most); /* kept for this, also for what stands on a lifeline */
    arena->full = false;
    bool read = decode_event(route, passage).kind == VERDICT_PASS && !arena->full;
    if (read)
        text = message_text(&passage->message.document, json_path_find(route->order_by, &passage->message.document));
    if (text.data != NULL)
        passage->lane = hash_bytes(text, flow->seed ^ SEED_OF_QUERY);
    size_t keeps =
        passage->on_lifeline ? lifeline_left(flow, passage, BUDGET_READ_ALONE) : budget_left(flow, BUDGET_READ_ALONE);
    if (read && arena->bytes - before <= keeps)
        passage->stage = STAGE_VALIDATE;
    else
        arena_go_back(arena, mark);
    return text.data != NULL;
}

/* The lane of a partition, or of one of its events. Not of the partition's number alone: a breaker hears of lanes from
 * all routes and topics, and would take several of the same number for one. */
static uint64_t lane_of_place(const struct flow *flow, const struct place *place, int64_t offset) {
    const int64_t where[] = {place->route, place->topic, place->partition, offset};
    return hash_bytes(span_make(where, sizeof where), flow->seed ^ SEED_OF_PLACE);
}

/* The order that the route wants, else the record's key, else none. */
static void choose_lane(struct flow *flow, const struct route *route, struct passage *passage) {
    struct event *event = passage->event;
    passage->ordered = true;
    if (route->order == ORDER_PARTITION) {
        passage->lane = lane_of_place(flow, &event->place, -1);
        return;
    }
    if (route->order == ORDER_QUERY && event->value.data != NULL && look(flow, route, passage))
        return;
    if (route->order != ORDER_NONE && event->key.data != NULL) {
        passage->lane = hash_bytes(event->key, flow->seed);
        return;
    }
    passage->ordered = false;
    passage->lane = lane_of_place(flow, &event->place, event->offset);
}

void stages_order(struct flow *flow, struct passage *passage) {
    choose_lane(flow, passage->home->group->route, passage);
    passage->blame = passage->lane;
    passage_account(flow, passage);
}

/* True when the passage stands at or before this stage and nothing has stopped it: it enters. */
static bool enters(struct passage *passage, enum stage stage, const struct verdict *verdict) {
    if (verdict->kind != VERDICT_PASS || passage->stage > stage)
        return false;
    passage->stage = stage;
    return true;
}

static struct verdict enrich(struct flow *flow, const struct route *route, struct passage *passage) {
    struct answer none = {.kind = ANSWER_NONE};
    struct span key = SPAN_NONE;
    struct verdict verdict = VERDICT(VERDICT_PASS);
    for (; passage->recipe < route->recipe_count && verdict.kind == VERDICT_PASS; passage->recipe++) {
        const struct recipe *recipe = &route->recipes[passage->recipe];
        verdict = recipe_run(recipe, flow->tables[recipe->lookup], &none, &route->decode.limits, passage->event,
                             &passage->message, &key);
        if (verdict.kind != VERDICT_PASS)
            break;
    }
    return verdict;
}

/* Prefetches what the lookups will need, while the event is validated. */
static void foresee(const struct flow *flow, const struct route *route, const struct passage *passage) {
    for (uint32_t i = 0; i < route->recipe_count; i++)
        recipe_foresee(&route->recipes[i], flow->tables[route->recipes[i].lookup], &passage->message);
}

static struct verdict walk(struct flow *flow, struct passage *passage) {
    const struct route *route = passage->home->group->route;
    struct event *event = passage->event;
    struct message *message = &passage->message;
    struct verdict verdict = VERDICT(VERDICT_PASS);

    if (enters(passage, STAGE_DECODE, &verdict))
        verdict = decode_event(route, passage);
    if (enters(passage, STAGE_VALIDATE, &verdict)) {
        foresee(flow, route, passage);
        verdict = gate_check(&route->gate, flow->gate, event, message);
    }
    if (enters(passage, STAGE_ENRICH, &verdict))
        verdict = enrich(flow, route, passage);
    if (enters(passage, STAGE_SHAPE, &verdict))
        verdict = mapping_apply(&route->mapping, event, message, &passage->own);
    if (enters(passage, STAGE_DELIVER, &verdict)) { /* the platform's dispatcher sends it, fate judges and settles it */
        passage->own.platform = route->mapping.platform;
        passage->own.place = event->place;
        passage->own.offset = event->offset;
        passage->own.attempt = passage->attempts;
    }
    return verdict;
}

/* The memory that may be taken for what the stages make of it: the first of a route may go further than others. */
static size_t room_of(const struct flow *flow, const struct passage *passage) {
    bool first = passage->grown || passage->home->group->grown == 0;
    return budget_left(flow, first ? BUDGET_GROW_FIRST : BUDGET_GROW);
}

/* A batch of it alone would find no room. */
static bool is_too_large(const struct flow *flow, const struct passage *passage, const struct verdict *verdict) {
    const struct route *route = passage->home->group->route;
    return verdict->kind == VERDICT_PASS && route->batch.events > 0 && passage->own.body.size > flow->most_of_body;
}

/* Its request is all that is needed from now on: what stood on the way there would only take memory while it waits. */
static void keep_request(struct passage *passage) {
    enum { OTHERS = 3, MOST_HEADERS = (ARENA_PIECES - OTHERS) / 2 };
    struct request *own = &passage->own;
    struct span *piece[ARENA_PIECES], headers = span_make(own->headers, own->header_count * sizeof *own->headers);
    size_t count = 0;
    passage->message = (struct message){0};
    if (own->header_count > MOST_HEADERS)
        return;
    piece[count++] = &own->target;
    piece[count++] = &own->body;
    for (size_t i = 0; i < own->header_count; i++) {
        piece[count++] = &own->headers[i].name;
        piece[count++] = &own->headers[i].value;
    }
    piece[count++] = &headers; /* the last: the others stand in it */
    arena_keep(&passage->event->arena, passage->bare, piece, count);
    own->headers = (struct header *)(uintptr_t)headers.data;
}

/* The same, from where there is: an event that the common memory has no room for grows on its platform's lifeline, and
 * one that stands there grows elsewhere only where it must. */
static size_t find_room(struct flow *flow, struct passage *passage, size_t most) {
    size_t room = room_of(flow, passage);
    bool on_lifeline = passage->on_lifeline;
    if ((room >= most && !on_lifeline) || !lifeline_take(flow, passage))
        return room;
    size_t own = lifeline_left(flow, passage, BUDGET_GROW_FIRST);
    if (own > passage->cramped)
        return own < most ? own : most - 1; /* were it ever so much: there may be more elsewhere */
    if (on_lifeline && room < most + passage->bytes)
        return own;
    if (on_lifeline)
        lifeline_leave(flow, passage);
    else
        lifeline_return(flow, passage);
    return room_of(flow, passage);
}

/* Nobody will give any memory back but an operator: nothing is under way, and what has grown waits for memory itself.
 */
static bool is_last(const struct flow *flow, const struct passage *passage) {
    uint32_t waiting = passage->grown ? 1 : 0;
    if (flow->pending.count > 0)
        return false;
    for (struct list *link = flow->cramped.next; link != &flow->cramped && flow->grown > 0; link = link->next)
        waiting += LIST_OF(link, struct passage, link)->grown ? 1 : 0;
    return flow->grown == waiting;
}

/* Then all that there is, where there is more of it. */
static size_t last_room(struct flow *flow, struct passage *passage) {
    size_t own = lifeline_left(flow, passage, BUDGET_WRITE);
    if (passage->on_lifeline && own + passage->bytes >= budget_left(flow, BUDGET_WRITE))
        return own;
    lifeline_leave(flow, passage);
    return budget_left(flow, BUDGET_WRITE);
}

/* As before its first stage. */
static void strip(struct flow *flow, struct passage *passage, bool grown_before) {
    arena_go_back(&passage->event->arena, passage->bare);
    passage->message = (struct message){0};
    passage->stage = STAGE_DECODE;
    passage->recipe = 0;
    passage_grows(flow, passage, grown_before);
}

/* Only what is needed from now on: what stood on the way there, maybe on the stairs, is given back in the same step. */
static void keep_outcome(struct flow *flow, struct passage *passage, struct verdict *verdict, bool grown_before) {
    struct span *piece[] = {&verdict->detail};
    switch (verdict->kind) {
    case VERDICT_PASS:
        keep_request(passage);
        break;
    case VERDICT_SKIP:
    case VERDICT_DEAD:
        passage->message = (struct message){0};
        arena_keep(&passage->event->arena, passage->bare, piece, 1);
        break;
    case VERDICT_WAIT:
    case VERDICT_RETRY:
        strip(flow, passage, grown_before);
        break;
    }
}

/* It came to nothing, and it stands where it stood. */
static bool walks_later(struct flow *flow, struct passage *passage, bool on_lifeline) {
    if (!on_lifeline)
        lifeline_return(flow, passage);
    return false;
}

bool stages_run(struct flow *flow, struct passage *passage, struct verdict *verdict) {
    struct arena *arena = &passage->event->arena;
    bool on_lifeline = passage->on_lifeline;
    size_t most = flow->most_of_event, room = find_room(flow, passage, most);
    bool last = room < most && is_last(flow, passage);
    if (last)
        room = last_room(flow, passage);
    bool alone = last && flow->resting == 0; /* else there will be more when an operator has acted */
    if (!alone && room < most && room <= passage->cramped)
        return walks_later(flow, passage, on_lifeline);
    const struct arena_mark mark = arena_mark(arena);
    const struct message message = passage->message;
    enum stage stage = passage->stage;
    uint32_t recipe = passage->recipe;
    bool grown = passage->grown;
    size_t before = arena->bytes, reach = room + flow->stairs;
    arena->limit = before + (reach < most ? reach : most);
    arena->full = false;
    passage_grows(flow, passage, true);
    *verdict = walk(flow, passage);
    bool full = arena->full || is_too_large(flow, passage, verdict), climbed = arena->bytes > before + room;
    if (!full && (climbed || verdict->kind == VERDICT_PASS))
        keep_outcome(flow, passage, verdict, grown);
    if (full || (climbed && arena->bytes > before + room)) {
        bool never = (full && (!arena->full || reach >= most)) || (PLANTED(OUTGROWN_DIES) && passage->on_lifeline);
        if (full) {
            arena_go_back(arena, mark);
            passage->message = message;
            passage->stage = stage;
            passage->recipe = recipe;
            passage_grows(flow, passage, grown);
        } else
            strip(flow, passage, grown);
        passage->cramped = (full ? reach : room) * 2;
        passage_account(flow, passage);
        if (!never && !alone)
            return on_lifeline && passage->on_lifeline ? stages_run(flow, passage, verdict) /* with what is elsewhere */
                                                       : walks_later(flow, passage, on_lifeline);
        passage_borrow(flow, passage, BUDGET_WRITE);
        *verdict = detail_dead(passage->event, REASON_TOO_LARGE, "takes more memory than limits.memory has room for");
    }
    passage_account(flow, passage);
    return true;
}
