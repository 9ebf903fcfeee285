/* A sorted array: found at each event, changed at dead letters only. */
#include "flow/dead_key.h"

#include "base/bug.h"

#include <stdlib.h>
#include <string.h>

void dead_keys_finish(struct dead_keys *keys) {
    free(keys->list);
    *keys = (struct dead_keys){0};
}

size_t dead_keys_bytes(const struct dead_keys *keys) {
    return keys->capacity * sizeof *keys->list;
}

/* The place of this lane, or where it would stand. */
static uint32_t locate(const struct dead_keys *keys, uint64_t lane) {
    uint32_t low = 0, high = keys->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (keys->list[middle].lane < lane)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct dead_key *dead_key_find(const struct dead_keys *keys, uint64_t lane) {
    uint32_t at = locate(keys, lane);
    return at < keys->count && keys->list[at].lane == lane ? &keys->list[at] : NULL;
}

void dead_key_remove(struct dead_keys *keys, struct dead_key *key) {
    size_t behind = keys->count - 1 - (size_t)(key - keys->list);
    memmove(key, key + 1, behind * sizeof *key);
    keys->count--;
}

static void grow(struct dead_keys *keys) {
    keys->capacity = keys->capacity == 0 ? 16 : keys->capacity * 2;
    struct dead_key *larger = realloc(keys->list, keys->capacity * sizeof *larger);
    ENSURE(larger != NULL, "out of memory for dead keys");
    keys->list = larger;
}

bool dead_key_add(struct dead_keys *keys, struct dead_key key, size_t room, struct dead_key *forgotten) {
    bool full = keys->count == DEAD_KEYS_MOST ||
                (keys->count > 0 && keys->count == keys->capacity && dead_keys_bytes(keys) > room);
    if (full) {
        struct dead_key *oldest = keys->list;
        for (uint32_t i = 1; i < keys->count; i++)
            if (keys->list[i].last < oldest->last)
                oldest = &keys->list[i];
        *forgotten = *oldest;
        dead_key_remove(keys, oldest);
    }
    if (keys->count == keys->capacity)
        grow(keys);
    uint32_t at = locate(keys, key.lane);
    memmove(&keys->list[at + 1], &keys->list[at], (keys->count - at) * sizeof *keys->list);
    keys->list[at] = key;
    keys->count++;
    return full;
}
