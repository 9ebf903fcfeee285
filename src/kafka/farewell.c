/* Waiting for another thread, with a deadline of the clock that nobody sets. */
#include "kafka/farewell.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

struct farewell {
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

static void finish(struct farewell *farewell) {
    (void)pthread_mutex_destroy(&farewell->mutex);
    (void)pthread_cond_destroy(&farewell->wake);
    free(farewell);
}

static void *run(void *argument) {
    struct farewell *farewell = argument;
    rd_kafka_destroy_flags(farewell->client, farewell->flags);
    (void)pthread_mutex_lock(&farewell->mutex);
    farewell->done = true;
    bool late = farewell->late;
    (void)pthread_cond_signal(&farewell->wake);
    (void)pthread_mutex_unlock(&farewell->mutex);
    if (late)
        finish(farewell);
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

struct farewell *farewell_begin(rd_kafka_t *client_take, int flags, int within_ms) {
    struct farewell *farewell = calloc(1, sizeof *farewell);
    pthread_condattr_t monotonic;
    if (farewell == NULL) {
        rd_kafka_destroy_flags(client_take, flags);
        return NULL;
    }
    farewell->client = client_take;
    farewell->flags = flags;
    farewell->until = after_ms(within_ms);
    (void)pthread_mutex_init(&farewell->mutex, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&farewell->wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    if (pthread_create(&farewell->thread, NULL, run, farewell) == 0)
        return farewell;
    finish(farewell);
    rd_kafka_destroy_flags(client_take, flags);
    return NULL;
}

bool farewell_end(struct farewell *farewell) {
    if (farewell == NULL)
        return true;
    (void)pthread_mutex_lock(&farewell->mutex);
    while (!farewell->done && pthread_cond_timedwait(&farewell->wake, &farewell->mutex, &farewell->until) != ETIMEDOUT)
        ;
    bool done = farewell->done;
    if (!done)
        (void)pthread_detach(farewell->thread);
    farewell->late = !done;
    (void)pthread_mutex_unlock(&farewell->mutex);
    if (!done) {
        atomic_fetch_add(&left, 1);
        return false;
    }
    (void)pthread_join(farewell->thread, NULL);
    finish(farewell);
    return true;
}

unsigned farewell_left(void) {
    return atomic_load(&left);
}
