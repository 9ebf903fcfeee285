/* Offset maps, what there is to commit and when, and what the answer changes. */
#include "flow/commit.h"

#include "base/table.h"
#include "flow/flow_private.h"

#include <stdlib.h>

enum {
    COMMIT_PAUSE_MS = 200, /* at most five commits a second and group */
    COMMIT_SHARE_MS = 20,  /* and fifty of all groups together: each costs broker and client, however little it says */
    LONGEST_PAUSE_MS = 1000,      /* but one a second of each */
    COMMIT_AFTER_ERROR_MS = 1000, /* a rebalance, or a coordinator that moves, takes a second or more */
    COMMIT_AFTER_FENCE_MS = 10000 /* the group will say what is next; if it does not, it is asked again */
};

/* --- offset maps --- */

/* Walks through all unsettled events, but only if one of them may have something for the map, which is rare. */
static void map_tries(const struct flow *flow, struct partition *partition, struct offset_map *map) {
    bool telling = false;
    if (!partition->telling)
        return;
    LIST_EACH(link, &partition->passages) {
        const struct passage *passage = LIST_OF(link, struct passage, sibling);
        int64_t spent_ms = passage_spent_ms(flow, passage);
        bool first = passage->attempts == 1 && passage->attempts_before == 0 && passage->started &&
                     passage->first_failed_wall_ms < 0;
        enum held held = passage->held != HELD_NOT ? passage->held : passage->before;
        if (PLANTED(HELD_UNTOLD))
            held = HELD_NOT;
        bool tells = (passage->attempts > 0 && !first) || held != HELD_NOT;
        telling = telling || tells;
        if (tells) /* a first attempt under way is nothing yet */
            offset_map_try(map, (struct offset_try){passage->event->offset, passage->attempts,
                                                    spent_ms > 0 ? (uint32_t)(spent_ms / 1000) : 0, held,
                                                    passage->held_first,
                                                    PLANTED(REFUSALS_FORGOTTEN) ? 0 : passage->refusals});
    }
    partition->telling = telling;
}

/* A key that died here, or did before us and was not met yet. */
static void map_dead(const struct partition *partition, struct offset_map *map) {
    const struct offset_map *known = partition->found.map;
    for (uint32_t i = 0; i < partition->dead_keys.count && !PLANTED(DEAD_KEY_UNTOLD); i++)
        offset_map_die(map,
                       (struct offset_dead){partition->dead_keys.list[i].last, partition->dead_keys.list[i].first});
    for (uint32_t i = 0; known != NULL && i < known->dead_count; i++)
        if (known->dead[i].last >= partition->seen)
            offset_map_die(map, known->dead[i]);
}

/* Everything that is known above `base`: what we have read, and beyond that what the map we found says. */
static size_t write_map(const struct flow *flow, struct partition *partition, int64_t base, char text[OFFSET_MAP_SIZE],
                        uint32_t *settled) {
    const struct offset_map *known = partition->found.map;
    *settled = 0;
    if (partition->group->without_metadata)
        return 0;
    struct offset_map map;
    offset_map_init(&map, base);
    if (!PLANTED(MAP_FORGOTTEN))
        tracker_map(&partition->tracker, &map);
    map_tries(flow, partition, &map);
    map_dead(partition, &map);
    for (uint32_t i = 0; known != NULL && i < known->bits; i++)
        if (known->base + i >= partition->tracker.next && offset_map_knows(known, known->base + i))
            offset_map_settle(&map, known->base + i);
    for (uint32_t i = 0; known != NULL && i < known->tries; i++)
        if (known->tried[i].offset >= partition->tracker.next)
            offset_map_try(&map, known->tried[i]);
    for (uint32_t i = 0; known != NULL && i < known->doubts; i++)
        if (known->base + i >= partition->tracker.next && offset_map_doubts(known, known->base + i))
            offset_map_try(&map, (struct offset_try){known->base + i, 1, 0, HELD_AMBIGUOUS, -1, 0});
    *settled = offset_map_count(&map);
    return offset_map_write(&map, partition->place.partition, text);
}

