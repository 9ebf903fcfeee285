/* Takes in an assignment, and forgets it. */
#include "flow/epoch.h"

#include "flow/flow_private.h"

#include <stdlib.h>

enum { ASK_AGAIN_MS = 1000 }; /* a coordinator that moves or loads takes seconds: sooner it would say so again */

/* A passage whose epoch ends: what is under way stays until it is answered, the rest goes at once. */
static void release(struct flow *flow, struct group *group, struct passage *passage) {
    group->counts.exposed -= passage->started ? 1 : 0;
    group->counts.outcome[OUTCOME_RELEASED]++;
    group->counts.unsettled--;
    hold_leave(flow, passage);
    list_remove(&passage->sibling);
    timers_clear(&flow->timers, &passage->timer);
    if (passage->state == PASSAGE_WAITING)
        dispatcher_leave(flow, &flow->dispatchers[passage->request->platform], passage);
    else
        list_remove(&passage->link);
    if (passage->open == 0) {
        batch_leave(flow, passage);
        passage_destroy(flow, passage);
        return;
    }
    if (passage->state == PASSAGE_SENT && !passage->aborted)
        say(flow, ACTION_ABORT_REQUEST)->is.abort = passage->open;
    passage->state = PASSAGE_GONE;
    passage->home = NULL;
}

