/* A table finds pointers by byte strings. It owns copies of its keys, never what the pointers point to. */
#ifndef SLUSS_BASE_TABLE_H
#define SLUSS_BASE_TABLE_H

#include "base/span.h"

#include <stdint.h>

/* Open addressing with a keyed hash (the seed defeats chosen keys). Start with table_init. */
struct table_slot;
struct table {
    struct table_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
    uint64_t seed;
};

void table_init(struct table *table, uint64_t seed);
void table_finish(struct table *table);

/* The pointer stored under `key`, or NULL. */
void *table_find(const struct table *table, struct span key);

/* Stores `value` (not NULL), replacing what was there. False when memory is short: then nothing changed. */
bool table_put(struct table *table, struct span key, void *value);

/* Takes the entry out and returns its pointer, or NULL. */
void *table_remove(struct table *table, struct span key);

/* Walks all entries: start with *position = 0; false at the end. The table must not change meanwhile. */
bool table_next(const struct table *table, size_t *position, struct span *key, void **value);

/* Bytes held by the table itself, for the memory accounting. */
size_t table_bytes(const struct table *table);

/* The keyed 64-bit hash that the table uses; also for showing a key as a short token (never the key itself). */
uint64_t hash_bytes(struct span bytes, uint64_t seed);

#endif
