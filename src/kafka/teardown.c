/* Waiting for another thread, with a deadline of the clock that nobody sets. */
#include "kafka/teardown.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

struct teardown {
    pthread_t thread;
    pthread_mutex_t mutex; /* guards `done` and `late` */
    pthread_cond_t wake;
    rd_kafka_t *client;
    int flags;
    struct timespec until;
    bool done;
    bool late; /* nobody waits any more: the thread frees it, should it ever come back */
};

static atomic_uint left;

static void finish(struct teardown *teardown) {
    (void)pthread_mutex_destroy(&teardown->mutex);
    (void)pthread_cond_destroy(&teardown->wake);
    free(teardown);
}

static void *run(void *argument) {
    struct teardown *teardown = argument;
    rd_kafka_destroy_flags(teardown->client, teardown->flags);
    (void)pthread_mutex_lock(&teardown->mutex);
    teardown->done = true;
    bool late = teardown->late;
    (void)pthread_cond_signal(&teardown->wake);
    (void)pthread_mutex_unlock(&teardown->mutex);
    if (late)
        finish(teardown);
    return NULL;
}

static struct timespec after_ms(int within_ms) {
    enum { MS = 1000, NS_OF_MS = 1000000 };
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t ns = at.tv_nsec + (int64_t)(within_ms % MS) * NS_OF_MS;
    at.tv_sec += within_ms / MS + ns / (MS * NS_OF_MS);
    at.tv_nsec = ns % (MS * NS_OF_MS);
    return at;
}

struct teardown *teardown_begin(rd_kafka_t *client_take, int flags, int within_ms) {
    struct teardown *teardown = calloc(1, sizeof *teardown);
    pthread_condattr_t monotonic;
    if (teardown == NULL) {
        rd_kafka_destroy_flags(client_take, flags);
        return NULL;
    }
    teardown->client = client_take;
    teardown->flags = flags;
    teardown->until = after_ms(within_ms);
    (void)pthread_mutex_init(&teardown->mutex, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&teardown->wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    if (pthread_create(&teardown->thread, NULL, run, teardown) == 0)
        return teardown;
    finish(teardown);
    rd_kafka_destroy_flags(client_take, flags);
    return NULL;
}

bool teardown_end(struct teardown *teardown) {
    if (teardown == NULL)
        return true;
    (void)pthread_mutex_lock(&teardown->mutex);
    while (!teardown->done && pthread_cond_timedwait(&teardown->wake, &teardown->mutex, &teardown->until) != ETIMEDOUT)
        ;
    bool done = teardown->done;
    if (!done)
        (void)pthread_detach(teardown->thread);
    teardown->late = !done;
    (void)pthread_mutex_unlock(&teardown->mutex);
    if (!done) {
        atomic_fetch_add(&left, 1);
        return false;
    }
    (void)pthread_join(teardown->thread, NULL);
    finish(teardown);
    return true;
}

void teardown_leave(void) {
    atomic_fetch_add(&left, 1);
}

void teardown_return(void) {
    atomic_fetch_sub(&left, 1);
}

unsigned teardown_left(void) {
    return atomic_load(&left);
}
