/* A dispatcher sends requests to one platform: events wait in its queue, and it sends as many as the circuit breaker
 * and the limits of concurrency and rate (pace) allow, first come, first served. What an answer leads to for the events
 * is decided in consequence.c. Private to flow. */
#ifndef SLUSS_FLOW_DISPATCHER_H
#define SLUSS_FLOW_DISPATCHER_H

#include "base/list.h"
#include "deliver/breaker.h"
#include "deliver/judgement.h"
#include "deliver/pace.h"
#include "event/reply.h"
#include "flow/lifeline.h"
#include "flow/timer.h"
#include "flow/view.h"

struct flow;
struct group;
struct passage;

struct dispatcher {
    const struct platform_spec *spec;
    uint32_t index; /* of the platform in the plan */
    struct breaker breaker;
    struct pace pace;
    struct lifeline lifeline;
    struct list busy;   /* in flow->busy: is served before the step ends */
    struct timer timer; /* until something may be sent */
    uint64_t probe;     /* the request that probes the platform; 0 none */

    /* The queue: two lists, so that repeated attempts leave room for first ones. */
    struct list waiting;  /* passages before their first attempt, first come first served */
    struct list again;    /* likewise, before a further one */
    size_t waiting_count; /* of both */
    uint64_t turns;       /* given so far: who came first */
    uint32_t groups;      /* whose events wait here before they are delivered */
    uint32_t readers;     /* groups that have partitions, and deliver here */

    /* What brought the breaker into its state. */
    int status; /* of an answer; 0 none */
    enum reply_fault fault;
    const char *why;           /* static, or `words`; NULL nothing */
    char words[VIEW_WHY_SIZE]; /* what the shell said */
    bool told;                 /* by another worker */

    uint64_t worn; /* the last token that was refused and replaced; 0 none */
    int64_t worn_ms;
};

/* False when memory is short. */
bool dispatcher_init(struct flow *flow, struct dispatcher *dispatcher, uint32_t index);
void dispatcher_finish(struct dispatcher *dispatcher);

/* The event, or the batch that it stands first in, waits here: its request is made. */
void dispatcher_join(struct flow *flow, struct dispatcher *dispatcher, struct passage *passage);

/* It waits no longer. */
void dispatcher_leave(struct flow *flow, struct dispatcher *dispatcher, struct passage *passage);

/* What an answer means, by the rules of the platform; and whether its token was refused for the first time. */
struct judgement dispatcher_judge(const struct flow *flow, const struct dispatcher *dispatcher,
                                  const struct passage *passage, const struct reply *reply);

/* The request was answered so: its place is free, and the breaker learns of it. */
void dispatcher_judged(struct flow *flow, struct dispatcher *dispatcher, const struct passage *passage,
                       const struct judgement *judgement, const struct reply *reply);

/* Another worker saw the platform in this state. */
void dispatcher_told(struct flow *flow, struct dispatcher *dispatcher, enum platform_state state, int64_t until_ms);

/* It is served before the step ends. */
void dispatcher_touch(struct flow *flow, struct dispatcher *dispatcher);

/* Sends what may be sent now; where it must wait for its time it sets its timer. */
void dispatcher_serve(struct flow *flow, struct dispatcher *dispatcher);

/* So many requests are of use here: what it can send soon. */
uint32_t dispatcher_most_ready(const struct dispatcher *dispatcher);

/* Whether enough of this route's events wait for its platform, so that no more need be read. */
bool dispatcher_has_enough(const struct flow *flow, const struct group *group);

#endif
