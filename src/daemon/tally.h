/* A tally is the counters since the process began, over all its configuration generations, by the names of routes and
 * platforms: so that a reload resets no counter. It reads no worker. */
#ifndef SLUSS_DAEMON_TALLY_H
#define SLUSS_DAEMON_TALLY_H

#include "daemon/snapshot.h"

struct tally;

/* The tally of a generation that begins, which is `plan`'s and borrowed. `before` is that of the one that ended, with
 * `ended`, the last sum of its workers; both NULL for the first. NULL when memory is short. */
struct tally *tally_create(const struct plan *plan, const struct tally *before, const struct snapshot *ended);
void tally_destroy(struct tally *tally);

/* The names: the generation's routes and platforms as in its plan, then those that are no more. */
const struct plan *tally_plan(const struct tally *tally);

/* What generations that ended have counted, in the order of tally_plan. */
const struct snapshot *tally_before(const struct tally *tally);

/* All that was counted: `now` is the sum of this generation's workers. In the order of tally_plan; valid until the next
 * call. */
const struct snapshot *tally_sum(struct tally *tally, const struct snapshot *now);

#endif
