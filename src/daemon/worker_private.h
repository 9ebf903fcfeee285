/* The inside of a worker, shared by its loop and by what performs and reports. Not for other rooms. */
#ifndef SLUSS_DAEMON_WORKER_PRIVATE_H
#define SLUSS_DAEMON_WORKER_PRIVATE_H

#include "daemon/worker.h"
#include "http/client.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "tables/tables.h"

#include <pthread.h>
#include <stdatomic.h>

struct worker {
    const struct settings *settings;
    const struct plan *plan;
    struct flow *flow;
    struct actions actions;
    struct http_client *http;
    struct producer *producer;
    struct consumer **consumer; /* per route; NULL: the route is off */
    bool *ready;                /* per route: its consumer has more to serve at once */
    struct tables *tables;
    struct kafka_property *property;
    struct curl_waitfd *wait; /* control, producer, tables, then the consumers */
    uint32_t *wait_route;     /* which route's consumer stands at that place */
    unsigned wait_count;
    int control; /* eventfd: somebody wants something */
    int done;    /* eventfd of the main thread */
    atomic_uint stops_wanted;
    unsigned stops_told;
    int64_t now_ms;
    int64_t wake_at_ms;
    int64_t input_ms; /* the last input's time */
    bool finished;    /* the core said `stopped`, or Kafka is unusable */
    int status;
    pthread_t thread;
    bool started;
    atomic_bool ended;
    pthread_mutex_t mutex; /* guards only `published` */
    struct snapshot *published;
    struct snapshot *current; /* the worker's own */
    int64_t published_ms;
};

/* One input into the core, and all its actions done. */
void worker_step(struct worker *worker, struct input *input);

/* Does what the core decided. Never makes an input by itself: those come from the shells, later. */
void perform(struct worker *worker, const struct actions *actions);

/* Says one report in the log. */
void report(const struct plan *plan, const struct action *action);

#endif
