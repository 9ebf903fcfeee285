/* A pattern as a graph of steps (Thompson's construction), with repeats written out and the code points parted into
 * classes that the pattern cannot tell apart. The automaton is made from it. */
#ifndef SLUSS_SCHEMA_REGEX_GRAPH_H
#define SLUSS_SCHEMA_REGEX_GRAPH_H

#include "schema/regex_tree.h"

enum regex_step {
    REGEX_STEP_CLASS, /* one code point of set `other`, then `next` */
    REGEX_STEP_SPLIT, /* `next` or `other` */
    REGEX_STEP_START,
    REGEX_STEP_END,
    REGEX_STEP_WORD,
    REGEX_STEP_NOT_WORD,
    REGEX_STEP_MATCH,
};

struct regex_vertex {
    enum regex_step step;
    uint32_t next, other;
};

enum { REGEX_CLASSES_MAXIMUM = 128 };

struct regex_graph {
    struct regex_vertex *vertex;
    uint32_t count, room;
    uint32_t first;
    const struct regex_set **set; /* the distinct sets */
    uint32_t sets, set_room;
    uint32_t *low;        /* where each interval of code points begins; the first at 0 */
    unsigned char *class; /* the class of each interval */
    uint32_t intervals;
    uint32_t classes;
    uint64_t (*has)[2]; /* for each set: its classes, as bits */
    uint64_t words[2];  /* the classes that \w holds; only with \b or \B */
};

enum regex_fit { REGEX_FITS, REGEX_TOO_LARGE, REGEX_NO_MEMORY };

/* Builds the graph in `arena`, of a tree without look-around and back references. TOO_LARGE also for properties that
 * only PCRE2 knows. */
enum regex_fit regex_graph_build(const struct regex_tree *tree, struct arena *arena, struct regex_graph *graph);

#endif
