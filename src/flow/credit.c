/* How much each partition may get, and who asks again when memory is short. */
#include "flow/credit.h"

#include "flow/flow_private.h"

enum {
    MOST_EVENTS = 64,        /* of credit at a time and partition */
    MOST_BYTES = 256 * 1024, /* likewise */
    LEAST_BYTES = 1024,      /* likewise */
    LEAST_CREDIT = 4         /* events, where many read for one platform */
};

static void set_credit(struct flow *flow, struct partition *partition, uint32_t events, size_t bytes) {
    flow->reserved -= budget_cost(partition->credit.events, partition->credit.bytes);
    partition->group->credit -= partition->credit.events;
    partition->credit.events = events;
    partition->credit.bytes = bytes;
    partition->group->credit += events;
    flow->reserved += budget_cost(events, bytes);
}

void credit_forget(struct flow *flow, struct partition *partition) {
    set_credit(flow, partition, 0, 0);
    lifeline_forget(flow, partition);
    partition->next.waits = false;
    elder_forget(flow, partition);
    list_remove(&partition->hungry);
}

void credit_spend(struct flow *flow, struct partition *partition, const struct event *event) {
    size_t bytes = event_size(event->key, event->value, event->headers, event->header_count);
    size_t used = bytes < partition->credit.bytes ? bytes : partition->credit.bytes;
    uint32_t events = partition->credit.events > 0 ? 1 : 0; /* none: of an assignment that drains, it was forgotten */
    set_credit(flow, partition, partition->credit.events - events, partition->credit.bytes - used);
    partition->next.waits = false;
    elder_forget(flow, partition);
    if (partition->credit.events <= partition->few.events || partition->credit.bytes <= partition->few.bytes)
        partition_hungry(flow, partition); /* else it would get nothing yet */
}

/* A quarter of the limit is divided among the partitions, half of each share for the events and half for their bytes.
 * Where that is less than an event, each waits until it has one. Where many have little, most of them wait behind each
 * other's records in a queue that they share: three quarters are kept for those that come first there. */
static struct credit share(const struct flow *flow) {
    enum { MANY = 16, KEPT = 4 };
    size_t partitions = flow->partitions > 0 ? flow->partitions : 1;
    size_t half = flow->part[BUDGET_ALL] / 4 / partitions / 2;
    if (partitions > MANY && half < (size_t)MOST_EVENTS * EVENT_COST)
        half /= KEPT;
    size_t bytes = half / BYTE_COST, events = half / EVENT_COST;
    return (struct credit){.events = events > MOST_EVENTS ? MOST_EVENTS : (uint32_t)events,
                           .bytes = bytes < LEAST_BYTES  ? LEAST_BYTES
                                    : bytes > MOST_BYTES ? MOST_BYTES
                                                         : bytes};
}

/* What its next event still takes, which waits. */
static struct credit next_of(const struct partition *partition, struct credit all) {
    size_t next = partition->next.bytes;
    return (struct credit){.events = partition->credit.events == 0 && all.events > 0 ? 1 : 0,
                           .bytes = next > partition->credit.bytes ? next - partition->credit.bytes : 0};
}

/* As much as it can use; or its next event, where that waits: what is granted to partitions that have nothing to read
 * keeps nobody else waiting, nor does another's platform, however long it is down, a route that holds nothing. */
static struct credit affordable(const struct flow *flow, const struct partition *partition, struct credit all) {
    if (budget_cost(all.events, all.bytes) <= budget_left(flow, BUDGET_READ))
        return all;
    if (!partition->next.waits)
        return (struct credit){0, 0};
    struct credit least = next_of(partition, all);
    bool alone = partition->group->counts.unsettled == 0 || partition == flow->elder.partition;
    enum budget what = alone ? BUDGET_READ_ALONE : partition->unsettled == 0 ? BUDGET_READ_FIRST : BUDGET_READ_NEXT;
    return budget_cost(least.events, least.bytes) <= budget_left(flow, what) ? least : (struct credit){0, 0};
}

/* The next event of a partition that holds none, where no other memory is to be had for it. */
static struct credit lend(struct flow *flow, struct partition *partition, struct credit all) {
    struct credit none = {0, 0}, least = next_of(partition, all);
    bool enough = partition->next.waits && partition->unsettled == 0 && partition->credit.events + least.events > 0;
    return enough && lifeline_lend(flow, partition, budget_cost(1, partition->next.bytes),
                                   budget_cost(least.events, least.bytes))
               ? least
               : none;
}

/* What memory has room for, and of requests of one event each no more than twice what may wait, divided among all that
 * read: they may all begin at once. */
