/* A ring of marks; the rates are what has been counted since the oldest of them. */
#include "daemon/throughput.h"

#include <stdlib.h>

struct counted {
    uint64_t consumed, settled;
};

struct throughput {
    uint32_t routes;
    uint32_t count; /* marks so far, of which the last THROUGHPUT_MARKS are kept */
    int64_t at_ms[THROUGHPUT_MARKS];
    struct counted mark[]; /* THROUGHPUT_MARKS times all routes */
};

struct throughput *throughput_create(uint32_t routes) {
    struct throughput *throughput = calloc(1, sizeof *throughput + sizeof(struct counted) * routes * THROUGHPUT_MARKS);
    if (throughput != NULL)
        throughput->routes = routes;
    return throughput;
}

void throughput_destroy(struct throughput *throughput) {
    free(throughput);
}

static struct counted counted(const struct route_counts *counts) {
    return (struct counted){.consumed = counts->consumed,
                            .settled = counts->outcome[OUTCOME_DELIVERED] + counts->outcome[OUTCOME_DEAD_LETTERED] +
                                       counts->outcome[OUTCOME_FILTERED] + counts->outcome[OUTCOME_SKIPPED]};
}

void throughput_note(struct throughput *throughput, int64_t now_ms, const struct route_counts *counts) {
    if (throughput->count > 0 &&
        now_ms - throughput->at_ms[(throughput->count - 1) % THROUGHPUT_MARKS] < THROUGHPUT_MARK_MS)
        return;
    uint32_t at = throughput->count++ % THROUGHPUT_MARKS;
    throughput->at_ms[at] = now_ms;
    for (uint32_t i = 0; i < throughput->routes; i++)
        throughput->mark[at * throughput->routes + i] = counted(&counts[i]);
}

static uint64_t rate(uint64_t from, uint64_t to, int64_t over_ms) {
    return to > from ? (to - from) * 1000 * 1000 / (uint64_t)over_ms : 0;
}

struct throughput_rates throughput_rates(const struct throughput *throughput, uint32_t route, int64_t now_ms,
                                         const struct route_counts *counts) {
    uint32_t oldest = throughput->count < THROUGHPUT_MARKS ? 0 : throughput->count % THROUGHPUT_MARKS;
    int64_t over_ms = now_ms - throughput->at_ms[oldest];
    if (throughput->count == 0 || over_ms < THROUGHPUT_MARK_MS)
        return (struct throughput_rates){0};
    struct counted from = throughput->mark[oldest * throughput->routes + route], to = counted(counts);
    return (struct throughput_rates){.over_ms = over_ms,
                                     .consumed = rate(from.consumed, to.consumed, over_ms),
                                     .settled = rate(from.settled, to.settled, over_ms)};
}
