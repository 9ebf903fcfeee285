/* A hash table from running numbers. No order. */
#include "flow/pending.h"

#include <stdlib.h>

struct pending_slot {
    uint64_t id; /* 0: free */
    struct passage *passage;
};

void pending_finish(struct pending *pending) {
    free(pending->slots);
    *pending = (struct pending){0};
}

/* Numbers that follow one another must not lie side by side: closing a hole would go through all of them. */
static size_t home_of(uint64_t id, size_t mask) {
    return (size_t)(id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;
}

static struct pending_slot *locate(const struct pending *pending, uint64_t id) {
    size_t mask = pending->capacity - 1;
    size_t i = home_of(id, mask);
    while (pending->slots[i].id != 0 && pending->slots[i].id != id)
        i = (i + 1) & mask;
    return &pending->slots[i];
}

static bool grow(struct pending *pending) {
    struct pending larger = {.capacity = pending->capacity == 0 ? 64 : pending->capacity * 2, .count = pending->count};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < pending->capacity; i++)
        if (pending->slots[i].id != 0)
            *locate(&larger, pending->slots[i].id) = pending->slots[i];
    free(pending->slots);
    *pending = larger;
    return true;
}

bool pending_put(struct pending *pending, uint64_t id, struct passage *passage) {
    if ((pending->count + 1) * 2 > pending->capacity && !grow(pending))
        return false;
    *locate(pending, id) = (struct pending_slot){id, passage};
    pending->count++;
    return true;
}

struct passage *pending_find(const struct pending *pending, uint64_t id) {
    return pending->capacity == 0 || id == 0 ? NULL : locate(pending, id)->passage;
}

struct passage *pending_take(struct pending *pending, uint64_t id) {
    if (pending_find(pending, id) == NULL)
        return NULL;
    struct pending_slot *slot = locate(pending, id);
    struct passage *passage = slot->passage;
    size_t mask = pending->capacity - 1, hole = (size_t)(slot - pending->slots);
    for (size_t i = (hole + 1) & mask; pending->slots[i].id != 0; i = (i + 1) & mask) {
        size_t home = home_of(pending->slots[i].id, mask);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            pending->slots[hole] = pending->slots[i];
            hole = i;
        }
    }
    pending->slots[hole] = (struct pending_slot){0};
    pending->count--;
    return passage;
}

struct passage *pending_next(const struct pending *pending, size_t *position) {
    while (*position < pending->capacity) {
        const struct pending_slot *slot = &pending->slots[(*position)++];
        if (slot->id != 0)
            return slot->passage;
    }
    return NULL;
}
