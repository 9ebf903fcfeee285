/* A program is a schema compiled for speed: a run of ops for each kind of value, flat and immutable. It knows no words
 * of JSON Schema; explain.h works on the subschemas it was made from. Only for this folder. */
#ifndef SLUSS_SCHEMA_PROGRAM_H
#define SLUSS_SCHEMA_PROGRAM_H

#include "schema/number.h"
#include "schema/subschema.h"

/* Those up to OP_LAST_SIMPLE look at one string or number, call nothing that looks at more, and cannot fail to know. */
enum op_code {
    OP_END,
    OP_FAIL,
    OP_LENGTH,    /* one.low..two.high characters */
    OP_RANGE,     /* one.low..two.high; flags: which of the two are there */
    OP_STRING,    /* equals one.text */
    OP_STRINGS,   /* one.strings */
    OP_SEQUENCE,  /* one.sequence */
    OP_AUTOMATON, /* one.automaton */
    OP_LAST_SIMPLE = OP_AUTOMATON,
    OP_CALL,             /* one.run */
    OP_COUNT,            /* one.low..two.high items or members */
    OP_BOUND,            /* one.number; flags: which comparison, as keyword code - KEYWORD_MINIMUM */
    OP_MULTIPLE_INTEGER, /* one.low */
    OP_MULTIPLE,         /* one.number */
    OP_WRITTEN_INTEGER,  /* draft 4 */
    OP_EQUAL,            /* one of one.values */
    OP_PATTERN,          /* one.regex, of any other kind */
    OP_FORMAT,           /* one.format */
    OP_CONTENT,          /* one.content */
    OP_ITEMS,            /* one.items */
    OP_CONTAINS,         /* one.node, arg..count least and most */
    OP_UNIQUE,
    OP_MEMBERS,    /* one.members */
    OP_IF_MEMBER,  /* one.member */
    OP_NAMES,      /* one.node */
    OP_ANY,        /* one.choice */
    OP_ONE,        /* one.choice */
    OP_NOT,        /* one.run */
    OP_IF,         /* one.choice: condition, then, else */
    OP_UNEVALUATED /* one.rest */
};

/* With OP_TRACK an op marks what it evaluates. */
enum op_flag { OP_TRACK = 128, RANGE_LOW = 1, RANGE_HIGH = 2 };

struct op {
    uint8_t code;
    uint8_t flags;
    bool last; /* OP_END follows */
    uint32_t arg;
    union {
        int64_t low;
        const struct op *run;
        const struct node *node;
        const struct number *number;
        const struct text *text;
        const struct strings *strings;
        const struct values *values;
        const struct regex *regex;
        const struct regex_sequence *sequence;
        const struct regex_automaton *automaton;
        const struct format *format;
        const struct content *content;
        const struct items *items;
        const struct members *members;
        const struct member *member;
        const struct choice *choice;
        const struct rest *rest;
    } one;
    union {
        int64_t high;
    } two;
};

/* A schema for values below: where each kind of value begins. NULL: every such value is valid. */
struct node {
    const struct op *run[KIND_COUNT];
};

enum { TEXT_FREE = UINT32_MAX }; /* a size that no text has */

/* A name or a fixed string. */
struct text {
    const char *data;
    uint32_t size;
    uint32_t hash;
};

/* Fixed strings: open addressing by hash, `mask` + 1 a power of two, TEXT_FREE: free. */
struct strings {
    uint32_t mask;
    struct text slot[];
};

/* Fixed values of one kind, not strings: open addressing by equal_hash, `mask` + 1 a power of two, NULL: free. */
struct values {
    const struct json_document *json;
    uint32_t mask;
    const struct json_node *slot[];
};

struct content {
    struct span encoding, media;
};

/* The first `count` items have a node each (NULL: anything), all others `rest` (NULL: anything). */
struct items {
    const struct node *rest;
    bool marks_first; /* the first items count as evaluated */
    bool marks_rest;
    uint32_t count;
    const struct node *first[];
};

enum slot_flag {
    SLOT_REQUIRED = 1,
    SLOT_OWN = 2,  /* patterns and the rest do not look at it */
    SLOT_MARK = 4, /* counts as evaluated */
    SLOT_MORE = 8  /* the next node of the same name stands at `next` */
};

struct slot {
    struct text name;
    const struct node *node; /* NULL: anything */
    uint32_t next;           /* index in members.more */
    uint32_t flags;
};

/* Everything that looks at an object's members in one pass. */
struct members {
    struct slot *slots; /* open addressing without a way round: a free one (TEXT_FREE) ends them */
    struct slot *more;
    uint32_t shift, multiplier;
    uint32_t names;    /* used slots */
    uint32_t required; /* of them */
    uint32_t filter;   /* json_filter of the required */
    uint32_t most;     /* more members than this are too many (closed, no patterns) */
    uint32_t patterns;
    bool plain;              /* a member has a node at most, that of its name or the rest, and nothing is marked */
    bool whole;              /* every member must be looked at: patterns or a rest */
    bool marks;              /* patterns mark */
    bool marks_rest;         /* the rest too */
    const struct node *rest; /* NULL: anything */
    struct {
        const struct regex *regex;
        const struct node *node;
    } pattern[];
};

/* If the object has the member, the run counts. */
struct member {
    struct text name;
    const struct op *run;
};

/* Branches of anyOf or oneOf, NULL: always valid. */
struct branches {
    uint32_t count;
    const struct op *branch[];
};

enum { PICK_FREE = UINT32_MAX, PICK_VALUE = UINT32_MAX - 1 }; /* sizes that no text has */

/* A scalar, and the branches that allow it. */
struct pick {
    struct text text;              /* a string; PICK_VALUE: `value`, whose equal_hash is text.hash; PICK_FREE: free */
    const struct json_node *value; /* a number, true, false or null */
    const struct json_document *json;
    const struct branches *left;
};

/* A member that tells the branches apart: which are left when it is not there, an array or object, a scalar of none of
 * the slots. Open addressing by hash. */
struct telling {
    struct text name;
    const struct branches *absent, *other, *unknown;
    uint32_t mask;
    struct pick slot[];
};

struct choice {
    const struct telling *telling; /* NULL: all branches may have to be run */
    const struct branches *all;
};

/* unevaluated*: the run that marks, then the schema for what was not marked. */
struct rest {
    const struct op *run;
    const struct node *node;
};

struct schema_program {
    struct arena arena;
    struct subschemas all;
    struct subschema *root;
    const struct node *node;
    size_t ops;
};

/* The run that is never valid. */
extern const struct op program_fail[];

/* Makes program->node from program->root. False with a problem. `draft` work is dropped at the end. */
bool assemble(struct schema_program *program, struct schema_problem *problem);

/* Runs the program. context_start first. */
bool program_run(const struct schema_program *program, struct schema_context *context,
                 const struct json_document *document, const struct json_node *value);

#endif
