/* Making the workers, and speaking with all of them as with one. */
#include "daemon/crew.h"

#include "daemon/ahead.h"
#include "daemon/heritage.h"
#include "daemon/probe.h"
#include "daemon/status.h"
#include "daemon/time.h"
#include "daemon/worker.h"
#include "flow/share.h"
#include "kafka/census.h"
#include "ops/log.h"
#include "tables/tables.h"

#include <stdlib.h>
#include <sys/random.h>

struct crew {
    const struct settings *settings;
    const struct plan *plan;
    struct kafka_property *property;
    struct tables *tables;
    struct worker **worker;
    uint32_t count;
    struct probe *probe;
    struct snapshot *sum, *one;
    int done;
    atomic_uint working;
    unsigned stops;
    bool ends_itself; /* a worker ended and so all do: nobody asked for it yet */
};

/* --- making --- */

static struct kafka_properties properties_of(const struct crew *crew) {
    return (struct kafka_properties){crew->property, crew->settings->kafka.count};
}

static bool make_properties(struct crew *crew) {
    const struct kafka_settings *kafka = &crew->settings->kafka;
    crew->property = calloc(kafka->count + 1, sizeof *crew->property);
    for (size_t i = 0; crew->property != NULL && i < kafka->count; i++)
        crew->property[i] =
            (struct kafka_property){.name = kafka->properties[i].name, .value = kafka->properties[i].value};
    return crew->property != NULL;
}

/* A breaker or a hold that one worker sees is believed by those that share the platform. */
static void tell_others(void *owner, uint32_t from, uint32_t platform, enum platform_state state, int64_t until_ms) {
    struct crew *crew = owner;
    for (uint32_t i = 0; i < crew->count; i++)
        if (i != from)
            worker_hear(crew->worker[i], platform, state, until_ms);
}

static bool make_workers(struct crew *crew, struct error *error) {
    uint32_t count = crew->settings->workers;
    crew->worker = calloc((size_t)count + 1, sizeof(struct worker *));
    if (crew->worker == NULL)
        return error_memory(error);
    for (uint32_t i = 0; i < count; i++) {
        struct worker_spec spec = {.settings = crew->settings,
                                   .properties = properties_of(crew),
                                   .index = i,
                                   .done = crew->done,
                                   .working = &crew->working,
                                   .owner = crew,
                                   .tell = tell_others};
        if (getrandom(&spec.seed, sizeof spec.seed, 0) != (ssize_t)sizeof spec.seed)
            return error_set(error, "the system gives no random numbers");
        crew->worker[i] = worker_create(&spec, error);
        if (crew->worker[i] == NULL)
            return false;
        crew->count++;
        for (uint32_t lookup = 0; lookup < crew->plan->lookup_count; lookup++)
            worker_give(crew->worker[i], lookup, tables_current(crew->tables, lookup));
    }
    return true;
}

static bool make(struct crew *crew, struct error *error) {
    crew->sum = snapshot_create(crew->plan);
    crew->one = snapshot_create(crew->plan);
    if (crew->sum == NULL || crew->one == NULL || !make_properties(crew))
        return error_memory(error);
    crew->tables = tables_create(crew->plan->lookups, crew->plan->lookup_count, error);
    return crew->tables != NULL && make_workers(crew, error);
}

struct crew *crew_create(const struct settings *settings, int done, struct error *error) {
    struct crew *crew = calloc(1, sizeof *crew);
    if (crew == NULL) {
        (void)error_memory(error);
        return NULL;
    }
    crew->settings = settings;
    crew->plan = &settings->plan;
    crew->done = done;
    if (make(crew, error))
        return crew;
    crew_destroy(crew);
    return NULL;
}

/* --- start --- */

