/* The simple half of all patterns: a literal, or ^ and classes one after the other, each a number of times, as in
 * ^[A-Z]{3}-[0-9]+$. It never backtracks: only sequences that one pass decides are taken. */
#ifndef SLUSS_SCHEMA_REGEX_SEQUENCE_H
#define SLUSS_SCHEMA_REGEX_SEQUENCE_H

#include "base/buf.h"
#include "schema/regex_tree.h"

/* One class and how often. */
struct regex_item {
    uint32_t minimum, maximum;
    unsigned char bit; /* of its class in `lacks` */
    bool beyond;       /* its class has members from U+0080 on */
    struct regex_set set;
};

enum { REGEX_FIXED_MAXIMUM = 64 };

struct regex_sequence {
    struct regex_item *item;
    uint32_t count;
    bool end; /* the last item must reach the end of the text */
    size_t bytes;
    unsigned char lacks[256]; /* for each byte the classes it is not in, as bits; all from 0x80 on */
    uint32_t fixed; /* so many characters of ASCII, no more and no less: the bit of each; 0: it is not so simple */
    unsigned char bits[REGEX_FIXED_MAXIMUM];
};

enum regex_shape {
    REGEX_SHAPE_OTHER, /* none of these */
    REGEX_SHAPE_LITERAL,
    REGEX_SHAPE_SEQUENCE,
    REGEX_SHAPE_ALWAYS,
    REGEX_SHAPE_MEMORY, /* memory was short */
};

/* What the tree is. LITERAL: its text is appended to `literal`, *start and *end tell the anchors. SEQUENCE: *sequence
 * is made, owned by the caller. `arena` is scratch. */
enum regex_shape regex_sequence_take(const struct regex_tree *tree, struct arena *arena, struct buf *literal,
                                     bool *start, bool *end, struct regex_sequence **sequence);
void regex_sequence_destroy(struct regex_sequence *sequence);

bool regex_sequence_match(const struct regex_sequence *sequence, struct span text);

#endif
