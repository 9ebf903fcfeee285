/* The loop of one worker: wait, serve what is there, let the core decide, perform. All policy is the core's. */
#include "base/buf.h"
#include "base/bug.h"
#include "daemon/time.h"
#include "daemon/worker_private.h"
#include "flow/trace.h"
#include "ops/log.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    TURN_MS = 1000,         /* the core hears from us at least so often (I9) */
    PUBLISH_MS = 100,       /* counters are published at most so often */
    EVENTS_A_SERVING = 256, /* then HTTP has its turn */
    CLOSE_MS = 10000        /* to leave the groups */
};

/* --- inputs --- */

void worker_step(struct worker *worker, struct input *input) {
    input->now_ms = worker->now_ms = time_now_ms();
    input->wall_ms = time_wall_ms();
    worker->input_ms = input->now_ms;
    if (log_would_say(LOG_LEVEL_DEBUG)) {
        struct buf line = {0};
        trace_input(&line, worker->plan, input);
        log_say(LOG_LEVEL_DEBUG, NULL, 0, "%s", buf_text(&line));
        buf_finish(&line);
    }
    flow_step(worker->flow, input, &worker->actions);
    perform(worker, &worker->actions);
}

static void on_assigned(void *owner, uint32_t route, uint32_t epoch, const struct place *place, size_t count) {
    struct input input = {.kind = INPUT_ASSIGNED};
    input.is.group.route = route;
    input.is.group.epoch = epoch;
    input.is.group.place = place;
    input.is.group.count = count;
    worker_step(owner, &input);
}

static void on_revoked(void *owner, uint32_t route, uint32_t epoch, bool lost) {
    struct input input = {.kind = lost ? INPUT_LOST : INPUT_REVOKED};
    input.is.group.route = route;
    input.is.group.epoch = epoch;
    worker_step(owner, &input);
}

static void on_committed(void *owner, uint32_t route, uint32_t epoch, const struct consumer_offset *entry,
                         size_t count) {
    struct committed *all = calloc(count + 1, sizeof *all);
    ENSURE(all != NULL, "no memory for the committed offsets");
    for (size_t i = 0; i < count; i++)
        all[i] = (struct committed){.topic = entry[i].topic,
                                    .partition = entry[i].partition,
                                    .failed = entry[i].failed,
                                    .offset = entry[i].offset,
                                    .metadata = entry[i].metadata};
    struct input input = {.kind = INPUT_COMMITTED};
    input.is.committed.route = route;
    input.is.committed.epoch = epoch;
    input.is.committed.entry = all;
    input.is.committed.count = count;
    worker_step(owner, &input);
    free(all);
}

static void on_event(void *owner, struct event *event) {
    struct input input = {.kind = INPUT_EVENT};
    input.is.event = event;
    worker_step(owner, &input);
}

static void on_partition_error(void *owner, struct place place, bool out_of_range, const char *why) {
    struct worker *worker = owner;
    const struct route *route = &worker->plan->routes[place.route];
    const struct log_field field[] = {
        {"route", route->name, 0}, {"topic", route->topics[place.topic], 0}, {"partition", SPAN_NONE, place.partition}};
    log_say(LOG_LEVEL_ERROR, field, 3, "the partition cannot be read on: %s", why);
    struct input input = {.kind = INPUT_PARTITION_ERROR};
    input.is.partition.place = place;
    input.is.partition.error = out_of_range ? PARTITION_OUT_OF_RANGE : PARTITION_UNAVAILABLE;
    worker_step(worker, &input);
}