static void say_route(struct buf *line, const struct plan *plan, uint32_t index) {
    const struct route *route = &plan->routes[index];
    buf_printf(line, "%sroute " SPAN_FORMAT " on worker%s ", line->size > 0 ? ", " : "", SPAN_ARGUMENT(route->name),
               route->workers > 1 ? "s" : "");
    for (uint32_t i = 0; i < route->workers; i++)
        buf_printf(line, "%s%u",
                   i == 0                   ? ""
                   : i + 1 < route->workers ? ", "
                                            : " and ",
                   (route->first_worker + i) % plan->workers);
}

/* A line of the log has a limit: many routes take several. */
static void say_places(const struct plan *plan) {
    enum { LONG_LINE = 700 };
    struct buf line = {0};
    for (uint32_t i = 0; i < plan->route_count; i++) {
        if (plan->routes[i].mode != ROUTE_OFF)
            say_route(&line, plan, i);
        if (line.size > LONG_LINE || (i + 1 == plan->route_count && line.size > 0)) {
            log_say(LOG_LEVEL_INFO, NULL, 0, "%u workers: %s", plan->workers, buf_text(&line));
            line.size = 0;
        }
    }
    buf_finish(&line);
}

/* Of each route's topics; where no broker says, PARTITIONS_A_TOPIC. NULL when memory is short. */
static uint32_t *count_partitions(const struct crew *crew, uint32_t *brokers) {
    enum { PARTITIONS_A_TOPIC = 16, WITHIN_MS = 2000 };
    const struct plan *plan = crew->plan;
    size_t topics = 0, at = 0;
    for (uint32_t i = 0; i < plan->route_count; i++)
        topics += plan->routes[i].topic_count;
    struct span *topic = calloc(topics + 1, sizeof *topic);
    uint32_t *found = calloc(topics + 1, sizeof *found),
             *counts = calloc((size_t)plan->route_count + 1, sizeof *counts);
    if (topic != NULL && found != NULL && counts != NULL) {
        for (uint32_t i = 0; i < plan->route_count; i++)
            for (uint32_t k = 0; k < plan->routes[i].topic_count; k++)
                topic[at++] = plan->routes[i].topics[k];
        *brokers = census_take(properties_of(crew), topic, topics, WITHIN_MS, found);
        at = 0;
        for (uint32_t i = 0; i < plan->route_count; i++)
            for (uint32_t k = 0; k < plan->routes[i].topic_count; k++, at++)
                counts[i] += found[at] > 0 ? found[at] : PARTITIONS_A_TOPIC;
    }
    free(topic);
    free(found);
    if (at == topics)
        return counts;
    free(counts);
    return NULL;
}

static bool start_workers(struct crew *crew, struct error *error) {
    uint32_t brokers = 0, *partitions = count_partitions(crew, &brokers);
    bool started = partitions != NULL || error_memory(error);
    if (started)
        ahead_say(crew->settings->shares, crew->count, partitions, brokers);
    for (uint32_t i = 0; i < crew->count && started; i++)
        started = worker_start(crew->worker[i], partitions, brokers, error);
    free(partitions);
    return started;
}

bool crew_start(struct crew *crew, struct error *error) {
    if (crew->count > 1)
        say_places(crew->plan);
    crew->probe = probe_create(crew->plan, properties_of(crew), crew->done, error);
    if (crew->probe == NULL)
        return false;
    return start_workers(crew, error);
}

/* --- while they run --- */

struct snapshot *crew_sum(struct crew *crew) {
    for (uint32_t i = 0; i < crew->count; i++) {
        worker_snapshot(crew->worker[i], i == 0 ? crew->sum : crew->one);
        if (i > 0)
            snapshot_add(crew->sum, crew->one);
    }
    snapshot_unite_lags(crew->sum);
    return crew->sum;
}

bool crew_alive(struct crew *crew, int64_t now_ms, int64_t within_ms) {
    int status;
    for (uint32_t i = 0; i < crew->count; i++) {
        worker_snapshot(crew->worker[i], crew->one);
        if (now_ms - crew->one->turned_ms > within_ms && !worker_stopped(crew->worker[i], &status))
            return false;
    }
    return true;
}

