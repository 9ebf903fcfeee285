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
#include "flow/dead_key.h"
#include "flow/elder.h"
#include "flow/flow.h"
#include "flow/lane.h"
#include "flow/lifeline.h"
#include "flow/passage.h"
#include "flow/pending.h"
#include "flow/plant.h"
#include "flow/share.h"
#include "flow/view.h"
#include "settle/tracker.h"

enum { MEMORY_PAUSE_MS = 1000 }; /* until the same is tried again, when memory is short or a table has not come */

enum partition_state {
    PARTITION_ASKED,   /* its committed offset is not known yet */
    PARTITION_READING, /* on credit */
    PARTITION_STOPPED  /* until an operator acts; events under way go on */
};

struct partition {
    struct group *group;
    struct place place;
    enum partition_state state;
    const char *why; /* STOPPED; static */
    struct tracker tracker;
    struct lanes lanes;
    struct dead_keys dead_keys;
    struct list passages; /* unsettled, in order of offsets */
    struct list hungry;   /* in group->hungry: may want credit */
    struct list dirty;    /* in group->dirty: has something to commit */
    uint32_t credit;      /* granted and not read yet */
    size_t credit_bytes;  /* likewise, as accounted */
    uint32_t few_events;  /* it asks for more credit when it has no more of either than this */
    size_t few_bytes;
    bool wants;               /* its next record waits for credit */
    size_t wanted;            /* and takes so many bytes of it */
    int64_t wanted_ms;        /* since then, or since it was the elder without success */
    int64_t committed;        /* acknowledged in this epoch; -1 none */
    int64_t committing;       /* under way; -1 none */
    uint64_t covered;         /* how many of the tracker's passed events `committed` covers */
    uint64_t covering;        /* likewise, under way */
    int64_t refused;          /* the last offset that was; what to commit is always computed again */
    uint32_t mapped;          /* hash of the map that was committed with it; 0 none */
    uint32_t mapping;         /* likewise, under way */
    uint32_t mapped_settled;  /* how many settled events that map names; of attempts it may know less than we do */
    uint32_t mapping_settled; /* likewise, under way */
    uint32_t untold;          /* events sent and settled that no acknowledged commit covers: duplicates after a crash */
    uint32_t untold_since;    /* of them, settled since the commit under way was made */
    uint32_t
        untold_by; /* those that this commit will not cover either: its map has no room for them, or there is none */
    bool telling;  /* some unsettled passage may have something for the map: attempts, or that it is held */
    bool foreign;  /* what we have read is no longer in the log: nothing of it is committed */
    struct offset_map *known; /* the map that we found beside the committed offset; NULL none */
    int64_t begin;            /* the committed offset that we found; records below it are read only to find dead keys */
    int64_t seen;             /* the offset after the last record that was read */
    uint32_t lost;            /* dead keys of the found map whose records lie below it and were not met yet */
    uint64_t consumed;
    uint64_t settled;
    uint64_t unsettled;
};

enum group_phase {
    GROUP_IDLE,     /* no assignment */
    GROUP_RUNNING,  /* reading and delivering */
    GROUP_DRAINING, /* nothing is started; requests and letters under way may end */
    GROUP_CLOSING   /* the final commit is under way */
};

