/* One case a keyword. The sentences say what was wanted; what was found only when values may be shown. */
#include "schema/words.h"

#include "base/text.h"
#include "schema/equal.h"
#include "schema/number.h"
#include "json/reader.h"

enum kind words_kind(const struct json_document *json, const struct json_node *value, enum schema_draft draft) {
    switch (json_node_type(value)) {
    case NODE_NULL:
        return KIND_NULL;
    case NODE_FALSE:
        return KIND_FALSE;
    case NODE_TRUE:
        return KIND_TRUE;
    case NODE_NUMBER:
        if (draft == SCHEMA_DRAFT_4)
            return number_is_written_integer(json, value) ? KIND_INTEGER : KIND_NUMBER;
        return number_is_integer(json, value) ? KIND_INTEGER : KIND_NUMBER;
    case NODE_STRING:
        return KIND_STRING;
    case NODE_ARRAY:
        return KIND_ARRAY;
    case NODE_OBJECT:
        return KIND_OBJECT;
    }
    return KIND_NULL;
}

uint32_t words_length(const struct json_document *json, const struct json_node *string) {
    struct span text = json_text(json, string);
    if ((string->flags & NODE_ASCII) != 0)
        return (uint32_t)text.size;
    uint32_t length = 0;
    for (size_t i = 0; i < text.size; i++)
        length += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return length;
}

static bool equal_within(const struct explainer *explainer, const struct json_document *schema_json,
                         const struct json_node *wanted, const struct json_node *value) {
    bool large = json_node_type(value) >= NODE_ARRAY && json_node_type(value) == json_node_type(wanted);
    return context_spend(explainer->context, large ? (uint64_t)equal_cost(explainer->document, value) : 1) &&
           equal_values(schema_json, wanted, explainer->document, value);
}

static bool in_enum(const struct explainer *explainer, const struct json_document *schema_json,
                    const struct json_node *list, const struct json_node *value) {
    const struct json_node *one = json_first(list);
    for (uint32_t i = 0; i < json_count(list); i++, one = json_next(schema_json, one))
        if (equal_within(explainer, schema_json, one, value))
            return true;
    return false;
}

/* JSON, not JSON, or more than the reader takes. */
static bool is_json(struct schema_context *context, struct span text) {
    struct json_document inner;
    struct json_problem problem = {0};
    if (json_read(&context->scratch, text, NULL, &inner, &problem))
        return true;
    if (problem.fault == JSON_FAULT_MEMORY)
        return context_arena(context, &context->scratch, "contentMediaType takes more memory than allowed");
    if (problem.fault >= JSON_FAULT_DEPTH)
        return context_fault(context, "the JSON within a string is deeper or larger than allowed");
    return false;
}

bool words_content(struct schema_context *context, struct span encoding, struct span media, struct span text) {
    struct buf *decoded = &context->decoded;
    buf_clear(decoded);
    bool base64 = span_equal(encoding, SPAN("base64"));
    bool holds = !base64 || text_read_base64(decoded, text);
    if (holds && span_equal(media, SPAN("application/json")))
        holds = is_json(context, base64 ? buf_span(decoded) : text);
    return decoded->failed ? context_shortage(context) : holds;
}

static bool content_holds(const struct explainer *explainer, const struct subschema *schema,
                          const struct keyword *keyword, struct span text) {
    if (!keyword->flag)
        return true;
    const struct json_document *json = &schema->resource->text->json;
    const struct keyword *encoding = subschema_keyword(schema, KEYWORD_CONTENT_ENCODING);
    bool media = keyword->code == KEYWORD_CONTENT_MEDIA_TYPE;
    return words_content(explainer->context, encoding != NULL ? json_text(json, encoding->value) : SPAN_NONE,
                         media ? json_text(json, keyword->value) : SPAN_NONE, text);
}

