/* Holding events for an operator; and what happens to the later events of a key after a dead letter: they are held too,
 * follow to the dead letters, or go on. It writes no letters and sends nothing itself. Private to flow. */
#ifndef SLUSS_FLOW_HOLD_H
#define SLUSS_FLOW_HOLD_H

#include "event/event.h"
#include "flow/input.h"
#include "settle/offset_map.h"

struct flow;
struct partition;
struct passage;

/* An event is the first of its lane: it starts, follows to the dead letters, or is held. */
void hold_admit(struct flow *flow, struct passage *passage);

/* Its dead letter was acknowledged: its key may be dead from here on. */
void hold_dead(struct flow *flow, struct passage *passage);

/* It waits for an operator. `first`: offset of its key's first dead letter; -1 unknown, or it is held for another
 * reason. */
void hold_park(struct flow *flow, struct passage *passage, enum held why, int64_t first);

/* The events of its request may have been delivered: whoever reads them next is told. Or were not, says an answer that
 * crossed the abort. */
void hold_doubtful(struct passage *passage);
void hold_undoubted(struct passage *passage);

/* It is released: its map tells whoever reads it next. */
void hold_leave(struct flow *flow, struct passage *passage);

/* An operator lets go. */
void hold_release(struct flow *flow, const struct input *input);

/* Dead keys are found again by their last dead letter: the offset from which on the partition is read for their sake,
 * the committed one when there are none. */
int64_t hold_look_back(struct partition *partition);

/* What was to be found below the committed offset has been read. */
void hold_looked_back(struct flow *flow, struct partition *partition);

/* An event that was settled before us: its key may be dead. Takes it. */
void hold_recall(struct flow *flow, struct partition *partition, struct event *event);

/* Its epoch ends: frees the dead keys, and reports those that the map cannot say. */
void hold_forget(struct flow *flow, struct partition *partition);

#endif
