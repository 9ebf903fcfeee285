/* Latency counts how long requests took, per platform and status: the histogram of the metrics. It is no clock. */
#ifndef SLUSS_DAEMON_LATENCY_H
#define SLUSS_DAEMON_LATENCY_H

#include "base/span.h"

#include <stdint.h>

enum { LATENCY_BUCKETS = 13, LATENCY_SERIES = 256, LATENCY_STATUSES = 16 /* of one platform */ };

/* Upper bounds in milliseconds; above the last is +Inf. */
extern const uint32_t latency_bound_ms[LATENCY_BUCKETS];

struct latency_series {
    uint32_t platform;
    int status; /* 0: no answer */
    uint64_t bucket[LATENCY_BUCKETS + 1];
    uint64_t count;
    double sum_seconds;
};

/* A copyable value. Statuses beyond those that one platform may have are counted under 0: so one that answers with any
 * number leaves room for the others. */
struct latency {
    struct latency_series series[LATENCY_SERIES];
    uint32_t count;
};

void latency_add(struct latency *latency, uint32_t platform, int status, uint32_t duration_ms);

/* Adds all of `from` to `to`. */
void latency_merge(struct latency *to, const struct latency *from);

#endif
