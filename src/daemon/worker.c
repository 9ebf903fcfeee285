/* The loop of one worker: wait, serve what is there, let the core decide, perform. All policy is the core's. */
#include "daemon/ahead.h"
#include "daemon/time.h"
#include "daemon/worker_private.h"
#include "flow/budget.h"
#include "flow/share.h"
#include "ops/log.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    TURN_MS = 1000,        /* the core hears from us at least so often (I9), */
    TURNS_A_SESSION = 4,   /* and so often in a short session: silence for half of one is a stall */
    WAIT_CALLERS = 1,      /* the consumers' place in `wait` */
    PUBLISH_MS = 100,      /* counters are published at most so often */
    EVENTS_A_SERVING = 64, /* then HTTP has its turn */
    CLOSE_MS = 10000,      /* to leave the groups */
    LONGEST_END_MS = 36000 /* another worker's longest drain and final commit (I8) */
};

/* --- publishing --- */

/* The first time the main thread says that not every route runs. */
static void measure_absence(struct worker *worker, uint32_t route, const struct consumer *consumer) {
    struct absence *absence = &worker->absence[route];
    const struct log_field field[] = {{"route", worker->plan->routes[route].name, 0},
                                      {"group", worker->plan->routes[route].group, 0}};
    int seconds = (int)((worker->now_ms - absence->since_ms) / 1000);
    if (consumer_inside(consumer)) {
        if (absence->told)
            log_say(LOG_LEVEL_INFO, field, 2, "its group has let it in again after %d s", seconds);
        *absence = (struct absence){0};
    } else if (absence->since_ms == 0) {
        absence->since_ms = worker->now_ms;
    } else if (!absence->told && consumer_joined(consumer) && !worker->finished &&
               worker->now_ms - absence->since_ms > snapshot_late_ms(worker->plan)) {
        log_say(LOG_LEVEL_WARNING, field, 2,
                "it has had no partitions of its group for %d s: the group's coordinator does not answer or waits for "
                "another member: nothing is read until it lets us in: kafka-consumer-groups.sh --describe --state says "
                "more",
                seconds);
        absence->told = true;
    }
}