/* One route's share of its consumer group. */
struct group {
    const struct route *route;
    uint32_t index;
    uint32_t epoch;
    enum group_phase phase;
    struct partition *partitions; /* by topic, then partition */
    uint32_t count;
    struct list touched;  /* in flow->touched: is tended at the end of the step */
    struct list starving; /* in flow->starving: wants credit, memory is short */
    struct list hungry, dirty;
    struct list batches; /* that take further events, the oldest first */
    struct timer pause, deadline;
    struct commit_entry *entries; /* room for all partitions */
    char (*maps)[OFFSET_MAP_SIZE];
    uint32_t open;   /* requests and letters under way, of this epoch */
    uint32_t credit; /* of all its partitions: events granted and not read yet */
    uint32_t grown;  /* events that the rooms have begun with */
    uint32_t made;   /* batches whose request is made */
    uint32_t ready;  /* events that wait for the platform they are delivered to */
    bool committing; /* one commit is under way (I6) */
    bool hurried;    /* half a window waits for a commit: it does not wait for its pause */
    bool faltering;  /* the last commit was refused: its pause is kept */
    bool fenced;     /* the group refused the last commit: it will say what is next */
    bool without_metadata;
    bool ask_again;    /* committed offsets */
    bool letters_fail; /* that of this event was not taken last */
    struct place letter_place;
    int64_t letter_offset;
    int64_t commit_from_ms; /* not before */
    struct route_counts counts;
};

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
    size_t known_bytes; /* of `bytes`: maps of those who read before us */
    size_t bytes;       /* accounted: events and what the rooms added */
    size_t reserved;    /* granted as credit and not read yet */
    size_t apart;       /* of both: on the platforms' lifelines */
    size_t part[BUDGET_COUNT], most_of_event; /* how far each may fill the rest: budget.c */
    uint32_t partitions;                      /* assigned, of all groups */
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
void fate_later(struct flow *flow, struct passage *passage, int64_t delay_ms);
void fate_failed(const struct flow *flow, struct passage *passage); /* for the first time, unless it had before */
void fate_due(struct flow *flow, struct passage *passage);
void fate_send(struct flow *flow, struct passage *passage);
void fate_park(struct flow *flow, struct passage *passage); /* with all of its request: nothing more is tried here */
struct action *fate_report(struct flow *flow, enum report_kind kind, const struct passage *passage);
void fate_close(struct flow *flow, struct passage *passage);   /* what was under way has ended */
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

/* group.c, drain.c, commit.c, supply.c */
bool group_init(struct flow *flow, struct group *group, uint32_t index);
void group_finish(struct flow *flow, struct group *group);
void group_touch(struct flow *flow, struct group *group);
void group_tend(struct flow *flow, struct group *group);
void group_assigned(struct flow *flow, const struct input *input);
void group_committed(struct flow *flow, const struct input *input);
void group_event(struct flow *flow, struct event *event);
void group_wanted(struct flow *flow, const struct input *input);
void group_partition_error(struct flow *flow, const struct input *input);
struct partition *group_partition(struct group *group, struct place place); /* NULL: not of this epoch */
/* The events from..to-1 of a partition are settled: none of them waits for the dead-letter topic any more. */
void group_letter_ended(struct group *group, struct place place, int64_t from, int64_t to);
void group_end(struct flow *flow, struct group *group); /* releases what is unsettled, forgets the partitions */
void drain_revoked(struct flow *flow, const struct input *input);
void drain_lost(struct flow *flow, const struct input *input);
void drain_stop(struct flow *flow);
void drain_tend(struct flow *flow, struct group *group);
void drain_deadline(struct flow *flow, struct group *group);
void commit_tend(struct flow *flow, struct group *group, bool at_once);
bool commit_missing(const struct flow *flow, const struct group *group); /* settled events are not committed */
void commit_dirty(struct partition *partition);
void commit_settled(struct partition *partition); /* an event more: its base may have moved */
void commit_tell(struct partition *partition);    /* of a passage: what was tried or held and its map must say */
void commit_result(struct flow *flow, const struct input *input);
void commit_read_map(struct flow *flow, struct partition *partition, struct span text);
void commit_forget_map(struct flow *flow, struct partition *partition);
void supply_tend(struct flow *flow, struct group *group);
bool supply_is_sated(const struct flow *flow, const struct group *group); /* it has enough to do: it reads nothing */
bool supply_is_dry(const struct flow *flow, const struct group *group);   /* nothing that is under way brings events */
void supply_hungry(struct flow *flow, struct partition *partition);       /* it may want credit */
void supply_read(struct flow *flow, struct partition *partition, const struct event *event); /* within credit */
void supply_forget(struct flow *flow, struct partition *partition);                          /* no more will come */
void supply_starve(struct flow *flow, struct group *group, bool starves); /* for want of memory, or no longer */

#endif
