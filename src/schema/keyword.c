/* Keywords taken apart: one function a shape of value. */
#include "schema/keyword.h"

#include "schema/number.h"

#include <stdlib.h>

enum { MOST_REGEX_WORK = 50000000 }; /* steps of one program, some 250 ms: no automata are sought beyond */

bool keyword_no_memory(const struct reader *reader) {
    return reader->problem != NULL && error_memory(&reader->problem->error);
}

static bool wrong(const struct reader *reader, const struct keyword *keyword, const char *wanted) {
    struct span name = json_text(reader->json, keyword->key);
    return registry_problem(reader->problem, reader->text, keyword->value, "%.*s must be %s", SPAN_ARGUMENT(name),
                            wanted);
}

/* Room for one more. */
static bool grow(struct subschemas *all) {
    if (all->regexes < all->room)
        return true;
    uint32_t room = all->room == 0 ? 16 : all->room * 2;
    struct regex **list = realloc(all->regex, room * sizeof(struct regex *));
    if (list == NULL)
        return false;
    all->regex = list;
    all->room = room;
    return true;
}

static const struct regex *read_regex(const struct reader *reader, const struct json_node *node) {
    struct subschemas *all = reader->all;
    struct span pattern = json_text(reader->json, node);
    struct regex *regex = table_find(&all->patterns, pattern);
    if (regex != NULL)
        return regex;
    struct error error = {0};
    unsigned flags = all->registry->regex_flags | (all->regex_work > MOST_REGEX_WORK ? REGEX_QUICK : 0);
    if (!grow(all)) {
        (void)keyword_no_memory(reader);
        return NULL;
    }
    regex = regex_create(pattern, flags, NULL, &error);
    if (regex == NULL) {
        (void)(error.shortage ? keyword_no_memory(reader)
                              : registry_problem(reader->problem, reader->text, node,
                                                 "the regular expression does not compile: %s", error.text));
        return NULL;
    }
    all->regex[all->regexes++] = regex;
    all->regex_bytes += regex_bytes(regex);
    all->regex_work += regex_work(regex);
    if (!table_put(&all->patterns, pattern, regex)) {
        (void)keyword_no_memory(reader);
        return NULL;
    }
    if (all->arena->bytes + all->regex_bytes <= all->registry->options.program_memory)
        return regex;
    (void)registry_problem(reader->problem, reader->text, node,
                           "the compiled schema grows past the memory it may take");
    return NULL;
}

static bool read_boolean(const struct reader *reader, struct keyword *keyword) {
    keyword->flag = json_node_type(keyword->value) == NODE_TRUE;
    return keyword->flag || json_node_type(keyword->value) == NODE_FALSE || wrong(reader, keyword, "true or false");
}

static bool read_pattern(const struct reader *reader, struct keyword *keyword) {
    if (json_node_type(keyword->value) != NODE_STRING)
        return wrong(reader, keyword, "a regular expression");
    keyword->is.regex = read_regex(reader, keyword->value);
    return keyword->is.regex != NULL;
}

static bool read_type(const struct reader *reader, struct keyword *keyword) {
    static const struct {
        struct span name;
        unsigned kinds;
    } types[] = {
        {{"null", 4}, 1 << KIND_NULL},       {{"boolean", 7}, 1 << KIND_FALSE | 1 << KIND_TRUE},
        {{"integer", 7}, 1 << KIND_INTEGER}, {{"number", 6}, 1 << KIND_INTEGER | 1 << KIND_NUMBER},
        {{"string", 6}, 1 << KIND_STRING},   {{"array", 5}, 1 << KIND_ARRAY},
        {{"object", 6}, 1 << KIND_OBJECT},
    };
    const struct json_node *value = keyword->value;
    bool list = json_node_type(value) == NODE_ARRAY;
    const struct json_node *one = list ? json_first(value) : value;
    uint32_t count = list ? json_count(value) : 1;
    for (uint32_t i = 0; i < count; i++, one = json_next(reader->json, one)) {
        unsigned kinds = 0;
        for (size_t t = 0; json_node_type(one) == NODE_STRING && t < sizeof types / sizeof types[0]; t++)
            if (span_equal(json_text(reader->json, one), types[t].name))
                kinds = types[t].kinds;
        if (kinds == 0)
            return registry_problem(reader->problem, reader->text, one,
                                    "type must be null, boolean, object, array, number, string or integer, or an array "
                                    "of those");
        keyword->is.kinds |= kinds;
        keyword->flag |= kinds == 1 << KIND_INTEGER; /* draft 4 has to look at the digits */
    }
    return true;
}

