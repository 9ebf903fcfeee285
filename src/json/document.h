/* A document is a JSON text laid out flat: one array of nodes over the source bytes. It is read-only and never printed
 * again. */
#ifndef SLUSS_JSON_DOCUMENT_H
#define SLUSS_JSON_DOCUMENT_H

#include "base/span.h"
#include "json/word.h"

/* The words begin with NODE_ because jansson has the others (a program may use both). */
enum node_type { NODE_NULL, NODE_FALSE, NODE_TRUE, NODE_NUMBER, NODE_STRING, NODE_ARRAY, NODE_OBJECT };

enum node_flag {
    NODE_ESCAPED = 1, /* string: has escapes; its decoded text stands in the document's side text */
    NODE_INTEGER = 2, /* number: `integer` is its exact value (also of 1.0, 1e2, -0: JSON Schema 2020-12 core 4.2.1) */
    NODE_DECIMAL = 4, /* number: it is exactly `integer` x 10^`exponent`, `integer` no multiple of 10: a whole number
                         beyond int64 when the exponent is positive, none when it is negative */
    NODE_ASCII = 8    /* string: decoded text is ASCII only, so its length in characters is its size */
};                    /* a number with neither flag is beyond that: its source text is the value */

/* 24 bytes. An array's items follow it in order; an object's members follow it as key node (a NODE_STRING), value node,
 * ... `after` is the index of the node behind the whole subtree. */
struct json_node {
    uint8_t type;
    uint8_t flags;
    int16_t exponent; /* NODE_DECIMAL */
    uint32_t after;
    uint32_t start; /* source: first byte, a string's is its opening quote */
    uint32_t size;  /* source: bytes, a string's include both quotes */
    union {
        struct {
            uint32_t count;  /* array: items; object: members */
            uint32_t filter; /* object: the json_filter bits of all its keys */
        };
        int64_t integer; /* NODE_INTEGER, NODE_DECIMAL */
        struct {
            uint32_t hash; /* key: json_hash of the decoded text; any other string: 0 */
            uint32_t side; /* NODE_ESCAPED: where in the side text its 4-byte size and bytes stand */
        } text;
    } is;
};

struct json_document {
    struct span source;           /* the bytes it was read from: must outlive it */
    const struct json_node *node; /* node[0] is the root */
    uint32_t count;               /* nodes */
    const char *side;             /* decoded texts of strings with escapes */
};

static inline enum node_type json_node_type(const struct json_node *node) {
    return (enum node_type)node->type;
}

/* Items or members. */
static inline uint32_t json_count(const struct json_node *node) {
    return node->is.count;
}

/* The first item, or the first key (its value is the node behind it); valid only when json_count > 0. */
static inline const struct json_node *json_first(const struct json_node *node) {
    return node + 1;
}

/* The node behind this one's subtree: the next item; for a member, call it on the value to get the next key. */
static inline const struct json_node *json_next(const struct json_document *document, const struct json_node *node) {
    return document->node + node->after;
}

/* The source bytes of a value, a string's with its quotes. */
static inline struct span json_source(const struct json_document *document, const struct json_node *node) {
    return (struct span){document->source.data + node->start, node->size};
}

/* The decoded text of a string or key. */
static inline struct span json_text(const struct json_document *document, const struct json_node *node) {
    if ((node->flags & NODE_ESCAPED) == 0)
        return (struct span){document->source.data + node->start + 1, node->size - 2};
    uint32_t size;
    memcpy(&size, document->side + node->is.text.side, sizeof size);
    return (struct span){document->side + node->is.text.side + sizeof size, size};
}

/* The hash that keys carry, the same on every machine and in every run. Whoever puts names from outside into a table by
 * it must bound what chosen names can do. Of a literal it is made when we are compiled. */
static inline uint32_t json_hash(struct span text) {
    if (text.size < 8)
        return word_hash_short(text.data == NULL ? 0 : word_load_short(text.data, text.size), text.size);
    return word_hash_long(text.data, text.size);
}

/* Which bit of its object's filter a key's hash sets: where the bit is not set, the member is absent. */
static inline uint32_t json_filter_place(uint32_t hash) {
    return hash >> 27;
}

static inline uint32_t json_filter(uint32_t hash) {
    return UINT32_C(1) << json_filter_place(hash);
}

/* The value of the member with that decoded name, or NULL (also when `object` is no object). The hashed form is for who
 * has the json_hash of the name at hand; json_seek_member is what is left of it when the filter says no more. */
const struct json_node *json_seek_member(const struct json_document *document, const struct json_node *object,
                                         struct span name, uint32_t hash);

static inline const struct json_node *json_member_hashed(const struct json_document *document,
                                                         const struct json_node *object, struct span name,
                                                         uint32_t hash) {
    if (object->type != NODE_OBJECT || (object->is.filter >> json_filter_place(hash) & 1) == 0)
        return NULL;
    return json_seek_member(document, object, name, hash);
}

static inline const struct json_node *json_member(const struct json_document *document, const struct json_node *object,
                                                  struct span name) {
    return json_member_hashed(document, object, name, json_hash(name));
}

/* The nearest double of a number (infinity beyond its range). */
double json_double(const struct json_document *document, const struct json_node *number);

#endif