static uint32_t mark_of(struct span text) {
    return text.size == 0 ? 0 : (uint32_t)hash_bytes(text, 0) | 1;
}

void commit_read_map(struct flow *flow, struct partition *partition, struct span text) {
    size_t most = flow->plan->memory_limit / 4; /* of all partitions */
    bool room = flow->found_bytes + sizeof(struct offset_map) <= most &&
                sizeof(struct offset_map) <= budget_left(flow, BUDGET_WRITE);
    struct offset_map *map = room ? calloc(1, sizeof *map) : NULL;
    bool ours = map != NULL && offset_map_read(map, partition->committed.offset, partition->place.partition, text);
    if (!ours) {
        free(map);
        say_report(flow, REPORT_MAP_FOREIGN, partition->place, partition->committed.offset);
        return;
    }
    partition->found.map = map;
    partition->committed.map = mark_of(text);
    partition->committed.map_settled = offset_map_count(map);
    flow->bytes += sizeof *map;
    flow->found_bytes += sizeof *map;
}

void commit_forget_map(struct flow *flow, struct partition *partition) {
    size_t bytes = partition->found.map != NULL ? sizeof *partition->found.map : 0;
    flow->bytes -= bytes;
    flow->found_bytes -= bytes;
    free(partition->found.map);
    partition->found.map = NULL;
}

/* --- what is to commit --- */

/* How far this partition may be committed, and what is said beside it; -1: nothing that is not committed yet. */
static int64_t farther(const struct flow *flow, struct partition *partition, char text[OFFSET_MAP_SIZE], size_t *size,
                       uint32_t *settled) {
    int64_t base = tracker_base(&partition->tracker);
    if (PLANTED(COMMIT_PAST_GAP))
        base = partition->tracker.next;
    *size = 0;
    if (base < 0 || base < partition->committed.offset || partition->foreign)
        return -1;
    *size = write_map(flow, partition, base, text, settled);
    bool same = base == partition->committed.offset && mark_of(span_make(text, *size)) == partition->committed.map;
    return same ? -1 : base;
}

bool commit_missing(const struct flow *flow, const struct group *group) {
    char text[OFFSET_MAP_SIZE];
    size_t size;
    uint32_t settled;
    for (uint32_t i = 0; i < group->count; i++) {
        struct partition *partition = &group->partitions[i];
        bool dirty = partition->committing.offset >= 0 || !list_is_empty(&partition->dirty);
        if (dirty && farther(flow, partition, text, &size, &settled) >= 0 &&
            (tracker_base(&partition->tracker) > partition->committed.offset ||
             settled > partition->committed.map_settled))
            return true;
    }
    return false;
}

static size_t collect(struct flow *flow, struct group *group) {
    size_t count = 0;
    LIST_EACH(link, &group->dirty) {
        struct partition *partition = LIST_OF(link, struct partition, dirty);
        list_remove(link);
        size_t size = 0;
        uint32_t settled = 0;
        int64_t offset = farther(flow, partition, group->maps[count], &size, &settled);
        if (PLANTED(COMMIT_BACKWARDS) && partition->refused < partition->committed.offset)
            offset = partition->refused;
        if (offset < 0)
            continue;
        struct span map = size == 0 ? SPAN_NONE : span_make(group->maps[count], size);
        partition->committing = (struct commit_point){offset, partition->tracker.passed, mark_of(map), settled};
        partition->exposed.since = 0;
        partition->exposed.still = tracker_exposed(&partition->tracker, size == 0 ? offset : offset + OFFSET_MAP_BITS);
        group->entries[count++] = (struct commit_entry){.topic = partition->place.topic,
                                                        .partition = partition->place.partition,
                                                        .offset = offset,
                                                        .metadata = map};
    }
    return count;
}

