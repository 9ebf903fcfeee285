/* Pending is the table of what is under way: it finds the passage that waits for the answer to a request or a dead
 * letter, by the id. It owns no passage. */
#ifndef SLUSS_FLOW_PENDING_H
#define SLUSS_FLOW_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct passage;

struct pending_slot;
struct pending {
    struct pending_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

void pending_finish(struct pending *pending);

/* `id` is new and not 0. False when memory is short. */
bool pending_put(struct pending *pending, uint64_t id, struct passage *passage);

struct passage *pending_find(const struct pending *pending, uint64_t id);

/* Takes it out and returns it; NULL: nobody waits for this id. */
struct passage *pending_take(struct pending *pending, uint64_t id);

/* Walks them: start with *position = 0; NULL at the end. */
struct passage *pending_next(const struct pending *pending, size_t *position);

#endif
