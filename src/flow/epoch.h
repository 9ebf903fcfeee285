/* An epoch of a route is one assignment: its partitions are given to us together, begin to be read where they were
 * committed, and are released together. In which order it ends is said in drain.h. Private to flow. */
#ifndef SLUSS_FLOW_EPOCH_H
#define SLUSS_FLOW_EPOCH_H

#include "flow/input.h"

struct flow;
struct group;

/* Partitions are assigned. bug() when memory is short. */
void epoch_begin(struct flow *flow, const struct input *input);

/* Asks for their committed offsets. */
void epoch_ask(struct flow *flow, struct group *group);

/* These came: reading begins. */
void epoch_committed(struct flow *flow, const struct input *input);

/* A partition cannot be read on: it stops, or its commits do too. */
void epoch_error(struct flow *flow, const struct input *input);

/* A topic is deleted, as the group finds: what its partitions had committed, here or in the epoch before, is nothing to
 * one made anew. Those that are read here go on: the group takes them back, and their last commit is refused. */
void epoch_topic_gone(struct flow *flow, const struct input *input);

/* Releases what is unsettled and forgets the partitions. What is under way is freed when it is answered. */
void epoch_end(struct flow *flow, struct group *group);

/* Frees all of it, when the flow is destroyed. */
void epoch_destroy(struct flow *flow, struct group *group);

#endif
