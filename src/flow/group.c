/* Finding a partition, and what is kept of a route over its assignments. How one begins and ends is in epoch.c. */
#include "flow/group.h"

#include "flow/flow_private.h"

#include <stdlib.h>
#include <string.h>

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

void group_forget_topic(struct group *group, uint32_t topic) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < group->before_count; i++)
        if (group->before[i].topic != topic)
            group->before[kept++] = group->before[i];
    group->before_count = kept;
}

static int compare_reached(const void *one, const void *other) {
    const struct reached *left = one, *right = other;
    if (left->topic != right->topic)
        return left->topic < right->topic ? -1 : 1;
    return left->partition < right->partition ? -1 : left->partition > right->partition ? 1 : 0;
}

size_t group_reached(const struct group *group, struct reached *list, size_t most) {
    size_t count = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        const struct partition *partition = &group->partitions[i];
        if (partition->reached >= 0 && count++ < most)
            list[count - 1] = (struct reached){partition->place.topic, partition->place.partition, partition->reached};
    }
    for (uint32_t i = 0; group->phase == GROUP_IDLE && i < group->before_count; i++)
        if (count++ < most)
            list[count - 1] = group->before[i];
    return count;
}

void group_remember(struct group *group) {
    group_forget(group);
    if (group->count == 0)
        return;
    group->before = calloc(group->count, sizeof *group->before);
    ENSURE(group->before != NULL, "out of memory for what was committed");
    group->before_count = (uint32_t)group_reached(group, group->before, group->count);
}

void group_inherit(struct group *group, const struct reached *entry, size_t count) {
    if (group->epoch > 0 || count == 0 || PLANTED(HERITAGE_IGNORED))
        return;
    struct reached *before = calloc(count, sizeof *before);
    ENSURE(before != NULL, "out of memory for what was committed");
    memcpy(before, entry, count * sizeof *before);
    qsort(before, count, sizeof *before, compare_reached);
    uint32_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool same = kept > 0 && compare_reached(&before[kept - 1], &before[i]) == 0;
        if (!same)
            before[kept++] = before[i];
        else if (before[kept - 1].offset < before[i].offset)
            before[kept - 1].offset = before[i].offset;
    }
    group_forget(group);
    group->before = before;
    group->before_count = kept;
}

int64_t group_recall(const struct group *group, const struct place *place) {
    if (group->before_count == 0 || PLANTED(REACHED_FORGOTTEN))
        return -1;
    const struct reached wanted = {.topic = place->topic, .partition = place->partition};
    const struct reached *found =
        bsearch(&wanted, group->before, group->before_count, sizeof *group->before, compare_reached);
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