static bool read_count(const struct reader *reader, struct keyword *keyword) {
    const struct json_node *value = keyword->value;
    if (json_node_type(value) != NODE_NUMBER || !number_is_integer(reader->json, value) ||
        number_is_negative(reader->json, value))
        return wrong(reader, keyword, "a whole number, 0 or more");
    int64_t count = (value->flags & NODE_INTEGER) != 0 ? value->is.integer : INT64_MAX;
    keyword->is.count = count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
    return true;
}

static bool read_bound(const struct reader *reader, struct keyword *keyword) {
    enum node_type type = json_node_type(keyword->value);
    if (type != NODE_NUMBER)
        return wrong(reader, keyword,
                     keyword->code >= KEYWORD_EXCLUSIVE_MINIMUM && (type == NODE_TRUE || type == NODE_FALSE)
                         ? "a number (true and false are of draft 4: name it in $schema)"
                         : "a number");
    if (reader->schema->resource->dialect.draft != SCHEMA_DRAFT_4)
        return true;
    bool low = keyword->code == KEYWORD_MINIMUM;
    const struct json_node *exclusive =
        json_member(reader->json, reader->schema->node, low ? SPAN("exclusiveMinimum") : SPAN("exclusiveMaximum"));
    if (exclusive != NULL && json_node_type(exclusive) == NODE_TRUE)
        keyword->code = low ? KEYWORD_EXCLUSIVE_MINIMUM : KEYWORD_EXCLUSIVE_MAXIMUM;
    return true;
}

static bool read_multiple(const struct reader *reader, struct keyword *keyword) {
    if (json_node_type(keyword->value) != NODE_NUMBER || number_sign(reader->json, keyword->value) <= 0)
        return wrong(reader, keyword, "a number above 0");
    return true;
}

static bool read_names(const struct reader *reader, const struct keyword *keyword, const struct json_node *list) {
    bool strings = json_node_type(list) == NODE_ARRAY;
    const struct json_node *one = json_first(list);
    for (uint32_t i = 0; strings && i < json_count(list); i++, one = json_next(reader->json, one))
        strings = json_node_type(one) == NODE_STRING;
    return strings || wrong(reader, keyword, "an array of names");
}

static struct child *take_children(const struct reader *reader, struct keyword *keyword, uint32_t count) {
    keyword->is.children.list = arena_take_zero(reader->all->arena, count, sizeof(struct child));
    keyword->is.children.count = count;
    if (keyword->is.children.list == NULL)
        (void)keyword_no_memory(reader);
    return keyword->is.children.list;
}

static bool read_list(const struct reader *reader, struct keyword *keyword) {
    if (json_node_type(keyword->value) != NODE_ARRAY)
        return wrong(reader, keyword, "an array of schemas");
    uint32_t count = json_count(keyword->value);
    struct child *child = take_children(reader, keyword, count);
    const struct json_node *one = json_first(keyword->value);
    for (uint32_t i = 0; child != NULL && i < count; i++, one = json_next(reader->json, one)) {
        child[i].schema = subschema_below(reader, one);
        if (child[i].schema == NULL)
            return false;
    }
    return child != NULL;
}

