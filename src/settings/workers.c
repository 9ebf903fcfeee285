/* What the process's workers share: whether each gets enough of it, and how much. Starts no thread. */
#include "flow/budget.h"
#include "flow/share.h"
#include "settings/reader.h"

#define PROBLEM(severity, code, group, path, cure, ...)                                                                \
    reader_problem(reader, (severity), (code), (group), (path), (cure), __VA_ARGS__)

static void check_platform(struct reader *reader, config_setting_t *group, uint32_t platform) {
    const struct plan *plan = &reader->settings->plan;
    const struct platform_spec *spec = &plan->platforms[platform];
    uint32_t senders = share_senders(plan, platform);
    if (spec->max_in_flight < senders)
        PROBLEM(SEVERITY_ERROR, PROBLEM_CONFLICT, group, "max-in-flight",
                CURE(reader, "write at least %u, or let fewer workers read its routes", senders),
                "`max-in-flight` cannot be divided: %u workers send to this platform", senders);
    if (spec->rate > 0 && spec->rate < senders)
        PROBLEM(SEVERITY_ERROR, PROBLEM_CONFLICT, group, "rate",
                SPAN("write a higher rate, or let fewer workers read its routes"),
                "`rate` cannot be divided: %u workers send to this platform", senders);
}

enum { MIB = 1 << 20, LEAST_REST = 8 /* so manieth part of the memory is for more than consumers */ };

static size_t mebibytes(size_t bytes) {
    return (bytes + MIB - 1) / MIB;
}

/* So much memory has room for the consumers, and for events of so many bytes in each worker. */
static size_t memory_for(const struct plan *plan, size_t events) {
    size_t least = ration_least(&plan->consumer, share_consumers(plan)),
           whole = (least / (LEAST_REST - 1) + 1) * LEAST_REST;
    size_t wanted = least + ration_rest_for(events) * share_readers(plan);
    return wanted > whole ? wanted : whole;
}

/* Each consumer has a client and may hold answers of Kafka's, however little the memory is. */
static bool check_consumers(struct reader *reader, config_setting_t *root) {
    const struct plan *plan = &reader->settings->plan;
    uint32_t consumers = share_consumers(plan), brokers = plan->consumer.brokers;
    size_t tenths = (ration_least(&plan->consumer, 1) * 10 + MIB - 1) / MIB;
    if (plan->memory_limit / LEAST_REST * (LEAST_REST - 1) >= ration_least(&plan->consumer, consumers))
        return true;
    PROBLEM(SEVERITY_ERROR, PROBLEM_CONFLICT, root, "limits",
            CURE(reader, "make `memory` at least %zu MiB, or read several topics in one route%s",
                 mebibytes(memory_for(plan, 0)),
                 consumers > plan->route_count ? ", or let fewer workers read a route" : ""),
            "limits: `memory` has no room for %u consumers, one for each route and worker that reads it: each may take "
            "%zu.%zu MiB, for its client and what %u broker%s at once",
            consumers, tenths / 10, tenths % 10, brokers, brokers > 1 ? "s send" : " sends");
    return false;
}

/* What the rooms make of an event is a dozen times its size, sometimes more: a quarter of a worker's memory must do, or
 * of what the lifelines of several platforms leave of it. */
static void warn_of_memory(struct reader *reader, config_setting_t *root, size_t share) {
    enum { GROWTH = 12, SIXTEENTHS = 16 };
    const struct settings *settings = reader->settings;
    bool several = settings->plan.platform_count > 1;
    size_t event = settings->limits.json.size, sixteenths = several ? 3 : 4, part = share / SIXTEENTHS * sixteenths;
    if (event <= part / GROWTH)
        return;
    PROBLEM(SEVERITY_WARNING, PROBLEM_RISK, root, "limits",
            CURE(reader, "make `memory` %zu MiB or more, or `event` %zu KiB or less",
                 mebibytes(memory_for(&settings->plan, event * GROWTH * SIXTEENTHS / sixteenths)), part / GROWTH >> 10),
            "limits: handling an event can take %d times its size, and %s of what consumers leave a worker of `memory` "
            "is available for it: events of more than %zu KiB may be dead-lettered as too large",
            GROWTH, several ? "three sixteenths" : "a quarter", part / GROWTH >> 10);
}

/* Whether the promise holds for events of that size, with so many MiB for them. */
static bool holds_beside(const struct plan *share, size_t memory, size_t event) {
    struct plan other = *share;
    other.memory_limit = memory * MIB;
    return budget_beside(&other) >= event;
}

/* The least memory for a worker's events with which it does, in whole MiB. By halves, for each look goes through all
 * routes for each platform. */