bool crew_joined(struct crew *crew, struct buf *why) {
    const struct plan *plan = crew->plan;
    const struct snapshot *sum = crew_sum(crew);
    for (uint32_t i = 0; i < plan->route_count; i++) {
        if (plan->routes[i].mode == ROUTE_OFF || sum->joined[i] >= plan->routes[i].workers)
            continue;
        if (why != NULL)
            buf_printf(why, "route " SPAN_FORMAT " waits for its group's first assignment\n",
                       SPAN_ARGUMENT(plan->routes[i].name));
        return false;
    }
    return true;
}

bool crew_inside(struct crew *crew, int64_t now_ms, struct buf *why) {
    const struct plan *plan = crew->plan;
    const struct snapshot *sum = crew_sum(crew);
    for (uint32_t i = 0; i < plan->route_count; i++) {
        if (sum->outside_ms[i] == 0 || now_ms - sum->outside_ms[i] <= snapshot_late_ms(plan))
            continue;
        buf_printf(why, "route " SPAN_FORMAT " has had no partitions of its group for %d s\n",
                   SPAN_ARGUMENT(plan->routes[i].name), (int)((now_ms - sum->outside_ms[i]) / 1000));
        return false;
    }
    return true;
}

bool crew_kafka_answers(struct crew *crew, struct buf *why) {
    const char *cause = probe_no_answer(crew->probe);
    if (cause != NULL && why != NULL)
        buf_printf(why, "Kafka does not answer: %s\n", cause);
    return cause == NULL;
}

bool crew_letters_ready(struct crew *crew, struct buf *why) {
    struct span topic;
    const char *cause;
    if (!probe_ready(crew->probe, &topic, &cause)) {
        buf_printf(why, "dead-letter topic " SPAN_FORMAT " cannot be used: %s\n", SPAN_ARGUMENT(topic), cause);
        return false;
    }
    /* It is there, and yet takes nothing: we may not write, or too few replicas are in sync. */
    const struct snapshot *sum = crew_sum(crew);
    for (uint32_t i = 0; i < crew->plan->route_count; i++)
        if (sum->route[i].letters_fail) {
            buf_printf(why, "dead-letter topic " SPAN_FORMAT " takes no letters: their events wait, the log says why\n",
                       SPAN_ARGUMENT(crew->plan->routes[i].dead_letter));
            return false;
        }
    return true;
}

bool crew_release(struct crew *crew, struct input *input, struct released *released) {
    bool all = true;
    for (uint32_t i = 0; i < crew->count; i++)
        all = worker_release(crew->worker[i], input, released) && all;
    return all;
}

static bool write_status(struct crew *crew, const char *version, size_t faults, const struct snapshot *before,
                         struct view *view, struct status_letters *letters, struct buf *out) {
    for (uint32_t i = 0; i < crew->count; i++)
        if (!worker_view(crew->worker[i], view))
            return false;
    for (uint32_t i = 0; i < crew->plan->route_count; i++)
        letters[i].there = probe_route(crew->probe, i, &letters[i].why);
    view->now_ms = time_now_ms();
    const struct status_facts facts = {version,
                                       crew->count,
                                       faults,
                                       time_wall_ms(),
                                       letters,
                                       probe_no_answer(crew->probe),
                                       crew_sum(crew)->joined,
                                       crew->sum->outside_ms,
                                       before->route};
    return !view->failed && status_write(out, view, &facts);
}

bool crew_status(struct crew *crew, const char *version, size_t faults, const struct snapshot *before,
                 struct buf *out) {
    struct view *view = view_create(crew->plan);
    struct status_letters *letters = calloc((size_t)crew->plan->route_count + 1, sizeof *letters);
    bool done = view != NULL && letters != NULL && write_status(crew, version, faults, before, view, letters, out);
    free(letters);
    view_destroy(view);
    return done;
}

