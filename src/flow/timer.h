/* Timers are the moments the core waits for, in one heap. They do not ask what time it is. */
#ifndef SLUSS_FLOW_TIMER_H
#define SLUSS_FLOW_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum timer_kind {
    TIMER_PASSAGE,    /* an event's next try */
    TIMER_BATCH,      /* a batch has waited long enough for further events */
    TIMER_DISPATCHER, /* a platform may be probed */
    TIMER_PAUSE,      /* a group may commit, or ask for committed offsets, again */
    TIMER_DEADLINE,   /* a group's drain or final commit has taken long enough */
    TIMER_FENCE       /* the stall fence ends */
};

/* Stands inside what it wakes. All zero: not set. */
struct timer {
    int64_t at_ms;
    uint64_t turn;  /* those of one moment fire in the order in which they were set */
    uint32_t place; /* in the heap, from 1; 0 not set */
    enum timer_kind kind;
};

struct timers {
    struct timer **heap;
    size_t count;
    size_t capacity;
    size_t owners;
    uint64_t turn;
};

void timers_finish(struct timers *timers);

/* Makes room for one more timer that may be set; false when memory is short. Setting never fails then. */
bool timers_join(struct timers *timers);
void timers_leave(struct timers *timers);

/* Sets or moves it. */
void timers_set(struct timers *timers, struct timer *timer, int64_t at_ms);
void timers_clear(struct timers *timers, struct timer *timer);

/* Takes out the next one that is due, or NULL. */
struct timer *timers_due(struct timers *timers, int64_t now_ms);

/* When the next one is due; INT64_MAX none. */
int64_t timers_next(const struct timers *timers);

#endif
