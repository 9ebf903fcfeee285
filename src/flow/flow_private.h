/* What the files of flow share: the core's state, and who calls whom. Never included outside this folder. A flow has a
 * group per route (its partitions, as long as it is assigned any), and a desk per platform (where events wait for it).
 * An event is a passage. Whatever must be looked at again stands in a list of the flow, and is served before the step
 * ends. */
#ifndef SLUSS_FLOW_FLOW_PRIVATE_H
#define SLUSS_FLOW_FLOW_PRIVATE_H

#include "base/bug.h"
#include "base/dice.h"
#include "deliver/backoff.h"
#include "deliver/breaker.h"
#include "deliver/pace.h"
#include "flow/batch.h"
#include "flow/budget.h"
#include "flow/elder.h"
#include "flow/flow.h"
#include "flow/group.h"
#include "flow/lifeline.h"
#include "flow/partition.h"
#include "flow/passage.h"
#include "flow/pending.h"
#include "flow/plant.h"
#include "flow/share.h"
#include "flow/stages.h"
#include "flow/view.h"

enum { MEMORY_PAUSE_MS = 1000 }; /* until the same is tried again, when memory is short or a table has not come */

/* The dispatcher of one platform: who waits for it, and how much it may be sent. */
struct desk {
    const struct platform_spec *spec;
    uint32_t index;
    struct breaker breaker;
    struct pace pace;
    struct list waiting; /* passages before their first attempt, first come first served */
    struct list again;   /* likewise, before a further one */
    uint64_t turns;
    size_t waiting_count;
    uint32_t groups;  /* whose events wait here before they are delivered */
    uint32_t readers; /* groups that have partitions, and deliver here */
    struct list busy; /* in flow->busy: is served at the end of the step */
    struct lifeline lifeline;
    struct timer timer;
    uint64_t probe; /* the request that probes it; 0 none */
    int status;     /* what brought it into its state: of an answer; 0 none */
    enum reply_fault fault;
    const char *why;           /* static, or `words`; NULL nothing */
    char words[VIEW_WHY_SIZE]; /* what the shell said */
    bool told;                 /* by another worker */
    uint64_t worn;             /* the last token that was refused and replaced; 0 none */
    int64_t worn_ms;
};

struct flow {
    const struct plan *plan;
    struct actions *out;
    struct dice dice;
    uint64_t seed;
    int64_t now_ms, wall_ms;
    int64_t woken_ms;         /* the last `wake at` */
    int64_t fence_ms;         /* nothing is started before (I9) */
    int64_t commits_until_ms; /* what all groups' commits up to now take of their common share of time */
    struct timer fence;
    struct group *groups;
    struct desk *desks;
    struct lookup_table **tables;
    struct schema_context *gate;
    struct timers timers;
    struct pending pending;
    struct list due, busy, touched, starving;
    struct list cramped; /* passages that wait for memory */
    bool relieved;       /* an event is gone: whoever waits for memory may ask again */
    uint32_t starved;    /* so many groups are starving */
    uint32_t unasked;    /* of them, not asked yet since memory was last given back */
    struct elder elder;
    uint64_t last_id;
    uint32_t grown;     /* events that the rooms have begun with, of all groups, also of epochs that are over */
    size_t found_bytes; /* of `bytes`: maps of those who read before us */
    size_t bytes;       /* accounted: events and what the rooms added */
    size_t reserved;    /* granted as credit and not read yet */
    size_t apart;       /* of both: on the platforms' lifelines */
    size_t part[BUDGET_COUNT], most_of_event, most_of_body; /* how far each may fill the rest: budget.c */
    uint32_t partitions;                                    /* assigned, of all groups */
    bool stopping;
    bool stopped;
    bool commit_missed; /* the exit status: 75 */
};

static inline bool flow_fenced(const struct flow *flow) {
    return flow->now_ms < flow->fence_ms;
}

/* say.c: a new action, cleared but for its kind; bug() when memory is short. */
struct action *say(struct flow *flow, enum action_kind kind);
struct action *say_report(struct flow *flow, enum report_kind kind, struct place place, int64_t offset);

