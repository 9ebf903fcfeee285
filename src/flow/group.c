/* One route's assignment in its consumer group: its partitions, from the time the group gives them until they are
 * handed back. How an assignment ends is in drain.c. */
#include "flow/flow_private.h"

#include <stdlib.h>

enum { ASK_AGAIN_MS = 1000 }; /* a coordinator that moves or loads takes seconds: sooner it would say so again */

bool group_init(struct flow *flow, struct group *group, uint32_t index) {
    group->route = &flow->plan->routes[index];
    group->index = index;
    group->pause.kind = TIMER_PAUSE;
    group->deadline.kind = TIMER_DEADLINE;
    list_init(&group->touched);
    list_init(&group->starving);
    list_init(&group->hungry);
    list_init(&group->dirty);
    list_init(&group->batches);
    return timers_join(&flow->timers) && timers_join(&flow->timers);
}

void group_touch(struct flow *flow, struct group *group) {
    if (list_is_empty(&group->touched))
        list_add_last(&flow->touched, &group->touched);
}

static int compare_places(const struct place *one, const struct place *other) {
    if (one->topic != other->topic)
        return one->topic < other->topic ? -1 : 1;
    return one->partition < other->partition ? -1 : one->partition > other->partition ? 1 : 0;
}

static int compare_partitions(const void *one, const void *other) {
    return compare_places(&((const struct partition *)one)->place, &((const struct partition *)other)->place);
}

