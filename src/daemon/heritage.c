/* Finds the same group and topic in another plan. What is believed of it is the core's. */
#include "daemon/heritage.h"

#include <stdlib.h>
#include <string.h>

bool heritage_add(struct heritage *heritage, const struct reached *list, size_t count) {
    if (count == 0)
        return true;
    struct reached *all = realloc(heritage->list, (heritage->count + count) * sizeof *all);
    if (all == NULL)
        return false;
    memcpy(all + heritage->count, list, count * sizeof *all);
    heritage->list = all;
    heritage->count += count;
    return true;
}

/* Topics of the one as topics of the other; what the other does not read is left out. */
static size_t translate(struct reached *list, size_t count, const struct route *from, const struct route *to) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        for (uint32_t topic = 0; topic < to->topic_count; topic++)
            if (span_equal(from->topics[list[i].topic], to->topics[topic])) {
                list[kept] = list[i];
                list[kept++].topic = topic;
                break;
            }
    return kept;
}

static bool add_route(struct heritage *heritage, const struct flow *flow, const struct heritage *untold,
                      const struct plan *plan, uint32_t index, const struct route *route) {
    size_t told = flow_reached(flow, index, NULL, 0), count = told + untold->count;
    struct reached *list = calloc(count + 1, sizeof *list);
    if (list == NULL)
        return false;
    (void)flow_reached(flow, index, list, told);
    if (untold->count > 0)
        memcpy(list + told, untold->list, untold->count * sizeof *list);
    bool done = heritage_add(heritage, list, translate(list, count, &plan->routes[index], route));
    free(list);
    return done;
}

bool heritage_gather(struct heritage *heritage, const struct flow *flow, const struct heritage *untold,
                     const struct plan *plan, const struct route *route) {
    bool done = true;
    for (uint32_t i = 0; i < plan->route_count && done; i++)
        if (span_equal(plan->routes[i].group, route->group))
            done = add_route(heritage, flow, &untold[i], plan, i, route);
    return done;
}

void heritage_finish(struct heritage *heritage) {
    free(heritage->list);
    *heritage = (struct heritage){0};
}
