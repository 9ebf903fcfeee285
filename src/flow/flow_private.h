/* The state of the core, which all files of this folder share, and nobody outside may see. A flow has a group for each
 * route (its partitions, as long as it is assigned any) and a dispatcher for each platform (where events wait for it).
 * An event in flight is a passage. Whatever must be looked at again stands in a list of the flow, and is served before
 * the step ends. Which file calls which is written in LAYERS. */
#ifndef SLUSS_FLOW_FLOW_PRIVATE_H
#define SLUSS_FLOW_FLOW_PRIVATE_H

#include "base/bug.h"
#include "base/dice.h"
#include "deliver/backoff.h"
#include "flow/action.h"
#include "flow/arrival.h"
#include "flow/batch.h"
#include "flow/budget.h"
#include "flow/commit.h"
#include "flow/consequence.h"
#include "flow/credit.h"
#include "flow/dead_key.h"
#include "flow/dispatcher.h"
#include "flow/drain.h"
#include "flow/elder.h"
#include "flow/epoch.h"
#include "flow/fate.h"
#include "flow/flow.h"
#include "flow/group.h"
#include "flow/hold.h"
#include "flow/input.h"
#include "flow/lane.h"
#include "flow/lifeline.h"
#include "flow/partition.h"
#include "flow/passage.h"
#include "flow/pending.h"
#include "flow/plan.h"
#include "flow/plant.h"
#include "flow/say.h"
#include "flow/share.h"
#include "flow/stages.h"
#include "flow/timer.h"
#include "flow/view.h"

enum { MEMORY_PAUSE_MS = 1000 }; /* until the same is tried again, when memory is short or a table has not come */

struct flow {
    const struct plan *plan;
    uint64_t seed; /* of dice and keyed hashes */
    struct dice dice;
    struct group *groups;           /* of the plan's routes, in their order */
    struct dispatcher *dispatchers; /* of its platforms, likewise */
    struct lookup_table **tables;   /* of its lookups, likewise; NULL: it has not come yet */
    struct schema_context *gate;

    /* This step. */
    struct actions *out;     /* NULL between two steps */
    int64_t now_ms, wall_ms; /* of the input; before the first one now_ms is -1 */
    struct list due;         /* passages that go on */
    struct list busy;        /* dispatchers that are served */
    struct list touched;     /* groups that are tended */

    /* What is under way, and what time brings. */
    uint64_t last_id;       /* of a request or letter */
    struct pending pending; /* passages by the id of their request or letter */
    struct timers timers;
    int64_t woken_ms; /* the last `wake at`; INT64_MAX none */
    struct timer fence;
    int64_t fence_ms;         /* nothing is started before (I9) */
    int64_t commits_until_ms; /* what all groups' commits up to now take of their common share of time */

    /* Memory, in bytes: budget.h. */
    size_t bytes;        /* accounted: events, what the stages added, batches, maps */
    size_t reserved;     /* granted as credit and not read yet */
    size_t on_lifelines; /* of both: on the platforms' lifelines */
    size_t found_bytes;  /* of `bytes`: maps of those who read before us */
    size_t part[BUDGET_COUNT], most_of_event, most_of_body; /* how far each may fill it: budget.c */
    size_t stairs; /* free between two steps: what the stages make of an event on their way to its request */

    /* Who waits for memory. */
    struct list cramped;  /* passages */
    struct list starving; /* groups that want credit */
    uint32_t starved;     /* so many groups are starving */
    uint32_t unasked;     /* of them, not asked yet since memory was last given back */
    bool relieved;        /* memory was given back: they may ask again */
    struct elder elder;
    uint32_t grown;   /* events that the stages have begun with and that wait for no operator, of all groups, also of
                         epochs that are over */
    uint32_t resting; /* events that do, grown or not: what they take comes back when he has acted */

    uint32_t partitions; /* assigned, of all groups */
    bool stopping;
    bool stopped;
    bool commit_missed; /* the exit status: 75 */
};

/* Whether nothing may be started, since the process stood still (I9). */
static inline bool flow_fenced(const struct flow *flow) {
    return flow->now_ms < flow->fence_ms;
}

#endif
