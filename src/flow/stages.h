/* The stages are what each event goes through before it is delivered: decode, validate, enrich, shape, each in a folder
 * of its own. Here they are run one after the other, within the memory that there is; what follows from their verdict
 * is decided in fate.h. Private to flow. */
#ifndef SLUSS_FLOW_STAGES_H
#define SLUSS_FLOW_STAGES_H

#include "flow/passage.h"

/* Fixes in which lane a new passage stands: an order of the route's own needs the content, so it may be decoded. */
void stages_order(struct flow *flow, struct passage *passage);

/* Runs the stages from where it stands, in their order. PASS: its request is made. False when memory is not enough now:
 * then it stands where it stood. */
bool stages_run(struct flow *flow, struct passage *passage, struct verdict *verdict);

#endif
