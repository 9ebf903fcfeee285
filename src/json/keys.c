/* A table of an object's keys by the hash they carry. Keys that were chosen to collide there meet a second hash whose
 * seed is made of the object's own bytes: to aim at it would change it. No random source is needed. */
#include "json/keys_private.h"

#include "base/table.h"

static const uint32_t FREE = UINT32_MAX;

struct search {
    const struct json_document *document;
    const struct json_node *object;
    uint32_t *slots; /* indexes of keys */
    size_t mask;
    const struct json_node *twice;
};

/* False when more probes were needed than `patience`. */
static bool search(struct search *search, uint64_t seed, size_t patience) {
    const struct json_document *document = search->document;
    const struct json_node *key = json_first(search->object);
    memset(search->slots, 0xff, (search->mask + 1) * sizeof *search->slots);
    for (uint32_t i = 0; i < json_count(search->object); i++, key = json_next(document, key + 1)) {
        uint64_t hash = seed == 0 ? key->is.text.hash : hash_bytes(json_text(document, key), seed);
        size_t slot = (size_t)hash & search->mask;
        for (; search->slots[slot] != FREE; slot = (slot + 1) & search->mask) {
            if (json_keys_equal(document, document->node + search->slots[slot], key)) {
                search->twice = key;
                return true;
            }
            if (patience-- == 0)
                return false;
        }
        search->slots[slot] = (uint32_t)(key - document->node);
    }
    return true;
}

/* Not 0, which stands for the hash that keys carry. */
static uint64_t seed_of(const struct json_document *document, const struct json_node *object) {
    uint64_t seed = 0;
    const struct json_node *key = json_first(object);
    for (uint32_t i = 0; i < json_count(object); i++, key = json_next(document, key + 1))
        seed = hash_bytes(json_text(document, key), seed);
    return seed | 1;
}

bool json_keys_twice(struct arena *arena, const struct json_document *document, const struct json_node *object,
                     const struct json_node **twice) {
    size_t size = 64;
    while (size < 2 * (size_t)json_count(object))
        size *= 2;
    struct search keys = {
        .document = document, .object = object, .slots = arena_take(arena, size * sizeof(uint32_t)), .mask = size - 1};
    if (keys.slots == NULL)
        return false;
    if (!search(&keys, 0, 8 * size))
        search(&keys, seed_of(document, object), SIZE_MAX);
    arena_resize(arena, keys.slots, size * sizeof(uint32_t), 0);
    *twice = keys.twice;
    return true;
}