static struct credit most_credit(const struct flow *flow, const struct group *group) {
    struct credit most = share(flow);
    const struct dispatcher *dispatcher = &flow->dispatchers[group->route->mapping.platform];
    uint32_t events = dispatcher_most_ready(dispatcher) * 2 / dispatcher->readers / group->count;
    if (events < LEAST_CREDIT)
        events = LEAST_CREDIT;
    if (group->route->batch.events <= 1 && events < most.events)
        most.events = events;
    return most;
}

/* Events that its window has room for. */
static uint32_t room_of(const struct partition *partition) {
    uint64_t covered = PLANTED(WINDOW_FROM_BASE) ? partition->tracker.passed : partition->committed.covers;
    return partition->state == PARTITION_READING ? tracker_room(&partition->tracker, covered) : 0;
}

bool credit_may_come(const struct partition *partition) {
    return partition->credit.events > 0 || room_of(partition) > 0;
}

/* What was granted is never taken back, only added to, once half of it is used. False when memory is short. */
static bool feed(struct flow *flow, struct partition *partition) {
    uint32_t room = room_of(partition);
    if (PLANTED(WINDOW_IGNORED) && room == 0 && partition->state == PARTITION_READING)
        room = 1;
    struct credit most = most_credit(flow, partition->group), more = {0, 0};
    partition->few = (struct credit){most.events / 2, most.bytes / 2};
    if (partition->next.waits) {
        most.events = most.events > 0 ? most.events : 1;
        most.bytes = partition->next.bytes > most.bytes ? partition->next.bytes : most.bytes;
    }
    uint32_t goal = room < most.events ? room : most.events;
    bool lacks = partition->next.waits && partition->next.bytes > partition->credit.bytes;
    if (partition->credit.events <= most.events / 2 && goal > partition->credit.events)
        more.events = goal - partition->credit.events;
    if (partition->credit.bytes <= most.bytes / 2 || lacks)
        more.bytes = most.bytes - partition->credit.bytes;
    if (partition->credit.events + more.events == 0 || (more.events == 0 && more.bytes == 0) ||
        partition->state != PARTITION_READING)
        return true;
    struct credit all = more;
    more = elder_is_before(flow, partition) ? (struct credit){0, 0} : affordable(flow, partition, all);
    if (more.events == 0 && more.bytes == 0)
        more = lend(flow, partition, all);
    if (more.events == 0 && more.bytes == 0)
        return !partition->next.waits; /* else it says so when it has something */
    set_credit(flow, partition, partition->credit.events + more.events, partition->credit.bytes + more.bytes);
    partition->next.waits =
        partition->next.waits && (partition->credit.events == 0 || partition->next.bytes > partition->credit.bytes);
    struct action *action = say(flow, ACTION_GRANT_CREDIT);
    action->is.credit.place = partition->place;
    action->is.credit.events = more.events;
    action->is.credit.bytes = more.bytes;
    return true;
}

bool credit_is_dry(const struct flow *flow, const struct group *group) {
    if (group->open > 0 || group->committing || dispatcher_has_enough(flow, group))
        return false; /* what stops the reading now ends with an answer */
    for (uint32_t i = 0; i < group->count; i++) {
        const struct partition *partition = &group->partitions[i];
        if (partition->state == PARTITION_ASKED || (partition->credit.events > 0 && !partition->next.waits))
            return false;
    }
    return true;
}

void credit_starve(struct flow *flow, struct group *group, bool starves) {
    if (starves == !list_is_empty(&group->starving))
        return;
    flow->starved += starves ? 1 : UINT32_MAX;
    if (starves)
        list_add_last(&flow->starving, &group->starving);
    else
        list_remove(&group->starving);
}

/* Before anybody else. */
static void feed_elder(struct flow *flow) {
    struct partition *elder = flow->elder.partition;
    if (elder == NULL)
        return;
    if (dispatcher_has_enough(flow, elder->group)) {
        elder_forget(flow, elder);
        return;
    }
    bool served = feed(flow, elder);
    if (served)
        list_remove(&elder->hungry);
    elder_asked(flow, served);
}

/* A partition that gets nothing keeps its place in the list and blocks nobody: others that hold nothing may still read.
 * But when it has waited too long it becomes the elder. */
void credit_tend(struct flow *flow, struct group *group) {
    feed_elder(flow);
    if (!list_is_empty(&group->hungry) && dispatcher_has_enough(flow, group))
        return;
    LIST_EACH(link, &group->hungry) {
        if (feed(flow, LIST_OF(link, struct partition, hungry)))
            list_remove(link);
    }
    credit_starve(flow, group, !list_is_empty(&group->hungry));
}
