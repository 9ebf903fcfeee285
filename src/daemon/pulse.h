/* A pulse is each route's throughput: how many events per second it has read and settled lately, from samples (marks)
 * of its counters. It has no clock and belongs to one worker. */
#ifndef SLUSS_DAEMON_PULSE_H
#define SLUSS_DAEMON_PULSE_H

#include "flow/flow.h"

enum { PULSE_MARKS = 10, PULSE_MARK_MS = 1000 }; /* so many are kept, and so far apart at least */

struct pulse;

/* Thousandths of an event a second, over the time from the oldest mark on; over_ms 0: nothing is known yet. */
struct pulse_rates {
    int64_t over_ms;
    uint64_t consumed;
    uint64_t settled; /* delivered, dead-lettered, filtered or skipped */
};

/* NULL when memory is short. */
struct pulse *pulse_create(uint32_t routes);
void pulse_destroy(struct pulse *pulse);

/* Marks the counters of all routes, when it is time. */
void pulse_note(struct pulse *pulse, int64_t now_ms, const struct route_counts *counts);

/* Of a route whose counters are these now. */
struct pulse_rates pulse_rates(const struct pulse *pulse, uint32_t route, int64_t now_ms,
                               const struct route_counts *counts);

#endif