static bool read_map(const struct reader *reader, struct keyword *keyword) {
    if (json_node_type(keyword->value) != NODE_OBJECT)
        return wrong(reader, keyword, "an object of schemas");
    uint32_t count = json_count(keyword->value);
    struct child *child = take_children(reader, keyword, count);
    const struct json_node *key = json_first(keyword->value);
    for (uint32_t i = 0; child != NULL && i < count; i++, key = json_next(reader->json, key + 1)) {
        child[i].key = key;
        bool names = (keyword->code == KEYWORD_DEPENDENCIES && json_node_type(key + 1) == NODE_ARRAY) ||
                     keyword->code == KEYWORD_DEPENDENT_REQUIRED;
        if (names) {
            child[i].names = key + 1;
            if (!read_names(reader, keyword, key + 1))
                return false;
            continue;
        }
        child[i].schema = subschema_below(reader, key + 1);
        if (child[i].schema == NULL)
            return false;
        if (keyword->code == KEYWORD_PATTERN_PROPERTIES) {
            child[i].regex = read_regex(reader, key);
            if (child[i].regex == NULL)
                return false;
        }
    }
    return child != NULL;
}

static bool read_schema(const struct reader *reader, struct keyword *keyword) {
    struct subschema *schema = subschema_below(reader, keyword->value);
    struct span name = json_text(reader->json, keyword->key);
    keyword->is.to.schema = schema;
    reader->all->unevaluated |= keyword->code >= KEYWORD_UNEVALUATED_ITEMS;
    if (schema != NULL && (keyword->code == KEYWORD_ADDITIONAL_PROPERTIES || span_equal(name, SPAN("additionalItems"))))
        schema->may_be_boolean = true;
    return schema != NULL;
}

/* items: an array is what 2020-12 calls prefixItems; additionalItems means something only behind such an array. */
static bool read_items(const struct reader *reader, struct keyword *keyword) {
    bool rest = span_equal(json_text(reader->json, keyword->key), SPAN("additionalItems"));
    if (rest) {
        const struct json_node *items = json_member(reader->json, reader->schema->node, SPAN("items"));
        if (items == NULL || json_node_type(items) != NODE_ARRAY) {
            keyword->code = KEYWORD_SILENT;
            return true;
        }
    } else if (json_node_type(keyword->value) == NODE_ARRAY) {
        if (reader->schema->resource->dialect.draft == SCHEMA_DRAFT_2020_12)
            return wrong(reader, keyword, "a schema (2020-12 calls the array form prefixItems)");
        keyword->code = KEYWORD_PREFIX_ITEMS;
        keyword->flag = true;
        return read_list(reader, keyword);
    }
    return read_schema(reader, keyword);
}

static bool read_reference(const struct reader *reader, struct keyword *keyword) {
    if (json_node_type(keyword->value) != NODE_STRING)
        return wrong(reader, keyword, "a URI reference");
    struct target target;
    if (!registry_find(reader->all->registry, reader->schema->resource, keyword->value,
                       json_text(reader->json, keyword->value), &target, reader->problem))
        return false;
    keyword->is.to.schema = subschema_at(reader, target.resource, target.node);
    if (keyword->code == KEYWORD_DYNAMIC_REF)
        keyword->is.to.dynamic = target.dynamic;
    if (keyword->code == KEYWORD_RECURSIVE_REF)
        keyword->is.to.recursive = target.resource->recursive && target.node == target.resource->node;
    return keyword->is.to.schema != NULL;
}

static bool read_format(const struct reader *reader, struct keyword *keyword) {
    if (json_node_type(keyword->value) != NODE_STRING)
        return wrong(reader, keyword, "the name of a format");
    const struct dialect *dialect = &reader->schema->resource->dialect;
    const struct format *format = NULL;
    struct error error = {0};
    if (!format_find(json_text(reader->json, keyword->value), dialect_bit(dialect->draft), &format, &error))
        return registry_problem(reader->problem, reader->text, keyword->value, "%s", error.text);
    if (reader->all->registry->options.assert_formats || (dialect->vocabularies & VOCABULARY_ASSERTION) != 0)
        keyword->is.format = format;
    return true;
}

/* then and else mean nothing without if; min- and maxContains nothing without contains. */
static bool read_dependent(const struct reader *reader, struct keyword *keyword) {
    bool condition = keyword->code == KEYWORD_THEN || keyword->code == KEYWORD_ELSE;
    if (json_member(reader->json, reader->schema->node, condition ? SPAN("if") : SPAN("contains")) == NULL) {
        keyword->code = KEYWORD_SILENT;
        return true;
    }
    return condition ? read_schema(reader, keyword) : read_count(reader, keyword);
}

