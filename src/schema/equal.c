/* Recursion over two flat documents at once, and a hash table for arrays. Recursion is bounded by the reader's depth.
 */
#include "schema/equal.h"

#include "schema/number.h"

static bool equal_objects(const struct json_document *json, const struct json_node *one,
                          const struct json_document *other_json, const struct json_node *other) {
    const struct json_node *key = json_first(one), *same = json_first(other);
    for (uint32_t i = 0; i < json_count(one); i++, key = json_next(json, key + 1)) {
        struct span name = json_text(json, key);
        uint32_t hash = key->is.text.hash;
        const struct json_node *value = same + 1; /* mostly the members stand in the same order */
        if (same->is.text.hash != hash || !span_equal(json_text(other_json, same), name))
            value = json_member_hashed(other_json, other, name, hash);
        if (value == NULL || !equal_values(json, key + 1, other_json, value))
            return false;
        same = json_next(other_json, same + 1);
    }
    return true;
}

bool equal_values(const struct json_document *json, const struct json_node *one, const struct json_document *other_json,
                  const struct json_node *other) {
    if (one->type != other->type)
        return false;
    switch (json_node_type(one)) {
    case NODE_NULL:
    case NODE_FALSE:
    case NODE_TRUE:
        return true;
    case NODE_NUMBER:
        return number_compare(json, one, other_json, other) == 0;
    case NODE_STRING:
        return span_equal(json_text(json, one), json_text(other_json, other));
    case NODE_ARRAY:
        if (json_count(one) != json_count(other))
            return false;
        for (uint32_t i = json_count(one), at = 0; at < i; at++) {
            one = at == 0 ? json_first(one) : json_next(json, one);
            other = at == 0 ? json_first(other) : json_next(other_json, other);
            if (!equal_values(json, one, other_json, other))
                return false;
        }
        return true;
    case NODE_OBJECT:
        return json_count(one) == json_count(other) && equal_objects(json, one, other_json, other);
    }
    return false;
}

static uint64_t mix(uint64_t hash) {
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93;
    return hash ^ (hash >> 32);
}

/* Strings carry a short hash; here chosen keys would cost time, so the text is hashed again, seeded by its place. */
static uint64_t text_hash(struct span text) {
    uint64_t hash = 0x51ed270b7a1f3c21 ^ text.size;
    size_t at = 0;
    for (; at + 8 <= text.size; at += 8) {
        uint64_t word;
        memcpy(&word, text.data + at, 8);
        hash = mix(hash ^ word);
    }
    uint64_t word = 0;
    if (at < text.size)
        memcpy(&word, text.data + at, text.size - at);
    return mix(hash ^ word);
}

uint64_t equal_hash(const struct json_document *json, const struct json_node *node) {
    uint64_t hash = (uint64_t)json_node_type(node) + 1;
    const struct json_node *child = json_first(node);
    switch (json_node_type(node)) {
    case NODE_NULL:
    case NODE_FALSE:
    case NODE_TRUE:
        return mix(hash);
    case NODE_NUMBER:
        return mix(number_hash(json, node));
    case NODE_STRING:
        return text_hash(json_text(json, node));
    case NODE_ARRAY:
        for (uint32_t i = 0; i < json_count(node); i++, child = json_next(json, child))
            hash = mix(hash * 31 + equal_hash(json, child));
        return mix(hash + 77);
    case NODE_OBJECT: /* a sum, as members have no order */
        for (uint32_t i = 0; i < json_count(node); i++, child = json_next(json, child + 1))
            hash += mix(text_hash(json_text(json, child)) * 3 + equal_hash(json, child + 1));
        return mix(hash + 99);
    }
    return hash;
}

int64_t equal_cost(const struct json_document *json, const struct json_node *node) {
    int64_t cost = 1;
    for (const struct json_node *one = node; one < json_next(json, node); one++)
        if (json_node_type(one) == NODE_OBJECT)
            cost += (int64_t)json_count(one) * json_count(one) / 16;
    return cost;
}

static enum equal_result pairwise(const struct json_document *json, const struct json_node *array, int64_t *steps,
                                  uint32_t *first, uint32_t *second) {
    const struct json_node *one = json_first(array);
    for (uint32_t i = 0; i < json_count(array); i++, one = json_next(json, one)) {
        const struct json_node *other = json_first(array);
        for (uint32_t j = 0; j < i; j++, other = json_next(json, other)) {
            *steps -= one->type == other->type ? equal_cost(json, one) : 1;
            if (*steps < 0)
                return EQUAL_STEPS;
            if (one->type == other->type && equal_values(json, one, json, other)) {
                if (first != NULL)
                    *first = j, *second = i;
                return EQUAL_FOUND;
            }
        }
    }
    return EQUAL_NONE;
}

struct slot {
    uint64_t hash;
    uint32_t index; /* from 1; 0: free */
    uint32_t node;
};

enum equal_result equal_items(const struct json_document *json, const struct json_node *array, struct arena *scratch,
                              int64_t *steps, uint32_t *first, uint32_t *second) {
    uint32_t count = json_count(array);
    if (count <= 12)
        return pairwise(json, array, steps, first, second);
    uint32_t capacity = 32;
    while (capacity < count * 2 && capacity < UINT32_C(1) << 31)
        capacity *= 2;
    struct slot *slots = arena_take_zero(scratch, capacity, sizeof *slots);
    if (slots == NULL)
        return EQUAL_MEMORY;
    const struct json_node *item = json_first(array);
    for (uint32_t i = 0; i < count; i++, item = json_next(json, item)) {
        uint64_t hash = equal_hash(json, item);
        uint32_t at = (uint32_t)hash & (capacity - 1);
        for (; slots[at].index != 0; at = (at + 1) & (capacity - 1)) {
            *steps -= slots[at].hash == hash ? equal_cost(json, item) : 1;
            if (*steps < 0)
                return EQUAL_STEPS;
            if (slots[at].hash == hash && equal_values(json, item, json, json->node + slots[at].node)) {
                if (first != NULL)
                    *first = slots[at].index - 1, *second = i;
                return EQUAL_FOUND;
            }
        }
        slots[at] = (struct slot){hash, i + 1, (uint32_t)(item - json->node)};
    }
    return EQUAL_NONE;
}