static size_t memory_beside(const struct plan *share, size_t event) {
    size_t little = share->memory_limit / MIB, enough = little + 1;
    for (; !holds_beside(share, enough, event); enough *= 2)
        little = enough;
    while (enough - little > 1) {
        size_t middle = little + (enough - little) / 2;
        *(holds_beside(share, middle, event) ? &enough : &little) = middle;
    }
    return enough * MIB;
}

/* A platform that is down delays no other one's routes: but for events that are larger than what each has to itself. */
static void warn_of_neighbours(struct reader *reader, config_setting_t *root) {
    const struct settings *settings = reader->settings;
    const struct plan *worst = NULL;
    size_t event = settings->limits.json.size, most = event;
    for (uint32_t i = 0; i < settings->workers; i++)
        if (budget_beside(&settings->shares[i]) < most) {
            worst = &settings->shares[i];
            most = budget_beside(worst);
        }
    if (worst == NULL || event > worst->memory_limit / 4)
        return;
    PROBLEM(SEVERITY_WARNING, PROBLEM_RISK, root, "limits",
            CURE(reader, "make `memory` %zu MiB or more, or `event` %zu KiB or less",
                 mebibytes(memory_for(&settings->plan, memory_beside(worst, event))), most >> 10),
            "limits: the platforms share a part of `memory` that lets events of up to %zu KiB pass, whatever waits for "
            "others: while several routes' platforms are down, larger ones may wait for those",
            most >> 10);
}

/* What may be taken at once of the events' part must find room in it. */
static bool check_events(struct reader *reader, config_setting_t *root, size_t share) {
    enum { EVENTS = 4, BATCHES = 8 };
    const struct settings *settings = reader->settings;
    size_t errors = reader->problems->errors, event = settings->limits.json.size;
    if (event > share / EVENTS)
        PROBLEM(SEVERITY_ERROR, PROBLEM_CONFLICT, root, "limits",
                CURE(reader, "make `memory` at least %zu MiB, or `event` %zu KiB or less",
                     mebibytes(memory_for(&settings->plan, event * EVENTS)), share / EVENTS >> 10),
                "limits: one event could take more than a quarter of what consumers leave a worker of `memory`");
    for (uint32_t i = 0; i < settings->plan.route_count; i++) {
        const struct route *route = &settings->plan.routes[i];
        if (route->mode == ROUTE_OFF || route->mapping.bundle == BUNDLE_NONE || route->batch.bytes <= share / BATCHES)
            continue;
        PROBLEM(SEVERITY_ERROR, PROBLEM_CONFLICT, root, "limits",
                CURE(reader, "make `memory` at least %zu MiB, or the batch %zu KiB or less",
                     mebibytes(memory_for(&settings->plan, route->batch.bytes * BATCHES)), share / BATCHES >> 10),
                "limits: a batch of route \"" SPAN_FORMAT
                "\" could take more than an eighth of what consumers leave a worker of `memory`",
                SPAN_ARGUMENT(route->name));
    }
    return reader->problems->errors == errors;
}

static void check_limits(struct reader *reader, config_setting_t *root) {
    const struct settings *settings = reader->settings;
    uint32_t readers = share_readers(&settings->plan);
    size_t share = ration_events_of(share_rest(&settings->plan));
    if (readers > 0 && check_consumers(reader, root) && check_events(reader, root, share))
        warn_of_memory(reader, root, share);
    if (readers > 0 && readers < settings->workers && settings->workers > 1)
        PROBLEM(SEVERITY_WARNING, PROBLEM_RISK, root, "workers",
                SPAN("write fewer, or let a route read on several with its own `workers`"),
                "%u of %u workers have nothing to do", settings->workers - readers, settings->workers);
}

bool workers_divide(struct reader *reader, config_setting_t *root) {
    struct settings *settings = reader->settings;
    struct plan *plan = &settings->plan;
    size_t errors = reader->problems->errors;
    share_place(plan, settings->workers);
    check_limits(reader, root);
    config_setting_t *platforms = config_setting_get_member(root, "platforms");
    for (uint32_t i = 0; platforms != NULL && i < plan->platform_count; i++)
        check_platform(reader, config_setting_get_elem(platforms, i), i);
    settings->shares = reader_take(reader, settings->workers, sizeof *settings->shares);
    for (uint32_t i = 0; settings->shares != NULL && i < settings->workers; i++) {
        struct platform_spec *own = reader_take(reader, (size_t)plan->platform_count + 1, sizeof *own);
        if (own == NULL)
            return false;
        share_make(&settings->shares[i], own, plan, i);
    }
    if (settings->shares != NULL && reader->problems->errors == errors)
        warn_of_neighbours(reader, root);
    return settings->shares != NULL && reader->problems->errors == errors;
}