static void on_commit_result(void *owner, uint32_t route, uint32_t epoch, enum consumer_commit result,
                             const char *why) {
    struct worker *worker = owner;
    static const enum commit_error errors[] = {[CONSUMER_COMMITTED] = COMMIT_DONE,
                                               [CONSUMER_COMMIT_RETRY] = COMMIT_RETRY,
                                               [CONSUMER_COMMIT_FENCED] = COMMIT_FENCED,
                                               [CONSUMER_COMMIT_TOO_LARGE] = COMMIT_TOO_LARGE,
                                               [CONSUMER_COMMIT_FAILED] = COMMIT_FAILED};
    if (result != CONSUMER_COMMITTED) {
        const struct log_field field[] = {{"route", worker->plan->routes[route].name, 0}};
        log_say(LOG_LEVEL_WARNING, field, 1, "commit not taken: %s", why);
    }
    struct input input = {.kind = INPUT_COMMIT_RESULT};
    input.is.commit.route = route;
    input.is.commit.epoch = epoch;
    input.is.commit.error = errors[result];
    worker_step(worker, &input);
}

/* Kafka will not have us any more: without a commit, at once (SEMANTICS, "fatal client error"). */
static void on_fatal(void *owner, uint32_t route, const char *why) {
    struct worker *worker = owner;
    const struct log_field field[] = {{"route", worker->plan->routes[route].name, 0}};
    log_say(LOG_LEVEL_ERROR, field, 1, "Kafka is unusable: %s; stopping without a commit: nothing is lost, restart",
            why);
    worker->finished = true;
    worker->status = 69;
}

static void on_letter(void *owner, uint64_t id, enum producer_outcome outcome, const char *why) {
    static const enum letter_outcome outcomes[] = {[PRODUCER_ACKNOWLEDGED] = LETTER_ACKNOWLEDGED,
                                                   [PRODUCER_TOO_LARGE] = LETTER_TOO_LARGE,
                                                   [PRODUCER_FAILED] = LETTER_FAILED};
    if (outcome == PRODUCER_FAILED)
        log_say(LOG_LEVEL_WARNING, NULL, 0, "a dead letter was not taken: %s", why);
    struct input input = {.kind = INPUT_LETTER};
    input.is.letter.id = id;
    input.is.letter.outcome = outcomes[outcome];
    worker_step(owner, &input);
}

/* The request's platform is asked of the core before the reply is gone. */
static void on_reply(void *owner, struct reply *reply) {
    struct worker *worker = owner;
    latency_add(&worker->current->latency, reply->platform, reply->kind == REPLY_ANSWERED ? reply->status : 0,
                reply->duration_ms);
    struct input input = {.kind = INPUT_REPLY};
    input.is.reply = reply;
    worker_step(worker, &input);
}

static void on_voice(void *owner, int level, const char *sentence) {
    (void)owner;
    log_say(level <= 3   ? LOG_LEVEL_ERROR
            : level <= 4 ? LOG_LEVEL_WARNING
            : level <= 6 ? LOG_LEVEL_INFO
                         : LOG_LEVEL_DEBUG,
            NULL, 0, "%s", sentence);
}

static void give_table(struct worker *worker, uint32_t lookup, struct lookup_table *table) {
    struct input input = {.kind = INPUT_TABLE};
    input.is.table.lookup = lookup;
    input.is.table.table = lookup_table_share(table);
    worker_step(worker, &input);
}

static void serve_tables(struct worker *worker) {
    struct tables_change change;
    while (tables_poll(worker->tables, worker->now_ms, &change)) {
        const struct log_field field[] = {{"lookup", worker->plan->lookups[change.lookup].name, 0}};
        if (change.table == NULL) {
            log_say(LOG_LEVEL_ERROR, field, 1, "the table was not taken, the one before stays: %s", change.error.text);
            continue;
        }
        log_say(LOG_LEVEL_INFO, field, 1, "table read anew: %zu rows", lookup_table_rows(change.table));
        give_table(worker, change.lookup, change.table);
    }
}

/* --- publishing --- */

static void measure_lag(struct worker *worker, struct snapshot *snapshot) {
    snapshot->lag_count = 0;
    for (uint32_t route = 0; route < worker->plan->route_count; route++) {
        struct consumer *consumer = worker->consumer[route];
        snapshot->joined[route] = consumer != NULL && consumer_joined(consumer);
        for (size_t i = 0; consumer != NULL && i < consumer_partitions(consumer); i++) {
            struct place place = consumer_partition(consumer, i);
            int64_t events = consumer_lag(consumer, place.topic, place.partition);
            if (events >= 0 && snapshot->lag_count < MOST_LAGS)
                snapshot->lag[snapshot->lag_count++] =
                    (struct partition_lag){route, place.topic, place.partition, events};
        }
    }
}

