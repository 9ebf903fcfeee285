/* Asking for topics once a minute; more often where one is missing or no broker answers, so that a repair is seen soon;
 * and at once when its own client complains, so that Kafka's end is. */
#include "daemon/probe.h"

#include "daemon/time.h"
#include "kafka/teardown.h"
#include "ops/library_log.h"
#include "ops/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EACH_MS = 60000, MISSING_EACH_MS = 5000, ANSWER_WITHIN_MS = 5000, LISTEN_EACH_MS = 1000 };
enum { TOPIC_SIZE = 249 + 1 }; /* bytes: Kafka allows no longer name */

struct state {
    enum producer_topic found;
    const char *why;
};

struct probe {
    const struct plan *plan;
    struct producer *producer; /* its own: nobody else waits for what it asks */
    struct state *state;       /* per route */
    const char *no_answer;     /* why no broker gave one, static; NULL: one did, or none was asked */
    bool complained;           /* its client did, since it asked: the thread's own */
    bool told;                 /* that all were found at once, likewise: only what changes is told after that */
    int done;
    pthread_t thread;
    atomic_bool ended;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool ending;
    bool asking; /* inside librdkafka, which may wait for an answer */
    bool left;   /* nobody waits for the thread any more: it ends and frees the probe, and knows no plan */
};

static bool has_letters(const struct route *route) {
    return route->mode != ROUTE_OFF && route->dead_letter.data != NULL;
}

static void say(const struct route *route, enum producer_topic found, const char *why) {
    const struct log_field field[] = {{"route", route->name, 0}, {"topic", route->dead_letter, 0}};
    if (found == PRODUCER_TOPIC_THERE)
        log_say(LOG_LEVEL_INFO, field, 2, "dead-letter topic found");
    else
        log_say(LOG_LEVEL_ERROR, field, 2, "dead-letter topic cannot be used: %s: create it, or allow us to write",
                why);
}

/* One line for all routes; a topic that is not there has its own. */
static void say_found(unsigned count, unsigned missing) {
    if (missing == 0)
        log_say(LOG_LEVEL_INFO, NULL, 0, "dead-letter topics: all are there (of %u route%s)", count,
                count == 1 ? "" : "s");
    else
        log_say(LOG_LEVEL_WARNING, NULL, 0, "dead-letter topics: those of %u of %u route%s cannot be used", missing,
                count, count == 1 ? "" : "s");
}

static void say_answer(const char *no_answer) {
    if (no_answer != NULL)
        log_say(
            LOG_LEVEL_ERROR, NULL, 0,
            "Kafka does not answer: %s: nothing is read or committed until it does: see to its brokers, the network, "
            "and `kafka` in sluss.cfg",
            no_answer);
    else
        log_say(LOG_LEVEL_INFO, NULL, 0, "Kafka answers again");
}

/* Without librdkafka's word for its own errors. */
static const char *plain(const char *why) {
    static const char local[] = "Local: ";
    return strncmp(why, local, sizeof local - 1) == 0 ? why + sizeof local - 1 : why;
}

/* What a question came to. False when the probe is to end. */
static bool note(struct probe *probe, uint32_t index, enum producer_topic found, const char *why) {
    bool silent = found == PRODUCER_NO_ANSWER;
    (void)pthread_mutex_lock(&probe->mutex);
    bool turned = silent != (probe->no_answer != NULL);
    probe->no_answer = silent ? why : NULL;
    bool changed = !silent && probe->state[index].found != found &&
                   (found != PRODUCER_TOPIC_THERE || probe->state[index].found != PRODUCER_TOPIC_UNKNOWN);
    if (!silent)
        probe->state[index] = (struct state){found, why};
    bool ending = probe->ending;
    (void)pthread_mutex_unlock(&probe->mutex);
    if (turned && !ending)
        say_answer(silent ? why : NULL);
    if (changed && !ending)
        say(&probe->plan->routes[index], found, why);
    return !ending;
}

