/* A heritage is what the groups of one route had acknowledged to this process before its configuration changed: what a
 * core takes over from those before it. It goes by the names of group and topic, whatever the routes are called. */
#ifndef SLUSS_DAEMON_HERITAGE_H
#define SLUSS_DAEMON_HERITAGE_H

#include "flow/flow.h"

/* Start with all zero. */
struct heritage {
    struct reached *list;
    size_t count;
};

/* False when memory is short; then it is as before. */
bool heritage_add(struct heritage *heritage, const struct reached *list, size_t count);

/* Adds what a core, which ran under `plan`, knows of the group and the topics of `route`, which is another plan's, or
 * would know: `untold` is what it has not been told, one of each route. False when memory is short. */
bool heritage_gather(struct heritage *heritage, const struct flow *flow, const struct heritage *untold,
                     const struct plan *plan, const struct route *route);

void heritage_finish(struct heritage *heritage);

#endif