static void publish(struct worker *worker) {
    struct snapshot *snapshot = worker->current;
    worker->published_ms = worker->now_ms;
    for (uint32_t i = 0; i < snapshot->route_count; i++)
        flow_counts(worker->flow, i, &snapshot->route[i]);
    for (uint32_t i = 0; i < snapshot->platform_count; i++)
        flow_platform(worker->flow, i, &snapshot->platform[i]);
    for (uint32_t i = 0; i < snapshot->platform_count; i++)
        snapshot->certificate_ms[i] = http_client_certificate_end(worker->http, i);
    measure_lag(worker, snapshot);
    snapshot->bytes = flow_bytes(worker->flow);
    snapshot->turned_ms = worker->now_ms;
    (void)pthread_mutex_lock(&worker->mutex);
    snapshot_copy(worker->published, snapshot);
    (void)pthread_mutex_unlock(&worker->mutex);
}

void worker_snapshot(struct worker *worker, struct snapshot *copy) {
    (void)pthread_mutex_lock(&worker->mutex);
    snapshot_copy(copy, worker->published);
    (void)pthread_mutex_unlock(&worker->mutex);
}

/* --- the loop --- */

static int patience(const struct worker *worker) {
    for (uint32_t i = 0; i < worker->plan->route_count; i++)
        if (worker->ready[i])
            return 0;
    int64_t until = worker->input_ms + TURN_MS;
    if (worker->wake_at_ms >= 0 && worker->wake_at_ms < until)
        until = worker->wake_at_ms;
    if (tables_due_ms(worker->tables) < until)
        until = tables_due_ms(worker->tables);
    /* What changed since the last publication is published within PUBLISH_MS. */
    if (worker->input_ms > worker->published_ms && worker->published_ms + PUBLISH_MS < until)
        until = worker->published_ms + PUBLISH_MS;
    int64_t wait = until - time_now_ms();
    return wait < 0 ? 0 : wait > TURN_MS ? TURN_MS : (int)wait;
}

static void serve_control(struct worker *worker) {
    uint64_t wakes;
    ssize_t drained = read(worker->control, &wakes, sizeof wakes);
    (void)drained;
    unsigned wanted = atomic_load(&worker->stops_wanted);
    while (worker->stops_told < wanted && !worker->finished) {
        worker->stops_told++;
        struct input input = {.kind = INPUT_STOP};
        worker_step(worker, &input);
    }
}

static void serve_consumers(struct worker *worker) {
    for (unsigned i = 0; i < worker->wait_count; i++)
        if (worker->wait_route[i] != UINT32_MAX && worker->wait[i].revents != 0)
            worker->ready[worker->wait_route[i]] = true;
    for (uint32_t route = 0; route < worker->plan->route_count && !worker->finished; route++) {
        if (!worker->ready[route])
            continue;
        worker->ready[route] = false; /* performing may set it again */
        if (consumer_serve(worker->consumer[route], EVENTS_A_SERVING))
            worker->ready[route] = true;
    }
}

static void turn(struct worker *worker) {
    for (unsigned i = 0; i < worker->wait_count; i++)
        worker->wait[i].revents = 0;
    http_client_wait(worker->http, worker->wait, worker->wait_count, patience(worker));
    worker->now_ms = time_now_ms();
    serve_control(worker);
    if (!worker->finished)
        serve_consumers(worker);
    if (!worker->finished && worker->producer != NULL)
        producer_serve(worker->producer);
    if (!worker->finished)
        http_client_perform(worker->http, time_wall_ms(), on_reply, worker);
    if (!worker->finished)
        serve_tables(worker);
    worker->now_ms = time_now_ms();
    bool due = worker->wake_at_ms >= 0 && worker->now_ms >= worker->wake_at_ms;
    if (!worker->finished && (due || worker->now_ms - worker->input_ms >= TURN_MS)) {
        if (due)
            worker->wake_at_ms = -1;
        struct input input = {.kind = INPUT_TIMER};
        worker_step(worker, &input);
    }
    if (worker->now_ms - worker->published_ms >= PUBLISH_MS)
        publish(worker);
}

