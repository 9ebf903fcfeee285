/* An errand is a call into a worker's thread: another thread has the worker do something between two steps of its core,
 * and waits for the end. For rare requests of operators: never on the way of an event. */
#ifndef SLUSS_DAEMON_ERRAND_H
#define SLUSS_DAEMON_ERRAND_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct worker;

typedef void (*errand_run)(struct worker *worker, void *what);

/* A worker's place for errands: one at a time. */
struct errand {
    pthread_mutex_t mutex;
    pthread_cond_t done;
    errand_run run; /* NULL: none waits */
    void *what;
    bool taken;
};

void errand_init(struct errand *errand);
void errand_finish(struct errand *errand);

/* From one other thread: wakes the worker by its eventfd and waits. False when the worker did not take it within
 * `within_ms`: then it never will. Once taken it is waited for to its end. */
bool errand_give(struct errand *errand, int wake, int64_t within_ms, errand_run run, void *what);

/* From the worker's thread, when it was woken. */
void errand_serve(struct errand *errand, struct worker *worker);

#endif
