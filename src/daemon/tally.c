/* Carrying counters from one generation's indices to the next one's. What is no counter ends with its generation. */
#include "daemon/tally.h"

#include "base/arena.h"

#include <stdlib.h>

struct tally {
    struct arena arena; /* the names of what is no more */
    struct plan plan;
    struct snapshot *carried; /* of generations that ended */
    struct snapshot *sum;
};

static uint32_t find_route(const struct plan *plan, struct span name) {
    uint32_t i = 0;
    while (i < plan->route_count && !span_equal(plan->routes[i].name, name))
        i++;
    return i;
}

static uint32_t find_platform(const struct plan *plan, struct span name) {
    uint32_t i = 0;
    while (i < plan->platform_count && !span_equal(plan->platforms[i].name, name))
        i++;
    return i;
}

/* The generation's own, then what only the tally before knows. */
static bool take_names(struct tally *tally, const struct plan *plan, const struct plan *before) {
    struct plan *all = &tally->plan;
    *all = *plan;
    all->routes =
        arena_take(&tally->arena, ((size_t)plan->route_count + before->route_count + 1) * sizeof *all->routes);
    all->platforms =
        arena_take(&tally->arena, ((size_t)plan->platform_count + before->platform_count + 1) * sizeof *all->platforms);
    if (all->routes == NULL || all->platforms == NULL)
        return false;
    memcpy(all->routes, plan->routes, plan->route_count * sizeof *all->routes);
    memcpy(all->platforms, plan->platforms, plan->platform_count * sizeof *all->platforms);
    bool good = true;
    for (uint32_t i = 0; i < before->route_count; i++)
        if (find_route(plan, before->routes[i].name) == plan->route_count) {
            struct span name = arena_copy(&tally->arena, before->routes[i].name);
            good = good && name.data != NULL;
            all->routes[all->route_count++] = (struct route){.name = name, .mode = ROUTE_OFF};
        }
    for (uint32_t i = 0; i < before->platform_count; i++)
        if (find_platform(plan, before->platforms[i].name) == plan->platform_count) {
            struct span name = arena_copy(&tally->arena, before->platforms[i].name);
            good = good && name.data != NULL;
            all->platforms[all->platform_count++] = (struct platform_spec){.name = name};
        }
    return good;
}

/* Only what counts up: what was held or under way is no more. */
static struct route_counts counters_of(const struct route_counts *counts) {
    struct route_counts kept = *counts;
    kept.unsettled = kept.exposed = kept.held = 0;
    kept.letters_fail = false;
    kept.oldest_since_ms = -1;
    return kept;
}

static void carry(struct tally *tally, const struct plan *plan, const struct snapshot *sum) {
    for (uint32_t i = 0; i < plan->route_count; i++)
        tally->carried->route[find_route(&tally->plan, plan->routes[i].name)] = counters_of(&sum->route[i]);
    tally->carried->latency = sum->latency;
    for (uint32_t i = 0; i < sum->latency.count; i++) {
        struct latency_series *series = &tally->carried->latency.series[i];
        series->platform = find_platform(&tally->plan, plan->platforms[series->platform].name);
    }
}

struct tally *tally_create(const struct plan *plan, const struct tally *before, const struct snapshot *ended) {
    static const struct plan nothing = {0};
    struct tally *tally = calloc(1, sizeof *tally);
    if (tally == NULL)
        return NULL;
    arena_init(&tally->arena, 0);
    bool good = take_names(tally, plan, before != NULL ? &before->plan : &nothing);
    tally->carried = good ? snapshot_create(&tally->plan) : NULL;
    tally->sum = good ? snapshot_create(&tally->plan) : NULL;
    struct snapshot *all = good && before != NULL ? snapshot_create(&before->plan) : NULL;
    if (tally->carried == NULL || tally->sum == NULL || (before != NULL && all == NULL)) {
        snapshot_destroy(all);
        tally_destroy(tally);
        return NULL;
    }
    for (uint32_t i = 0; i < tally->plan.route_count; i++)
        tally->carried->route[i].oldest_since_ms = -1;
    if (all != NULL) {
        snapshot_copy(all, before->carried);
        snapshot_add(all, ended);
        carry(tally, &before->plan, all);
    }
    snapshot_destroy(all);
    return tally;
}

void tally_destroy(struct tally *tally) {
    if (tally == NULL)
        return;
    snapshot_destroy(tally->carried);
    snapshot_destroy(tally->sum);
    arena_finish(&tally->arena);
    free(tally);
}

const struct plan *tally_plan(const struct tally *tally) {
    return &tally->plan;
}

const struct snapshot *tally_before(const struct tally *tally) {
    return tally->carried;
}

const struct snapshot *tally_sum(struct tally *tally, const struct snapshot *now) {
    snapshot_copy(tally->sum, tally->carried);
    tally->sum->turned_ms = now->turned_ms;
    snapshot_add(tally->sum, now);
    return tally->sum;
}
