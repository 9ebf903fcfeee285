/* A dead key is one of whose events was dead-lettered: what comes after it is held or follows, until an operator lets
 * it go. It is known by the hash of its lane, and stops nothing itself. */
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

/* NULL: it lives. */
struct dead_key *dead_key_find(const struct dead_keys *keys, uint64_t lane);

/* `key` is not in it yet; they may take `room` bytes more, but the first few always. True when one had to be forgotten
 * for it: that with the oldest last letter, now in *forgotten. bug() when the heap has none. */
bool dead_key_add(struct dead_keys *keys, struct dead_key key, size_t room, struct dead_key *forgotten);

void dead_key_remove(struct dead_keys *keys, struct dead_key *key);

#endif
