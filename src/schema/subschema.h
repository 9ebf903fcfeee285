/* Subschema is a schema as it was written, read once: its keywords in order of evaluation, references resolved,
 * numbers, patterns and formats ready. The explaining evaluator runs it as it stands; the fast program is made from it.
 */
#ifndef SLUSS_SCHEMA_SUBSCHEMA_H
#define SLUSS_SCHEMA_SUBSCHEMA_H

#include "base/table.h"
#include "schema/format.h"
#include "schema/regex.h"
#include "schema/registry.h"

/* The kinds of values: what `type` can tell apart. All but the last are enum node_type as well. */
enum kind {
    KIND_NULL = NODE_NULL,
    KIND_FALSE = NODE_FALSE,
    KIND_TRUE = NODE_TRUE,
    KIND_INTEGER = NODE_NUMBER,
    KIND_STRING = NODE_STRING,
    KIND_ARRAY = NODE_ARRAY,
    KIND_OBJECT = NODE_OBJECT,
    KIND_NUMBER, /* not an integer */
    KIND_COUNT,
    KIND_ALL = (1 << KIND_COUNT) - 1
};

struct subschema;

/* A schema below a keyword, or a name in its value. */
struct child {
    const struct json_node *key;   /* the member's key; NULL in an array */
    struct subschema *schema;      /* NULL for dependencies on names */
    const struct regex *regex;     /* patternProperties */
    const struct json_node *names; /* dependencies on names: the array of strings */
};

struct keyword {
    enum keyword_code code;
    bool flag;                     /* minimum, maximum: exclusive (draft 4); items: the array form; unevaluated use */
    const struct json_node *key;   /* in the subschema's text */
    const struct json_node *value; /* of the member */
    union {
        unsigned kinds;              /* TYPE: bit set of enum kind */
        uint32_t count;              /* sizes; larger ones are cut, no instance reaches them */
        const struct regex *regex;   /* PATTERN */
        const struct format *format; /* FORMAT: NULL = annotation only */
        struct {
            struct subschema *schema;     /* REF, single schemas */
            const struct anchor *dynamic; /* DYNAMIC_REF that depends on the way here */
            bool recursive;               /* RECURSIVE_REF that depends on the way here */
        } to;
        struct {
            struct child *list;
            uint32_t count;
        } children;
    } is;
};

enum subschema_form { SUBSCHEMA_OBJECT, SUBSCHEMA_TRUE, SUBSCHEMA_FALSE };

struct subschema {
    struct resource *resource;
    const struct json_node *node; /* in resource->text */
    enum subschema_form form;
    bool may_be_boolean;     /* in draft 4 as well: below additionalItems or additionalProperties */
    struct keyword *keyword; /* count of them, by code */
    uint32_t count;
    uint32_t index;
    struct subschema *next; /* of the program, in the order they were met */
};

/* What the compiler keeps of a schema and everything it refers to. */
struct subschemas {
    struct schema_registry *registry;
    struct arena *arena; /* everything below lives there, but the regexes */
    struct subschema *first, *last;
    uint32_t count;
    struct regex **regex; /* owned */
    uint32_t regexes, room;
    struct table patterns;    /* the regexes by their text, while schemas are read: each pattern is compiled once */
    size_t regex_bytes;       /* counted with the arena */
    uint64_t regex_work;      /* of their construction */
    bool unevaluated;         /* some schema has an unevaluated* keyword */
    struct subschema **slots; /* by node, open addressing */
    uint32_t capacity;
};

/* Reads the schema at `target` and all that it reaches. False with a problem; subschemas_finish either way. */
bool subschemas_read(struct subschemas *all, const struct target *target, struct subschema **root,
                     struct schema_problem *problem);
void subschemas_finish(struct subschemas *all);

/* The subschema of a node that was read, or NULL. */
struct subschema *subschemas_find(const struct subschemas *all, const struct json_node *node);

/* The resource's dynamic anchor of that name, or NULL. */
const struct anchor *resource_dynamic(const struct resource *resource, struct span name);

/* The keyword of that code, or NULL. */
const struct keyword *subschema_keyword(const struct subschema *subschema, enum keyword_code code);

#endif
