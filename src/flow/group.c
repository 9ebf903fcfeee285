/* Finding a partition, and what is kept of a route over its assignments. How one begins and ends is in epoch.c. */
#include "flow/group.h"

#include "flow/flow_private.h"

#include <stdlib.h>

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

void group_sort(struct group *group) {
    qsort(group->partitions, group->count, sizeof *group->partitions, compare_partitions);
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

void group_forget(struct group *group) {
    free(group->before);
    group->before = NULL;
    group->before_count = 0;
}

void group_remember(struct group *group) {
    group_forget(group);
    if (group->count == 0)
        return;
    group->before = calloc(group->count, sizeof *group->before);
    ENSURE(group->before != NULL, "out of memory for what was committed");
    for (uint32_t i = 0; i < group->count; i++)
        group->before[i] = (struct reached){group->partitions[i].place, group->partitions[i].reached};
    group->before_count = group->count;
}

static int compare_reached(const void *place, const void *reached) {
    return compare_places(place, &((const struct reached *)reached)->place);
}

int64_t group_recall(const struct group *group, const struct place *place) {
    if (group->before_count == 0 || PLANTED(REACHED_FORGOTTEN))
        return -1;
    const struct reached *found =
        bsearch(place, group->before, group->before_count, sizeof *group->before, compare_reached);
    return found != NULL ? found->offset : -1;
}

void group_letter_ended(struct group *group, struct place place, int64_t from, int64_t to) {
    const struct place *failed = &group->letter_place;
    if (failed->topic == place.topic && failed->partition == place.partition && group->letter_offset >= from &&
        group->letter_offset < to)
        group->letters_fail = false;
}

void group_check(const struct group *group) {
    const struct route_counts *counts = &group->counts;
    uint64_t sum = counts->unsettled;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        sum += counts->outcome[i];
    ENSURE(sum == counts->consumed, "consumed is not the sum of outcomes and unsettled (I12)");
}