/* Before and behind a question. False when the probe is to end: then there is no plan any more. */
static bool turn(struct probe *probe, bool asking) {
    (void)pthread_mutex_lock(&probe->mutex);
    probe->asking = asking && !probe->ending;
    bool ending = probe->ending;
    (void)pthread_mutex_unlock(&probe->mutex);
    return !ending;
}

/* Once it asks it may be left at any time, and has a name of its own for that. */
static bool ask(struct probe *probe, const struct route *route, enum producer_topic *found, const char **why) {
    char topic[TOPIC_SIZE];
    (void)snprintf(topic, sizeof topic, SPAN_FORMAT, SPAN_ARGUMENT(route->dead_letter));
    if (!turn(probe, true))
        return false;
    *found = producer_probe(probe->producer, topic, ANSWER_WITHIN_MS, why);
    return turn(probe, false);
}

/* Whether all is well; what no broker answers is asked once, not for each route. */
static bool look(struct probe *probe) {
    bool all = true;
    unsigned count = 0, missing = 0;
    probe->complained = false;
    for (uint32_t i = 0; i < probe->plan->route_count; i++) {
        const struct route *route = &probe->plan->routes[i];
        if (!has_letters(route))
            continue;
        const char *why = "";
        enum producer_topic found;
        if (!ask(probe, route, &found, &why) || !note(probe, i, found, plain(why)))
            return true;
        if (found == PRODUCER_NO_ANSWER)
            return false;
        all = all && found == PRODUCER_TOPIC_THERE;
        missing += found == PRODUCER_TOPIC_THERE ? 0 : 1;
        count++;
    }
    if (!probe->told && count > 0)
        say_found(count, missing);
    probe->told = true;
    return all;
}

static void finish(struct probe *probe) {
    producer_destroy(probe->producer, 0);
    (void)pthread_mutex_destroy(&probe->mutex);
    (void)pthread_cond_destroy(&probe->wake);
    free(probe->state);
    free(probe);
}

/* Blocks for librdkafka's threads to end. */
static void *end(struct probe *probe) {
    static const uint64_t one = 1;
    (void)pthread_mutex_lock(&probe->mutex);
    bool left = probe->left;
    (void)pthread_mutex_unlock(&probe->mutex);
    if (left) {
        finish(probe);
        teardown_return();
        return NULL;
    }
    producer_destroy(probe->producer, 0);
    probe->producer = NULL;
    atomic_store(&probe->ended, true);
    ssize_t written = write(probe->done, &one, sizeof one);
    (void)written;
    return NULL;
}

/* True when it is to end. By a clock that never jumps: a calendar set back would keep it waiting for as long. */
static bool wait(struct probe *probe, int64_t until_ms) {
    (void)pthread_mutex_lock(&probe->mutex);
    for (int64_t left_ms; !probe->ending && (left_ms = until_ms - time_now_ms()) > 0;) {
        struct timespec deadline;
        (void)clock_gettime(CLOCK_MONOTONIC, &deadline);
        deadline.tv_sec += left_ms / 1000 + 1;
        (void)pthread_cond_timedwait(&probe->wake, &probe->mutex, &deadline);
    }
    bool ending = probe->ending;
    (void)pthread_mutex_unlock(&probe->mutex);
    return ending;
}

/* True when it is to end. A complaint of the client ends it early where all was well. */
static bool listen_until(struct probe *probe, int64_t until_ms, bool well) {
    if (wait(probe, 0))
        return true;
    for (int64_t now_ms; (now_ms = time_now_ms()) < until_ms;) {
        producer_serve(probe->producer); /* only for its log: it writes nothing */
        bool again = well && probe->complained;
        int64_t next_ms = now_ms + LISTEN_EACH_MS < until_ms ? now_ms + LISTEN_EACH_MS : until_ms;
        if (wait(probe, again ? now_ms : next_ms))
            return true;
        if (again)
            break;
    }
    return false;
}

static void *run(void *argument) {
    struct probe *probe = argument;
    for (;;) {
        bool well = look(probe);
        if (listen_until(probe, time_now_ms() + (well ? EACH_MS : MISSING_EACH_MS), well))
            return end(probe);
    }
}

