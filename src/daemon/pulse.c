/* A ring of marks; the rates are what has been counted since the oldest of them. */
#include "daemon/pulse.h"

#include <stdlib.h>

struct counted {
    uint64_t consumed, settled;
};

struct pulse {
    uint32_t routes;
    uint32_t count; /* marks so far, of which the last PULSE_MARKS are kept */
    int64_t at_ms[PULSE_MARKS];
    struct counted mark[]; /* PULSE_MARKS times all routes */
};

struct pulse *pulse_create(uint32_t routes) {
    struct pulse *pulse = calloc(1, sizeof *pulse + sizeof(struct counted) * routes * PULSE_MARKS);
    if (pulse != NULL)
        pulse->routes = routes;
    return pulse;
}

void pulse_destroy(struct pulse *pulse) {
    free(pulse);
}

static struct counted counted(const struct route_counts *counts) {
    return (struct counted){.consumed = counts->consumed,
                            .settled = counts->outcome[OUTCOME_DELIVERED] + counts->outcome[OUTCOME_DEAD_LETTERED] +
                                       counts->outcome[OUTCOME_FILTERED] + counts->outcome[OUTCOME_SKIPPED]};
}

void pulse_note(struct pulse *pulse, int64_t now_ms, const struct route_counts *counts) {
    if (pulse->count > 0 && now_ms - pulse->at_ms[(pulse->count - 1) % PULSE_MARKS] < PULSE_MARK_MS)
        return;
    uint32_t at = pulse->count++ % PULSE_MARKS;
    pulse->at_ms[at] = now_ms;
    for (uint32_t i = 0; i < pulse->routes; i++)
        pulse->mark[at * pulse->routes + i] = counted(&counts[i]);
}

static uint64_t rate(uint64_t from, uint64_t to, int64_t over_ms) {
    return to > from ? (to - from) * 1000 * 1000 / (uint64_t)over_ms : 0;
}

struct pulse_rates pulse_rates(const struct pulse *pulse, uint32_t route, int64_t now_ms,
                               const struct route_counts *counts) {
    uint32_t oldest = pulse->count < PULSE_MARKS ? 0 : pulse->count % PULSE_MARKS;
    int64_t over_ms = now_ms - pulse->at_ms[oldest];
    if (pulse->count == 0 || over_ms < PULSE_MARK_MS)
        return (struct pulse_rates){0};
    struct counted from = pulse->mark[oldest * pulse->routes + route], to = counted(counts);
    return (struct pulse_rates){.over_ms = over_ms,
                                .consumed = rate(from.consumed, to.consumed, over_ms),
                                .settled = rate(from.settled, to.settled, over_ms)};
}
