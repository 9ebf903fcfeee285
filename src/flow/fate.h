/* The fate of an event is how it goes on and how it ends: through the stages, to its platform, to the dead letters, and
 * settled. What follows from a platform's answer is decided in consequence.c. Private to flow. */
#ifndef SLUSS_FLOW_FATE_H
#define SLUSS_FLOW_FATE_H

#include "event/reply.h"
#include "event/verdict.h"
#include "flow/input.h"

struct flow;
struct passage;

/* It goes on from where it stands: through the stages, to its dead letter, or to its platform. */
void fate_start(struct flow *flow, struct passage *passage);

/* Its dead letter was written, or not. `id`: of the letter. */
void fate_letter(struct flow *flow, uint64_t id, enum letter_outcome outcome);

/* All events of its request: are delivered and settled; are put aside for this reason (`reply` led to it);
 * or wait, and nothing more is tried here. */
void fate_deliver(struct flow *flow, struct passage *passage);
void fate_die(struct flow *flow, struct passage *passage, enum reason reason, const struct reply *reply);
void fate_park(struct flow *flow, struct passage *passage);

/* Its epoch is over and what was under way is answered: frees it. */
void fate_bury(struct flow *flow, struct passage *passage);

#endif