/* How long a group that commits now waits with its next one. */
static int64_t pause_after(struct flow *flow) {
    int64_t until_ms = flow->commits_until_ms > flow->now_ms ? flow->commits_until_ms : flow->now_ms;
    int64_t pause_ms = until_ms + COMMIT_SHARE_MS - flow->now_ms;
    if (pause_ms > LONGEST_PAUSE_MS)
        pause_ms = LONGEST_PAUSE_MS;
    flow->commits_until_ms = flow->now_ms + pause_ms;
    return pause_ms < COMMIT_PAUSE_MS ? COMMIT_PAUSE_MS : pause_ms;
}

void commit_tend(struct flow *flow, struct group *group, bool at_once) {
    if ((group->committing && !PLANTED(TWO_COMMITS)) || (group->fenced && at_once) || list_is_empty(&group->dirty))
        return;
    bool hurried = group->hurried && !group->faltering;
    if (!at_once && !hurried && flow->now_ms < group->commit_from_ms) {
        if (group->pause.place == 0 && !group->ask_again)
            timers_set(&flow->timers, &group->pause, group->commit_from_ms);
        return;
    }
    size_t count = collect(flow, group);
    if (count == 0)
        return;
    group->committing = true;
    group->fenced = group->hurried = false;
    group->commit_from_ms = flow->now_ms + pause_after(flow);
    struct action *action = say(flow, ACTION_COMMIT);
    action->is.commit.route = group->index;
    action->is.commit.epoch = group->epoch;
    action->is.commit.entry = group->entries;
    action->is.commit.count = count;
}

/* Applies the answer: what is acknowledged never goes down, what failed is computed again. */
static void conclude(struct flow *flow, struct group *group, bool done) {
    for (uint32_t i = 0; i < group->count; i++) {
        struct partition *partition = &group->partitions[i];
        if (partition->committing.offset < 0)
            continue;
        if (done) {
            ENSURE(partition->committing.offset >= partition->committed.offset || PLANTED_ANY,
                   "a commit went down (I6)");
            partition->committed = partition->committing;
            if (!partition->foreign || PLANTED(REACHED_OUTLIVES)) /* else it is of one that is gone */
                partition->reached = partition->committed.offset;
            group->counts.exposed -= partition->exposed.settled;
            partition->exposed.settled = partition->exposed.still + partition->exposed.since;
            group->counts.exposed += partition->exposed.settled;
            partition_hungry(flow, partition);
        } else {
            partition->refused = partition->committing.offset;
            partition_dirty(partition);
        }
        partition->committing.offset = -1;
    }
}

void commit_result(struct flow *flow, const struct input *input) {
    struct group *group = &flow->groups[input->is.commit.route];
    enum commit_error error = input->is.commit.error;
    struct place place = {.route = group->index, .epoch = input->is.commit.epoch};
    bool stale = input->is.commit.epoch != group->epoch && !PLANTED(STALE_COMMIT_RESULT);
    if (group->phase == GROUP_IDLE || stale || !group->committing) {
        say_report(flow, REPORT_STALE, place, -1);
        return;
    }
    group->committing = group->faltering = false;
    group_touch(flow, group);
    conclude(flow, group, error == COMMIT_DONE);
    if (error == COMMIT_DONE) {
        group->counts.commits_ok++;
        return;
    }
    group->counts.commits_failed++;
    group->faltering = true;
    group->fenced = error == COMMIT_FENCED || (group->phase == GROUP_CLOSING && PLANTED(FINAL_COMMIT_ONCE));
    group->without_metadata = group->without_metadata || error == COMMIT_TOO_LARGE;
    group->commit_from_ms = flow->now_ms + (group->fenced ? COMMIT_AFTER_FENCE_MS : COMMIT_AFTER_ERROR_MS);
    if (group->phase == GROUP_CLOSING && !group->fenced)
        timers_set(&flow->timers, &group->pause, group->commit_from_ms);
    say_report(flow, REPORT_COMMIT_FAILED, place, -1)->is.report.commit_error = error;
}
