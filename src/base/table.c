/* A hash table with linear probing and backward-shift deletion. No tombstones, no iteration order. */
#include "base/table.h"

#include <stdlib.h>

struct table_slot {
    uint64_t hash;
    char *key; /* NULL: free */
    size_t key_size;
    void *value;
};

static uint64_t rotate(uint64_t word, unsigned by) {
    return (word << by) | (word >> (64 - by));
}

/* Inline, so that the words stay in registers. */
static inline __attribute__((always_inline)) void sip_round(uint64_t v[4]) {
    v[0] += v[1], v[1] = rotate(v[1], 13) ^ v[0], v[0] = rotate(v[0], 32);
    v[2] += v[3], v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotate(v[1], 17) ^ v[2], v[2] = rotate(v[2], 32);
}

/* SipHash-1-3: short keys from outside must not be able to collide on purpose. */
uint64_t hash_bytes(struct span bytes, uint64_t seed) {
    uint64_t v[4] = {seed ^ 0x736f6d6570736575, ~seed ^ 0x646f72616e646f6d, seed ^ 0x6c7967656e657261,
                     ~seed ^ 0x7465646279746573};
    size_t at = 0;
    for (; at + 8 <= bytes.size; at += 8) {
        uint64_t word;
        memcpy(&word, bytes.data + at, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)(bytes.size & 0xff) << 56;
    for (size_t i = 0; at + i < bytes.size; i++)
        last |= (uint64_t)(unsigned char)bytes.data[at + i] << (8 * i);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_round(v), sip_round(v), sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void table_init(struct table *table, uint64_t seed) {
    *table = (struct table){.seed = seed};
}

void table_finish(struct table *table) {
    for (size_t i = 0; i < table->capacity; i++)
        free(table->slots[i].key);
    free(table->slots);
    table_init(table, table->seed);
}

/* The slot that holds the key, or the free one where it would go. Needs a free slot. */
static struct table_slot *locate(const struct table *table, struct span key, uint64_t hash) {
    size_t mask = table->capacity - 1;
    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        struct table_slot *slot = &table->slots[i];
        if (slot->key == NULL)
            return slot;
        if (slot->hash == hash && span_equal(span_make(slot->key, slot->key_size), key))
            return slot;
    }
}

void *table_find(const struct table *table, struct span key) {
    if (table->count == 0)
        return NULL;
    struct table_slot *slot = locate(table, key, hash_bytes(key, table->seed));
    return slot->key != NULL ? slot->value : NULL;
}

static bool grow(struct table *table) {
    struct table larger = {.capacity = table->capacity == 0 ? 16 : table->capacity * 2, .seed = table->seed};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < table->capacity; i++) {
        const struct table_slot *old = &table->slots[i];
        if (old->key != NULL)
            *locate(&larger, span_make(old->key, old->key_size), old->hash) = *old;
    }
    free(table->slots);
    table->slots = larger.slots;
    table->capacity = larger.capacity;
    return true;
}

bool table_put(struct table *table, struct span key, void *value) {
    if ((table->count + 1) * 4 > table->capacity * 3 && !grow(table))
        return false;
    uint64_t hash = hash_bytes(key, table->seed);
    struct table_slot *slot = locate(table, key, hash);
    if (slot->key == NULL) {
        char *copy = malloc(key.size + 1);
        if (copy == NULL)
            return false;
        if (key.size > 0)
            memcpy(copy, key.data, key.size);
        copy[key.size] = '\0';
        *slot = (struct table_slot){.hash = hash, .key = copy, .key_size = key.size};
        table->count++;
    }
    slot->value = value;
    return true;
}

/* Closes the hole: moves later entries of the same run back, so that probing never meets a gap. */
static void close_hole(struct table *table, size_t hole) {
    size_t mask = table->capacity - 1;
    for (size_t i = (hole + 1) & mask; table->slots[i].key != NULL; i = (i + 1) & mask) {
        size_t home = (size_t)table->slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            table->slots[hole] = table->slots[i];
            hole = i;
        }
    }
    table->slots[hole] = (struct table_slot){0};
}

void *table_remove(struct table *table, struct span key) {
    if (table->count == 0)
        return NULL;
    struct table_slot *slot = locate(table, key, hash_bytes(key, table->seed));
    if (slot->key == NULL)
        return NULL;
    void *value = slot->value;
    free(slot->key);
    table->count--;
    close_hole(table, (size_t)(slot - table->slots));
    return value;
}

bool table_next(const struct table *table, size_t *position, struct span *key, void **value) {
    while (*position < table->capacity) {
        const struct table_slot *slot = &table->slots[(*position)++];
        if (slot->key == NULL)
            continue;
        if (key != NULL)
            *key = span_make(slot->key, slot->key_size);
        if (value != NULL)
            *value = slot->value;
        return true;
    }
    return false;
}

size_t table_bytes(const struct table *table) {
    size_t bytes = table->capacity * sizeof *table->slots;
    for (size_t i = 0; i < table->capacity; i++)
        bytes += table->slots[i].key != NULL ? table->slots[i].key_size + 1 : 0;
    return bytes;
}
