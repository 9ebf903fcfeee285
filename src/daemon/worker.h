/* A worker is one thread with one loop: its routes' consumers, its flow, its connections. It shares nothing but the
 * read-only settings, the copies of its counters that it publishes, what is posted to it, and errands. */
#ifndef SLUSS_DAEMON_WORKER_H
#define SLUSS_DAEMON_WORKER_H

#include "base/error.h"
#include "daemon/snapshot.h"
#include "flow/reach.h"
#include "flow/view.h"
#include "kafka/client.h"
#include "settings/settings.h"

#include <stdatomic.h>

struct heritage;
struct worker;

struct worker_spec {
    const struct settings *settings; /* outlive the worker; it runs the share with its index */
    struct kafka_properties properties;
    uint32_t index;
    uint64_t seed;
    int done; /* an eventfd, written when its thread has ended */
    atomic_uint
        *working; /* workers that have something to finish or commit: nobody leaves its groups before all have */
    /* From its thread: it saw a platform change, which the others shall know. */
    void *owner;
    void (*tell)(void *owner, uint32_t worker, uint32_t platform, enum platform_state state, int64_t until_ms);
};

/* Makes everything but the thread; needs no broker yet. NULL with a sentence. */
struct worker *worker_create(const struct worker_spec *spec, struct error *error);

/* What the groups of a route had acknowledged to another worker of this process, before this one begins. False when
 * memory is short. */
bool worker_inherit(struct worker *worker, uint32_t route, const struct reached *list, size_t count);

/* Of a worker that has ended or was joined: adds what its core knows of the topics of `route` (of another plan), if it
 * had that route's group. False when memory is short. */
bool worker_bequeath(const struct worker *worker, const struct route *route, struct heritage *heritage);

/* Joins the groups and starts the thread. Its tables were given before. `partitions`: of each route's topics. */
bool worker_start(struct worker *worker, const uint32_t *partitions, uint32_t brokers, struct error *error);

/* From any thread: the first call drains, the second ends at once. */
void worker_stop(struct worker *worker);

/* From any thread: what another worker saw; a table read anew, shared. */
void worker_hear(struct worker *worker, uint32_t platform, enum platform_state state, int64_t until_ms);
void worker_give(struct worker *worker, uint32_t lookup, struct lookup_table *table);

/* True when its thread has ended, and with it its consumers; then *status is its exit status. */
bool worker_stopped(struct worker *worker, int *status);

/* A copy of its last published counters; `copy` was made by snapshot_create for the same plan. */
void worker_snapshot(struct worker *worker, struct snapshot *copy);

/* From the main thread: gives the core an operator's word (INPUT_RELEASE), waits, and adds how many keys it let go and
 * what it saw of what was meant. False when the worker does not answer. */
bool worker_release(struct worker *worker, struct input *input, struct released *released);

/* From the main thread: adds what its core sees, with the lag of its partitions. False when it does not answer. */
bool worker_view(struct worker *worker, struct view *view);

/* Waits for its thread to end, if it was started: then it speaks to no other worker any more. */
void worker_join(struct worker *worker);

/* Joins the thread and frees everything. Other workers may speak to it until they are joined. */
void worker_destroy(struct worker *worker);

#endif
