/* The elder is the partition whose next record gets memory before all others', because it has waited too long: what
 * came free was always less than it needs, and others took it. So large records do not starve. While it waits the
 * others get no credit, but for their platforms' lifelines. It takes nothing itself. Private to flow. */
#ifndef SLUSS_FLOW_ELDER_H
#define SLUSS_FLOW_ELDER_H

#include <stdbool.h>
#include <stdint.h>

struct flow;
struct partition;

/* All zero: nobody. */
struct elder {
    struct partition *partition;
    int64_t since_ms; /* it is */
    int64_t from_ms;  /* nobody becomes it before */
    int64_t pause_ms; /* how long that is, once there was nothing for it */
};

/* Chooses it, if there is none and somebody has waited too long; it asks in this step. */
void elder_look(struct flow *flow);

/* Whether somebody else comes before this partition: then it gets no credit. What has been read goes on, to be gone.
 * Only while answers are to come that give memory back, and not for long: then the others go on, as long again. */
bool elder_is_before(const struct flow *flow, const struct partition *partition);

/* The elder has asked: it has what it waited for; or there was not enough, and where none comes back either, or has not
 * for too long, it steps down for a while. */
void elder_asked(struct flow *flow, bool served);

/* This partition waits no longer. */
void elder_forget(struct flow *flow, const struct partition *partition);

#endif
