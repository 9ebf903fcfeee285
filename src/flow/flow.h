/* The flow is the whole decision-making core of one worker: an input goes in, actions come out. It has no clock, socket
 * or log, and no randomness but a given seed: the same object code runs in the daemon and in the simulator. What
 * happens inside: a record arrives (arrival.h) and becomes a passage (passage.h), waits for its key in a lane (lane.h),
 * goes through the stages (stages.h), waits for its platform at a dispatcher (dispatcher.h), and is settled (fate.h); a
 * group (group.h) holds a route's partitions. LAYERS has all files in order. */
#ifndef SLUSS_FLOW_FLOW_H
#define SLUSS_FLOW_FLOW_H

#include "flow/action.h"
#include "flow/input.h"
#include "flow/plan.h"

struct flow;

/* `plan` is borrowed and must outlive the flow; `seed` feeds its dice (jitter) and keyed hashes. Tables arrive as TABLE
 * inputs before the first ASSIGNED. NULL when memory is short. */
struct flow *flow_create(const struct plan *plan, uint64_t seed);

/* Frees everything, also events that are not settled. */
void flow_destroy(struct flow *flow);

/* One step. `out` is emptied first and then holds what is to be done. A step cannot fail: where memory is short the
 * event concerned is tried again later; for the core's own small structures memory is reserved beforehand, or bug() is
 * called. */
void flow_step(struct flow *flow, const struct input *input, struct actions *out);

/* What the groups of a route had acknowledged, as far as it is known here: for the core that has the route next. Writes
 * at most `most` and returns how many there are. */
size_t flow_reached(const struct flow *flow, uint32_t route, struct reached *list, size_t most);

/* Counters of one route (I12: consumed = the outcomes + unsettled, after every step). */
struct route_counts {
    uint64_t consumed;
    uint64_t outcome[OUTCOME_COUNT];
    uint64_t known;     /* read again, known as settled from the offset map: not in consumed */
    uint64_t unsettled; /* here now */
    uint64_t held;      /* of them: keys that wait for an operator */
    uint64_t exposed;   /* sent, and not covered by the last acknowledged commit and its map: a crash now would make at
                         * most this many duplicates (I5) */
    uint64_t attempts_ok, attempts_failed;
    uint64_t commits_ok, commits_failed;
    bool letters_fail;       /* the last letter was not taken by the dead-letter topic */
    int64_t oldest_since_ms; /* now_ms at which the oldest unsettled event was read; -1 none */
};

void flow_counts(const struct flow *flow, uint32_t route, struct route_counts *counts);

/* Adds another flow's counts of the same route. */
void route_counts_add(struct route_counts *to, const struct route_counts *from);

struct platform_counts {
    enum platform_state state;
    int64_t since_ms;
    uint32_t in_flight;
};

void flow_platform(const struct flow *flow, uint32_t platform, struct platform_counts *counts);

/* Whether the route wants more events now: its group runs, and its platform has not enough of them. A partition that
 * gets no credit even so waits for something of its own, or for memory. */
bool flow_is_hungry(const struct flow *flow, uint32_t route);

/* Whether the partition's window has room: who gets no credit even so waits for what all wait for. */
bool flow_has_room(const struct flow *flow, struct place place);

/* Whether it has and holds nothing: then memory is kept for its next event that others do not get. */
bool flow_comes_first(const struct flow *flow, struct place place);

/* Bytes accounted to events, letters and maps (I10). */
size_t flow_bytes(const struct flow *flow);

#endif
