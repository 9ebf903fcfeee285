/* A crew is everything that runs one configuration generation: its workers, their lookup tables, and the probe of Kafka
 * and the dead-letter topics. The main thread calls it; it makes no decision about the process. */
#ifndef SLUSS_DAEMON_CREW_H
#define SLUSS_DAEMON_CREW_H

#include "base/buf.h"
#include "base/error.h"
#include "daemon/snapshot.h"
#include "flow/reach.h"
#include "settings/settings.h"

struct crew;

/* Makes everything but threads, and loads the tables. `settings` is borrowed and outlives the crew; `done` is an
 * eventfd, written when a worker has ended. NULL with a sentence. */
struct crew *crew_create(const struct settings *settings, int done, struct error *error);

/* Tells the workers, which have not begun, what the groups had acknowledged to those of another crew, which ends at
 * once where it still runs. False with a sentence. */
bool crew_inherit(struct crew *heir, struct crew *from, struct error *error);

/* Says in the log which worker reads what, joins the groups, starts the threads. After a failure: destroy it. */
bool crew_start(struct crew *crew, struct error *error);

/* The first call drains all workers, the second ends them at once. */
void crew_stop(struct crew *crew);

/* True when all have ended; then *status is the worst of theirs (CONTRACT 4). When one alone cannot go on, all are
 * stopped. */
bool crew_stopped(struct crew *crew, int *status);

/* What the workers published last, summed: valid until the next call. */
struct snapshot *crew_sum(struct crew *crew);

/* Whether each worker's loop has turned within `within_ms`, or has ended. */
bool crew_alive(struct crew *crew, int64_t now_ms, int64_t within_ms);

/* Whether every route has its assignment on every worker that reads it; else `why` (may be NULL) gets a sentence. */
bool crew_joined(struct crew *crew, struct buf *why);

/* Whether no group has kept a worker out for long (snapshot_late_ms); else `why` gets a sentence. */
bool crew_inside(struct crew *crew, int64_t now_ms, struct buf *why);

/* Whether a broker answered when one was asked last; else `why` (may be NULL) gets a sentence. */
bool crew_kafka_answers(struct crew *crew, struct buf *why);

/* Whether every dead-letter topic was found and takes letters; else `why` gets a sentence. */
bool crew_letters_ready(struct crew *crew, struct buf *why);

/* Gives an operator's release (INPUT_RELEASE) to all workers, waits, and tells what came of it. False when one does not
 * answer. */
bool crew_release(struct crew *crew, struct input *input, struct released *released);

/* Writes what all workers see as JSON (/status), with what was counted `before` this generation. False, and nothing
 * written, when one does not answer. */
bool crew_status(struct crew *crew, const char *version, size_t faults, const struct snapshot *before, struct buf *out);

/* Tables that change reach all workers: call it when crew_descriptor (-1: none) is readable, and by crew_due_ms. */
void crew_serve(struct crew *crew, int64_t now_ms);
int crew_descriptor(const struct crew *crew);
int64_t crew_due_ms(const struct crew *crew);

/* Ends what still runs, at once, and frees everything. */
void crew_destroy(struct crew *crew);

/* Which exit status is the worse one. */
int crew_worse(int one, int other);

#endif
