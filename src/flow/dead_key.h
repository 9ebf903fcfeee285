/* A dead key is a key of which an event was dead-lettered: its later events are held, or follow to the dead letters,
 * until an operator releases it. It is known by the hash of its lane, and stops nothing itself. */
#ifndef SLUSS_FLOW_DEAD_KEY_H
#define SLUSS_FLOW_DEAD_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DEAD_KEYS_MOST = 1024 }; /* a partition remembers so many */

struct dead_key {
    uint64_t lane;
    int64_t first;    /* offset of its first dead letter; -1 unknown */
    int64_t last;     /* of its last */
    int64_t until;    /* events below this offset follow into the dead letters: an operator said so */
    int64_t since_ms; /* when it died, as far as this process knows */
};

/* Those of one partition, by lane. All zero: none. */
struct dead_keys {
    struct dead_key *list;
    uint32_t count;
    uint32_t capacity;
};

void dead_keys_finish(struct dead_keys *keys);

size_t dead_keys_bytes(const struct dead_keys *keys);

/* NULL: the key is not dead. */
struct dead_key *dead_key_find(const struct dead_keys *keys, uint64_t lane);

/* Adds `key`, which is not in it yet. The list may grow by `room` bytes, the first few always. True when another key
 * had to be forgotten for it: the one with the oldest last letter, now in *forgotten. bug() when malloc fails. */
bool dead_key_add(struct dead_keys *keys, struct dead_key key, size_t room, struct dead_key *forgotten);

void dead_key_remove(struct dead_keys *keys, struct dead_key *key);

#endif
