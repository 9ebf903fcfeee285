/* A hash table of lanes; a lane is a chain of passages. Knows no key, only hashes. */
#include "flow/lane.h"

#include "base/bug.h"
#include "flow/passage.h"

#include <stdlib.h>

struct lane_slot {
    uint64_t lane;
    struct passage *first; /* NULL: free */
    struct passage *last;
};

void lanes_finish(struct lanes *lanes) {
    free(lanes->slots);
    *lanes = (struct lanes){0};
}

static struct lane_slot *locate(const struct lanes *lanes, uint64_t lane) {
    size_t mask = lanes->capacity - 1;
    size_t i = (size_t)lane & mask;
    while (lanes->slots[i].first != NULL && lanes->slots[i].lane != lane)
        i = (i + 1) & mask;
    return &lanes->slots[i];
}

static void grow(struct lanes *lanes) {
    struct lanes larger = {.capacity = lanes->capacity == 0 ? 16 : lanes->capacity * 2, .count = lanes->count};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    ENSURE(larger.slots != NULL, "out of memory for lanes");
    for (size_t i = 0; i < lanes->capacity; i++)
        if (lanes->slots[i].first != NULL)
            *locate(&larger, lanes->slots[i].lane) = lanes->slots[i];
    free(lanes->slots);
    *lanes = larger;
}

bool lane_join(struct lanes *lanes, struct passage *passage) {
    if ((lanes->count + 1) * 2 > lanes->capacity)
        grow(lanes);
    struct lane_slot *slot = locate(lanes, passage->lane);
    passage->ahead = passage->behind = NULL;
    if (slot->first != NULL) {
        passage->ahead = slot->last;
        slot->last->behind = passage;
        slot->last = passage;
        return false;
    }
    *slot = (struct lane_slot){.lane = passage->lane, .first = passage, .last = passage};
    lanes->count++;
    return true;
}

static void close_hole(struct lanes *lanes, size_t hole) {
    size_t mask = lanes->capacity - 1;
    for (size_t i = (hole + 1) & mask; lanes->slots[i].first != NULL; i = (i + 1) & mask) {
        size_t home = (size_t)lanes->slots[i].lane & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            lanes->slots[hole] = lanes->slots[i];
            hole = i;
        }
    }
    lanes->slots[hole] = (struct lane_slot){0};
    lanes->count--;
}

struct passage *lane_leave(struct lanes *lanes, struct passage *passage) {
    struct lane_slot *slot = locate(lanes, passage->lane);
    ENSURE(slot->first == passage, "an event left its lane before its turn (I2)");
    slot->first = passage->behind;
    if (passage->behind == NULL)
        close_hole(lanes, (size_t)(slot - lanes->slots));
    else
        passage->behind->ahead = NULL;
    return passage->behind;
}
