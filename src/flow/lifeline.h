/* A lifeline is memory reserved for the routes of one platform: whatever the others hold, and however long their
 * platforms are down, one event at a time is read and goes its whole way on it. It says not whose turn it is. Private
 * to flow. */
#ifndef SLUSS_FLOW_LIFELINE_H
#define SLUSS_FLOW_LIFELINE_H

#include "flow/budget.h"

struct flow;
struct partition;
struct passage;

/* Of one platform. All zero: there is none. */
struct lifeline {
    size_t most;             /* bytes; 0: no other platform could take any from it */
    struct partition *lent;  /* whose next record is read on it; NULL nobody's */
    size_t lent_bytes;       /* of credit, as accounted */
    struct passage *passage; /* that stands on it; NULL none */
};

/* The next record of a partition that holds nothing is to be read on its platform's lifeline: it costs `whole`, of
 * which `more` is still to be granted. False: it is too large, or the lifeline is taken. */
bool lifeline_lend(struct flow *flow, struct partition *partition, size_t whole, size_t more);

/* That record does not come, or is no event to be kept. */
void lifeline_forget(struct flow *flow, const struct partition *partition);

/* It came: its event stands on the lifeline from here on. Where nothing was lent nothing happens. */
void lifeline_board(struct flow *flow, struct passage *passage);

/* An event for which there is no other memory. False: it is too large, or the lifeline is taken. */
bool lifeline_take(struct flow *flow, struct passage *passage);

/* What an event that stands on it may still take there; 0: it does not. */
size_t lifeline_left(const struct flow *flow, const struct passage *passage, enum budget what);

/* It took the lifeline in this step and has no use for it: if it stands there still, all is as before, and nobody need
 * ask for memory again. */
void lifeline_return(struct flow *flow, struct passage *passage);

/* It stands there no longer, if it did. What it holds is of the common memory, or given back. */
void lifeline_leave(struct flow *flow, struct passage *passage);

#endif
