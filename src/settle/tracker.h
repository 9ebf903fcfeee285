/* A tracker knows which events of a partition are settled, and so how far a commit may go. It holds no events. */
#ifndef SLUSS_SETTLE_TRACKER_H
#define SLUSS_SETTLE_TRACKER_H

#include "settle/offset_map.h"

/* The events read from the base on, in order: at most `window`; and of all that were read and that no commit covers at
 * most `exposure`. Offsets that were never read (compaction, transaction marks) count as settled. Start with
 * tracker_init. */
struct tracker {
    uint32_t window;
    uint32_t exposure; /* no less than the window */
    uint32_t first;    /* ring: the slot of the base event */
    uint32_t count;    /* events from the base on, settled ones too */
    uint64_t passed;   /* events read that lie below the base by now */
    int64_t next;      /* behind the last read offset; -1: nothing known yet */
    int64_t *offset;
    bool *settled;
    bool *sent; /* to a platform, by us */
};

/* `begin`: the first offset that will be read, -1 unknown. False when memory is short. */
bool tracker_init(struct tracker *tracker, uint32_t window, uint32_t exposure, int64_t begin);
void tracker_finish(struct tracker *tracker);

/* The events that were read behind the first `covered` of all, which a commit covers: after a crash they come again
 * (I5). */
static inline uint64_t tracker_uncovered(const struct tracker *tracker, uint64_t covered) {
    return tracker->passed - covered + tracker->count;
}

/* How many more events may be read while a commit covers so many. */
static inline uint32_t tracker_room(const struct tracker *tracker, uint64_t covered) {
    uint64_t exposed = tracker_uncovered(tracker, covered);
    uint32_t room = tracker->window - tracker->count;
    uint32_t left = exposed < tracker->exposure ? tracker->exposure - (uint32_t)exposed : 0;
    return left < room ? left : room;
}

/* Takes in the next event; the slot stays its name until it is settled. There must be room, and `offset` must lie at or
 * above `next`. */
uint32_t tracker_admit(struct tracker *tracker, int64_t offset);

/* The event in this slot is settled, once. */
void tracker_settle(struct tracker *tracker, uint32_t slot);

/* The event in this slot is sent: should we crash before a commit or its map says that it is settled, it comes again.
 */
void tracker_sent(struct tracker *tracker, uint32_t slot);

/* How many of the events from `from` on are settled and were sent. */
uint32_t tracker_exposed(const struct tracker *tracker, int64_t from);

/* The offset that may be committed: of the lowest unsettled event, else `next`; -1 unknown. Never goes down. */
int64_t tracker_base(const struct tracker *tracker);

/* Tells the map which events from the base on are settled. */
void tracker_map(const struct tracker *tracker, struct offset_map *map);

#endif
