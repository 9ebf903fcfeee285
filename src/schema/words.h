/* Words are the keywords that look at one value alone: whether they hold, and the sentence when they do not. Also the
 * annotations. They run no other schema. */
#ifndef SLUSS_SCHEMA_WORDS_H
#define SLUSS_SCHEMA_WORDS_H

#include "schema/explain.h"

/* The kind of a value; draft 4 looks at the digits of a number as written. */
enum kind words_kind(const struct json_document *json, const struct json_node *value, enum schema_draft draft);

/* Characters of a string. */
uint32_t words_length(const struct json_document *json, const struct json_node *string);

/* The keyword's value is valid for a value that it applies to. */
bool words_holds(const struct explainer *explainer, const struct subschema *schema, const struct keyword *keyword,
                 const struct json_node *value);

/* contentEncoding and contentMediaType where they are asserted. */
bool words_content(struct schema_context *context, struct span encoding, struct span media, struct span text);

/* What a valid keyword says about the value, as JSON; data == NULL: nothing. */
struct span words_annotation(const struct explainer *explainer, const struct subschema *schema,
                             const struct keyword *keyword);
struct span words_items(const struct explainer *explainer, const struct keyword *keyword, uint32_t from,
                        uint32_t count);

#endif
