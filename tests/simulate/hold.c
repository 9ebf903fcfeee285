/* The operator, and the judge of what waits for him: nothing is sent behind a dead letter or in doubt before he says
 * so, followers follow, and a commit tells whoever comes next what is held. */
#include "settle/offset_map.h"
#include "world.h"

#include <inttypes.h>

enum { PARTITION_LANE = MOST_LANES - 1, LONGEST_WAIT_MS = 20000 };

/* -1: no order. */
static int lane_of(const struct member *member, uint32_t route, const struct record *record) {
    enum order_kind order = member->setting->route[route].order;
    if (order == ORDER_QUERY && record_query(record) != 0)
        return record_query(record) == '1' ? 0 : PARTITION_LANE;
    if (order == ORDER_NONE || (order != ORDER_PARTITION && record->key == 0))
        return -1;
    return order == ORDER_PARTITION ? PARTITION_LANE : (int)record->key;
}

static struct dead_lane *dead_of(struct member *member, uint32_t route, uint32_t partition,
                                 const struct record *record) {
    int lane = lane_of(member, route, record);
    if (lane < 0 || member->setting->route[route].after_letter == AFTER_CONTINUE)
        return NULL;
    return &member->tenure[route].reading[partition].dead[lane];
}

static bool is_dead(const struct dead_lane *dead) {
    return dead != NULL && dead->known;
}

/* Nobody knows whether it was delivered: whoever reads it next must be told. Or an answer that crossed an abort says
 * it. */
void hold_doubt(struct member *member, const struct open_request *open, bool doubt) {
    bool counts = member->setting->route[open->route].ambiguous != AMBIGUOUS_RETRY;
    for (uint32_t i = 0; i < open->count && !open->letter; i++)
        open->record[i]->view[member->index].doubt = doubt && counts;
}

/* What the map says of an event that is read: it is held as long as the route wants it. */
void hold_read(const struct world *world, struct member *member, uint32_t route, uint32_t partition,
               struct record *record) {
    const struct offset_map *map = store_taken(world, member, route, partition);
    const struct route *spec = &member->setting->route[route];
    struct view *view = &record->view[member->index];
    view->held_first = -1;
    const struct offset_try *tried = offset_map_find(map, record->offset);
    enum held held = tried != NULL ? tried->held : HELD_NOT;
    view->spent_ms = tried != NULL ? (int64_t)tried->seconds * 1000 : 0;
    if (held == HELD_AMBIGUOUS && spec->ambiguous != AMBIGUOUS_RETRY) {
        view->held = spec->ambiguous == AMBIGUOUS_HOLD ? held : HELD_NOT;
        view->ambiguous = view->doubt = true;
    }
    if (held == HELD_DEAD_KEY && spec->after_letter == AFTER_HOLD && lane_of(member, route, record) >= 0) {
        view->held = held;
        view->held_first = tried->first;
    }
    /* Held under a configuration that held: now it follows, also where its order is another one. */
    if (held == HELD_DEAD_KEY && spec->after_letter == AFTER_FOLLOW && lane_of(member, route, record) >= 0) {
        view->follows = true;
        view->held_first = tried->first;
    }
}

/* A key that the map calls dead, and the event is settled: known again. */
void hold_seen(const struct world *world, struct member *member, uint32_t route, uint32_t partition,
               const struct record *record) {
    const struct reading *reading = &member->tenure[route].reading[partition];
    struct dead_lane *lane = dead_of(member, route, partition, record);
    const struct offset_map *map = store_taken(world, member, route, partition);
    const struct offset_dead *dead = lane != NULL ? offset_map_dead(map, record->offset) : NULL;
    if (dead == NULL || (record->offset >= reading->told && !offset_map_knows(map, record->offset)))
        return;
    if (!lane->known)
        *lane = (struct dead_lane){true, dead->first, dead->last, -1, lane->released};
    else if (lane->last < dead->last) /* of two keys that are one by this member's order */
        lane->last = dead->last;
}

void hold_check_request(struct world *world, struct member *member, struct place place, const struct record *record) {
    const struct dead_lane *dead = dead_of(member, place.route, (uint32_t)place.partition, record);
    if (record->view[member->index].held != HELD_NOT)
        violated(world, "hold", "offset %" PRId64 " is sent and waits for an operator", record->offset);
    if (record->view[member->index].doubt)
        violated(world, "hold", "offset %" PRId64 " is sent again and may have been delivered", record->offset);
    if (is_dead(dead) && record->offset > dead->first)
        violated(world, "hold", "offset %" PRId64 " is sent behind the dead letter of %" PRId64, record->offset,
                 dead->first);
}

