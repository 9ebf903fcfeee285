/* The inside of a worker, shared by its loop and by what performs and reports. Not for other rooms. */
#ifndef SLUSS_DAEMON_WORKER_PRIVATE_H
#define SLUSS_DAEMON_WORKER_PRIVATE_H

#include "daemon/errand.h"
#include "daemon/flood.h"
#include "daemon/heritage.h"
#include "daemon/mailbox.h"
#include "daemon/throughput.h"
#include "daemon/worker.h"
#include "http/client.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

enum { WAITS = 3 };

/* How long a route's group has not let us in. */
struct absence {
    int64_t since_ms; /* 0: it has */
    bool told;
};

struct worker {
    struct worker_spec spec;
    const struct plan *plan; /* this worker's share */
    struct flow *flow;
    struct arena_stock stock; /* of its events' memory */
    struct actions actions;
    struct http_client *http;
    struct producer *producer;  /* NULL: no letter was written yet */
    struct consumer **consumer; /* per route; NULL: not read by this worker */
    bool *ready;                /* per route: its consumer has more records to give at once */
    bool *called;               /* per route: its consumer has news */
    int64_t called_ms;          /* when all of them were served, called or not */
    int callers;                /* an epoll descriptor: the consumers' own */
    struct epoll_event *caller; /* room for one of each */
    struct absence *absence;    /* per route: from its group */
    struct flood *flood;        /* of log lines */
    struct heritage *heritage;  /* per route, until it begins */
    struct mailbox *mailbox;
    uint64_t *unwritten; /* letters for which there was no producer: to be refused */
    size_t unwritten_count, unwritten_capacity;
    struct error unwritten_why;
    struct curl_waitfd wait[WAITS]; /* control, the consumers together, the producer */
    unsigned wait_count;
    int control; /* eventfd: somebody wants something */
    struct errand errand;
    atomic_uint stops_wanted;
    unsigned stops_told;
    int64_t now_ms;
    int64_t wall_ahead_ms; /* of the calendar before `now_ms`, as this turn began: a look at a clock costs 30 ns */
    int64_t wake_at_ms;
    int64_t input_ms; /* the last input's time */
    unsigned untimed; /* events, of which not each looked at the clock */
    bool finished;    /* the core said `stopped`, or Kafka is unusable */
    int status;
    pthread_t thread;
    bool started;
    atomic_bool leaving; /* its loop has ended: nobody is answered any more */
    atomic_bool ended;
    pthread_mutex_t mutex; /* guards only `published` */
    struct snapshot *published;
    struct snapshot *current; /* the worker's own */
    struct throughput *throughput;
    int64_t published_ms;
};

/* One input into the core, and all its actions done. */
void worker_step(struct worker *worker, struct input *input);

/* What the shells and other threads tell, as inputs. */
struct consumer_handler inputs_of_consumers(struct worker *worker);
struct producer_handler inputs_of_producers(struct worker *worker);
void inputs_reply(void *owner, struct reply *reply);
void inputs_post(struct worker *worker);
void inputs_heritage(struct worker *worker);
void inputs_unwritten(struct worker *worker);

/* The worker's producer, made when it is first needed; NULL with a sentence. */
struct producer *worker_producer(struct worker *worker, struct error *error);

/* Does what the core decided. Never makes an input by itself: those come from the shells, later. */
void perform(struct worker *worker, const struct actions *actions);

/* Says one report in the log; of a flood of the same only the first ones. */
void report(struct worker *worker, const struct action *action);

/* Says that Kafka took no letter this time, and why (librdkafka's sentence). */
void report_letter(struct worker *worker, const char *why);

/* Says how many lines were left out since, when it is time (`ended`: at once). */
void report_flood(struct worker *worker, bool ended);

#endif