static bool number_holds(const struct explainer *explainer, const struct json_document *schema_json,
                         const struct keyword *keyword, const struct json_node *value) {
    const struct json_document *json = explainer->document;
    if (keyword->code == KEYWORD_MULTIPLE_OF) {
        struct number number, divisor;
        number_read(json, value, &number);
        number_read(schema_json, keyword->value, &divisor);
        return context_multiple(explainer->context, &number, &divisor);
    }
    int order = number_compare(json, value, schema_json, keyword->value);
    if (keyword->code == KEYWORD_MINIMUM)
        return order >= 0;
    if (keyword->code == KEYWORD_MAXIMUM)
        return order <= 0;
    return keyword->code == KEYWORD_EXCLUSIVE_MINIMUM ? order > 0 : order < 0;
}

static bool has_required(const struct explainer *explainer, const struct json_document *schema_json,
                         const struct json_node *names, const struct json_node *value) {
    const struct json_node *name = json_first(names);
    for (uint32_t i = 0; i < json_count(names); i++, name = json_next(schema_json, name))
        if (!context_spend(explainer->context, 1 + json_count(value) / 8) ||
            json_member(explainer->document, value, json_text(schema_json, name)) == NULL)
            return false;
    return true;
}

bool words_holds(const struct explainer *explainer, const struct subschema *schema, const struct keyword *keyword,
                 const struct json_node *value) {
    const struct json_document *json = explainer->document, *schema_json = &schema->resource->text->json;
    uint32_t wanted = keyword->is.count;
    switch ((int)keyword->code) {
    case KEYWORD_TYPE:
        return (keyword->is.kinds >> words_kind(json, value, schema->resource->dialect.draft) & 1) != 0;
    case KEYWORD_CONST:
        return equal_within(explainer, schema_json, keyword->value, value);
    case KEYWORD_ENUM:
        return in_enum(explainer, schema_json, keyword->value, value);
    case KEYWORD_MINIMUM:
    case KEYWORD_MAXIMUM:
    case KEYWORD_EXCLUSIVE_MINIMUM:
    case KEYWORD_EXCLUSIVE_MAXIMUM:
    case KEYWORD_MULTIPLE_OF:
        return number_holds(explainer, schema_json, keyword, value);
    case KEYWORD_MIN_LENGTH:
        return words_length(json, value) >= wanted;
    case KEYWORD_MAX_LENGTH:
        return words_length(json, value) <= wanted;
    case KEYWORD_PATTERN:
        return context_match(explainer->context, keyword->is.regex, json_text(json, value));
    case KEYWORD_FORMAT:
        return keyword->is.format == NULL || json_node_type(value) != NODE_STRING ||
               context_format(explainer->context, keyword->is.format, json_text(json, value));
    case KEYWORD_CONTENT_ENCODING:
    case KEYWORD_CONTENT_MEDIA_TYPE:
        return content_holds(explainer, schema, keyword, json_text(json, value));
    case KEYWORD_MIN_ITEMS:
    case KEYWORD_MIN_PROPERTIES:
        return json_count(value) >= wanted;
    case KEYWORD_MAX_ITEMS:
    case KEYWORD_MAX_PROPERTIES:
        return json_count(value) <= wanted;
    case KEYWORD_REQUIRED:
        return has_required(explainer, schema_json, keyword->value, value);
    default:
        return true; /* annotations */
    }
}

/* A schema's value in a sentence, cut when long. */
static void add_value(struct buf *out, const struct json_document *json, const struct json_node *value) {
    struct span text = json_source(json, value);
    size_t size = text.size;
    if (size > 60) {
        for (size = 57; size > 0 && ((unsigned char)text.data[size] & 0xc0) == 0x80;)
            size--;
        buf_add(out, span_make(text.data, size));
        buf_add_text(out, "...");
        return;
    }
    buf_add(out, text);
}

