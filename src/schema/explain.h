/* Explain runs subschemas as they were written and records what each keyword said. It is the slow half: the fast
 * program of run.h says yes or no first. */
#ifndef SLUSS_SCHEMA_EXPLAIN_H
#define SLUSS_SCHEMA_EXPLAIN_H

#include "schema/context.h"
#include "schema/subschema.h"

/* What a schema (keyword == NULL) or a keyword said about a place in the instance. */
struct unit {
    const struct subschema *schema;
    const struct keyword *keyword;
    const struct json_node *value; /* the instance's */
    bool valid;
    uint32_t branch;        /* of anyOf and oneOf: number from 0 */
    struct span instance;   /* JSON pointer */
    struct span path;       /* the way through the schema */
    struct span sentence;   /* why not; data == NULL without */
    struct span annotation; /* JSON text; data == NULL without */
    uint32_t kept;          /* children */
    struct unit *first, *last, *next;
};

/* The fault when the arena is at its limit. */
#define EXPLAIN_FULL "the explanation takes more memory than allowed"

struct explainer {
    const struct subschemas *all;
    struct schema_context *context;
    const struct json_document *document;
    struct arena *arena; /* units and their texts */
    bool everything;     /* keep what was valid, and annotations */
    bool values;         /* sentences may show the instance's values */
    uint32_t kept;       /* units so far */
};

/* The tree of what was said, or NULL (context->fault says why). */
struct unit *explain_run(struct explainer *explainer, const struct subschema *root, const struct json_node *value);

/* One unit for the whole, valid, without any below. NULL: no memory. */
struct unit *explain_whole(struct explainer *explainer, const struct subschema *root, const struct json_node *value);

/* The sentence of a keyword that failed, by its own value alone. */
struct span explain_sentence(const struct explainer *explainer, const struct subschema *schema,
                             const struct keyword *keyword, const struct json_node *value);

/* Sets the complaints that a failed tree amounts to, best cause first. False: no memory for all of them. */
bool complaint_list(const struct unit *root, struct arena *arena, struct schema_complaints *complaints);

/* The absolute URI of a schema, or of one of its keywords. data == NULL: no memory. */
struct span complaint_location(const struct subschema *schema, const struct keyword *keyword, struct arena *arena);

/* Adds one of the outputs. */
void output_write(const struct unit *root, enum schema_output output, struct arena *arena, struct buf *out);

#endif
