/* The reader turns bytes into a document: strict RFC 8259, UTF-8, bounded. It repairs nothing and keeps no half result.
 */
#ifndef SLUSS_JSON_READER_H
#define SLUSS_JSON_READER_H

#include "base/arena.h"
#include "json/document.h"

/* Limits on what is read; 0 means the default. A text beyond one is refused, never cut. */
struct json_limits {
    size_t size;      /* bytes of text, default 1 MiB, at most 4 GiB - 1 */
    uint32_t depth;   /* nested arrays and objects, default 64; no recursion, so any number is safe */
    uint32_t members; /* of one object, default 65,536 */
    size_t memory;    /* bytes of nodes and side text, default 64 MiB; beyond it JSON_FAULT_SIZE */
};

enum json_fault {
    JSON_FAULT_NONE,
    JSON_FAULT_SYNTAX,
    JSON_FAULT_UTF8,
    JSON_FAULT_DUPLICATE, /* the same key twice in an object */
    JSON_FAULT_DEPTH,
    JSON_FAULT_SIZE,
    JSON_FAULT_MEMBERS,
    JSON_FAULT_MEMORY /* the arena had none: the text may be read again later */
};

/* Why a text was refused, without its values: `sentence` is static text such as "expected ',' or '}'". */
struct json_problem {
    enum json_fault fault;
    size_t offset;   /* byte */
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1, in bytes */
    const char *sentence;
};

/* Reads one JSON text (nothing behind it but white space, no BOM) into nodes that live in `arena`. Returns false and
 * fills `problem` (may be NULL) when it is refused. `limits` may be NULL. Time is linear in the text, whatever its
 * keys.
 *
 * The same verdict as jansson 2.14 (json_loadb with JSON_REJECT_DUPLICATES and JSON_DECODE_ANY), but for these:
 *   numbers beyond int64 or a double's range are read, their text is kept; jansson refuses them;
 *   \u0000 is read, in keys too; jansson refuses it (in keys even with JSON_ALLOW_NUL);
 *   a NUL byte right behind a number or a word is refused; jansson overlooks it;
 *   the limits above; jansson's own are a depth of 2048 and no others.
 * Both refuse a lone surrogate escape such as \ud800, a BOM and every invalid UTF-8 sequence. */
bool json_read(struct arena *arena, struct span text, const struct json_limits *limits, struct json_document *document,
               struct json_problem *problem);

#endif
