/* Dividing the limit. In one order: what is read leaves room for what the rooms make of it, and that for what gives
 * memory back. */
#include "flow/budget.h"

#include "flow/flow_private.h"

enum { PARTS = 32, OF_EVENT = PARTS / 4 };

/* What grows stops below what a route that holds nothing may read: one whose platform is down keeps no other waiting.
 * Where a route orders by a query its events are decoded as they are read: that needs the room of one event, which
 * nothing else may take, for an event that cannot be looked at has no place in the order. */
static size_t part_of(const struct plan *plan, enum budget what) {
    static const size_t usual[] = {[BUDGET_READ] = 8,        [BUDGET_READ_NEXT] = 10, [BUDGET_READ_FIRST] = 12,
                                   [BUDGET_READ_ALONE] = 20, [BUDGET_GROW] = 16,      [BUDGET_GROW_FIRST] = 28,
                                   [BUDGET_LOOK] = 28,       [BUDGET_WRITE] = 31,     [BUDGET_ALL] = PARTS};
    static const size_t asked[] = {[BUDGET_READ] = 5,        [BUDGET_READ_NEXT] = 6, [BUDGET_READ_FIRST] = 8,
                                   [BUDGET_READ_ALONE] = 15, [BUDGET_GROW] = 12,     [BUDGET_GROW_FIRST] = 20,
                                   [BUDGET_LOOK] = 31,       [BUDGET_WRITE] = 23,    [BUDGET_ALL] = PARTS};
    bool asks = false;
    for (uint32_t i = 0; i < plan->route_count; i++)
        asks = asks || plan->routes[i].order == ORDER_QUERY;
    return plan->memory_limit / PARTS * (asks ? asked : usual)[what];
}

size_t budget_left(const struct flow *flow, enum budget what) {
    size_t used = flow->bytes + flow->reserved, most = part_of(flow->plan, what);
    if (PLANTED(MEMORY_IGNORED))
        return SIZE_MAX / 4;
    return used < most ? most - used : 0;
}

size_t budget_of_event(const struct plan *plan) {
    return plan->memory_limit / PARTS * OF_EVENT;
}

size_t budget_of_body(const struct plan *plan) {
    enum { HEADERS = 4096 };
    size_t most = part_of(plan, BUDGET_WRITE) - part_of(plan, BUDGET_GROW_FIRST);
    return most > HEADERS ? most - HEADERS : 0;
}

size_t budget_largest(const struct plan *plan) {
    size_t most = part_of(plan, BUDGET_READ_ALONE) - part_of(plan, BUDGET_READ); /* credit of those that have nothing */
    return (most - supply_cost(1, 0)) / (supply_cost(0, 1));
}