void epoch_end(struct flow *flow, struct group *group) {
    uint64_t released = group->counts.outcome[OUTCOME_RELEASED];
    for (uint32_t i = 0; i < group->count; i++) {
        struct partition *partition = &group->partitions[i];
        LIST_EACH(link, &partition->passages) release(flow, group, LIST_OF(link, struct passage, sibling));
        group->counts.exposed -= partition->exposed.settled;
        credit_forget(flow, partition);
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
    group_remember(group);
    free(group->partitions);
    free(group->entries);
    free(group->maps);
    group->partitions = NULL;
    group->entries = NULL;
    group->maps = NULL;
    flow->partitions -= group->count;
    flow->dispatchers[group->route->mapping.platform].readers -= group->count > 0 ? 1 : 0;
    group->count = group->open = 0;
    group->committing = group->ask_again = false;
    group->phase = GROUP_IDLE;
    list_init(&group->hungry);
    list_init(&group->dirty);
    credit_starve(flow, group, false);
    timers_clear(&flow->timers, &group->pause);
    timers_clear(&flow->timers, &group->deadline);
    flow->relieved = true; /* maps and dead keys are gone, too */
}

void epoch_destroy(struct flow *flow, struct group *group) {
    for (uint32_t i = 0; i < group->count; i++) {
        struct partition *partition = &group->partitions[i];
        LIST_EACH(link, &partition->passages) {
            struct passage *passage = LIST_OF(link, struct passage, sibling);
            if (passage->open != 0)
                pending_take(&flow->pending, passage->open);
            batch_leave(flow, passage);
            passage_destroy(flow, passage);
        }
        free(partition->found.map);
        dead_keys_finish(&partition->dead_keys);
        tracker_finish(&partition->tracker);
        lanes_finish(&partition->lanes);
    }
    group_forget(group);
    free(group->partitions);
    free(group->entries);
    free(group->maps);
}

void epoch_ask(struct flow *flow, struct group *group) {
    struct action *asked = say(flow, ACTION_READ_COMMITTED);
    asked->is.group.route = group->index;
    asked->is.group.epoch = group->epoch;
}

void epoch_begin(struct flow *flow, const struct input *input) {
    struct group *group = &flow->groups[input->is.group.route];
    if (input->is.group.epoch <= group->epoch) {
        say_report(flow, REPORT_STALE, (struct place){.route = group->index, .epoch = input->is.group.epoch}, -1);
        return;
    }
    if (group->phase != GROUP_IDLE) { /* nobody took the old ones back: as lost */
        flow->commit_missed = flow->commit_missed || (flow->stopping && commit_missing(flow, group));
        epoch_end(flow, group);
    }
    if (flow->stopping)
        return;
    group->epoch = input->is.group.epoch;
    group->phase = GROUP_RUNNING;
    group->fenced = group->without_metadata = group->hurried = group->faltering = false;
    group->commit_from_ms = flow->now_ms;
    group->count = (uint32_t)input->is.group.count;
    if (group->count == 0) {
        group_forget(group);
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
    group_sort(group);
    for (uint32_t i = 0; i < group->count; i++) {
        struct partition *partition = &group->partitions[i];
        partition->group = group;
        partition->committed.offset = partition->committing.offset = -1;
        partition->tracker.next = -1;
        partition->refused = INT64_MAX;
        partition->reached = group_recall(group, &partition->place);
        list_init(&partition->passages);
        list_init(&partition->hungry);
        list_init(&partition->dirty);
    }
    group_forget(group);
    /* The event whose letter was not taken comes again, unless it is another reader's now. */
    group->letter_place.epoch = group->epoch;
    group->letters_fail = group->letters_fail && group_partition(group, group->letter_place) != NULL;
    flow->partitions += group->count;
    flow->dispatchers[group->route->mapping.platform].readers++;
    epoch_ask(flow, group);
}

static void stop_reading(struct flow *flow, struct partition *partition, const char *why) {
    partition->state = PARTITION_STOPPED;
    partition->why = why;
    credit_forget(flow, partition);
    struct action *stop = say(flow, ACTION_STOP_PARTITION);
    stop->is.stop.place = partition->place;
    stop->is.stop.why = why;
}

static void stop_and_say(struct flow *flow, struct partition *partition, const char *why) {
    stop_reading(flow, partition, why);
    say_report(flow, REPORT_PARTITION_STOPPED, partition->place, -1);
}

/* True when the group has lost what it acknowledged to us. Whether its coordinator forgot it or the topic was made
 * anew, nobody can tell here: where we stopped the one goes on and the other loses events, and `start` may pass over
 * events of the one or deliver all of them again. */
static bool is_lost(struct flow *flow, const struct partition *partition, int64_t committed) {
    if (partition->reached < 0 || committed >= partition->reached)
        return false;
    bool lost = committed < 0;
    say_report(flow, lost ? REPORT_COMMITTED_LOST : REPORT_COMMITTED_LOWER, partition->place, partition->reached)
        ->is.report.first = committed;
    return lost;
}

/* Where a partition begins: at what was committed, else where the route's `start` says. */
static void begin(struct flow *flow, struct partition *partition, const struct committed *committed) {
    const struct route *route = partition->group->route;
    if (is_lost(flow, partition, committed->offset)) {
        stop_reading(flow, partition, "the group has lost its committed offset");
        return;
    }
    if (committed->offset < 0 && route->start.kind == START_STOP) {
        stop_and_say(flow, partition, "nothing was ever committed and start = \"stop\"");
        return;
    }
    partition->state = PARTITION_READING;
    ENSURE(tracker_init(&partition->tracker, route->window, route->exposure, committed->offset),
           "out of memory for a partition");
    partition->committed.offset = partition->reached = committed->offset;
    group_letter_ended(partition->group, partition->place, 0, committed->offset);
    if (committed->metadata.size > 0)
        commit_read_map(flow, partition, committed->metadata);
    struct action *action = say(flow, ACTION_BEGIN_PARTITION);
    action->is.begin.place = partition->place;
    partition->found.offset = committed->offset;
    action->is.begin.offset = committed->offset;
    action->is.begin.from = partition->seen = hold_look_back(partition);
    action->is.begin.wall_ms = route->start.wall_ms;
    action->is.begin.kind = committed->offset >= 0            ? BEGIN_OFFSET
                            : route->start.kind == START_TIME ? BEGIN_TIME
                                                              : BEGIN_EARLIEST;
    partition_hungry(flow, partition);
}

void epoch_committed(struct flow *flow, const struct input *input) {
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

/* Of one that is made anew nothing is committed, and what is settled of this one is nothing to it. */
static void gone(struct flow *flow, struct partition *partition) {
    partition->reached = -1;
    partition->foreign = partition->foreign || !PLANTED(COMMIT_OUT_OF_RANGE);
    if (partition->state == PARTITION_STOPPED)
        return;
    stop_reading(flow, partition, "the topic or partition is gone");
    say_report(flow, REPORT_PARTITION_GONE, partition->place, -1);
}

void epoch_error(struct flow *flow, const struct input *input) {
    struct group *group = &flow->groups[input->is.partition.place.route];
    struct partition *partition = group_partition(group, input->is.partition.place);
    if (partition == NULL)
        return;
    switch (input->is.partition.error) {
    case PARTITION_GONE:
        gone(flow, partition);
        break;
    case PARTITION_OUT_OF_RANGE:
        partition->foreign = partition->foreign || !PLANTED(COMMIT_OUT_OF_RANGE);
        if (partition->state != PARTITION_STOPPED)
            stop_and_say(flow, partition, "the committed offset is out of range");
        break;
    case PARTITION_UNAVAILABLE:
        if (partition->state != PARTITION_STOPPED)
            stop_and_say(flow, partition, "the partition is not available");
        break;
    }
}

void epoch_topic_gone(struct flow *flow, const struct input *input) {
    struct group *group = &flow->groups[input->is.topic.route];
    if (PLANTED(GONE_UNHEARD))
        return;
    group_forget_topic(group, input->is.topic.topic);
    for (uint32_t i = 0; i < group->count; i++)
        if (group->partitions[i].place.topic == input->is.topic.topic)
            group->partitions[i].reached = -1;
}
