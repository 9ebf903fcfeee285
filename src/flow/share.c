/* Placing routes and dividing limits, once a configuration. Nothing here happens while events move. */
#include "flow/share.h"

static uint32_t rank_of(const struct plan *plan, uint32_t route) {
    uint32_t rank = 0;
    for (uint32_t i = 0; i < plan->route_count; i++)
        rank += span_compare(plan->routes[i].name, plan->routes[route].name) < 0 ? 1 : 0;
    return rank;
}

void share_place(struct plan *plan, uint32_t workers) {
    plan->workers = workers;
    for (uint32_t i = 0; i < plan->route_count; i++)
        plan->routes[i].first_worker = rank_of(plan, i) % workers;
}

bool share_reads(const struct plan *plan, uint32_t route, uint32_t worker) {
    const struct route *one = &plan->routes[route];
    return one->mode != ROUTE_OFF && (worker + plan->workers - one->first_worker) % plan->workers < one->workers;
}

static bool sends(const struct plan *plan, uint32_t platform, uint32_t worker) {
    for (uint32_t i = 0; i < plan->route_count; i++)
        if (plan->routes[i].mapping.platform == platform && share_reads(plan, i, worker))
            return true;
    return false;
}

static bool reads(const struct plan *plan, uint32_t worker) {
    for (uint32_t i = 0; i < plan->route_count; i++)
        if (share_reads(plan, i, worker))
            return true;
    return false;
}

uint32_t share_senders(const struct plan *plan, uint32_t platform) {
    uint32_t count = 0;
    for (uint32_t worker = 0; worker < plan->workers; worker++)
        count += sends(plan, platform, worker) ? 1 : 0;
    return count;
}

uint32_t share_readers(const struct plan *plan) {
    uint32_t count = 0;
    for (uint32_t worker = 0; worker < plan->workers; worker++)
        count += reads(plan, worker) ? 1 : 0;
    return count;
}

static uint32_t consumers_of(const struct plan *plan, uint32_t worker) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->route_count; i++)
        count += share_reads(plan, i, worker) ? 1 : 0;
    return count;
}

uint32_t share_consumers(const struct plan *plan) {
    uint32_t count = 0;
    for (uint32_t worker = 0; worker < plan->workers; worker++)
        count += consumers_of(plan, worker);
    return count;
}

/* Of all workers together. */
static size_t rest_of(const struct plan *plan) {
    size_t least = ration_least(&plan->consumer, share_consumers(plan));
    return plan->memory_limit > least ? plan->memory_limit - least : 0;
}

size_t share_rest(const struct plan *plan) {
    uint32_t readers = share_readers(plan);
    return rest_of(plan) / (readers > 0 ? readers : 1);
}

/* The part of the `place`-th of `count`: what cannot be divided goes to the first ones. */
static uint64_t part(uint64_t whole, uint32_t place, uint32_t count) {
    if (count < 2)
        return whole;
    return whole / count + (place < whole % count ? 1 : 0);
}

static void divide(struct platform_spec *share, const struct plan *plan, uint32_t platform, uint32_t worker) {
    const struct platform_spec *whole = &plan->platforms[platform];
    uint32_t count = share_senders(plan, platform), place = 0;
    *share = *whole;
    if (!sends(plan, platform, worker))
        return; /* it never asks there: nothing is taken from the others */
    for (uint32_t before = 0; before < worker; before++)
        place += sends(plan, platform, before) ? 1 : 0;
    share->max_in_flight = (uint32_t)part(whole->max_in_flight, place, count);
    share->rate = part(whole->rate, place, count);
}

void share_make(struct plan *share, struct platform_spec *platforms, const struct plan *plan, uint32_t worker) {
    uint32_t count = share_readers(plan), place = 0;
    *share = *plan;
    share->worker = worker;
    share->platforms = platforms;
    for (uint32_t i = 0; i < plan->platform_count; i++)
        divide(&platforms[i], plan, i, worker);
    for (uint32_t before = 0; before < worker; before++)
        place += reads(plan, before) ? 1 : 0;
    if (!reads(plan, worker))
        return;
    uint32_t consumers = consumers_of(plan, worker);
    size_t memory = ration_least(&plan->consumer, consumers) + (size_t)part(rest_of(plan), place, count);
    struct ration ration = ration_divide(&plan->consumer, consumers, memory);
    share->memory_limit = ration.events;
    share->ahead_limit = ration.ahead;
}
