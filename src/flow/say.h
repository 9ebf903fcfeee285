/* Emits actions: appends to the list of this step. It decides nothing. Private to flow. */
#ifndef SLUSS_FLOW_SAY_H
#define SLUSS_FLOW_SAY_H

#include "flow/action.h"

struct flow;

/* A new action, cleared but for its kind; valid until the next one. bug() when memory is short. */
struct action *say(struct flow *flow, enum action_kind kind);

/* Likewise a report. `offset`: of one event; -1: of the partition, route or platform as a whole. */
struct action *say_report(struct flow *flow, enum report_kind kind, struct place place, int64_t offset);

#endif
