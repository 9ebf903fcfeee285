/* Throughput of each route: how many events per second it has read and settled lately, from samples (marks) of its
 * counters. It has no clock and belongs to one worker. */
#ifndef SLUSS_DAEMON_THROUGHPUT_H
#define SLUSS_DAEMON_THROUGHPUT_H

#include "flow/flow.h"

enum { THROUGHPUT_MARKS = 10, THROUGHPUT_MARK_MS = 1000 }; /* so many are kept, and so far apart at least */

struct throughput;

/* Thousandths of an event a second, over the time from the oldest mark on; over_ms 0: nothing is known yet. */
struct throughput_rates {
    int64_t over_ms;
    uint64_t consumed;
    uint64_t settled; /* delivered, dead-lettered, filtered or skipped */
};

/* NULL when memory is short. */
struct throughput *throughput_create(uint32_t routes);
void throughput_destroy(struct throughput *throughput);

/* Marks the counters of all routes, when it is time. */
void throughput_note(struct throughput *throughput, int64_t now_ms, const struct route_counts *counts);

/* Of a route whose counters are these now. */
struct throughput_rates throughput_rates(const struct throughput *throughput, uint32_t route, int64_t now_ms,
                                         const struct route_counts *counts);

#endif
