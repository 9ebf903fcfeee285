/* The table of keywords: one row a name and meaning. No behaviour. */
#include "schema/dialect.h"

enum {
    D4 = 1,
    D6 = 2,
    D7 = 4,
    D19 = 8,
    D20 = 16,
    OLD = D4 | D6 | D7,
    FROM_6 = 30,
    FROM_7 = 28,
    FROM_19 = 24,
    ALL = 31
};
enum {
    CORE = VOCABULARY_CORE,
    APPLICATOR = VOCABULARY_APPLICATOR,
    UNEVALUATED = VOCABULARY_UNEVALUATED,
    VALIDATION = VOCABULARY_VALIDATION,
    META = VOCABULARY_META,
    FORMAT = VOCABULARY_FORMAT,
    CONTENT = VOCABULARY_CONTENT
};

#define ROW(name, drafts, vocabulary, code, shape)                                                                     \
    { {name, sizeof name - 1}, drafts, vocabulary, KEYWORD_##code, shape }

static const struct keyword_row rows[] = {
    ROW("$ref", ALL, CORE, REF, SHAPE_VALUE),
    ROW("type", ALL, VALIDATION, TYPE, SHAPE_VALUE),
    ROW("properties", ALL, APPLICATOR, PROPERTIES, SHAPE_MAP),
    ROW("required", ALL, VALIDATION, REQUIRED, SHAPE_VALUE),
    ROW("description", ALL, META, ANNOTATION, SHAPE_VALUE),
    ROW("title", ALL, META, ANNOTATION, SHAPE_VALUE),
    ROW("enum", ALL, VALIDATION, ENUM, SHAPE_VALUE),
    ROW("const", FROM_6, VALIDATION, CONST, SHAPE_VALUE),
    ROW("items", D4 | D6 | D7 | D19, APPLICATOR, ITEMS, SHAPE_SCHEMA_OR_LIST),
    ROW("items", D20, APPLICATOR, ITEMS, SHAPE_SCHEMA),
    ROW("additionalProperties", ALL, APPLICATOR, ADDITIONAL_PROPERTIES, SHAPE_SCHEMA),
    ROW("pattern", ALL, VALIDATION, PATTERN, SHAPE_VALUE),
    ROW("format", ALL, FORMAT, FORMAT, SHAPE_VALUE),
    ROW("minimum", ALL, VALIDATION, MINIMUM, SHAPE_VALUE),
    ROW("maximum", ALL, VALIDATION, MAXIMUM, SHAPE_VALUE),
    ROW("exclusiveMinimum", FROM_6, VALIDATION, EXCLUSIVE_MINIMUM, SHAPE_VALUE),
    ROW("exclusiveMaximum", FROM_6, VALIDATION, EXCLUSIVE_MAXIMUM, SHAPE_VALUE),
    ROW("exclusiveMinimum", D4, VALIDATION, SILENT, SHAPE_VALUE),
    ROW("exclusiveMaximum", D4, VALIDATION, SILENT, SHAPE_VALUE),
    ROW("multipleOf", ALL, VALIDATION, MULTIPLE_OF, SHAPE_VALUE),
    ROW("minLength", ALL, VALIDATION, MIN_LENGTH, SHAPE_VALUE),
    ROW("maxLength", ALL, VALIDATION, MAX_LENGTH, SHAPE_VALUE),
    ROW("minItems", ALL, VALIDATION, MIN_ITEMS, SHAPE_VALUE),
    ROW("maxItems", ALL, VALIDATION, MAX_ITEMS, SHAPE_VALUE),
    ROW("uniqueItems", ALL, VALIDATION, UNIQUE_ITEMS, SHAPE_VALUE),
    ROW("minProperties", ALL, VALIDATION, MIN_PROPERTIES, SHAPE_VALUE),
    ROW("maxProperties", ALL, VALIDATION, MAX_PROPERTIES, SHAPE_VALUE),
    ROW("allOf", ALL, APPLICATOR, ALL_OF, SHAPE_LIST),
    ROW("anyOf", ALL, APPLICATOR, ANY_OF, SHAPE_LIST),
    ROW("oneOf", ALL, APPLICATOR, ONE_OF, SHAPE_LIST),
    ROW("not", ALL, APPLICATOR, NOT, SHAPE_SCHEMA),
    ROW("if", FROM_7, APPLICATOR, IF, SHAPE_SCHEMA),
    ROW("then", FROM_7, APPLICATOR, THEN, SHAPE_SCHEMA),
    ROW("else", FROM_7, APPLICATOR, ELSE, SHAPE_SCHEMA),
    ROW("patternProperties", ALL, APPLICATOR, PATTERN_PROPERTIES, SHAPE_MAP),
    ROW("propertyNames", FROM_6, APPLICATOR, PROPERTY_NAMES, SHAPE_SCHEMA),
    ROW("dependencies", ALL, APPLICATOR, DEPENDENCIES, SHAPE_DEPENDENCIES),
    ROW("dependentRequired", FROM_19, VALIDATION, DEPENDENT_REQUIRED, SHAPE_VALUE),
    ROW("dependentSchemas", FROM_19, APPLICATOR, DEPENDENT_SCHEMAS, SHAPE_MAP),
    ROW("prefixItems", D20, APPLICATOR, PREFIX_ITEMS, SHAPE_LIST),
    ROW("additionalItems", D4 | D6 | D7 | D19, APPLICATOR, ITEMS, SHAPE_SCHEMA),
    ROW("contains", FROM_6, APPLICATOR, CONTAINS, SHAPE_SCHEMA),
    ROW("minContains", FROM_19, VALIDATION, MIN_CONTAINS, SHAPE_VALUE),
    ROW("maxContains", FROM_19, VALIDATION, MAX_CONTAINS, SHAPE_VALUE),
    ROW("unevaluatedItems", D19, APPLICATOR, UNEVALUATED_ITEMS, SHAPE_SCHEMA),
    ROW("unevaluatedItems", D20, UNEVALUATED, UNEVALUATED_ITEMS, SHAPE_SCHEMA),
    ROW("unevaluatedProperties", D19, APPLICATOR, UNEVALUATED_PROPERTIES, SHAPE_SCHEMA),
    ROW("unevaluatedProperties", D20, UNEVALUATED, UNEVALUATED_PROPERTIES, SHAPE_SCHEMA),
    ROW("$dynamicRef", D20, CORE, DYNAMIC_REF, SHAPE_VALUE),
    ROW("$recursiveRef", D19, CORE, RECURSIVE_REF, SHAPE_VALUE),
    ROW("contentEncoding", FROM_7, CONTENT, CONTENT_ENCODING, SHAPE_VALUE),
    ROW("contentMediaType", FROM_7, CONTENT, CONTENT_MEDIA_TYPE, SHAPE_VALUE),
    ROW("contentSchema", FROM_19, CONTENT, CONTENT_SCHEMA, SHAPE_SCHEMA),
    ROW("default", ALL, META, ANNOTATION, SHAPE_VALUE),
    ROW("examples", FROM_6, META, ANNOTATION, SHAPE_VALUE),
    ROW("readOnly", FROM_7, META, ANNOTATION, SHAPE_VALUE),
    ROW("writeOnly", FROM_7, META, ANNOTATION, SHAPE_VALUE),
    ROW("deprecated", FROM_19, META, ANNOTATION, SHAPE_VALUE),
    ROW("id", D4, CORE, SILENT, SHAPE_VALUE),
    ROW("$id", FROM_6, CORE, SILENT, SHAPE_VALUE),
    ROW("$schema", ALL, CORE, SILENT, SHAPE_VALUE),
    ROW("$comment", FROM_7, CORE, SILENT, SHAPE_VALUE),
    ROW("definitions", ALL, CORE, SILENT, SHAPE_MAP),
    ROW("$defs", FROM_19, CORE, SILENT, SHAPE_MAP),
    ROW("$anchor", FROM_19, CORE, SILENT, SHAPE_VALUE),
    ROW("$dynamicAnchor", D20, CORE, SILENT, SHAPE_VALUE),
    ROW("$recursiveAnchor", D19, CORE, SILENT, SHAPE_VALUE),
    ROW("$vocabulary", FROM_19, CORE, SILENT, SHAPE_VALUE),
};

const struct keyword_row *dialect_keyword(const struct dialect *dialect, struct span name) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct keyword_row *row = &rows[i];
        if (row->name.size == name.size && (row->drafts & dialect_bit(dialect->draft)) != 0 &&
            (row->vocabulary & dialect->vocabularies) != 0 && memcmp(row->name.data, name.data, name.size) == 0)
            return row;
    }
    return NULL;
}