/* In draft 4 the exclusive bounds are flags of the bounds, which look at them; a number there means a later draft. */
static bool read_unjudged(const struct reader *reader, struct keyword *keyword) {
    struct span name = json_text(reader->json, keyword->key);
    enum node_type type = json_node_type(keyword->value);
    bool flag = span_equal(name, SPAN("exclusiveMinimum")) || span_equal(name, SPAN("exclusiveMaximum"));
    return !flag || reader->schema->resource->dialect.draft != SCHEMA_DRAFT_4 || type == NODE_TRUE ||
           type == NODE_FALSE ||
           wrong(reader, keyword, "true or false in draft 4 (numbers are of later drafts: name one in $schema)");
}

bool keyword_read(const struct reader *reader, struct keyword *keyword) {
    switch (keyword->code) {
    case KEYWORD_REF:
    case KEYWORD_DYNAMIC_REF:
    case KEYWORD_RECURSIVE_REF:
        return read_reference(reader, keyword);
    case KEYWORD_TYPE:
        return read_type(reader, keyword);
    case KEYWORD_ENUM:
        return json_node_type(keyword->value) == NODE_ARRAY || wrong(reader, keyword, "an array");
    case KEYWORD_MINIMUM:
    case KEYWORD_MAXIMUM:
    case KEYWORD_EXCLUSIVE_MINIMUM:
    case KEYWORD_EXCLUSIVE_MAXIMUM:
        return read_bound(reader, keyword);
    case KEYWORD_MULTIPLE_OF:
        return read_multiple(reader, keyword);
    case KEYWORD_MIN_LENGTH:
    case KEYWORD_MAX_LENGTH:
    case KEYWORD_MIN_ITEMS:
    case KEYWORD_MAX_ITEMS:
    case KEYWORD_MIN_PROPERTIES:
    case KEYWORD_MAX_PROPERTIES:
        return read_count(reader, keyword);
    case KEYWORD_PATTERN:
        return read_pattern(reader, keyword);
    case KEYWORD_FORMAT:
        return read_format(reader, keyword);
    case KEYWORD_CONTENT_ENCODING:
    case KEYWORD_CONTENT_MEDIA_TYPE:
        keyword->flag = reader->all->registry->options.assert_contents;
        return json_node_type(keyword->value) == NODE_STRING || wrong(reader, keyword, "a string");
    case KEYWORD_UNIQUE_ITEMS:
        return read_boolean(reader, keyword);
    case KEYWORD_REQUIRED:
        return read_names(reader, keyword, keyword->value);
    case KEYWORD_PREFIX_ITEMS:
    case KEYWORD_ALL_OF:
    case KEYWORD_ANY_OF:
    case KEYWORD_ONE_OF:
        return read_list(reader, keyword);
    case KEYWORD_DEPENDENT_REQUIRED:
    case KEYWORD_PROPERTIES:
    case KEYWORD_PATTERN_PROPERTIES:
    case KEYWORD_DEPENDENT_SCHEMAS:
    case KEYWORD_DEPENDENCIES:
        return read_map(reader, keyword);
    case KEYWORD_ITEMS:
        return read_items(reader, keyword);
    case KEYWORD_UNEVALUATED_ITEMS:
    case KEYWORD_UNEVALUATED_PROPERTIES:
    case KEYWORD_CONTAINS:
    case KEYWORD_ADDITIONAL_PROPERTIES:
    case KEYWORD_PROPERTY_NAMES:
    case KEYWORD_NOT:
    case KEYWORD_IF:
        return read_schema(reader, keyword);
    case KEYWORD_THEN:
    case KEYWORD_ELSE:
    case KEYWORD_MIN_CONTAINS:
    case KEYWORD_MAX_CONTAINS:
        return read_dependent(reader, keyword);
    case KEYWORD_CONST:
    case KEYWORD_CONTENT_SCHEMA:
    case KEYWORD_ANNOTATION:
    case KEYWORD_SILENT:
        return read_unjudged(reader, keyword);
    }
    return true;
}
