/* An arrival is a record that was read: it becomes an event in flight, or is known as settled by whoever had the
 * partition before, or is dropped. Whether the event may start is decided in hold.c. Private to flow. */
#ifndef SLUSS_FLOW_ARRIVAL_H
#define SLUSS_FLOW_ARRIVAL_H

#include "flow/input.h"

struct flow;

/* A record was read. Takes it. */
void arrival_event(struct flow *flow, struct event *event);

/* The next record of a partition takes more credit than there is. */
void arrival_wanted(struct flow *flow, const struct input *input);

#endif