static void measure_groups(struct worker *worker, struct snapshot *snapshot) {
    snapshot->lag_count = 0;
    for (uint32_t route = 0; route < worker->plan->route_count; route++) {
        struct consumer *consumer = worker->consumer[route];
        snapshot->joined[route] = consumer != NULL && consumer_joined(consumer) ? 1 : 0;
        if (consumer != NULL)
            measure_absence(worker, route, consumer);
        snapshot->outside_ms[route] = worker->absence[route].since_ms;
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
    throughput_note(worker->throughput, worker->now_ms, snapshot->route);
    for (uint32_t i = 0; i < snapshot->platform_count; i++)
        flow_platform(worker->flow, i, &snapshot->platform[i]);
    for (uint32_t i = 0; i < snapshot->platform_count; i++)
        snapshot->certificate_ms[i] = http_client_certificate_end(worker->http, i);
    measure_groups(worker, snapshot);
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

static int64_t turn_ms(const struct worker *worker) {
    int64_t session_ms = worker->plan->session_timeout_ms;
    return session_ms == 0 || session_ms / TURNS_A_SESSION > TURN_MS ? TURN_MS : session_ms / TURNS_A_SESSION;
}

static int patience(const struct worker *worker) {
    int64_t until = worker->input_ms + turn_ms(worker);
    for (uint32_t i = 0; i < worker->plan->route_count; i++) {
        int64_t due_ms = worker->consumer[i] == NULL ? INT64_MAX : consumer_due_ms(worker->consumer[i]);
        if (worker->ready[i])
            return 0;
        until = due_ms < until ? due_ms : until;
    }
    if (worker->unwritten_count > 0)
        return 0;
    if (worker->wake_at_ms >= 0 && worker->wake_at_ms < until)
        until = worker->wake_at_ms;
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
    if (!worker->finished)
        inputs_post(worker);
    if (!worker->finished)
        errand_serve(&worker->errand, worker);
}

/* Who calls is known from one descriptor, so that many routes cost little while few of them have news. */
static void hear_consumers(struct worker *worker) {
    int count = 0;
    if (worker->wait[WAIT_CALLERS].revents != 0)
        count = epoll_wait(worker->callers, worker->caller, (int)worker->plan->route_count, 0);
    for (int i = 0; i < count; i++)
        worker->called[worker->caller[i].data.u32] = true;
    if (worker->now_ms - worker->called_ms < TURN_MS)
        return;
    worker->called_ms = worker->now_ms;
    for (uint32_t route = 0; route < worker->plan->route_count; route++)
        worker->called[route] = worker->consumer[route] != NULL;
}

/* Each is served once a second at least: its group takes the partitions of one that is not for max.poll.interval.ms. */
static void serve_consumers(struct worker *worker) {
    hear_consumers(worker);
    for (uint32_t route = 0; route < worker->plan->route_count && !worker->finished; route++) {
        struct consumer *consumer = worker->consumer[route];
        bool called = worker->called[route];
        if (!called && !worker->ready[route] && (consumer == NULL || consumer_due_ms(consumer) > worker->now_ms))
            continue;
        worker->called[route] = worker->ready[route] = false; /* performing may make it ready again */
        if (consumer_serve(consumer, worker->now_ms, called, EVENTS_A_SERVING))
            worker->ready[route] = true;
    }
}

static void look_at_clocks(struct worker *worker) {
    worker->now_ms = time_now_ms();
    worker->wall_ahead_ms = time_wall_ms() - worker->now_ms;
}

/* Requests of replies and of new events go out together, at the next turn's beginning, which then comes at once: one by
 * one they would wake the platform for each, and its answers would find us busy with the next. */
static void turn(struct worker *worker) {
    for (unsigned i = 0; i < worker->wait_count; i++)
        worker->wait[i].revents = 0;
    http_client_wait(worker->http, worker->wait, worker->wait_count, patience(worker));
    look_at_clocks(worker);
    serve_control(worker);
    if (!worker->finished)
        http_client_perform(worker->http, worker->now_ms, worker->now_ms + worker->wall_ahead_ms, inputs_reply, worker);
    if (!worker->finished)
        serve_consumers(worker);
    if (!worker->finished && worker->producer != NULL)
        producer_serve(worker->producer);
    if (!worker->finished)
        inputs_unwritten(worker);
    worker->now_ms = time_now_ms();
    bool due = worker->wake_at_ms >= 0 && worker->now_ms >= worker->wake_at_ms;
    if (!worker->finished && (due || worker->now_ms - worker->input_ms >= turn_ms(worker))) {
        if (due)
            worker->wake_at_ms = -1;
        struct input input = {.kind = INPUT_TIMER};
        worker_step(worker, &input);
    }
    if (worker->now_ms - worker->published_ms >= PUBLISH_MS)
        publish(worker);
    report_flood(worker, false);
}

/* The group's news, until there are none: all its consumers are closed. The commit is done or lost by now: what comes
 * here changes no event's fate, so the clock decides how long. */
static bool serve_groups(struct worker *worker) {
    struct input timer = {.kind = INPUT_TIMER}; /* else the core would take the wait for a stall (I9) */
    bool all = true;
    http_client_wait(worker->http, worker->wait, worker->wait_count, 20);
    look_at_clocks(worker);
    if (worker->now_ms - worker->published_ms >= PUBLISH_MS)
        publish(worker);
    if (worker->now_ms - worker->input_ms >= turn_ms(worker))
        worker_step(worker, &timer);
    for (uint32_t i = 0; i < worker->plan->route_count; i++)
        if (worker->consumer[i] != NULL) {
            all = consumer_closed(worker->consumer[i]) && all;
            (void)consumer_serve(worker->consumer[i], worker->now_ms, true, 0); /* or its last call would not end */
        }
    return all;
}

/* A member that leaves makes its group rebalance, and a commit of another member may be refused for that: the workers
 * of a process stop together, so none leaves before all have committed. */
static void wait_for_others(struct worker *worker) {
    int64_t until = time_now_ms() + LONGEST_END_MS;
    for (unsigned i = 0; i < worker->wait_count; i++) /* what nobody reads any more wakes nobody */
        if (i != WAIT_CALLERS)
            worker->wait[i].events = 0;
    while (atomic_load(worker->spec.working) > 0 && time_now_ms() < until)
        (void)serve_groups(worker);
}

/* Leaves the groups, so that others take over at once instead of after the session timeout. */
static void leave(struct worker *worker) {
    int64_t until = time_now_ms() + CLOSE_MS;
    for (uint32_t i = 0; i < worker->plan->route_count; i++)
        if (worker->consumer[i] != NULL)
            consumer_close(worker->consumer[i]);
    while (!serve_groups(worker) && time_now_ms() < until)
        ;
}

/* Blocks for librdkafka's threads to end, all together: here, so that the main thread goes on meanwhile. */
static void end_clients(struct worker *worker) {
    for (uint32_t i = 0; worker->consumer != NULL && i < worker->plan->route_count; i++)
        if (worker->consumer[i] != NULL)
            consumer_end(worker->consumer[i]);
    producer_destroy(worker->producer, 0);
    worker->producer = NULL;
    for (uint32_t i = 0; worker->consumer != NULL && i < worker->plan->route_count; i++) {
        consumer_destroy(worker->consumer[i]);
        worker->consumer[i] = NULL;
    }
}

static void *run(void *argument) {
    struct worker *worker = argument;
    while (!worker->finished)
        turn(worker);
    atomic_store(&worker->leaving, true);
    http_client_drop(worker->http); /* the core wants no answers any more */
    publish(worker);
    report_flood(worker, true);
    atomic_fetch_sub(worker->spec.working, 1);
    if (worker->status != 69) {
        wait_for_others(worker);
        leave(worker);
    }
    end_clients(worker);
    static const uint64_t one = 1;
    atomic_store(&worker->ended, true);
    ssize_t written = write(worker->spec.done, &one, sizeof one);
    (void)written;
    return NULL;
}

/* --- making and ending --- */

static bool make_parts(struct worker *worker, struct error *error) {
    const struct plan *plan = worker->plan;
    size_t routes = (size_t)plan->route_count + 1;
    worker->consumer = calloc(routes, sizeof(struct consumer *));
    worker->ready = calloc(routes, sizeof *worker->ready);
    worker->called = calloc(routes, sizeof *worker->called);
    worker->caller = calloc(routes, sizeof *worker->caller);
    worker->absence = calloc(routes, sizeof *worker->absence);
    worker->published = snapshot_create(plan);
    worker->current = snapshot_create(plan);
    worker->throughput = throughput_create(plan->route_count);
    worker->flood = flood_create();
    worker->heritage = calloc(routes, sizeof *worker->heritage);
    worker->flow = flow_create(plan, worker->spec.seed);
    worker->mailbox = mailbox_create(plan);
    worker->control = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    worker->callers = epoll_create1(EPOLL_CLOEXEC);
    if (worker->consumer == NULL || worker->ready == NULL || worker->called == NULL || worker->caller == NULL ||
        worker->absence == NULL || worker->published == NULL || worker->current == NULL || worker->throughput == NULL ||
        worker->flow == NULL || worker->mailbox == NULL || worker->flood == NULL || worker->heritage == NULL)
        return error_memory(error);
    if (worker->control < 0 || worker->callers < 0)
        return error_shortage(error, "no descriptor left: raise LimitNOFILE");
    worker->http = http_client_create(plan->platforms, plan->platform_count, error);
    return worker->http != NULL;
}

struct worker *worker_create(const struct worker_spec *spec, struct error *error) {
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        (void)error_memory(error);
        return NULL;
    }
    worker->spec = *spec;
    worker->plan = &spec->settings->shares[spec->index];
    worker->control = worker->callers = -1;
    worker->wake_at_ms = -1;
    look_at_clocks(worker);
    worker->input_ms = worker->now_ms;
    (void)pthread_mutex_init(&worker->mutex, NULL);
    errand_init(&worker->errand);
    if (make_parts(worker, error))
        return worker;
    worker_destroy(worker);
    return NULL;
}

static void watch(struct worker *worker, int descriptor) {
    worker->wait[worker->wait_count++] = (struct curl_waitfd){.fd = descriptor, .events = CURL_WAIT_POLLIN};
}

static bool start_consumer(struct worker *worker, uint32_t index, const uint32_t *partitions, uint32_t brokers,
                           struct error *error) {
    const struct route *route = &worker->plan->routes[index];
    if (!share_reads(worker->plan, index, worker->plan->worker))
        return true;
    struct read_ahead ahead = ahead_of(worker->plan, partitions, brokers, index);
    const struct consumer_spec spec = {
        .route = index,
        .group = route->group.data,
        .topics = route->topics,
        .topic_count = route->topic_count,
        .properties = worker->spec.properties,
        .queue_bytes = ahead.bytes,
        .inlets = ahead.inlets,
        .largest = budget_largest(worker->plan),
        .consumers = share_consumers(worker->plan),
        .stock = &worker->stock,
        .handler = inputs_of_consumers(worker),
    };
    worker->consumer[index] = consumer_create(&spec, error);
    if (worker->consumer[index] == NULL)
        return error_context(error, "route " SPAN_FORMAT, SPAN_ARGUMENT(route->name));
    worker->ready[index] = true;
    struct epoll_event calls = {.events = EPOLLIN, .data.u32 = index};
    if (epoll_ctl(worker->callers, EPOLL_CTL_ADD, consumer_descriptor(worker->consumer[index]), &calls) != 0)
        return error_shortage(error,
                              "route " SPAN_FORMAT ": its consumer cannot be watched: raise "
                              "fs.epoll.max_user_watches, or there is no memory",
                              SPAN_ARGUMENT(route->name));
    return true;
}

struct producer *worker_producer(struct worker *worker, struct error *error) {
    if (worker->producer != NULL)
        return worker->producer;
    const struct producer_handler handler = inputs_of_producers(worker);
    worker->producer = producer_create(worker->spec.properties, &handler, error);
    if (worker->producer != NULL)
        watch(worker, producer_descriptor(worker->producer));
    return worker->producer;
}

bool worker_start(struct worker *worker, const uint32_t *partitions, uint32_t brokers, struct error *error) {
    watch(worker, worker->control);
    watch(worker, worker->callers); /* at WAIT_CALLERS */
    inputs_post(worker);
    inputs_heritage(worker);
    for (uint32_t i = 0; i < worker->plan->route_count; i++)
        if (!start_consumer(worker, i, partitions, brokers, error))
            return false;
    publish(worker);
    atomic_fetch_add(worker->spec.working, 1);
    if (pthread_create(&worker->thread, NULL, run, worker) != 0) {
        atomic_fetch_sub(worker->spec.working, 1);
        return error_shortage(error, "no thread could be started: raise TasksMax");
    }
    worker->started = true;
    return true;
}

static void wake(struct worker *worker) {
    static const uint64_t one = 1;
    ssize_t written = write(worker->control, &one, sizeof one);
    (void)written; /* full means that it will wake anyway */
}

void worker_stop(struct worker *worker) {
    atomic_fetch_add(&worker->stops_wanted, 1);
    wake(worker);
}

void worker_hear(struct worker *worker, uint32_t platform, enum platform_state state, int64_t until_ms) {
    mailbox_platform(worker->mailbox, platform, state, until_ms);
    wake(worker);
}

void worker_give(struct worker *worker, uint32_t lookup, struct lookup_table *table) {
    mailbox_table(worker->mailbox, lookup, table);
    wake(worker);
}

bool worker_stopped(struct worker *worker, int *status) {
    if (!atomic_load(&worker->ended))
        return false;
    *status = worker->status;
    return true;
}

void worker_join(struct worker *worker) {
    if (worker->started)
        (void)pthread_join(worker->thread, NULL);
    worker->started = false;
}

bool worker_inherit(struct worker *worker, uint32_t route, const struct reached *list, size_t count) {
    return heritage_add(&worker->heritage[route], list, count);
}

bool worker_bequeath(const struct worker *worker, const struct route *route, struct heritage *heritage) {
    return heritage_gather(heritage, worker->flow, worker->heritage, worker->plan, route);
}

void worker_destroy(struct worker *worker) {
    if (worker == NULL)
        return;
    worker_join(worker);
    end_clients(worker);
    http_client_destroy(worker->http);
    flow_destroy(worker->flow);
    arena_stock_finish(&worker->stock);
    actions_finish(&worker->actions);
    mailbox_destroy(worker->mailbox);
    flood_destroy(worker->flood);
    for (uint32_t i = 0; worker->heritage != NULL && i < worker->plan->route_count; i++)
        heritage_finish(&worker->heritage[i]);
    free(worker->heritage);
    free(worker->unwritten);
    snapshot_destroy(worker->published);
    snapshot_destroy(worker->current);
    throughput_destroy(worker->throughput);
    free(worker->consumer);
    free(worker->ready);
    free(worker->absence);
    free(worker->called);
    free(worker->caller);
    if (worker->callers >= 0)
        (void)close(worker->callers);
    if (worker->control >= 0)
        (void)close(worker->control);
    (void)pthread_mutex_destroy(&worker->mutex);
    errand_finish(&worker->errand);
    free(worker);
}