enum schema_draft dialect_draft(struct span uri, enum schema_draft fallback) {
    static const struct {
        struct span uri;
        enum schema_draft draft;
    } drafts[] = {
        {{"://json-schema.org/draft/2020-12/schema", 39}, SCHEMA_DRAFT_2020_12},
        {{"://json-schema.org/draft/2019-09/schema", 39}, SCHEMA_DRAFT_2019_09},
        {{"://json-schema.org/draft-07/schema", 34}, SCHEMA_DRAFT_7},
        {{"://json-schema.org/draft-06/schema", 34}, SCHEMA_DRAFT_6},
        {{"://json-schema.org/draft-04/schema", 34}, SCHEMA_DRAFT_4},
    };
    if (uri.size > 0 && uri.data[uri.size - 1] == '#')
        uri.size--;
    if (span_starts_with(uri, SPAN("https")))
        uri = span_from(uri, 5);
    else if (span_starts_with(uri, SPAN("http")))
        uri = span_from(uri, 4);
    if (span_equal(uri, SPAN("://json-schema.org/schema")))
        return fallback;
    for (size_t i = 0; i < sizeof drafts / sizeof drafts[0]; i++)
        if (span_equal(uri, drafts[i].uri))
            return drafts[i].draft;
    return (enum schema_draft)0;
}

unsigned dialect_vocabulary(struct span uri) {
    static const struct {
        struct span name;
        unsigned bits;
    } names[] = {
        {{"core", 4}, VOCABULARY_CORE},
        {{"applicator", 10}, VOCABULARY_APPLICATOR},
        {{"unevaluated", 11}, VOCABULARY_UNEVALUATED},
        {{"validation", 10}, VOCABULARY_VALIDATION},
        {{"meta-data", 9}, VOCABULARY_META},
        {{"format", 6}, VOCABULARY_FORMAT},
        {{"format-annotation", 17}, VOCABULARY_FORMAT},
        {{"format-assertion", 16}, VOCABULARY_FORMAT | VOCABULARY_ASSERTION},
        {{"content", 7}, VOCABULARY_CONTENT},
    };
    struct span home = SPAN("https://json-schema.org/draft/2020-12/vocab/");
    if (!span_starts_with(uri, home) && !span_starts_with(uri, SPAN("https://json-schema.org/draft/2019-09/vocab/")))
        return 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (span_equal(span_from(uri, home.size), names[i].name))
            return names[i].bits;
    return 0;
}

enum schema_draft schema_draft_of(struct span text) {
    static const char *const names[] = {"4", "6", "7", "2019-09", "2020-12"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (span_equal(text, span_of(names[i])))
            return (enum schema_draft)(i + 1);
    return (enum schema_draft)0;
}
