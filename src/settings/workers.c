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

/* What the rooms make of an event is a dozen times its size, sometimes more: a quarter of a worker's memory must do, or
 * of what the lifelines of several platforms leave of it. */
static void warn_of_memory(struct reader *reader, config_setting_t *root, uint32_t readers) {
    enum { GROWTH = 12, SIXTEENTHS = 16 };
    const struct settings *settings = reader->settings;
    bool several = settings->plan.platform_count > 1;
    size_t share = settings->limits.memory / (readers > 0 ? readers : 1), event = settings->limits.json.size;
    size_t sixteenths = several ? 3 : 4, part = share / SIXTEENTHS * sixteenths;
    if (event > share / 4 || event <= part / GROWTH)
        return;
    PROBLEM(SEVERITY_WARNING, PROBLEM_RISK, root, "limits",
            CURE(reader, "make `memory` %zu MiB or more, or `event` %zu KiB or less",
                 (event * GROWTH * SIXTEENTHS / sixteenths * (readers > 0 ? readers : 1) + (1 << 20) - 1) >> 20,
                 part / GROWTH >> 10),
            "limits: handling an event can take %d times its size, and %s of a worker's part of `memory` is "
            "available for it: events of more than %zu KiB may be dead-lettered as too large",
            GROWTH, several ? "three sixteenths" : "a quarter", part / GROWTH >> 10);
}

/* The least memory of a worker with which the promise holds, in whole MiB. */
static size_t memory_beside(const struct plan *share, size_t event) {
    enum { STEP = 1 << 20 };
    struct plan more = *share;
    for (more.memory_limit = more.memory_limit / STEP * STEP; budget_beside(&more) < event;)
        more.memory_limit += STEP;
    return more.memory_limit;
}

/* A platform that is down delays no other one's routes: but for events that are larger than what each has to itself. */
static void warn_of_neighbours(struct reader *reader, config_setting_t *root) {
    const struct settings *settings = reader->settings;
    const struct plan *worst = NULL;
    size_t event = settings->limits.json.size, most = event, memory = 0;
    uint32_t readers = share_readers(&settings->plan);
    for (uint32_t i = 0; i < settings->workers; i++)
        if (budget_beside(&settings->shares[i]) < most) {
            worst = &settings->shares[i];
            most = budget_beside(worst);
        }
    if (worst == NULL || event > worst->memory_limit / 4)
        return;
    memory = memory_beside(worst, event) * readers;
    PROBLEM(SEVERITY_WARNING, PROBLEM_RISK, root, "limits",
            CURE(reader, "make `memory` %zu MiB or more, or `event` %zu KiB or less", memory >> 20, most >> 10),
            "limits: the platforms share a part of `memory` that lets events of up to %zu KiB pass, whatever waits for "
            "others: while several routes' platforms are down, larger ones may wait for those",
            most >> 10);
}

static void check_limits(struct reader *reader, config_setting_t *root) {
    const struct settings *settings = reader->settings;
    uint32_t readers = share_readers(&settings->plan);
    if (readers > 1 && settings->limits.json.size > settings->limits.memory / readers / 4)
        PROBLEM(SEVERITY_ERROR, PROBLEM_CONFLICT, root, "limits",
                CURE(reader, "make `memory` at least %u times `event`: four times for each worker", readers * 4),
                "limits: one event could take more than a quarter of what each of %u workers has of `memory`", readers);
    warn_of_memory(reader, root, readers);
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
