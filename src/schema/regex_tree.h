/* The syntax tree of a regular expression (ECMA-262 section 22.2.1, u flag). It says what was written, not how to match
 * it. */
#ifndef SLUSS_SCHEMA_REGEX_TREE_H
#define SLUSS_SCHEMA_REGEX_TREE_H

#include "base/error.h"
#include "schema/regex_property.h"
#include "schema/regex_set.h"

enum regex_type {
    REGEX_EMPTY,
    REGEX_CLASS,     /* one code point out of a class; a plain character is a class of one */
    REGEX_CONCAT,    /* children in order */
    REGEX_ALTERNATE, /* one of the children */
    REGEX_REPEAT,    /* the child, minimum to maximum times */
    REGEX_GROUP,     /* the child, captured as `index` */
    REGEX_BACK,      /* what group `index` captured */
    REGEX_START,     /* ^ */
    REGEX_END,       /* $ */
    REGEX_WORD,      /* \b */
    REGEX_NOT_WORD,  /* \B */
    REGEX_LOOK,      /* (?=child) (?!child) (?<=child) (?<!child) */
};

enum { REGEX_UNBOUNDED = UINT32_MAX };

struct regex_class {
    struct regex_set set; /* the ranges that were written; settled */
    struct regex_property **property;
    uint32_t properties;
    bool negated;           /* [^...] */
    bool unresolvable;      /* a property that only PCRE2 knows */
    bool resolved;          /* `whole` is filled */
    struct regex_set whole; /* what the class matches: ranges, properties and negation */
};

struct regex_node {
    enum regex_type type;
    struct regex_node *child; /* the first */
    struct regex_node *next;  /* the next child of the same parent */
    struct regex_class *class;
    uint32_t minimum, maximum; /* REPEAT */
    uint32_t index;            /* GROUP, BACK: from 1 */
    bool lazy;                 /* REPEAT */
    bool negated, behind;      /* LOOK */
};

struct regex_tree {
    struct regex_node *root;
    uint32_t groups;
    bool back;                       /* has back references */
    bool look;                       /* has look-around */
    bool words;                      /* has \b or \B */
    struct regex_property *property; /* all that the pattern names, each once */
    uint32_t properties;
};

/* Parses. False with a sentence and the byte offset in *position, or with *memory when the arena is at its end. The
 * tree lives in `arena`. At most 64 KiB of pattern and 200 nested groups. */
bool regex_tree_parse(struct span pattern, struct arena *arena, struct regex_tree *tree, size_t *position, bool *memory,
                      struct error *error);

/* Fills class->whole, unless it is unresolvable. False when memory is short. */
bool regex_class_resolve(struct regex_class *class, struct arena *arena);

#endif
