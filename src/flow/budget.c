/* Dividing the limit. First the stairs and the lifelines, where there are several platforms. What is left in one order:
 * what is read leaves room for what the stages make of it, and that for what gives memory back. A lifeline is divided
 * likewise. */
#include "flow/budget.h"

#include "flow/flow_private.h"

_Static_assert(EVENT_COST >= 4096 + sizeof(struct batch), "a small event is one block, and brings its batch");

/* A quarter for the stairs and the lifelines: with 256 MiB for events of 1 MiB there is room in the stairs for the
 * dozen times its size that the stages may make of the largest event, and on the lifelines of ten platforms for that
 * and its request. */
enum { PARTS = 32, OF_EVENT = PARTS / 4, OF_STAIRS = PARTS / 16, OF_LIFELINES = PARTS / 4 - OF_STAIRS };

/* What grows stops below what a route that holds nothing may read: one whose platform is down keeps no other waiting.
 * Where a route orders by a query its events are decoded as they are read: that needs the room of one event, which
 * nothing else may take, for an event that cannot be looked at has no place in the order. */
static const size_t usual[] = {[BUDGET_READ] = 8,        [BUDGET_READ_NEXT] = 10, [BUDGET_READ_FIRST] = 12,
                               [BUDGET_READ_ALONE] = 20, [BUDGET_GROW] = 16,      [BUDGET_GROW_FIRST] = 28,
                               [BUDGET_LOOK] = 28,       [BUDGET_WRITE] = 31,     [BUDGET_ALL] = PARTS};
static const size_t asked[] = {[BUDGET_READ] = 5,        [BUDGET_READ_NEXT] = 6, [BUDGET_READ_FIRST] = 8,
                               [BUDGET_READ_ALONE] = 15, [BUDGET_GROW] = 12,     [BUDGET_GROW_FIRST] = 20,
                               [BUDGET_LOOK] = 31,       [BUDGET_WRITE] = 23,    [BUDGET_ALL] = PARTS};

/* A record is counted as three times its size when it is read, and takes less with its request: and a batch of it. */
static const size_t on_lifeline[] = {[BUDGET_READ] = 22,       [BUDGET_READ_NEXT] = 22, [BUDGET_READ_FIRST] = 22,
                                     [BUDGET_READ_ALONE] = 22, [BUDGET_GROW] = 28,      [BUDGET_GROW_FIRST] = 28,
                                     [BUDGET_LOOK] = 28,       [BUDGET_WRITE] = 31,     [BUDGET_ALL] = PARTS};

static bool reads(const struct plan *plan, uint32_t route) {
    return plan->workers == 0 || share_reads(plan, route, plan->worker);
}

/* That somebody here delivers to. */
static uint32_t count_platforms(const struct plan *plan) {
    uint32_t count = 0;
    for (uint32_t platform = 0; platform < plan->platform_count; platform++)
        for (uint32_t i = 0; i < plan->route_count; i++)
            if (plan->routes[i].mapping.platform == platform && reads(plan, i)) {
                count++;
                break;
            }
    return count;
}

static size_t lifeline_of(const struct plan *plan) {
    uint32_t platforms = count_platforms(plan);
    return platforms < 2 ? 0 : plan->memory_limit / PARTS * OF_LIFELINES / platforms;
}

static size_t stairs_of(const struct plan *plan) {
    return count_platforms(plan) < 2 ? 0 : plan->memory_limit / PARTS * OF_STAIRS;
}

static size_t common_of(const struct plan *plan) {
    return plan->memory_limit - stairs_of(plan) - lifeline_of(plan) * count_platforms(plan);
}

static size_t part_of(const struct plan *plan, enum budget what) {
    bool asks = false;
    for (uint32_t i = 0; i < plan->route_count; i++)
        asks = asks || plan->routes[i].order == ORDER_QUERY;
    return common_of(plan) / PARTS * (asks ? asked : usual)[what];
}

void budget_divide(struct flow *flow) {
    for (int what = 0; what < BUDGET_COUNT; what++)
        flow->part[what] = part_of(flow->plan, (enum budget)what);
    flow->most_of_event = budget_of_event(flow->plan);
    flow->most_of_body = budget_of_body(flow->plan);
    flow->stairs = PLANTED(NO_LIFELINE) ? 0 : stairs_of(flow->plan);
    for (uint32_t i = 0; flow->dispatchers != NULL && i < flow->plan->platform_count; i++)
        flow->dispatchers[i].lifeline.most = PLANTED(NO_LIFELINE) ? 0 : lifeline_of(flow->plan);
}

size_t budget_left(const struct flow *flow, enum budget what) {
    size_t used = flow->bytes + flow->reserved - flow->on_lifelines, most = flow->part[what];
    if (PLANTED(MEMORY_IGNORED))
        return SIZE_MAX / 4;
    return used < most ? most - used : 0;
}

size_t budget_of_lifeline(size_t lifeline, enum budget what) {
    return lifeline / PARTS * on_lifeline[what];
}

size_t budget_of_event(const struct plan *plan) {
    return common_of(plan) / PARTS * OF_EVENT;
}

size_t budget_of_body(const struct plan *plan) {
    enum { HEADERS = 4096 };
    size_t most = part_of(plan, BUDGET_WRITE) - part_of(plan, BUDGET_GROW_FIRST);
    return most > HEADERS ? most - HEADERS : 0;
}

size_t budget_beside(const struct plan *plan) {
    enum { GROWTH = 12 };
    size_t reads = budget_of_lifeline(lifeline_of(plan), BUDGET_READ_FIRST), least = budget_cost(1, 0);
    size_t grows = budget_of_lifeline(lifeline_of(plan), BUDGET_GROW_FIRST) + stairs_of(plan);
    if (count_platforms(plan) < 2)
        return SIZE_MAX;
    if (reads <= least || grows <= least)
        return 0;
    reads = (reads - least) / budget_cost(0, 1);
    grows = (grows - least) / (1 + GROWTH);
    return reads < grows ? reads : grows;
}

size_t budget_largest(const struct plan *plan) {
    size_t most = part_of(plan, BUDGET_READ_ALONE) - part_of(plan, BUDGET_READ); /* credit of those that have nothing */
    return (most - budget_cost(1, 0)) / (budget_cost(0, 1));
}