void hold_check_letter(struct world *world, struct member *member, struct record *record, const struct letter *letter) {
    uint32_t route = letter->place.route;
    struct view *view = &record->view[member->index];
    struct dead_lane *dead = dead_of(member, route, (uint32_t)letter->place.partition, record);
    bool follows = false;
    for (size_t i = 0; i < letter->header_count; i++)
        follows = follows || (span_equal(letter->headers[i].name, SPAN("sluss-reason")) &&
                              span_equal(letter->headers[i].value, SPAN("followed")));
    if (view->held == HELD_DEAD_KEY && is_dead(dead) && record->offset < dead->until)
        view->held = HELD_NOT; /* he let go the one ahead of it, which was of another key once */
    if (view->held != HELD_NOT)
        violated(world, "hold", "offset %" PRId64 " is dead-lettered and waits for an operator", record->offset);
    bool may = is_dead(dead) && record->offset > dead->first &&
               (member->setting->route[route].after_letter == AFTER_FOLLOW || record->offset < dead->until);
    /* it may have been told to follow before the key was released */
    may = may || (dead != NULL && record->offset < dead->released);
    if (follows && !may && !view->follows)
        violated(world, "hold", "offset %" PRId64 " follows no dead letter", record->offset);
    if (!follows && is_dead(dead) && record->offset > dead->first && !view->ambiguous) /* with all of its batch */
        violated(world, "hold", "offset %" PRId64 " does not follow %" PRId64, record->offset, dead->first);
    if (follows && dead != NULL && !dead->known && view->follows && record->offset >= dead->released) {
        int64_t first = view->held_first >= 0 ? view->held_first : record->offset;
        *dead = (struct dead_lane){true, first, first, -1, dead->released};
    }
    view->follows = view->follows || follows;
}

void hold_died(struct member *member, uint32_t route, uint32_t partition, const struct record *record) {
    struct dead_lane *dead = dead_of(member, route, partition, record);
    if (dead == NULL)
        return;
    if (dead->known)
        dead->last = record->offset;
    else if (!record->view[member->index].follows)
        *dead = (struct dead_lane){true, record->offset, record->offset, -1, dead->released};
}

/* He comes some time after it was said. */
static void call_operator(struct world *world, uint32_t route, uint32_t partition, int64_t offset) {
    struct task task = {.kind = TASK_RELEASE, .route = route, .number = partition, .id = (uint64_t)offset};
    later(world, task, 1 + choose(world->choices, LONGEST_WAIT_MS));
}

void hold_reported(struct world *world, struct member *member, const struct action *action) {
    struct place place = action->is.report.place;
    uint32_t partition = (uint32_t)place.partition;
    int64_t offset = action->is.report.offset;
    struct record *record = log_record(world, member, place, offset);
    if (record == NULL)
        violated(world, "hold", "offset %" PRId64 " is held and was never read", offset);
    const struct route *route = &member->setting->route[place.route];
    enum held held = action->is.report.kind == REPORT_KEY_HELD ? action->is.report.held : HELD_NOT;
    bool wanted = held == HELD_AMBIGUOUS ? route->ambiguous == AMBIGUOUS_HOLD : route->after_letter != AFTER_CONTINUE;
    if (!wanted)
        violated(world, "I14", "offset %" PRId64 " is held, and its route does not hold any more", offset);
    if (action->is.report.kind == REPORT_KEY_HELD) {
        record->view[member->index].held = action->is.report.held;
        record->view[member->index].held_first = action->is.report.first;
        record->view[member->index].parked = true;
        patience_rests(world, member, place.route, &record->view[member->index]);
        call_operator(world, place.route, partition, offset);
    } else if (choose(world->choices, 2) == 1)
        call_operator(world, place.route, partition, offset);
}

/* A commit tells of everything that is held, also of what was not read yet and the map before us said. */
void hold_check_told(struct world *world, const struct member *member, uint32_t route, const struct commit_entry *entry,
                     const struct offset_map *map) {
    const struct tenure *tenure = &member->tenure[route];
    const struct partition_log *log = &world->group[route].log[entry->partition];
    const struct reading *reading = &tenure->reading[entry->partition];
    const struct offset_map *taken = store_taken(world, member, route, (uint32_t)entry->partition);
    for (uint32_t i = 0; i < log->count; i++) {
        const struct record *record = &log->record[i];
        const struct view *view = &record->view[member->index];
        if (record->incarnation != reading->incarnation)
            continue;
        bool read = view->tenure == tenure->number && view->read;
        const struct offset_try *before = offset_map_find(taken, record->offset),
                                *now = offset_map_find(map, record->offset);
        enum held held = before != NULL && record->offset >= reading->next ? before->held : HELD_NOT;
        if (read)
            held = view->settled ? HELD_NOT : view->doubt ? HELD_AMBIGUOUS : view->held;
        if (held != HELD_NOT && record->offset >= entry->offset && (now == NULL || now->held != held))
            violated(world, "hold", "offset %" PRId64 " is held and the commit at %" PRId64 " does not tell",
                     record->offset, entry->offset);
        bool wanted = member->setting->route[route].ambiguous != AMBIGUOUS_RETRY;
        if (wanted && read && held != HELD_AMBIGUOUS && now != NULL && now->held == HELD_AMBIGUOUS)
            violated(world, "hold", "offset %" PRId64 " is not in doubt and the commit at %" PRId64 " says so",
                     record->offset, entry->offset);
    }
    for (uint32_t i = 0; i < MOST_LANES; i++)
        if (reading->dead[i].known && offset_map_dead(map, reading->dead[i].last) == NULL)
            violated(world, "hold", "the key of the dead letter of %" PRId64 " is dead and the commit does not tell",
                     reading->dead[i].last);
}

