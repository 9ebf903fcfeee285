/* A document is a JSON text laid out flat: one array of nodes over the source bytes. It is read-only and never printed
 * again. */
#ifndef SLUSS_JSON_DOCUMENT_H
#define SLUSS_JSON_DOCUMENT_H

#include "base/arena.h"
#include "base/span.h"

#include <stdint.h>

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

enum json_flag {
    JSON_ESCAPED = 1, /* string: has escapes; its decoded text stands in the document's side text */
    JSON_INTEGER =
        2, /* number: `number.integer` holds its exact value (also for 1.0 and 1e2: JSON Schema 2020-12 core 4.2.1) */
    JSON_DECIMAL = 4, /* number: `decimal` holds it exactly: mantissa x 10^exponent (without JSON_INTEGER) */
    JSON_ASCII = 8    /* string: decoded text is ASCII only, so its length in characters is its size */
};                    /* a number with neither flag is beyond that: its source text is the value */

/* 24 bytes. An array's items follow it in order; an object's members follow it as key node (a JSON_STRING), value node,
 * ... `after` is the index of the node behind the whole subtree. */
struct json_node {
    uint8_t type;
    uint8_t flags;
    int16_t exponent; /* JSON_DECIMAL */
    uint32_t after;
    uint32_t start; /* source: first byte, a string's is its opening quote */
    uint32_t size;  /* source: bytes, a string's include both quotes */
    union {
        uint32_t count;  /* array: items; object: members */
        int64_t integer; /* JSON_INTEGER; or the mantissa of JSON_DECIMAL */
        struct {
            uint32_t hash; /* keys (and all strings): json_hash of the decoded text */
            uint32_t side; /* JSON_ESCAPED: where in the side text its 4-byte size and bytes stand */
        } text;
    } is;
};

struct json_document {
    struct span source;           /* the bytes it was read from: must outlive it */
    const struct json_node *node; /* node[0] is the root */
    uint32_t count;               /* nodes */
    const char *side;             /* decoded texts of strings with escapes */
};

/* Limits on what is read; 0 means the default. A text beyond one is refused, never cut. */
struct json_limits {
    size_t size;      /* bytes of text, default 1 MiB, at most 4 GiB - 1 */
    uint32_t depth;   /* nested arrays and objects, default 64 */
    uint32_t members; /* of one object, default 65,536 */
    size_t memory;    /* bytes of nodes and side text, default 64 MiB */
};

enum json_fault {
    JSON_FAULT_NONE,
    JSON_FAULT_SYNTAX,
    JSON_FAULT_UTF8,
    JSON_FAULT_DUPLICATE, /* the same key twice in an object */
    JSON_FAULT_DEPTH,
    JSON_FAULT_SIZE,
    JSON_FAULT_MEMBERS,
    JSON_FAULT_MEMORY /* the limit, or no memory */
};

/* Why a text was refused, without its values: `sentence` is static text such as "expected ',' or '}'". */
struct json_problem {
    enum json_fault fault;
    size_t offset;   /* byte */
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1, in bytes */
    const char *sentence;
};

/* Reads one JSON text (RFC 8259, UTF-8, nothing behind it but white space, no BOM) into nodes that live in `arena`.
 * Returns false and fills `problem` (may be NULL) when it is refused. `limits` may be NULL. Numbers of any size are
 * accepted. */
bool json_read(struct arena *arena, struct span text, const struct json_limits *limits, struct json_document *document,
               struct json_problem *problem);

static inline enum json_type json_type(const struct json_node *node) {
    return (enum json_type)node->type;
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
    if ((node->flags & JSON_ESCAPED) == 0)
        return (struct span){document->source.data + node->start + 1, node->size - 2};
    uint32_t size;
    memcpy(&size, document->side + node->is.text.side, sizeof size);
    return (struct span){document->side + node->is.text.side + sizeof size, size};
}

/* The value of the member with that decoded name, or NULL (also when `object` is no object). */
const struct json_node *json_member(const struct json_document *document, const struct json_node *object,
                                    struct span name);

/* The hash that keys carry. */
uint32_t json_hash(struct span text);

/* The nearest double of a number (infinity beyond its range). */
double json_real(const struct json_document *document, const struct json_node *number);

#endif