/* Leaves the groups, so that others take over at once instead of after the session timeout. The commit is done or lost
 * by now: what comes here changes no event's fate, so the clock decides. */
static void leave(struct worker *worker) {
    int64_t until = time_now_ms() + CLOSE_MS;
    bool all = false;
    for (uint32_t i = 0; i < worker->plan->route_count; i++)
        if (worker->consumer[i] != NULL)
            consumer_close(worker->consumer[i]);
    while (!all && time_now_ms() < until) {
        http_client_wait(worker->http, worker->wait, worker->wait_count, 20);
        all = true;
        for (uint32_t i = 0; i < worker->plan->route_count; i++)
            if (worker->consumer[i] != NULL && !consumer_closed(worker->consumer[i])) {
                (void)consumer_serve(worker->consumer[i], 0);
                all = false;
            }
    }
}

static void *run(void *argument) {
    struct worker *worker = argument;
    while (!worker->finished)
        turn(worker);
    publish(worker);
    if (worker->status != 69)
        leave(worker);
    static const uint64_t one = 1;
    atomic_store(&worker->ended, true);
    ssize_t written = write(worker->done, &one, sizeof one);
    (void)written;
    return NULL;
}

/* --- making and ending --- */

static bool make_properties(struct worker *worker) {
    const struct settings *settings = worker->settings;
    worker->property = calloc(settings->kafka.count + 1, sizeof *worker->property);
    for (size_t i = 0; worker->property != NULL && i < settings->kafka.count; i++)
        worker->property[i] = (struct kafka_property){.name = settings->kafka.properties[i].name,
                                                      .value = settings->kafka.properties[i].value};
    return worker->property != NULL;
}

static bool make_parts(struct worker *worker, uint64_t seed, struct error *error) {
    const struct plan *plan = worker->plan;
    size_t routes = (size_t)plan->route_count + 1;
    worker->consumer = calloc(routes, sizeof(struct consumer *));
    worker->ready = calloc(routes, sizeof *worker->ready);
    worker->wait = calloc(routes + 3, sizeof *worker->wait);
    worker->wait_route = calloc(routes + 3, sizeof *worker->wait_route);
    worker->published = snapshot_create(plan);
    worker->current = snapshot_create(plan);
    worker->flow = flow_create(plan, seed);
    worker->control = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (worker->consumer == NULL || worker->ready == NULL || worker->wait == NULL || worker->wait_route == NULL ||
        worker->published == NULL || worker->current == NULL || worker->flow == NULL || !make_properties(worker))
        return error_memory(error);
    if (worker->control < 0)
        return error_set(error, "no descriptor left: raise LimitNOFILE");
    worker->tables = tables_create(plan->lookups, plan->lookup_count, error);
    if (worker->tables == NULL)
        return false;
    worker->http = http_client_create(plan->platforms, plan->platform_count, error);
    return worker->http != NULL;
}

struct worker *worker_create(const struct settings *settings, uint64_t seed, int done, struct error *error) {
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        (void)error_memory(error);
        return NULL;
    }
    worker->settings = settings;
    worker->plan = &settings->plan;
    worker->done = done;
    worker->control = -1;
    worker->wake_at_ms = -1;
    worker->now_ms = worker->input_ms = time_now_ms();
    (void)pthread_mutex_init(&worker->mutex, NULL);
    if (make_parts(worker, seed, error))
        return worker;
    worker_destroy(worker);
    return NULL;
}

static void watch(struct worker *worker, int descriptor, uint32_t route) {
    if (descriptor < 0)
        return;
    worker->wait[worker->wait_count] = (struct curl_waitfd){.fd = descriptor, .events = CURL_WAIT_POLLIN};
    worker->wait_route[worker->wait_count++] = route;
}

/* Half the memory limit divided among the partitions of all routes' topics; while their number is unknown, 16 a topic.
 */
