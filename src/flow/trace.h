/* The trace is the story of the core in fixed words: the golden files, the debug log and the manual all speak it. It
 * shows no event value, key or secret. */
#ifndef SLUSS_FLOW_TRACE_H
#define SLUSS_FLOW_TRACE_H

#include "base/buf.h"
#include "flow/flow.h"

/* One line without a newline: "[  1200] reply request 3: answered 503, retry-after none". */
void trace_input(struct buf *out, const struct plan *plan, const struct input *input);

/* One line: "  send request 4 to oep, attempt 2, bygglov.arende.v1/0/17". */
void trace_action(struct buf *out, const struct plan *plan, const struct action *action);

#endif
