/* Credit: how many events each partition may read. Grants no more than window and memory can take, and no more than can
 * be of use soon. */
#include "flow/flow_private.h"

enum {
    MOST_EVENTS = 64,        /* of credit at a time and partition */
    MOST_BYTES = 256 * 1024, /* likewise */
    LEAST_BYTES = 1024,
    LEAST_EVENT = 4096,      /* memory that any event takes */
    READY_BEYOND_FLIGHT = 64 /* so many events more than max-in-flight may wait for the platform */
};

void supply_forget(struct flow *flow, struct partition *partition) {
    flow->reserved -= partition->credit_bytes;
    partition->credit = 0;
    partition->credit_bytes = 0;
    list_remove(&partition->hungry);
}

void supply_read(struct flow *flow, struct partition *partition, const struct event *event) {
    size_t bytes = event->key.size + event->value.size; /* as the shell counts them */
    size_t used = bytes < partition->credit_bytes ? bytes : partition->credit_bytes;
    flow->reserved -= used;
    partition->credit_bytes -= used;
    partition->credit -= partition->credit > 0 ? 1 : 0; /* none: of an assignment that drains, it was forgotten */
    if (list_is_empty(&partition->hungry))
        list_add_last(&partition->group->hungry, &partition->hungry);
    group_touch(flow, partition->group);
}

/* A quarter of the limit is divided among the partitions, so that each can always read something; a second quarter goes
 * to those that come first; the other half is for what the rooms make of the events. */
static size_t share(const struct flow *flow) {
    size_t bytes = flow->plan->memory_limit / 4 / (flow->partitions > 0 ? flow->partitions : 1);
    return bytes < LEAST_BYTES ? LEAST_BYTES : bytes > MOST_BYTES ? MOST_BYTES : bytes;
}

static bool memory_for(const struct flow *flow, const struct partition *partition, size_t bytes) {
    return partition->unsettled == 0 || PLANTED(MEMORY_IGNORED) ||
           flow->bytes + flow->reserved + bytes <= flow->plan->memory_limit / 2;
}

/* What was granted is never taken back, only added to, once half of it is used. False when memory is short. */
static bool feed(struct flow *flow, struct partition *partition) {
    uint64_t covered = PLANTED(WINDOW_FROM_BASE) ? partition->tracker.passed : partition->covered;
    uint32_t room = partition->state == PARTITION_READING ? tracker_room(&partition->tracker, covered) : 0;
    if (PLANTED(WINDOW_IGNORED) && room == 0 && partition->state == PARTITION_READING)
        room = 1;
    size_t most_bytes = share(flow);
    uint32_t most = (uint32_t)(most_bytes / LEAST_EVENT) + 1;
    most = most > MOST_EVENTS ? MOST_EVENTS : most;
    uint32_t goal = room < most ? room : most;
    uint32_t events = partition->credit <= most / 2 && goal > partition->credit ? goal - partition->credit : 0;
    size_t bytes = partition->credit_bytes <= most_bytes / 2 ? most_bytes - partition->credit_bytes : 0;
    if (partition->credit + events == 0 || (events == 0 && bytes == 0) || partition->state != PARTITION_READING)
        return true;
    if (!memory_for(flow, partition, bytes))
        return false;
    flow->reserved += bytes;
    partition->credit += events;
    partition->credit_bytes += bytes;
    struct action *action = say(flow, ACTION_GRANT_CREDIT);
    action->is.credit.place = partition->place;
    action->is.credit.events = events;
    action->is.credit.bytes = bytes;
    return true;
}

/* More wait for the platform than it can take soon. */
static bool is_sated(const struct flow *flow, const struct group *group) {
    return group->ready > flow->desks[group->route->mapping.platform].pace.most + READY_BEYOND_FLIGHT;
}

bool supply_is_dry(const struct flow *flow, const struct group *group) {
    if (group->open > 0 || group->committing || is_sated(flow, group))
        return false; /* what stops the reading now ends with an answer */
    for (uint32_t i = 0; i < group->count; i++) {
        const struct partition *partition = &group->partitions[i];
        if (partition->state == PARTITION_ASKED || (partition->credit > 0 && partition->credit_bytes > 0))
            return false;
    }
    return true;
}

void supply_tend(struct flow *flow, struct group *group) {
    while (!list_is_empty(&group->hungry)) {
        if (is_sated(flow, group))
            return;
        struct list *first = list_first(&group->hungry);
        if (!feed(flow, LIST_OF(first, struct partition, hungry))) {
            if (list_is_empty(&group->starving))
                list_add_last(&flow->starving, &group->starving);
            return;
        }
        list_remove(first);
    }
    list_remove(&group->starving);
}