static void hear(void *owner, int level, const char *sentence) {
    struct probe *probe = owner;
    probe->complained = probe->complained || level <= LOG_LEVEL_WARNING;
    library_log_say(NULL, level, sentence);
}

static void on_report(void *owner, uint64_t id, enum producer_outcome outcome, const char *why) {
    (void)owner, (void)id, (void)outcome, (void)why;
}

struct probe *probe_create(const struct plan *plan, struct kafka_properties properties, int done, struct error *error) {
    struct probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL) {
        (void)error_memory(error);
        return NULL;
    }
    const struct producer_handler handler = {.report = on_report, .log = {probe, hear}};
    probe->plan = plan;
    probe->done = done;
    probe->producer = producer_create(properties, &handler, error);
    probe->state = calloc((size_t)plan->route_count + 1, sizeof *probe->state);
    for (uint32_t i = 0; probe->state != NULL && i < plan->route_count; i++)
        probe->state[i].why = "not asked yet";
    pthread_condattr_t attribute;
    (void)pthread_mutex_init(&probe->mutex, NULL);
    (void)pthread_condattr_init(&attribute);
    (void)pthread_condattr_setclock(&attribute, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&probe->wake, &attribute);
    (void)pthread_condattr_destroy(&attribute);
    if (probe->producer != NULL && probe->state == NULL)
        (void)error_memory(error);
    else if (probe->producer != NULL && pthread_create(&probe->thread, NULL, run, probe) != 0)
        (void)error_shortage(error, "no thread could be started: raise TasksMax");
    else if (probe->producer != NULL)
        return probe;
    finish(probe);
    return NULL;
}

void probe_end(struct probe *probe) {
    (void)pthread_mutex_lock(&probe->mutex);
    probe->ending = true;
    (void)pthread_cond_signal(&probe->wake);
    (void)pthread_mutex_unlock(&probe->mutex);
}

/* A question that is under way may take as long as no broker answers it, and nobody needs its answer. */
bool probe_ended(struct probe *probe) {
    (void)pthread_mutex_lock(&probe->mutex);
    bool asking = probe->ending && probe->asking;
    (void)pthread_mutex_unlock(&probe->mutex);
    return asking || atomic_load(&probe->ended);
}

void probe_destroy(struct probe *probe) {
    if (probe == NULL)
        return;
    probe_end(probe);
    (void)pthread_mutex_lock(&probe->mutex);
    bool left = probe->left = probe->asking;
    if (left) {
        (void)pthread_detach(probe->thread);
        teardown_leave();
    }
    (void)pthread_mutex_unlock(&probe->mutex);
    if (left)
        return;
    (void)pthread_join(probe->thread, NULL);
    finish(probe);
}

bool probe_ready(struct probe *probe, struct span *topic, const char **why) {
    bool ready = true;
    (void)pthread_mutex_lock(&probe->mutex);
    for (uint32_t i = 0; ready && i < probe->plan->route_count; i++) {
        if (!has_letters(&probe->plan->routes[i]) || probe->state[i].found == PRODUCER_TOPIC_THERE)
            continue;
        ready = false;
        *topic = probe->plan->routes[i].dead_letter;
        *why = probe->state[i].why;
    }
    (void)pthread_mutex_unlock(&probe->mutex);
    return ready;
}

bool probe_route(struct probe *probe, uint32_t route, const char **why) {
    (void)pthread_mutex_lock(&probe->mutex);
    bool there = !has_letters(&probe->plan->routes[route]) || probe->state[route].found == PRODUCER_TOPIC_THERE;
    *why = probe->state[route].why;
    (void)pthread_mutex_unlock(&probe->mutex);
    return there;
}

const char *probe_no_answer(struct probe *probe) {
    (void)pthread_mutex_lock(&probe->mutex);
    const char *why = probe->no_answer;
    (void)pthread_mutex_unlock(&probe->mutex);
    return why;
}