static void say_type(struct buf *out, const struct explainer *explainer, const struct keyword *keyword,
                     const struct json_node *value) {
    static const struct {
        unsigned kinds;
        const char *name;
    } types[] = {
        {1 << KIND_NULL, "null"},
        {1 << KIND_FALSE | 1 << KIND_TRUE, "true or false"},
        {1 << KIND_INTEGER | 1 << KIND_NUMBER, "a number"},
        {1 << KIND_INTEGER, "an integer"},
        {1 << KIND_STRING, "a string"},
        {1 << KIND_ARRAY, "an array"},
        {1 << KIND_OBJECT, "an object"},
    };
    unsigned left = keyword->is.kinds, found = 1U << words_kind(explainer->document, value, SCHEMA_DRAFT_2020_12);
    const char *what = "a number that is not an integer";
    bool first = true;
    buf_add_text(out, "must be ");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if ((types[i].kinds & found) != 0 && i != 2)
            what = types[i].name;
        if (left == 0 || (left & types[i].kinds) != types[i].kinds)
            continue;
        left &= ~types[i].kinds;
        buf_printf(out, "%s%s", first ? "" : " or ", types[i].name);
        first = false;
    }
    if ((found & (1 << KIND_FALSE | 1 << KIND_TRUE)) != 0)
        what = "a boolean";
    if ((keyword->is.kinds & found) != 0)
        what = "a number written with a point or an exponent, which is not an integer in draft 4";
    buf_printf(out, ", not %s", what);
}

static void say_enum(struct buf *out, const struct json_document *schema_json, const struct json_node *list) {
    buf_add_text(out, "must be one of ");
    const struct json_node *one = json_first(list);
    for (uint32_t i = 0; i < json_count(list); i++, one = json_next(schema_json, one)) {
        if (i == 12) {
            buf_printf(out, " and %u more", json_count(list) - i);
            return;
        }
        buf_add_text(out, i == 0 ? "" : ", ");
        add_value(out, schema_json, one);
    }
}

static void say_required(struct buf *out, const struct explainer *explainer, const struct json_document *schema_json,
                         const struct json_node *names, const struct json_node *value) {
    const struct json_node *name = json_first(names);
    uint32_t missing = 0;
    buf_add_text(out, "must have the member ");
    for (uint32_t i = 0; i < json_count(names); i++, name = json_next(schema_json, name)) {
        if (!context_spend(explainer->context, 1 + json_count(value) / 8) ||
            json_member(explainer->document, value, json_text(schema_json, name)) != NULL)
            continue;
        buf_add_text(out, missing == 0 ? "" : ", ");
        add_value(out, schema_json, name);
        missing++;
    }
}

static void say_count(struct buf *out, const char *most, uint32_t count, const char *thing, const char *things,
                      uint32_t found) {
    buf_printf(out, "must have at %s %u %s, not %u", most, count, count == 1 ? thing : things, found);
}

static void say_number(struct buf *out, const struct json_document *schema_json, const struct keyword *keyword) {
    static const char *const said[] = {"at least ", "at most ", "more than ", "less than ", "a multiple of "};
    buf_add_text(out, "must be ");
    buf_add_text(out, said[keyword->code - KEYWORD_MINIMUM]);
    add_value(out, schema_json, keyword->value);
}

