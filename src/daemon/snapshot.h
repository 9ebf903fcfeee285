/* A snapshot is a whole copy of one worker's counters between two steps, so that sums over it always agree (I12). */
#ifndef SLUSS_DAEMON_SNAPSHOT_H
#define SLUSS_DAEMON_SNAPSHOT_H

#include "daemon/latency.h"
#include "flow/flow.h"

struct partition_lag {
    uint32_t route;
    uint32_t topic;
    int32_t partition;
    int64_t events;
};

enum { MOST_LAGS = 4096 };

struct snapshot {
    uint32_t route_count;
    uint32_t platform_count;
    struct route_counts *route;
    uint32_t *joined;    /* a route: on how many workers its group has given an assignment */
    int64_t *outside_ms; /* a route: since when its group has not let a worker in, or in again; 0 all are in */
    struct platform_counts *platform;
    int64_t *certificate_ms; /* a platform: when its certificates end (calendar); 0 not seen */
    struct latency latency;
    struct partition_lag *lag;
    size_t lag_count;
    uint64_t bytes;
    int64_t turned_ms; /* when the loop last turned */
};

/* Room for one plan's counters. NULL when memory is short. */
struct snapshot *snapshot_create(const struct plan *plan);
void snapshot_destroy(struct snapshot *snapshot);

void snapshot_copy(struct snapshot *to, const struct snapshot *from);

/* Adds another worker's: counters are summed, a platform's state is the worst. */
void snapshot_add(struct snapshot *to, const struct snapshot *from);

/* So long a group may keep a worker out before it is worth a word: a member that crashed is waited for half of it. */
int64_t snapshot_late_ms(const struct plan *plan);

/* Orders the lags by route, topic and partition. One that has just changed hands stands in two workers' copies, made at
 * different times: it is named once, as the reader that came farther saw it. */
void snapshot_unite_lags(struct snapshot *sum);

#endif
