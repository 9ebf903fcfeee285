/* From `revoked`, `lost` or `stop` to `hand back`. */
#include "flow/drain.h"

#include "flow/flow_private.h"

enum {
    LONGEST_DRAIN_MS = 30000, /* I8: no other member waits longer for a platform of ours */
    FINAL_COMMIT_MS = 5000    /* its answer takes milliseconds, or as long as a coordinator moves: some seconds */
};

static void hand_back(struct flow *flow, uint32_t route, uint32_t epoch) {
    struct action *action = say(flow, ACTION_HAND_BACK);
    action->is.group.route = route;
    action->is.group.epoch = epoch;
}

/* All is over for this assignment. */
static void finish(struct flow *flow, struct group *group) {
    flow->commit_missed =
        flow->commit_missed || (flow->stopping && commit_missing(flow, group) && !PLANTED(STOP_SAYS_DONE));
    uint32_t epoch = group->epoch;
    epoch_end(flow, group);
    hand_back(flow, group->index, epoch);
}

/* Everything that is not under way yet stays where it is until it is released. */
static void withdraw(struct flow *flow, struct passage *passage) {
    if (passage->state == PASSAGE_JOINED)
        return; /* the first of its batch speaks for it */
    timers_clear(&flow->timers, &passage->timer);
    if (passage->state == PASSAGE_WAITING)
        dispatcher_leave(flow, &flow->dispatchers[passage->request->platform], passage);
    else
        list_remove(&passage->link);
    fate_park(flow, passage);
}

static void start_drain(struct flow *flow, struct group *group) {
    int64_t most_ms = flow->dispatchers[group->route->mapping.platform].spec->timeout_ms;
    if (most_ms > flow->plan->max_poll_interval_ms / 3)
        most_ms = flow->plan->max_poll_interval_ms / 3;
    if (most_ms > LONGEST_DRAIN_MS)
        most_ms = LONGEST_DRAIN_MS;
    if (PLANTED(DRAIN_SHORT))
        most_ms = 0;
    group->phase = GROUP_DRAINING;
    timers_clear(&flow->timers, &group->pause);
    timers_set(&flow->timers, &group->deadline, flow->now_ms + most_ms);
    for (uint32_t i = 0; i < group->count; i++) {
        credit_forget(flow, &group->partitions[i]);
        LIST_EACH(link, &group->partitions[i].passages) {
            struct passage *passage = LIST_OF(link, struct passage, sibling);
            if (passage->open == 0 && !PLANTED(DRAIN_STARTS))
                withdraw(flow, passage);
        }
    }
    group_touch(flow, group);
}

static void abort_requests(struct flow *flow, struct group *group) {
    for (uint32_t i = 0; i < group->count; i++)
        LIST_EACH(link, &group->partitions[i].passages) {
            struct passage *passage = LIST_OF(link, struct passage, sibling);
            if (passage->state != PASSAGE_SENT || passage->aborted)
                continue;
            passage->aborted = true;
            hold_doubtful(passage);
            say(flow, ACTION_ABORT_REQUEST)->is.abort = passage->open;
        }
}

/* Drained, or out of time: what is settled by now goes into the final commit. */
static void close_group(struct flow *flow, struct group *group) {
    if (!PLANTED(COMMIT_BEFORE_ABORT))
        abort_requests(flow, group);
    for (uint32_t i = 0; i < group->count; i++)
        if (!list_is_empty(&group->partitions[i].passages))
            partition_dirty(&group->partitions[i]); /* how long they were tried goes into the map */
    group->phase = GROUP_CLOSING;
    timers_set(&flow->timers, &group->deadline, flow->now_ms + FINAL_COMMIT_MS);
    drain_tend(flow, group);
}

void drain_tend(struct flow *flow, struct group *group) {
    if (group->phase == GROUP_DRAINING && group->open == 0) {
        close_group(flow, group);
        return;
    }
    if (group->phase != GROUP_CLOSING || group->committing || group->pause.place != 0)
        return; /* for the answer, or for another try */
    if (!PLANTED(FINAL_COMMIT_SKIPPED))
        commit_tend(flow, group, true);
    if (PLANTED(COMMIT_BEFORE_ABORT))
        abort_requests(flow, group);
    if (!group->committing)
        finish(flow, group);
}

void drain_deadline(struct flow *flow, struct group *group) {
    if (group->phase == GROUP_DRAINING)
        close_group(flow, group);
    else if (group->phase == GROUP_CLOSING)
        finish(flow, group);
}

void drain_revoked(struct flow *flow, const struct input *input) {
    struct group *group = &flow->groups[input->is.group.route];
    if (group->phase == GROUP_IDLE || input->is.group.epoch != group->epoch)
        hand_back(flow, group->index, input->is.group.epoch); /* nothing of it is ours any more */
    else if (group->phase == GROUP_RUNNING)
        start_drain(flow, group);
}

void drain_lost(struct flow *flow, const struct input *input) {
    struct group *group = &flow->groups[input->is.group.route];
    if (group->phase == GROUP_IDLE || input->is.group.epoch != group->epoch) {
        hand_back(flow, group->index, input->is.group.epoch);
        return;
    }
    if (PLANTED(IGNORE_LOST)) {
        hand_back(flow, group->index, group->epoch);
        return;
    }
    finish(flow, group);
}

void drain_stop(struct flow *flow) {
    for (uint32_t i = 0; i < flow->plan->route_count; i++) {
        struct group *group = &flow->groups[i];
        if (group->phase == GROUP_RUNNING)
            start_drain(flow, group);
        else if (group->phase == GROUP_DRAINING && flow->stopping)
            close_group(flow, group);
    }
    flow->stopping = true;
}
