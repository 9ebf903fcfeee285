/* The way of one event through the rooms. What becomes of it afterwards is decided in fate.c. */
#include "flow/passage.h"

#include "base/table.h"
#include "flow/flow_private.h"

enum { SEED_OF_QUERY = 0x5157 }; /* keys and query values never meet in one lane by their text alone */

void passage_account(struct flow *flow, struct passage *passage) {
    size_t bytes = passage->event->arena.bytes;
    flow->bytes += bytes - passage->bytes;
    passage->bytes = bytes;
}

static struct verdict decode_event(const struct route *route, struct passage *passage) {
    if (passage->event->value.data == NULL) /* a tombstone has nothing to decode */
        return (struct verdict){.kind = route->tombstone == TOMBSTONE_FILTER ? VERDICT_SKIP : VERDICT_DEAD,
                                .reason = REASON_TOMBSTONE};
    return decode(&route->decode, passage->event, &passage->message);
}

/* Which lane: the order that the route wants, else the record's key, else none. */
static void choose_lane(struct flow *flow, const struct route *route, struct passage *passage) {
    struct event *event = passage->event;
    passage->ordered = true;
    if (route->order == ORDER_PARTITION) {
        passage->lane = flow->seed;
        return;
    }
    if (route->order == ORDER_QUERY && event->value.data != NULL) {
        if (decode_event(route, passage).kind == VERDICT_PASS) {
            passage->stage = STAGE_VALIDATE;
            const struct json_document *document = &passage->message.document;
            const struct json_node *node = json_path_find(route->order_by, document);
            struct span text = message_text(document, node);
            if (text.data != NULL) {
                passage->lane = hash_bytes(text, flow->seed ^ SEED_OF_QUERY);
                return;
            }
        }
    }
    if (route->order != ORDER_NONE && event->key.data != NULL) {
        passage->lane = hash_bytes(event->key, flow->seed);
        return;
    }
    passage->ordered = false;
    passage->lane =
        hash_bytes(span_make(&event->offset, sizeof event->offset), flow->seed + (uint64_t)event->place.partition);
}

struct passage *passage_create(struct flow *flow, struct partition *home, struct event *event) {
    struct passage *passage = arena_take_zero(&event->arena, 1, sizeof *passage);
    if (passage == NULL || !timers_join(&flow->timers))
        return NULL;
    passage->event = event;
    passage->home = home;
    passage->timer.kind = TIMER_PASSAGE;
    passage->request = &passage->own;
    passage->company = UINT32_MAX;
    passage->read_ms = passage->since_ms = flow->now_ms;
    passage->first_failed_wall_ms = passage->held_first = -1;
    choose_lane(flow, home->group->route, passage);
    passage->blame = passage->lane;
    passage_account(flow, passage);
    return passage;
}

void passage_destroy(struct flow *flow, struct passage *passage) {
    timers_clear(&flow->timers, &passage->timer);
    timers_leave(&flow->timers);
    if (passage->batch != NULL && passage->state != PASSAGE_JOINED)
        batch_destroy(flow, passage->batch);
    flow->groups[passage->event->place.route].grown -= passage->grown ? 1 : 0;
    flow->relieved = true;
    ENSURE(flow->bytes >= passage->bytes, "more bytes were given back than accounted (I10)");
    flow->bytes -= passage->bytes;
    event_destroy(passage->event);
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

struct verdict passage_walk(struct flow *flow, struct passage *passage) {
    const struct route *route = passage->home->group->route;
    struct event *event = passage->event;
    struct message *message = &passage->message;
    struct verdict verdict = VERDICT(VERDICT_PASS);

    if (enters(passage, STAGE_DECODE, &verdict))
        verdict = decode_event(route, passage);
    if (enters(passage, STAGE_VALIDATE, &verdict))
        verdict = gate_check(&route->gate, flow->gate, event, message);
    if (enters(passage, STAGE_ENRICH, &verdict))
        verdict = enrich(flow, route, passage);
    if (enters(passage, STAGE_SHAPE, &verdict))
        verdict = mapping_apply(&route->mapping, event, message, &passage->own);
    if (enters(passage, STAGE_DELIVER, &verdict)) { /* the platform's desk sends it, fate judges and settles it */
        passage->own.platform = route->mapping.platform;
        passage->own.place = event->place;
        passage->own.offset = event->offset;
        passage->own.attempt = passage->attempts;
    }

    passage_account(flow, passage);
    return verdict;
}
