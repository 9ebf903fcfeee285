/* A dialect is what a metaschema makes of the words in a schema: the draft, the vocabularies in force and so the
 * meaning of each keyword. It reads no schema. */
#ifndef SLUSS_SCHEMA_DIALECT_H
#define SLUSS_SCHEMA_DIALECT_H

#include "schema/schema.h"

enum vocabulary {
    VOCABULARY_CORE = 1,
    VOCABULARY_APPLICATOR = 2,
    VOCABULARY_UNEVALUATED = 4,
    VOCABULARY_VALIDATION = 8,
    VOCABULARY_META = 16,
    VOCABULARY_FORMAT = 32,
    VOCABULARY_ASSERTION = 64, /* formats are asserted */
    VOCABULARY_CONTENT = 128,
    VOCABULARY_ALL = 255 - VOCABULARY_ASSERTION
};

struct dialect {
    enum schema_draft draft;
    unsigned vocabularies; /* enum vocabulary */
};

/* In the order of evaluation: a keyword may use what those before it found out. */
enum keyword_code {
    KEYWORD_REF,
    KEYWORD_DYNAMIC_REF,
    KEYWORD_RECURSIVE_REF,
    KEYWORD_TYPE,
    KEYWORD_CONST,
    KEYWORD_ENUM,
    KEYWORD_MINIMUM,
    KEYWORD_MAXIMUM,
    KEYWORD_EXCLUSIVE_MINIMUM,
    KEYWORD_EXCLUSIVE_MAXIMUM,
    KEYWORD_MULTIPLE_OF,
    KEYWORD_MIN_LENGTH,
    KEYWORD_MAX_LENGTH,
    KEYWORD_PATTERN,
    KEYWORD_FORMAT,
    KEYWORD_CONTENT_ENCODING,
    KEYWORD_CONTENT_MEDIA_TYPE,
    KEYWORD_CONTENT_SCHEMA,
    KEYWORD_MIN_ITEMS,
    KEYWORD_MAX_ITEMS,
    KEYWORD_UNIQUE_ITEMS,
    KEYWORD_PREFIX_ITEMS,
    KEYWORD_ITEMS, /* all items behind the prefix: items or additionalItems */
    KEYWORD_CONTAINS,
    KEYWORD_MIN_CONTAINS,
    KEYWORD_MAX_CONTAINS,
    KEYWORD_MIN_PROPERTIES,
    KEYWORD_MAX_PROPERTIES,
    KEYWORD_REQUIRED,
    KEYWORD_DEPENDENT_REQUIRED,
    KEYWORD_PROPERTIES,
    KEYWORD_PATTERN_PROPERTIES,
    KEYWORD_ADDITIONAL_PROPERTIES,
    KEYWORD_PROPERTY_NAMES,
    KEYWORD_DEPENDENT_SCHEMAS,
    KEYWORD_DEPENDENCIES,
    KEYWORD_ALL_OF,
    KEYWORD_ANY_OF,
    KEYWORD_ONE_OF,
    KEYWORD_NOT,
    KEYWORD_IF,
    KEYWORD_THEN,
    KEYWORD_ELSE,
    KEYWORD_UNEVALUATED_ITEMS,
    KEYWORD_UNEVALUATED_PROPERTIES,
    KEYWORD_ANNOTATION, /* its value is reported, nothing is judged; unknown keywords too */
    KEYWORD_SILENT      /* identifiers, definitions, comments */
};

/* Where schemas stand in a keyword's value. */
enum keyword_shape {
    SHAPE_VALUE, /* nowhere */
    SHAPE_SCHEMA,
    SHAPE_LIST,           /* array of schemas */
    SHAPE_MAP,            /* object of schemas */
    SHAPE_SCHEMA_OR_LIST, /* items before 2020-12 */
    SHAPE_DEPENDENCIES    /* object of schemas and of arrays of names */
};

struct keyword_row {
    struct span name;
    uint8_t drafts; /* bit per enum schema_draft, from bit 0 */
    uint8_t vocabulary;
    uint8_t code;
    uint8_t shape;
};

/* The row that the dialect has for a member of a schema, or NULL: then it is an annotation at most. */
const struct keyword_row *dialect_keyword(const struct dialect *dialect, struct span name);

/* The draft that a metaschema's URI (with or without "#") names: 0 when it is none of the standard's. The draft-less
 * http://json-schema.org/schema gives `fallback`. */
enum schema_draft dialect_draft(struct span uri, enum schema_draft fallback);

/* The bit of enum vocabulary of a vocabulary's URI, or 0. */
unsigned dialect_vocabulary(struct span uri);

static inline unsigned dialect_bit(enum schema_draft draft) {
    return 1U << ((unsigned)draft - 1);
}

#endif
