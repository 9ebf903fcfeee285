/* The budget divides what limits.memory has for events: how much may be taken for which purpose (I10). How much has
 * been taken the flow counts; the budget takes nothing itself. */
#ifndef SLUSS_FLOW_BUDGET_H
#define SLUSS_FLOW_BUDGET_H

#include "flow/plan.h"

struct flow;

/* The purposes, each with a level up to which it may fill the memory: budget.c has the levels. */
enum budget {
    BUDGET_READ,       /* events, as many as are of use, by whoever comes first */
    BUDGET_READ_NEXT,  /* kept for the next event of a partition, where it waits */
    BUDGET_READ_FIRST, /* likewise, of one that holds nothing */
    BUDGET_READ_ALONE, /* likewise, of a route that holds nothing */
    BUDGET_GROW,       /* what the stages make of an event */
    BUDGET_GROW_FIRST, /* likewise, of the only one of its route */
    BUDGET_LOOK,       /* what must be looked at when it is read, for its order */
    BUDGET_WRITE,      /* requests of batches, dead letters, maps: what gives memory back */
    BUDGET_ALL,
    BUDGET_COUNT
};

enum {
    EVENT_COST = 4608, /* bytes of memory that any event may take as soon as it is read */
    BYTE_COST = 3      /* and for each of its bytes: the arena grows in steps that double */
};

/* Memory that so much may take when it is read, or copied. */
static inline size_t budget_cost(uint32_t events, size_t bytes) {
    return (size_t)events * EVENT_COST + bytes * BYTE_COST;
}

/* Once, when the flow is made: from then on it knows how far each goes, and its platforms' lifelines. */
void budget_divide(struct flow *flow);

/* Bytes that may still be taken. */
size_t budget_left(const struct flow *flow, enum budget what);

/* How far it may fill a lifeline of so many bytes. */
size_t budget_of_lifeline(size_t lifeline, enum budget what);

/* What the stages may make of one event at most: a quarter of what is not of the lifelines, which is there when nothing
 * else has grown. An event that takes more is put aside. */
size_t budget_of_event(const struct plan *plan);

/* The body of a batch of one, likewise. */
size_t budget_of_body(const struct plan *plan);

/* The largest record that goes its whole way beside others whose platforms are down, however much those hold, if the
 * stages make a dozen times its size of it. */
size_t budget_beside(const struct plan *plan);

/* The largest record that is read, in bytes: key, value and headers. Of a larger one the value is left out. */
size_t budget_largest(const struct plan *plan);

#endif