static size_t queue_kbytes(const struct worker *worker) {
    size_t topics = 0, most = 64 * 1024, least = 1024;
    for (uint32_t i = 0; i < worker->plan->route_count; i++)
        topics += worker->plan->routes[i].topic_count;
    size_t share = worker->plan->memory_limit / 2 / 1024 / (topics * 16 + 1);
    return share < least ? least : share > most ? most : share;
}

static bool start_consumer(struct worker *worker, uint32_t index, struct error *error) {
    const struct route *route = &worker->plan->routes[index];
    if (route->mode == ROUTE_OFF)
        return true;
    const struct consumer_spec spec = {
        .route = index,
        .group = route->group.data,
        .topics = route->topics,
        .topic_count = route->topic_count,
        .properties = {worker->property, worker->settings->kafka.count},
        .queue_kbytes = queue_kbytes(worker),
        .handler = {.owner = worker,
                    .assigned = on_assigned,
                    .revoked = on_revoked,
                    .committed = on_committed,
                    .event = on_event,
                    .partition_error = on_partition_error,
                    .commit_result = on_commit_result,
                    .fatal = on_fatal,
                    .voice = {worker, on_voice}},
    };
    worker->consumer[index] = consumer_create(&spec, error);
    if (worker->consumer[index] == NULL)
        return error_context(error, "route " SPAN_FORMAT, SPAN_ARGUMENT(route->name));
    worker->ready[index] = true;
    watch(worker, consumer_descriptor(worker->consumer[index]), index);
    return true;
}

static bool start_producer(struct worker *worker, struct error *error) {
    const struct producer_handler handler = {.owner = worker, .report = on_letter, .voice = {worker, on_voice}};
    const struct kafka_properties properties = {worker->property, worker->settings->kafka.count};
    worker->producer = producer_create(properties, &handler, error);
    if (worker->producer != NULL)
        watch(worker, producer_descriptor(worker->producer), UINT32_MAX);
    return worker->producer != NULL;
}

bool worker_start(struct worker *worker, struct error *error) {
    watch(worker, worker->control, UINT32_MAX);
    watch(worker, tables_descriptor(worker->tables), UINT32_MAX);
    if (!start_producer(worker, error))
        return false;
    for (uint32_t i = 0; i < worker->plan->lookup_count; i++)
        give_table(worker, i, tables_current(worker->tables, i));
    for (uint32_t i = 0; i < worker->plan->route_count; i++)
        if (!start_consumer(worker, i, error))
            return false;
    publish(worker);
    if (pthread_create(&worker->thread, NULL, run, worker) != 0)
        return error_set(error, "no thread could be started: raise TasksMax");
    worker->started = true;
    return true;
}

void worker_stop(struct worker *worker) {
    static const uint64_t one = 1;
    atomic_fetch_add(&worker->stops_wanted, 1);
    ssize_t written = write(worker->control, &one, sizeof one);
    (void)written;
}

bool worker_stopped(struct worker *worker, int *status) {
    if (!atomic_load(&worker->ended))
        return false;
    *status = worker->status;
    return true;
}

struct producer *worker_producer(struct worker *worker) {
    return worker->producer;
}

void worker_destroy(struct worker *worker) {
    if (worker == NULL)
        return;
    if (worker->started)
        (void)pthread_join(worker->thread, NULL);
    http_client_destroy(worker->http);
    for (uint32_t i = 0; worker->consumer != NULL && i < worker->plan->route_count; i++)
        consumer_destroy(worker->consumer[i]);
    producer_destroy(worker->producer, 0);
    flow_destroy(worker->flow);
    actions_finish(&worker->actions);
    tables_destroy(worker->tables);
    snapshot_destroy(worker->published);
    snapshot_destroy(worker->current);
    free(worker->consumer);
    free(worker->ready);
    free(worker->wait);
    free(worker->wait_route);
    free(worker->property);
    if (worker->control >= 0)
        (void)close(worker->control);
    (void)pthread_mutex_destroy(&worker->mutex);
    free(worker);
}
