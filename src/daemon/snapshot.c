/* Copying and summing counters. */
#include "daemon/snapshot.h"

#include "http/certificate.h"

#include <stdlib.h>

struct snapshot *snapshot_create(const struct plan *plan) {
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL)
        return NULL;
    snapshot->route_count = plan->route_count;
    snapshot->platform_count = plan->platform_count;
    snapshot->route = calloc((size_t)plan->route_count + 1, sizeof *snapshot->route);
    snapshot->joined = calloc((size_t)plan->route_count + 1, sizeof *snapshot->joined);
    snapshot->outside_ms = calloc((size_t)plan->route_count + 1, sizeof *snapshot->outside_ms);
    snapshot->platform = calloc((size_t)plan->platform_count + 1, sizeof *snapshot->platform);
    snapshot->certificate_ms = calloc((size_t)plan->platform_count + 1, sizeof *snapshot->certificate_ms);
    snapshot->lag = calloc(MOST_LAGS, sizeof *snapshot->lag);
    if (snapshot->route != NULL && snapshot->joined != NULL && snapshot->outside_ms != NULL &&
        snapshot->platform != NULL && snapshot->certificate_ms != NULL && snapshot->lag != NULL)
        return snapshot;
    snapshot_destroy(snapshot);
    return NULL;
}

void snapshot_destroy(struct snapshot *snapshot) {
    if (snapshot == NULL)
        return;
    free(snapshot->route);
    free(snapshot->joined);
    free(snapshot->outside_ms);
    free(snapshot->platform);
    free(snapshot->certificate_ms);
    free(snapshot->lag);
    free(snapshot);
}

void snapshot_copy(struct snapshot *to, const struct snapshot *from) {
    memcpy(to->route, from->route, from->route_count * sizeof *from->route);
    memcpy(to->joined, from->joined, from->route_count * sizeof *from->joined);
    memcpy(to->outside_ms, from->outside_ms, from->route_count * sizeof *from->outside_ms);
    memcpy(to->platform, from->platform, from->platform_count * sizeof *from->platform);
    memcpy(to->certificate_ms, from->certificate_ms, from->platform_count * sizeof *from->certificate_ms);
    memcpy(to->lag, from->lag, from->lag_count * sizeof *from->lag);
    to->latency = from->latency;
    to->lag_count = from->lag_count;
    to->bytes = from->bytes;
    to->turned_ms = from->turned_ms;
}

void snapshot_add(struct snapshot *to, const struct snapshot *from) {
    for (uint32_t i = 0; i < from->route_count; i++) {
        route_counts_add(&to->route[i], &from->route[i]);
        to->joined[i] += from->joined[i];
        if (from->outside_ms[i] != 0 && (to->outside_ms[i] == 0 || from->outside_ms[i] < to->outside_ms[i]))
            to->outside_ms[i] = from->outside_ms[i];
    }
    for (uint32_t i = 0; i < from->platform_count; i++) {
        to->certificate_ms[i] = certificate_earlier(to->certificate_ms[i], from->certificate_ms[i]);
        to->platform[i].in_flight += from->platform[i].in_flight;
        if (from->platform[i].state > to->platform[i].state)
            to->platform[i].state = from->platform[i].state;
    }
    latency_merge(&to->latency, &from->latency);
    for (size_t i = 0; i < from->lag_count && to->lag_count < MOST_LAGS; i++)
        to->lag[to->lag_count++] = from->lag[i];
    to->bytes += from->bytes;
    if (from->turned_ms < to->turned_ms)
        to->turned_ms = from->turned_ms;
}

int64_t snapshot_late_ms(const struct plan *plan) {
    return 2 * (int64_t)plan->session_timeout_ms;
}

static int compare_lags(const void *one, const void *other) {
    const struct partition_lag *left = one, *right = other;
    if (left->route != right->route)
        return left->route < right->route ? -1 : 1;
    if (left->topic != right->topic)
        return left->topic < right->topic ? -1 : 1;
    if (left->partition != right->partition)
        return left->partition < right->partition ? -1 : 1;
    return left->events < right->events ? -1 : left->events > right->events ? 1 : 0;
}

void snapshot_unite_lags(struct snapshot *sum) {
    qsort(sum->lag, sum->lag_count, sizeof *sum->lag, compare_lags);
    size_t count = 0;
    for (size_t i = 0; i < sum->lag_count; i++) {
        const struct partition_lag *one = &sum->lag[i], *last = count > 0 ? &sum->lag[count - 1] : NULL;
        if (last == NULL || last->route != one->route || last->topic != one->topic || last->partition != one->partition)
            sum->lag[count++] = *one;
    }
    sum->lag_count = count;
}
