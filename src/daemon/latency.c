/* A histogram a platform and status. */
#include "daemon/latency.h"

const uint32_t latency_bound_ms[LATENCY_BUCKETS] = {1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10000, 30000};

static struct latency_series *find(struct latency *latency, uint32_t platform, int status) {
    uint32_t statuses = 0;
    for (uint32_t i = 0; i < latency->count; i++) {
        bool of_it = latency->series[i].platform == platform;
        if (of_it && latency->series[i].status == status)
            return &latency->series[i];
        statuses += of_it ? 1 : 0;
    }
    if (status != 0 && (statuses >= LATENCY_STATUSES || latency->count == LATENCY_SERIES))
        return find(latency, platform, 0);
    if (latency->count == LATENCY_SERIES)
        return NULL;
    latency->series[latency->count] = (struct latency_series){.platform = platform, .status = status};
    return &latency->series[latency->count++];
}

void latency_add(struct latency *latency, uint32_t platform, int status, uint32_t duration_ms) {
    struct latency_series *series = find(latency, platform, status);
    if (series == NULL)
        return;
    uint32_t bucket = 0;
    while (bucket < LATENCY_BUCKETS && duration_ms > latency_bound_ms[bucket])
        bucket++;
    series->bucket[bucket]++;
    series->count++;
    series->sum_seconds += duration_ms / 1000.0;
}

void latency_merge(struct latency *to, const struct latency *from) {
    for (uint32_t i = 0; i < from->count; i++) {
        const struct latency_series *one = &from->series[i];
        struct latency_series *series = find(to, one->platform, one->status);
        if (series == NULL)
            continue;
        for (uint32_t bucket = 0; bucket <= LATENCY_BUCKETS; bucket++)
            series->bucket[bucket] += one->bucket[bucket];
        series->count += one->count;
        series->sum_seconds += one->sum_seconds;
    }
}
