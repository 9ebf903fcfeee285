/* The inside of reading schemas: subschema.c walks them, keyword.c takes each keyword's value apart. Only for these
 * two.
 */
#ifndef SLUSS_SCHEMA_KEYWORD_H
#define SLUSS_SCHEMA_KEYWORD_H

#include "schema/subschema.h"

/* What reading one schema needs. */
struct reader {
    struct subschemas *all;
    struct schema_problem *problem;
    struct subschema *schema;
    const struct schema_text *text;
    const struct json_document *json;
};

/* Fills keyword->is by its code, key and value. False with a problem. */
bool keyword_read(const struct reader *reader, struct keyword *keyword);

/* Says so. Returns false. */
bool keyword_no_memory(const struct reader *reader);

/* The subschema of a node, read later by the loop of subschemas_read. NULL with a problem. */
struct subschema *subschema_at(const struct reader *reader, struct resource *resource, const struct json_node *node);

/* The same for a schema that stands directly in this one's text: it may begin a resource of its own. */
struct subschema *subschema_below(const struct reader *reader, const struct json_node *node);

#endif
