/* A lane is the FIFO queue of one key in one partition, which keeps the order per key: its first event is under way,
 * the others wait. It starts nothing. */
#ifndef SLUSS_FLOW_LANE_H
#define SLUSS_FLOW_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct passage;

/* The lanes of one partition, found by the hash of their key. Two keys with the same 64-bit hash share a lane: they
 * wait for each other without need, and nothing else happens. */
struct lane_slot;
struct lanes {
    struct lane_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

void lanes_finish(struct lanes *lanes);

/* Puts the passage last in the lane passage->lane. True when it is alone there: it may start; else passage->ahead goes
 * before it. bug() when memory is short. */
bool lane_join(struct lanes *lanes, struct passage *passage);

/* Takes out the first of its lane, which is settled, and returns the one that may start now, or NULL. */
struct passage *lane_leave(struct lanes *lanes, struct passage *passage);

#endif
