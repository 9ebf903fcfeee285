/* A slot under a mutex, never on the way of an event; and the errands there are. */
#include "daemon/errand.h"

#include "daemon/worker_private.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

void errand_init(struct errand *errand) {
    pthread_condattr_t attribute;
    *errand = (struct errand){.run = NULL};
    (void)pthread_mutex_init(&errand->mutex, NULL);
    (void)pthread_condattr_init(&attribute);
    (void)pthread_condattr_setclock(&attribute, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&errand->done, &attribute);
    (void)pthread_condattr_destroy(&attribute);
}

void errand_finish(struct errand *errand) {
    (void)pthread_mutex_destroy(&errand->mutex);
    (void)pthread_cond_destroy(&errand->done);
}

static struct timespec deadline(int64_t within_ms) {
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += within_ms / 1000;
    at.tv_nsec += within_ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

bool errand_give(struct errand *errand, int wake, int64_t within_ms, errand_run run, void *what) {
    static const uint64_t one = 1;
    const struct timespec until = deadline(within_ms);
    (void)pthread_mutex_lock(&errand->mutex);
    errand->run = run;
    errand->what = what;
    errand->taken = false;
    ssize_t written = write(wake, &one, sizeof one);
    (void)written;
    int waited = 0;
    while (errand->run != NULL && (errand->taken || waited != ETIMEDOUT))
        waited = errand->taken ? pthread_cond_wait(&errand->done, &errand->mutex)
                               : pthread_cond_timedwait(&errand->done, &errand->mutex, &until);
    bool done = errand->run == NULL;
    errand->run = NULL;
    (void)pthread_mutex_unlock(&errand->mutex);
    return done;
}

void errand_serve(struct errand *errand, struct worker *worker) {
    (void)pthread_mutex_lock(&errand->mutex);
    errand_run run = errand->run;
    void *what = errand->what;
    errand->taken = run != NULL;
    (void)pthread_mutex_unlock(&errand->mutex);
    if (run == NULL)
        return;
    run(worker, what);
    (void)pthread_mutex_lock(&errand->mutex);
    errand->run = NULL;
    (void)pthread_cond_signal(&errand->done);
    (void)pthread_mutex_unlock(&errand->mutex);
}

/* --- the errands --- */

enum { PATIENCE_MS = 1000 };

struct word {
    struct input *input;
    struct released released;
};

static void take_word(struct worker *worker, void *what) {
    struct word *word = what;
    word->released.reach = flow_reach(worker->flow, word->input);
    worker_step(worker, word->input);
    for (size_t i = 0; i < worker->actions.count; i++) {
        const struct action *action = &worker->actions.list[i];
        word->released.keys += action->kind == ACTION_REPORT && action->is.report.kind == REPORT_KEY_RELEASED ? 1 : 0;
    }
}

bool worker_release(struct worker *worker, struct input *input, struct released *released) {
    struct word word = {.input = input};
    bool done =
        !atomic_load(&worker->leaving) && errand_give(&worker->errand, worker->control, PATIENCE_MS, take_word, &word);
    released->keys += word.released.keys;
    reach_add(&released->reach, word.released.reach);
    return done;
}

/* Of all workers that read a route: their rates are added up. */
static void add_rates(const struct worker *worker, struct view *view) {
    for (uint32_t i = 0; i < worker->plan->route_count; i++) {
        struct route_counts counts;
        flow_counts(worker->flow, i, &counts);
        const struct throughput_rates rates = throughput_rates(worker->throughput, i, worker->now_ms, &counts);
        struct view_route *route = &view->route[i];
        route->rate_over_ms = rates.over_ms > route->rate_over_ms ? rates.over_ms : route->rate_over_ms;
        route->consumed_rate += rates.consumed;
        route->settled_rate += rates.settled;
    }
}

static void take_view(struct worker *worker, void *what) {
    struct view *view = what;
    size_t begin = view->partition_count;
    view_add(view, worker->flow);
    add_rates(worker, view);
    for (size_t i = begin; i < view->partition_count; i++) {
        const struct place place = view->partition[i].place;
        if (worker->consumer[place.route] != NULL)
            view->partition[i].lag = consumer_lag(worker->consumer[place.route], place.topic, place.partition);
    }
}

bool worker_view(struct worker *worker, struct view *view) {
    return !atomic_load(&worker->leaving) &&
           errand_give(&worker->errand, worker->control, PATIENCE_MS, take_view, view);
}