void crew_serve(struct crew *crew, int64_t now_ms) {
    struct tables_change change;
    while (tables_poll(crew->tables, now_ms, &change)) {
        const struct log_field field[] = {{"lookup", crew->plan->lookups[change.lookup].name, 0}};
        if (change.table == NULL) {
            log_say(LOG_LEVEL_ERROR, field, 1, "the table was refused, the previous one stays: %s", change.error.text);
            continue;
        }
        log_say(LOG_LEVEL_INFO, field, 1, "table read again: %zu rows", lookup_table_rows(change.table));
        for (uint32_t i = 0; i < crew->count; i++)
            worker_give(crew->worker[i], change.lookup, change.table);
    }
}

int crew_descriptor(const struct crew *crew) {
    return tables_descriptor(crew->tables);
}

int64_t crew_due_ms(const struct crew *crew) {
    return tables_due_ms(crew->tables);
}

/* --- the end --- */

static void stop(struct crew *crew) {
    crew->stops++;
    if (crew->probe != NULL)
        probe_end(crew->probe);
    for (uint32_t i = 0; i < crew->count; i++)
        worker_stop(crew->worker[i]);
}

void crew_stop(struct crew *crew) {
    if (!crew->ends_itself)
        stop(crew);
    crew->ends_itself = false; /* the first that is asked for is under way already; the next one ends at once */
}

int crew_worse(int one, int other) {
    static const int order[] = {0, 75, 69}; /* done, not all committed, Kafka unusable */
    for (size_t i = sizeof order / sizeof *order; i-- > 0;)
        if (one == order[i] || other == order[i])
            return order[i];
    return one;
}

bool crew_stopped(struct crew *crew, int *status) {
    bool all = true, any = false;
    *status = 0;
    for (uint32_t i = 0; i < crew->count; i++) {
        int one = 0;
        bool ended = worker_stopped(crew->worker[i], &one);
        if (ended)
            *status = crew_worse(*status, one);
        all = all && ended;
        any = any || ended;
    }
    if (any && !all && crew->stops == 0)
        log_say(LOG_LEVEL_ERROR, NULL, 0,
                "a worker ended: the others finish and commit what is under way, then the process ends");
    if (any && crew->stops == 0) {
        crew->ends_itself = true;
        stop(crew);
    }
    return all && probe_ended(crew->probe);
}

static void end(struct crew *crew) {
    probe_destroy(crew->probe);
    crew->probe = NULL;
    for (int again = 0; again < 2; again++) /* what is stopped already hears it no more */
        stop(crew);
    for (uint32_t i = 0; i < crew->count; i++)
        worker_join(crew->worker[i]); /* all of them, before one is gone to whom another may speak */
}

/* Those that read the route: what nobody brings up to date would be told again one day. While it is off, the first. */
static bool keeps(const struct plan *plan, uint32_t route, uint32_t worker) {
    return plan->routes[route].mode == ROUTE_OFF ? worker == 0 : share_reads(plan, route, worker);
}

bool crew_inherit(struct crew *heir, struct crew *from, struct error *error) {
    bool done = true;
    end(from);
    for (uint32_t route = 0; route < heir->plan->route_count && done; route++) {
        struct heritage heritage = {0};
        for (uint32_t i = 0; i < from->count && done; i++)
            done = worker_bequeath(from->worker[i], &heir->plan->routes[route], &heritage);
        for (uint32_t i = 0; i < heir->count && done; i++)
            if (keeps(heir->plan, route, i))
                done = worker_inherit(heir->worker[i], route, heritage.list, heritage.count);
        heritage_finish(&heritage);
    }
    return done || error_memory(error);
}

void crew_destroy(struct crew *crew) {
    if (crew == NULL)
        return;
    end(crew);
    for (uint32_t i = 0; i < crew->count; i++)
        worker_destroy(crew->worker[i]);
    tables_destroy(crew->tables);
    snapshot_destroy(crew->sum);
    snapshot_destroy(crew->one);
    free(crew->worker);
    free(crew->property);
    free(crew);
}