static void say(struct buf *out, const struct explainer *explainer, const struct subschema *schema,
                const struct keyword *keyword, const struct json_node *value) {
    const struct json_document *schema_json = &schema->resource->text->json;
    uint32_t wanted = keyword->is.count;
    switch ((int)keyword->code) {
    case KEYWORD_TYPE:
        say_type(out, explainer, keyword, value);
        break;
    case KEYWORD_CONST:
        buf_add_text(out, "must be ");
        add_value(out, schema_json, keyword->value);
        break;
    case KEYWORD_ENUM:
        say_enum(out, schema_json, keyword->value);
        break;
    case KEYWORD_MIN_LENGTH:
        say_count(out, "least", wanted, "character", "characters", words_length(explainer->document, value));
        break;
    case KEYWORD_MAX_LENGTH:
        say_count(out, "most", wanted, "character", "characters", words_length(explainer->document, value));
        break;
    case KEYWORD_MIN_ITEMS:
        say_count(out, "least", wanted, "item", "items", json_count(value));
        break;
    case KEYWORD_MAX_ITEMS:
        say_count(out, "most", wanted, "item", "items", json_count(value));
        break;
    case KEYWORD_MIN_PROPERTIES:
        say_count(out, "least", wanted, "member", "members", json_count(value));
        break;
    case KEYWORD_MAX_PROPERTIES:
        say_count(out, "most", wanted, "member", "members", json_count(value));
        break;
    case KEYWORD_PATTERN:
        buf_add_text(out, "must match the pattern ");
        buf_add(out, json_text(schema_json, keyword->value));
        break;
    case KEYWORD_FORMAT:
        buf_printf(out, "must be %s", keyword->is.format->wanted);
        break;
    case KEYWORD_CONTENT_ENCODING:
    case KEYWORD_CONTENT_MEDIA_TYPE:
        buf_add_text(out, "must hold text in ");
        add_value(out, schema_json, keyword->value);
        break;
    case KEYWORD_REQUIRED:
        say_required(out, explainer, schema_json, keyword->value, value);
        break;
    default:
        say_number(out, schema_json, keyword);
        break;
    }
}

struct span explain_sentence(const struct explainer *explainer, const struct subschema *schema,
                             const struct keyword *keyword, const struct json_node *value) {
    struct buf out = {0};
    say(&out, explainer, schema, keyword, value);
    if (explainer->values && keyword->code != KEYWORD_REQUIRED && keyword->code != KEYWORD_TYPE) {
        buf_add_text(&out, "; it is ");
        add_value(&out, explainer->document, value);
    }
    struct span text = arena_copy(explainer->arena, buf_span(&out));
    if (text.data == NULL || out.failed)
        (void)context_arena(explainer->context, explainer->arena, EXPLAIN_FULL);
    buf_finish(&out);
    return text;
}

/* A value's source without the white space between its tokens. */
static struct span compact(const struct explainer *explainer, const struct json_document *json,
                           const struct json_node *value) {
    struct span text = json_source(json, value);
    char *out = arena_take(explainer->arena, text.size + 1);
    if (out == NULL)
        return SPAN_NONE;
    size_t size = 0;
    bool string = false;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (!string && (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'))
            continue;
        out[size++] = byte;
        if (string && byte == '\\' && i + 1 < text.size)
            out[size++] = text.data[++i];
        else if (byte == '"')
            string = !string;
    }
    return span_make(out, size);
}

struct span words_annotation(const struct explainer *explainer, const struct subschema *schema,
                             const struct keyword *keyword) {
    bool media = subschema_keyword(schema, KEYWORD_CONTENT_MEDIA_TYPE) != NULL;
    bool said = keyword->code == KEYWORD_ANNOTATION || keyword->code == KEYWORD_FORMAT ||
                keyword->code == KEYWORD_CONTENT_ENCODING || keyword->code == KEYWORD_CONTENT_MEDIA_TYPE ||
                (keyword->code == KEYWORD_CONTENT_SCHEMA && media);
    return said ? compact(explainer, &schema->resource->text->json, keyword->value) : SPAN_NONE;
}

struct span words_items(const struct explainer *explainer, const struct keyword *keyword, uint32_t from,
                        uint32_t count) {
    if (keyword->code == KEYWORD_PREFIX_ITEMS) {
        if (count == 0)
            return SPAN_NONE;
        return count <= keyword->is.children.count
                   ? SPAN("true")
                   : arena_printf(explainer->arena, "%u", keyword->is.children.count - 1);
    }
    return count > from ? SPAN("true") : SPAN_NONE;
}
