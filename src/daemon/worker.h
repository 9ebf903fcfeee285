/* A worker is one thread with one loop: its routes' consumers, its flow, its connections. It shares nothing but the
 * read-only settings and the copies of its counters that it publishes. */
#ifndef SLUSS_DAEMON_WORKER_H
#define SLUSS_DAEMON_WORKER_H

#include "base/error.h"
#include "daemon/snapshot.h"
#include "settings/settings.h"

struct worker;

/* Makes everything but the thread; needs no broker yet. `done` is an eventfd, written when it has stopped. NULL with a
 * sentence. The settings outlive the worker. */
struct worker *worker_create(const struct settings *settings, uint64_t seed, int done, struct error *error);

/* Joins the groups and starts the thread. */
bool worker_start(struct worker *worker, struct error *error);

/* From any thread: the first call drains, the second ends at once. */
void worker_stop(struct worker *worker);

/* True when its thread has ended; then *status is its exit status. */
bool worker_stopped(struct worker *worker, int *status);

/* A copy of its last published counters; `copy` was made by snapshot_create for the same plan. */
void worker_snapshot(struct worker *worker, struct snapshot *copy);

/* Its producer, for probing dead-letter topics from another thread. */
struct producer *worker_producer(struct worker *worker);

/* Joins the thread if it was started and frees everything. Blocks for librdkafka to end. */
void worker_destroy(struct worker *worker);

#endif
