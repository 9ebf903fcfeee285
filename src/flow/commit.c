/* Commits: contiguous, one in flight, never down. What is settled is the tracker's word. */
#include "flow/flow_private.h"

enum {
    COMMIT_PAUSE_MS = 200, /* at most five commits a second and group */
    COMMIT_AFTER_ERROR_MS = 1000,
    COMMIT_AFTER_FENCE_MS = 10000 /* the group will say what is next; if it does not, it is asked again */
};

void commit_dirty(struct partition *partition) {
    if (list_is_empty(&partition->dirty))
        list_add_last(&partition->group->dirty, &partition->dirty);
}

/* How far this partition may be committed; -1: no farther than it is. */
static int64_t farther(const struct flow *flow, const struct partition *partition) {
    int64_t base = tracker_base(&partition->tracker);
    if (flow->plant == PLANT_COMMIT_PAST_GAP)
        base = partition->tracker.next;
    return base > partition->committed ? base : -1;
}

bool commit_missing(const struct flow *flow, const struct group *group) {
    for (uint32_t i = 0; i < group->count; i++) {
        const struct partition *partition = &group->partitions[i];
        bool settled = partition->committing >= 0 || !list_is_empty(&partition->dirty);
        if (settled && farther(flow, partition) >= 0)
            return true;
    }
    return false;
}

static size_t collect(struct flow *flow, struct group *group) {
    size_t count = 0;
    LIST_EACH(link, &group->dirty) {
        struct partition *partition = LIST_OF(link, struct partition, dirty);
        list_remove(link);
        int64_t offset = farther(flow, partition);
        if (flow->plant == PLANT_COMMIT_BACKWARDS && partition->refused < partition->committed)
            offset = partition->refused;
        if (offset < 0)
            continue;
        partition->committing = offset;
        group->entries[count++] = (struct commit_entry){
            .topic = partition->place.topic, .partition = partition->place.partition, .offset = offset};
    }
    return count;
}

void commit_tend(struct flow *flow, struct group *group, bool at_once) {
    if (group->committing || (group->fenced && at_once) || list_is_empty(&group->dirty))
        return;
    if (!at_once && flow->now_ms < group->commit_from_ms) {
        if (group->pause.place == 0 && !group->ask_again)
            timers_set(&flow->timers, &group->pause, group->commit_from_ms);
        return;
    }
    size_t count = collect(flow, group);
    if (count == 0)
        return;
    group->committing = true;
    group->fenced = false;
    group->commit_from_ms = flow->now_ms + COMMIT_PAUSE_MS;
    struct action *action = say(flow, ACTION_COMMIT);
    action->is.commit.route = group->index;
    action->is.commit.epoch = group->epoch;
    action->is.commit.entry = group->entries;
    action->is.commit.count = count;
}

/* Takes the answer to heart: what is acknowledged never goes down, what failed is computed anew. */
static void conclude(struct flow *flow, struct group *group, bool done) {
    for (uint32_t i = 0; i < group->count; i++) {
        struct partition *partition = &group->partitions[i];
        if (partition->committing < 0)
            continue;
        if (done) {
            ENSURE(partition->committing > partition->committed || flow->plant != PLANT_NONE,
                   "a commit went down (I6)");
            partition->committed = partition->committing;
        } else {
            partition->refused = partition->committing;
            commit_dirty(partition);
        }
        partition->committing = -1;
    }
}

void commit_result(struct flow *flow, const struct input *input) {
    struct group *group = &flow->groups[input->is.commit.route];
    enum commit_error error = input->is.commit.error;
    struct place place = {.route = group->index, .epoch = input->is.commit.epoch};
    if (group->phase == GROUP_IDLE || input->is.commit.epoch != group->epoch || !group->committing) {
        say_report(flow, REPORT_STALE, place, -1);
        return;
    }
    group->committing = false;
    group_touch(flow, group);
    conclude(flow, group, error == COMMIT_DONE);
    if (error == COMMIT_DONE) {
        group->counts.commits_ok++;
        return;
    }
    group->counts.commits_failed++;
    group->fenced = error == COMMIT_FENCED;
    group->without_metadata = group->without_metadata || error == COMMIT_TOO_LARGE;
    group->commit_from_ms = flow->now_ms + (group->fenced ? COMMIT_AFTER_FENCE_MS : COMMIT_AFTER_ERROR_MS);
    if (group->phase == GROUP_CLOSING && error != COMMIT_FENCED)
        timers_set(&flow->timers, &group->pause, group->commit_from_ms);
    say_report(flow, REPORT_COMMIT_FAILED, place, -1)->is.report.commit_error = error;
}