/* fate.c: what becomes of a passage. */
void fate_start(struct flow *flow, struct passage *passage); /* it goes on: stages, letter or platform */
void fate_letter(struct flow *flow, uint64_t id, enum letter_outcome outcome);
void fate_park(struct flow *flow, struct passage *passage);    /* with all of its request: nothing more is tried here */
void fate_deliver(struct flow *flow, struct passage *passage); /* with all of its request */
void fate_die(struct flow *flow, struct passage *passage, enum reason reason, const struct reply *reply); /* likewise */
void fate_bury(struct flow *flow, struct passage *passage); /* its epoch is over */

/* consequence.c */
void consequence_take(struct flow *flow, const struct reply *reply);

/* hold.c */
void hold_admit(struct flow *flow, struct passage *passage); /* first of its lane: starts, follows, or is held */
void hold_dead(struct flow *flow, struct passage *passage);  /* its dead letter was acknowledged */
void hold_park(struct flow *flow, struct passage *passage, enum held why, int64_t first);
void hold_doubtful(struct passage *passage);  /* it may have been delivered: whoever reads it next is told */
void hold_undoubted(struct passage *passage); /* it was not, says an answer that crossed the abort */
void hold_leave(struct passage *passage);     /* it is released; its map tells whoever reads it next */
void hold_release(struct flow *flow, const struct input *input);
void hold_forget(struct flow *flow, struct partition *partition);
int64_t hold_look_back(struct partition *partition); /* where reading begins for the dead keys' sake */
void hold_looked_back(struct flow *flow, struct partition *partition);
void hold_recall(struct flow *flow, struct partition *partition, struct event *event); /* settled before us; takes it */

/* desk.c */
bool desk_init(struct flow *flow, struct desk *desk, uint32_t index);
void desk_finish(struct desk *desk);
void desk_join(struct flow *flow, struct desk *desk, struct passage *passage);
void desk_leave(struct flow *flow, struct desk *desk, struct passage *passage); /* it waits no longer */
struct judgement desk_judge(const struct flow *flow, const struct desk *desk, const struct passage *passage,
                            const struct reply *reply);
void desk_judged(struct flow *flow, struct desk *desk, const struct passage *passage, const struct judgement *judgement,
                 const struct reply *reply);
void desk_told(struct flow *flow, struct desk *desk, enum platform_state state, int64_t until_ms);
void desk_touch(struct flow *flow, struct desk *desk);
void desk_serve(struct flow *flow, struct desk *desk);
uint32_t desk_appetite(const struct desk *desk);                        /* requests that it can use soon */
bool desk_is_sated(const struct flow *flow, const struct group *group); /* with this route's events: it reads no more */

/* epoch.c */
void epoch_begin(struct flow *flow, const struct input *input);
void epoch_ask(struct flow *flow, struct group *group); /* for the committed offsets */
void epoch_committed(struct flow *flow, const struct input *input);
void epoch_error(struct flow *flow, const struct input *input); /* a partition cannot be read on */
void epoch_end(struct flow *flow, struct group *group);         /* releases what is unsettled */
void epoch_destroy(struct flow *flow, struct group *group);     /* frees all, when the flow is destroyed */

/* arrival.c */
void arrival_event(struct flow *flow, struct event *event); /* takes it */
void arrival_wanted(struct flow *flow, const struct input *input);

/* drain.c, commit.c, supply.c */
void drain_revoked(struct flow *flow, const struct input *input);
void drain_lost(struct flow *flow, const struct input *input);
void drain_stop(struct flow *flow);
void drain_tend(struct flow *flow, struct group *group);
void drain_deadline(struct flow *flow, struct group *group);
void commit_tend(struct flow *flow, struct group *group, bool at_once);
bool commit_missing(const struct flow *flow, const struct group *group); /* settled events are not committed */
void commit_result(struct flow *flow, const struct input *input);
void commit_read_map(struct flow *flow, struct partition *partition, struct span text);
void commit_forget_map(struct flow *flow, struct partition *partition);
void supply_tend(struct flow *flow, struct group *group);
bool supply_is_dry(const struct flow *flow, const struct group *group); /* nothing that is under way brings events */
void supply_read(struct flow *flow, struct partition *partition, const struct event *event); /* within credit */
void supply_forget(struct flow *flow, struct partition *partition);                          /* no more will come */
void supply_starve(struct flow *flow, struct group *group, bool starves); /* for want of memory, or no longer */

#endif
