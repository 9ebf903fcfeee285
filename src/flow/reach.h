/* The reach of a release is how much of what the operator means this core sees at the moment: when nothing was held,
 * whether that is the last word. It releases nothing. */
#ifndef SLUSS_FLOW_REACH_H
#define SLUSS_FLOW_REACH_H

#include "flow/flow.h"

struct reach {
    bool here;   /* what is meant was looked at */
    bool unread; /* it lies in a partition that is read here, but was not read yet */
    bool moves;  /* partitions are handed over: it may be one of them */
};

/* What came of a release. */
struct released {
    uint32_t keys; /* let go */
    struct reach reach;
};

/* Of a RELEASE input, between two steps. Nothing is set where another worker or another process reads what is meant. */
struct reach flow_reach(const struct flow *flow, const struct input *input);

/* Adds what another core sees. */
static inline void reach_add(struct reach *to, struct reach from) {
    to->here = to->here || from.here;
    to->unread = to->unread || from.unread;
    to->moves = to->moves || from.moves;
}

#endif
