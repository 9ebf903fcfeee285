/* The status is a view of all cores as JSON (/status): each route, partition and platform, and why what waits is
 * waiting, in the trace's words. It shows no value and no key of an event. */
#ifndef SLUSS_DAEMON_STATUS_H
#define SLUSS_DAEMON_STATUS_H

#include "base/buf.h"
#include "flow/view.h"

/* A route's dead-letter topic, as the probe found it. */
struct status_letters {
    bool there;
    const char *why; /* not there: static */
};

struct status_facts {
    const char *version;
    uint32_t workers;
    size_t faults;                        /* errors for which routes were left out at the start */
    int64_t wall_ms;                      /* of view->now_ms */
    const struct status_letters *letters; /* per route */
    const char *no_answer;                /* why no broker answers, static; NULL: one did when it was asked last */
    const uint32_t *joined;               /* per route: as in a snapshot; NULL nothing is known */
    const int64_t *outside_ms;            /* likewise */
    const struct route_counts *before;    /* per route: what generations that ended have counted; NULL nothing */
};

/* One line of JSON and a newline. Ages and waits are in milliseconds. False when memory is short. */
bool status_write(struct buf *out, const struct view *view, const struct status_facts *facts);

#endif
