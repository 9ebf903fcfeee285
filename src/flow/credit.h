/* Credit is flow control: how many records and bytes of each partition may be read. There is no more of it than the
 * window and the memory have room for, and no more than the platform can use soon. It reads nothing itself. Private to
 * flow. */
#ifndef SLUSS_FLOW_CREDIT_H
#define SLUSS_FLOW_CREDIT_H

#include "event/event.h"

struct flow;
struct group;
struct partition;

/* Grants what the route's partitions may get now; the elder's comes first, whosesoever it is. */
void credit_tend(struct flow *flow, struct group *group);

/* Whether its next event is read as soon as memory and the route have room for it; else its own window is full. */
bool credit_may_come(const struct partition *partition);

/* Whether nothing that is under way brings events: all credit is used, and no more comes of itself. */
bool credit_is_dry(const struct flow *flow, const struct group *group);

/* A record was read, within credit. */
void credit_spend(struct flow *flow, struct partition *partition, const struct event *event);

/* No more records of the partition will come: what was granted is given back. */
void credit_forget(struct flow *flow, struct partition *partition);

/* The route wants credit and does not get it because memory is short; or no longer. */
void credit_starve(struct flow *flow, struct group *group, bool starves);

#endif