/* --- the operator's word --- */

static bool is_meant(const struct input *input, int64_t offset) {
    return input->is.release.offset < 0 || (offset >= 0 && input->is.release.offset == offset);
}

static void let_go(struct dead_lane *dead, const struct reading *reading) {
    dead->known = false;
    dead->released = reading->next;
}

static void note_event(const struct world *world, struct member *member, const struct input *input, uint32_t partition,
                       struct record *record) {
    uint32_t route = input->is.release.route;
    const struct tenure *tenure = &member->tenure[route];
    struct view *view = &record->view[member->index];
    struct dead_lane *dead = dead_of(member, route, partition, record);
    bool here = view->tenure == tenure->number && view->read && !view->settled && view->held != HELD_NOT;
    bool named =
        is_meant(input, record->offset) || is_meant(input, view->held_first) ||
        (view->held == HELD_DEAD_KEY && is_dead(dead) && (is_meant(input, dead->first) || is_meant(input, dead->last)));
    if (!here || !named || (input->is.release.to == RELEASE_DEAD_LETTER && !view->parked))
        return;
    if (dead != NULL && dead->known && input->is.release.to == RELEASE_SEND)
        let_go(dead, &tenure->reading[partition]);
    if (view->held == HELD_DEAD_KEY && dead != NULL && input->is.release.to == RELEASE_DEAD_LETTER) {
        int64_t first = view->held_first >= 0 ? view->held_first : record->offset - 1;
        if (!dead->known)
            *dead = (struct dead_lane){true, first, view->held_first >= 0 ? first : record->offset, -1, dead->released};
        dead->until = tenure->reading[partition].next;
    }
    view->held = HELD_NOT;
    view->parked = false;
    view->doubt = view->doubt && input->is.release.to == RELEASE_DEAD_LETTER;
    if (record->failed)
        patience_runs(world, member, route, view);
    view->whole[0] = '\0'; /* the operator lets events go, not batches */
}

/* What follows by the word of the map has made its key dead again: it goes where it was told to, the key is let go. */
static void note_follower(struct member *member, const struct input *input, uint32_t partition,
                          const struct record *record) {
    uint32_t route = input->is.release.route;
    const struct tenure *tenure = &member->tenure[route];
    const struct view *view = &record->view[member->index];
    struct dead_lane *dead = dead_of(member, route, partition, record);
    bool here = view->tenure == tenure->number && view->read && !view->settled && view->follows;
    int64_t first = view->held_first >= 0 ? view->held_first : record->offset;
    if (here && dead != NULL && !dead->known && is_meant(input, first))
        let_go(dead, &tenure->reading[partition]);
}

/* The ledger follows what he says, before the core hears it. */
static void note(struct world *world, struct member *member, const struct input *input) {
    uint32_t route = input->is.release.route;
    struct tenure *tenure = &member->tenure[route];
    for (uint32_t i = 0; i < world->group[route].partitions && tenure->held && !tenure->draining; i++) {
        struct partition_log *log = &world->group[route].log[i];
        if (input->is.release.offset >= 0 && input->is.release.partition != (int32_t)i)
            continue;
        for (uint32_t k = 0; k < log->count; k++)
            note_event(world, member, input, i, &log->record[k]);
        for (uint32_t k = 0; k < log->count && input->is.release.to == RELEASE_SEND; k++)
            note_follower(member, input, i, &log->record[k]);
        for (uint32_t lane = 0; lane < MOST_LANES && input->is.release.to == RELEASE_SEND; lane++) {
            struct dead_lane *dead = &tenure->reading[i].dead[lane];
            if (dead->known && (is_meant(input, dead->first) || is_meant(input, dead->last)))
                let_go(dead, &tenure->reading[i]);
        }
    }
}

/* He names one event, or its key's first dead letter, or the whole route, and asks all members. */
void hold_task(struct world *world, const struct task *task) {
    struct choices *choices = world->choices;
    uint32_t way = choose(choices, 4);
    enum release_to to = choose(choices, 3) == 2 ? RELEASE_DEAD_LETTER : RELEASE_SEND;
    for (uint32_t i = 0; i < world->scene.members; i++) {
        struct member *member = &world->member[i];
        if (member->flow == NULL)
            continue;
        if (world->now_ms < member->stalled_ms) {
            later(world, *task, member->stalled_ms - world->now_ms);
            continue;
        }
        struct input input = {.kind = INPUT_RELEASE,
                              .is.release = {.route = task->route,
                                             .partition = (int32_t)task->number,
                                             .offset = way == 3 ? -1 : (int64_t)task->id,
                                             .to = to}};
        struct place place = {.route = task->route, .partition = (int32_t)task->number};
        struct record *record = log_record(world, member, place, (int64_t)task->id);
        if (way == 2 && record != NULL && record->view[i].held_first >= 0)
            input.is.release.offset = record->view[i].held_first;
        member_wakes(world, member);
        note(world, member, &input);
        feed(world, member, &input);
    }
}
