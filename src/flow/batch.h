/* A batch is the events of one route that are sent in one request and answered together. While it is open it takes
 * more; then its members are fixed. The first of them stands for all where events wait for the platform. Private to
 * flow. */
#ifndef SLUSS_FLOW_BATCH_H
#define SLUSS_FLOW_BATCH_H

#include "base/list.h"
#include "event/request.h"
#include "flow/timer.h"

struct flow;
struct group;
struct passage;

struct batch {
    struct group *group;
    struct list link;   /* in group->batches while it is open */
    struct timer timer; /* then it closes at the latest */
    struct passage *first, *last;
    uint32_t count;
    uint32_t most;   /* members that it takes */
    uint32_t doubts; /* answers in a row that may be about one of its events */
    size_t size;     /* of its body */
    bool open;
    bool made;        /* its request is */
    bool on_lifeline; /* on the lifeline of its only event */
    struct request request;
    struct arena arena; /* the request's bytes */
    size_t bytes;       /* accounted */
};

/* Whether an event of the same key may still join right behind the one that stands in this batch (NULL: in none). */
static inline bool batch_takes(const struct batch *batch) {
    return batch != NULL && batch->open;
}

/* Its request is shaped: it joins a batch of its like, or begins one. An event whose key has an unsettled event ahead
 * joins that one's batch or waits for its end. */
void batch_gather(struct flow *flow, struct passage *passage);

/* Takes no further events; its request goes to the platform. */
void batch_close(struct flow *flow, struct batch *batch);
void batch_close_all(struct flow *flow, struct group *group);

/* A closed one goes to its platform, for the first time or again. */
void batch_enter(struct flow *flow, struct batch *batch);

/* Its members go alone from here on; passage->along still leads from the first to the last. Frees it. */
void batch_dissolve(struct flow *flow, struct batch *batch);

/* Divides it in two halves, in order, which never have a key in common: members of the second whose key stands in the
 * first go alone and wait for it. Frees it; the second half is NULL when none is left for it. Nothing is sent yet. */
void batch_divide(struct flow *flow, struct batch *batch, struct batch *half[2]);

/* The event is gone: with the one that stood first goes its batch, if it stood in one. Its other members are gone
 * before, or go in the same step. */
void batch_leave(struct flow *flow, struct passage *passage);

#endif
