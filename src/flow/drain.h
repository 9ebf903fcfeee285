/* A drain is how an assignment ends, when it is revoked, lost, or the daemon stops: start nothing new, wait for what is
 * under way, abort the rest, commit, release, hand back, in this order (I8). Private to flow. */
#ifndef SLUSS_FLOW_DRAIN_H
#define SLUSS_FLOW_DRAIN_H

#include "flow/input.h"

struct flow;
struct group;

void drain_revoked(struct flow *flow, const struct input *input);

/* The partitions are gone already: nothing is waited for or committed. */
void drain_lost(struct flow *flow, const struct input *input);

/* The daemon stops; said again, it waits for nothing. */
void drain_stop(struct flow *flow);

/* Goes on as far as it can, at the end of a step. */
void drain_tend(struct flow *flow, struct group *group);

/* The time for what is under way, or for the last commit, is over. */
void drain_deadline(struct flow *flow, struct group *group);

#endif