struct partition *group_partition(struct group *group, struct place place) {
    if (group->phase == GROUP_IDLE || place.epoch != group->epoch)
        return NULL;
    uint32_t low = 0, high = group->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_places(&group->partitions[middle].place, &place);
        if (order == 0)
            return &group->partitions[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* A passage whose epoch ends: what is under way stays until it is answered, the rest goes at once. */
static void release(struct flow *flow, struct group *group, struct passage *passage) {
    group->counts.exposed -= passage->started ? 1 : 0;
    group->counts.outcome[OUTCOME_RELEASED]++;
    group->counts.unsettled--;
    hold_leave(passage);
    list_remove(&passage->sibling);
    timers_clear(&flow->timers, &passage->timer);
    if (passage->state == PASSAGE_WAITING)
        desk_leave(flow, &flow->desks[passage->request->platform], passage);
    else
        list_remove(&passage->link);
    if (passage->open == 0) {
        passage_destroy(flow, passage);
        return;
    }
    if (passage->state == PASSAGE_SENT && !passage->aborted)
        say(flow, ACTION_ABORT_REQUEST)->is.abort = passage->open;
    passage->state = PASSAGE_GONE;
    passage->home = NULL;
}

void group_end(struct flow *flow, struct group *group) {
    uint64_t released = group->counts.outcome[OUTCOME_RELEASED];
    for (uint32_t i = 0; i < group->count; i++) {
        struct partition *partition = &group->partitions[i];
        LIST_EACH(link, &partition->passages) release(flow, group, LIST_OF(link, struct passage, sibling));
        group->counts.exposed -= partition->untold;
        supply_forget(flow, partition);
        commit_forget_map(flow, partition);
        hold_forget(flow, partition);
        tracker_finish(&partition->tracker);
        lanes_finish(&partition->lanes);
    }
    ENSURE(group->counts.unsettled == 0 && group->ready == 0, "events are left behind without a partition (I12)");
    released = group->counts.outcome[OUTCOME_RELEASED] - released;
    if (released > 0)
        say_report(flow, REPORT_RELEASED, (struct place){.route = group->index, .epoch = group->epoch}, -1)
            ->is.report.count = (uint32_t)released;
    free(group->partitions);
    free(group->entries);
    free(group->maps);
    group->partitions = NULL;
    group->entries = NULL;
    group->maps = NULL;
    flow->partitions -= group->count;
    flow->desks[group->route->mapping.platform].readers -= group->count > 0 ? 1 : 0;
    group->count = group->open = 0;
    group->committing = group->ask_again = false;
    group->phase = GROUP_IDLE;
    list_init(&group->hungry);
    list_init(&group->dirty);
    supply_starve(flow, group, false);
    timers_clear(&flow->timers, &group->pause);
    timers_clear(&flow->timers, &group->deadline);
    flow->relieved = true; /* maps and dead keys are gone, too */
}

void group_finish(struct flow *flow, struct group *group) {
    for (uint32_t i = 0; i < group->count; i++) {
        struct partition *partition = &group->partitions[i];
        LIST_EACH(link, &partition->passages) {
            struct passage *passage = LIST_OF(link, struct passage, sibling);
            if (passage->open != 0)
                pending_take(&flow->pending, passage->open);
            passage_destroy(flow, passage);
        }
        free(partition->known);
        dead_keys_finish(&partition->dead_keys);
        tracker_finish(&partition->tracker);
        lanes_finish(&partition->lanes);
    }
    free(group->partitions);
    free(group->entries);
    free(group->maps);
}

void group_letter_ended(struct group *group, struct place place, int64_t from, int64_t to) {
    const struct place *failed = &group->letter_place;
    if (failed->topic == place.topic && failed->partition == place.partition && group->letter_offset >= from &&
        group->letter_offset < to)
        group->letters_fail = false;
}

static void ask_committed(struct flow *flow, struct group *group) {
    struct action *asked = say(flow, ACTION_READ_COMMITTED);
    asked->is.group.route = group->index;
    asked->is.group.epoch = group->epoch;
}

void group_assigned(struct flow *flow, const struct input *input) {
    struct group *group = &flow->groups[input->is.group.route];
    if (input->is.group.epoch <= group->epoch) {
        say_report(flow, REPORT_STALE, (struct place){.route = group->index, .epoch = input->is.group.epoch}, -1);
        return;
    }
    if (group->phase != GROUP_IDLE) { /* nobody took the old ones back: as lost */
        flow->commit_missed = flow->commit_missed || (flow->stopping && commit_missing(flow, group));
        group_end(flow, group);
    }
    if (flow->stopping)
        return;
    group->epoch = input->is.group.epoch;
    group->phase = GROUP_RUNNING;
    group->fenced = group->without_metadata = group->hurried = group->faltering = false;
    group->commit_from_ms = flow->now_ms;
    group->count = (uint32_t)input->is.group.count;
    if (group->count == 0) {
        group->letters_fail = false;
        return;
    }
    group->partitions = calloc(group->count, sizeof *group->partitions);
    group->entries = calloc(group->count, sizeof *group->entries);
    group->maps = calloc(group->count, sizeof *group->maps);
    ENSURE(group->partitions != NULL && group->entries != NULL && group->maps != NULL,
           "out of memory for an assignment");
    for (uint32_t i = 0; i < group->count; i++) {
        group->partitions[i].place = input->is.group.place[i];
        group->partitions[i].place.epoch = group->epoch;
    }
    qsort(group->partitions, group->count, sizeof *group->partitions, compare_partitions);
    for (uint32_t i = 0; i < group->count; i++) {
        struct partition *partition = &group->partitions[i];
        partition->group = group;
        partition->committed = partition->committing = -1;
        partition->tracker.next = -1;
        partition->refused = INT64_MAX;
        list_init(&partition->passages);
        list_init(&partition->hungry);
        list_init(&partition->dirty);
    }
    /* The event whose letter was not taken comes again, unless it is another reader's now. */
    group->letter_place.epoch = group->epoch;
    group->letters_fail = group->letters_fail && group_partition(group, group->letter_place) != NULL;
    flow->partitions += group->count;
    flow->desks[group->route->mapping.platform].readers++;
    ask_committed(flow, group);
}

static void stop_reading(struct flow *flow, struct partition *partition, const char *why) {
    partition->state = PARTITION_STOPPED;
    partition->why = why;
    supply_forget(flow, partition);
    struct action *stop = say(flow, ACTION_STOP_PARTITION);
    stop->is.stop.place = partition->place;
    stop->is.stop.why = why;
    say_report(flow, REPORT_PARTITION_STOPPED, partition->place, -1);
}

/* Where a partition begins: at what was committed, else where the route's `start` says. */
static void begin(struct flow *flow, struct partition *partition, const struct committed *committed) {
    const struct route *route = partition->group->route;
    if (committed->offset < 0 && route->start.kind == START_STOP) {
        stop_reading(flow, partition, "nothing was ever committed and start = \"stop\"");
        return;
    }
    partition->state = PARTITION_READING;
    ENSURE(tracker_init(&partition->tracker, route->window, committed->offset), "out of memory for a partition");
    partition->committed = committed->offset;
    group_letter_ended(partition->group, partition->place, 0, committed->offset);
    if (committed->metadata.size > 0)
        commit_read_map(flow, partition, committed->metadata);
    struct action *action = say(flow, ACTION_BEGIN_PARTITION);
    action->is.begin.place = partition->place;
    partition->begin = committed->offset;
    action->is.begin.offset = committed->offset;
    action->is.begin.from = partition->seen = hold_look_back(partition);
    action->is.begin.wall_ms = route->start.wall_ms;
    action->is.begin.kind = committed->offset >= 0            ? BEGIN_OFFSET
                            : route->start.kind == START_TIME ? BEGIN_TIME
                                                              : BEGIN_EARLIEST;
    supply_hungry(flow, partition);
}

void group_committed(struct flow *flow, const struct input *input) {
    struct group *group = &flow->groups[input->is.committed.route];
    if (group->phase != GROUP_RUNNING || input->is.committed.epoch != group->epoch) {
        say_report(flow, REPORT_STALE, (struct place){.route = group->index, .epoch = input->is.committed.epoch}, -1);
        return;
    }
    bool failed = false;
    for (size_t i = 0; i < input->is.committed.count; i++) {
        const struct committed *committed = &input->is.committed.entry[i];
        struct place place = {group->index, committed->topic, committed->partition, group->epoch};
        struct partition *partition = group_partition(group, place);
        if (partition == NULL || partition->state != PARTITION_ASKED)
            continue;
        failed = failed || committed->failed;
        if (!committed->failed)
            begin(flow, partition, committed);
    }
    group_touch(flow, group);
    if (!failed)
        return;
    group->ask_again = true;
    timers_set(&flow->timers, &group->pause, flow->now_ms + ASK_AGAIN_MS);
}

/* The map says that whoever had the partition before has settled it. */
static void take_known(struct flow *flow, struct partition *partition, const struct event *event) {
    struct group *group = partition->group;
    group->counts.known++;
    group_letter_ended(group, event->place, event->offset, event->offset + 1);
    tracker_settle(&partition->tracker, tracker_admit(&partition->tracker, event->offset));
    commit_settled(partition);
    supply_hungry(flow, partition);
    say_report(flow, REPORT_KNOWN, event->place, event->offset);
}

/* An event that was tried before us keeps its attempts and its spent patience. */
static void remember_tries(const struct flow *flow, const struct partition *partition, struct passage *passage) {
    static const struct offset_try in_doubt = {.attempts = 1, .held = HELD_AMBIGUOUS, .first = -1};
    const struct offset_try *tried =
        partition->known == NULL ? NULL : offset_map_find(partition->known, passage->event->offset);
    if (tried == NULL && partition->known != NULL && offset_map_doubts(partition->known, passage->event->offset))
        tried = &in_doubt;
    if (tried == NULL)
        return;
    passage->attempts = passage->attempts_before = tried->attempts;
    passage->spent_ms = (int64_t)tried->seconds * 1000;
    passage->refusals = tried->refusals;
    passage->before = PLANTED(HELD_MAP_IGNORED) ? HELD_NOT : tried->held;
    passage->held_first = tried->first;
    if (tried->attempts > 0) /* the map has no calendar: only how long its platform was up since then */
        passage->first_failed_wall_ms = flow->wall_ms - passage->spent_ms;
    commit_tell(passage->home);
}

static void check_sum(const struct group *group) {
    const struct route_counts *counts = &group->counts;
    uint64_t sum = counts->unsettled;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        sum += counts->outcome[i];
    ENSURE(sum == counts->consumed, "consumed is not the sum of outcomes and unsettled (I12)");
}

void group_event(struct flow *flow, struct event *event) {
    struct group *group = &flow->groups[event->place.route];
    struct partition *partition = group_partition(group, event->place);
    enum report_kind why = REPORT_STALE;
    if (partition != NULL) {
        supply_read(flow, partition, event);
        why = REPORT_REWOUND;
    }
    bool wanted = partition != NULL && (group->phase == GROUP_RUNNING || PLANTED(DRAIN_READS)) &&
                  partition->state == PARTITION_READING;
    if (wanted && event->offset >= partition->seen && event->offset < partition->begin) {
        partition->seen = event->offset + 1;
        lifeline_forget(flow, partition);
        hold_recall(flow, partition, event);
        return;
    }
    if (!wanted || event->offset < partition->tracker.next) {
        if (partition == NULL || wanted)
            say_report(flow, why, event->place, event->offset);
        if (partition != NULL)
            lifeline_forget(flow, partition);
        event_destroy(event);
        return;
    }
    partition->seen = event->offset + 1;
    if (partition->lost > 0)
        hold_looked_back(flow, partition);
    if (partition->known != NULL && !PLANTED(MAP_IGNORED) && offset_map_knows(partition->known, event->offset)) {
        take_known(flow, partition, event);
        lifeline_forget(flow, partition);
        hold_recall(flow, partition, event);
        return;
    }
    struct passage *passage = passage_create(flow, partition, event);
    ENSURE(passage != NULL, "out of memory for an event");
    remember_tries(flow, partition, passage);
    group->counts.consumed++;
    group->counts.unsettled++;
    partition->consumed++;
    partition->unsettled++;
    check_sum(group);
    passage->slot = tracker_admit(&partition->tracker, event->offset);
    if (partition->committed < 0) /* below the first record there is nothing to commit */
        partition->committed = tracker_base(&partition->tracker);
    list_add_last(&partition->passages, &passage->sibling);
    if (PLANTED(KEY_OVERLAP) || (PLANTED(FOLLOW_OUT_OF_ORDER) && dead_key_find(&partition->dead_keys, passage->lane)))
        passage->ordered = false;
    if (!passage->ordered || lane_join(&partition->lanes, passage))
        hold_admit(flow, passage);
    else if (batch_takes(passage->ahead->batch))
        fate_due(flow, passage);
}

void group_wanted(struct flow *flow, const struct input *input) {
    struct group *group = &flow->groups[input->is.wanted.place.route];
    struct partition *partition = group_partition(group, input->is.wanted.place);
    if (partition == NULL) {
        say_report(flow, REPORT_STALE, input->is.wanted.place, -1);
        return;
    }
    if (group->phase != GROUP_RUNNING || partition->state != PARTITION_READING)
        return;
    partition->wanted_ms = partition->wants ? partition->wanted_ms : flow->now_ms;
    partition->wants = true;
    partition->wanted = input->is.wanted.bytes;
    supply_hungry(flow, partition);
}

void group_partition_error(struct flow *flow, const struct input *input) {
    struct group *group = &flow->groups[input->is.partition.place.route];
    struct partition *partition = group_partition(group, input->is.partition.place);
    if (partition == NULL || partition->state == PARTITION_STOPPED)
        return;
    static const char *const why[] = {[PARTITION_OUT_OF_RANGE] = "the committed offset is out of range",
                                      [PARTITION_GONE] = "the topic or partition is gone",
                                      [PARTITION_UNAVAILABLE] = "the partition is not available"};
    enum partition_error error = input->is.partition.error;
    partition->foreign = error != PARTITION_UNAVAILABLE && !PLANTED(COMMIT_OUT_OF_RANGE);
    stop_reading(flow, partition, why[error]);
}

/* At the end of each step in which something happened to the group. */
void group_tend(struct flow *flow, struct group *group) {
    check_sum(group);
    switch (group->phase) {
    case GROUP_IDLE:
        break;
    case GROUP_RUNNING:
        if (group->ask_again && group->pause.place == 0) {
            group->ask_again = false;
            ask_committed(flow, group);
        }
        commit_tend(flow, group, false);
        supply_tend(flow, group);
        if (!list_is_empty(&group->batches) && supply_is_dry(flow, group))
            batch_close_all(flow, group);
        break;
    case GROUP_DRAINING:
    case GROUP_CLOSING:
        drain_tend(flow, group);
        break;
    }
}
