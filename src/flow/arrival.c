/* Takes in a record. */
#include "flow/arrival.h"

#include "flow/flow_private.h"

/* The map says that whoever had the partition before has settled it. */
static void take_known(struct flow *flow, struct partition *partition, const struct event *event) {
    struct group *group = partition->group;
    group->counts.known++;
    group_letter_ended(group, event->place, event->offset, event->offset + 1);
    tracker_settle(&partition->tracker, tracker_admit(&partition->tracker, event->offset));
    partition_settled(partition);
    partition_hungry(flow, partition);
    say_report(flow, REPORT_KNOWN, event->place, event->offset);
}

/* An event that was tried before us keeps its attempts and its spent patience. */
static void remember_tries(const struct flow *flow, const struct partition *partition, struct passage *passage) {
    static const struct offset_try in_doubt = {.attempts = 1, .held = HELD_AMBIGUOUS, .first = -1};
    const struct offset_try *tried =
        partition->found.map == NULL ? NULL : offset_map_find(partition->found.map, passage->event->offset);
    if (tried == NULL && partition->found.map != NULL &&
        offset_map_doubts(partition->found.map, passage->event->offset))
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
    partition_tell(passage->home);
}

void arrival_event(struct flow *flow, struct event *event) {
    struct group *group = &flow->groups[event->place.route];
    struct partition *partition = group_partition(group, event->place);
    enum report_kind why = REPORT_STALE;
    if (partition != NULL) {
        credit_spend(flow, partition, event);
        why = REPORT_REWOUND;
    }
    bool wanted = partition != NULL && (group->phase == GROUP_RUNNING || PLANTED(DRAIN_READS)) &&
                  partition->state == PARTITION_READING;
    if (wanted && event->offset >= partition->seen && event->offset < partition->found.offset) {
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
    if (partition->found.lost > 0)
        hold_looked_back(flow, partition);
    if (partition->found.map != NULL && !PLANTED(MAP_IGNORED) &&
        offset_map_knows(partition->found.map, event->offset)) {
        take_known(flow, partition, event);
        lifeline_forget(flow, partition);
        hold_recall(flow, partition, event);
        return;
    }
    struct passage *passage = passage_create(flow, partition, event);
    ENSURE(passage != NULL, "out of memory for an event");
    stages_order(flow, passage);
    remember_tries(flow, partition, passage);
    group->counts.consumed++;
    group->counts.unsettled++;
    partition->unsettled++;
    group_check(group);
    passage->slot = tracker_admit(&partition->tracker, event->offset);
    if (partition->committed.offset < 0) /* below the first record there is nothing to commit */
        partition->committed.offset = tracker_base(&partition->tracker);
    list_add_last(&partition->passages, &passage->sibling);
    if (PLANTED(KEY_OVERLAP) || (PLANTED(FOLLOW_OUT_OF_ORDER) && dead_key_find(&partition->dead_keys, passage->lane)))
        passage->ordered = false;
    if (!passage->ordered || lane_join(&partition->lanes, passage))
        hold_admit(flow, passage);
    else if (batch_takes(passage->ahead->batch))
        passage_due(flow, passage);
}

void arrival_wanted(struct flow *flow, const struct input *input) {
    struct group *group = &flow->groups[input->is.wanted.place.route];
    struct partition *partition = group_partition(group, input->is.wanted.place);
    if (partition == NULL) {
        say_report(flow, REPORT_STALE, input->is.wanted.place, -1);
        return;
    }
    if (group->phase != GROUP_RUNNING || partition->state != PARTITION_READING)
        return;
    partition->next.since_ms = partition->next.waits ? partition->next.since_ms : flow->now_ms;
    partition->next.waits = true;
    partition->next.bytes = input->is.wanted.bytes;
    partition_hungry(flow, partition);
}
