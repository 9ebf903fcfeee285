/* The consequence of a platform's answer, for the events of the request: they are settled, tried again later, divided
 * into smaller batches, held, or dead-lettered. What the answer means is judged in deliver/judgement.h. Private to
 * flow. */
#ifndef SLUSS_FLOW_CONSEQUENCE_H
#define SLUSS_FLOW_CONSEQUENCE_H

#include "event/reply.h"

struct flow;

/* An answer came. */
void consequence_take(struct flow *flow, const struct reply *reply);

#endif
