/* Keywords that look at one value: what can be decided from its kind is decided here, the rest becomes one op. */
#include "schema/assembler.h"

#include "schema/equal.h"
#include "schema/words.h"

/* An op of that code that the run has already: limits of the same sort become one. */
static struct proto *same_op(struct assembler *assembler, struct run *run, enum op_code code, bool *made) {
    *made = false;
    for (uint32_t i = 0; i < run->count; i++)
        if (run->proto[i].op.code == code)
            return &run->proto[i];
    *made = true;
    return run_add(assembler, run, code, 0);
}

static void tighten(struct assembler *assembler, struct run *run, enum op_code code, int64_t low, int64_t high) {
    bool made;
    struct op *op = &same_op(assembler, run, code, &made)->op;
    if (made) {
        op->one.low = 0;
        op->two.high = INT64_MAX;
    }
    if (low > op->one.low)
        op->one.low = low;
    if (high < op->two.high)
        op->two.high = high;
    if (op->one.low > op->two.high)
        run_fail(run);
}

static void emit_count(struct assembler *assembler, struct run *run, enum op_code code, const struct keyword *keyword,
                       bool least) {
    if (least)
        tighten(assembler, run, code, keyword->is.count, INT64_MAX);
    else
        tighten(assembler, run, code, 0, keyword->is.count);
}

static void add_bound(struct assembler *assembler, struct run *run, const struct json_document *json,
                      const struct keyword *keyword) {
    struct number *number = assembler_keep(assembler, sizeof *number);
    number_read(json, keyword->value, number);
    struct op *op = &run_add(assembler, run, OP_BOUND, 1)->op;
    op->one.number = number;
    op->flags = (uint8_t)(keyword->code - KEYWORD_MINIMUM);
}

/* A bound that is an integer, or any bound for an integer: two int64. Else the exact comparison. */
static void emit_bound(struct assembler *assembler, struct run *run, const struct json_document *json,
                       const struct keyword *keyword, enum kind kind) {
    const struct json_node *bound = keyword->value;
    bool low = keyword->code == KEYWORD_MINIMUM || keyword->code == KEYWORD_EXCLUSIVE_MINIMUM;
    bool exclusive = keyword->code >= KEYWORD_EXCLUSIVE_MINIMUM && kind == KIND_INTEGER;
    int64_t edge = bound->is.integer;
    if ((bound->flags & NODE_INTEGER) == 0 || (exclusive && edge == (low ? INT64_MAX : INT64_MIN))) {
        add_bound(assembler, run, json, keyword);
        return;
    }
    if (exclusive)
        edge += low ? 1 : -1;
    bool made;
    struct op *op = &same_op(assembler, run, OP_RANGE, &made)->op;
    if (made) {
        op->one.low = INT64_MIN;
        op->two.high = INT64_MAX;
    }
    op->flags |= low ? RANGE_LOW : RANGE_HIGH;
    if (low && edge > op->one.low)
        op->one.low = edge;
    if (!low && edge < op->two.high)
        op->two.high = edge;
}

static void emit_multiple(struct assembler *assembler, struct run *run, const struct json_document *json,
                          const struct keyword *keyword, enum kind kind) {
    bool whole = (keyword->value->flags & NODE_INTEGER) != 0;
    if (whole && kind == KIND_NUMBER) {
        run_fail(run); /* no fraction is a multiple of an integer */
        return;
    }
    struct number *number = assembler_keep(assembler, sizeof *number);
    number_read(json, keyword->value, number);
    struct op *op = &run_add(assembler, run, whole ? OP_MULTIPLE_INTEGER : OP_MULTIPLE, 1)->op;
    op->one.number = number;
    op->two.high = whole ? keyword->value->is.integer : 0;
}

static void emit_string(struct assembler *assembler, struct run *run, struct span string) {
    struct text *text = assembler_keep(assembler, sizeof *text);
    *text = (struct text){string.data, (uint32_t)string.size, json_hash(string)};
    run_add(assembler, run, OP_STRING, 1)->op.one.text = text;
}

static void emit_strings(struct assembler *assembler, struct run *run, const struct json_document *json,
                         const struct json_node **values, uint32_t count) {
    uint32_t size = 4;
    while (size < 2 * count)
        size *= 2;
    struct strings *strings = assembler_keep(assembler, sizeof *strings + size * sizeof(struct text));
    strings->mask = size - 1;
    for (uint32_t i = 0; i < size; i++)
        strings->slot[i].size = TEXT_FREE;
    for (uint32_t i = 0; i < count; i++) {
        struct span text = json_text(json, values[i]);
        uint32_t hash = json_hash(text), at = hash & strings->mask;
        while (strings->slot[at].size != TEXT_FREE)
            at = (at + 1) & strings->mask;
        strings->slot[at] = (struct text){text.data, (uint32_t)text.size, hash};
    }
    run_add(assembler, run, OP_STRINGS, 1)->op.one.strings = strings;
}

/* Numbers, arrays and objects. */
static void emit_others(struct assembler *assembler, struct run *run, const struct json_document *json,
                        const struct json_node **list, uint32_t count) {
    uint32_t size = 2;
    while (size < 2 * count)
        size *= 2;
    struct values *values = assembler_keep(assembler, sizeof *values + size * sizeof(const struct json_node *));
    values->json = json;
    values->mask = size - 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (uint32_t)equal_hash(json, list[i]) & values->mask;
        while (values->slot[at] != NULL)
            at = (at + 1) & values->mask;
        values->slot[at] = list[i];
    }
    run_add(assembler, run, OP_EQUAL, 2)->op.one.values = values;
}

static void emit_values(struct assembler *assembler, struct run *run, const struct json_document *json,
                        const struct json_node *first, uint32_t count, enum kind kind) {
    const struct json_node **left = assembler_take(assembler, (count + 1) * sizeof(const struct json_node *));
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++, first = json_next(json, first))
        if (words_kind(json, first, SCHEMA_DRAFT_2020_12) == kind)
            left[kept++] = first;
    if (kept == 0) {
        run_fail(run);
    } else if (kind <= KIND_TRUE) {
        return; /* null, false and true have one value each */
    } else if (kind == KIND_STRING && kept == 1) {
        emit_string(assembler, run, json_text(json, left[0]));
    } else if (kind == KIND_STRING) {
        emit_strings(assembler, run, json, left, kept);
    } else {
        emit_others(assembler, run, json, left, kept);
    }
}

static void emit_pattern(struct assembler *assembler, struct run *run, const struct regex *regex) {
    enum regex_kind kind = regex_kind(regex);
    if (kind == REGEX_NEVER)
        run_fail(run);
    else if (kind == REGEX_EXACT)
        emit_string(assembler, run, regex_literal(regex));
    else if (kind == REGEX_SEQUENCE)
        run_add(assembler, run, OP_SEQUENCE, 3)->op.one.sequence = regex_sequence(regex);
    else if (kind == REGEX_AUTOMATON)
        run_add(assembler, run, OP_AUTOMATON, 4)->op.one.automaton = regex_automaton(regex);
    else if (kind != REGEX_ALWAYS)
        run_add(assembler, run, OP_PATTERN, 5)->op.one.regex = regex;
}

static void emit_content(struct assembler *assembler, struct run *run, const struct spec *spec,
                         const struct keyword *keyword) {
    const struct json_document *json = &spec->schema->resource->text->json;
    const struct keyword *encoding = subschema_keyword(spec->schema, KEYWORD_CONTENT_ENCODING);
    struct content *content = assembler_keep(assembler, sizeof *content);
    if (encoding != NULL)
        content->encoding = json_text(json, encoding->value);
    if (keyword->code == KEYWORD_CONTENT_MEDIA_TYPE)
        content->media = json_text(json, keyword->value);
    run_add(assembler, run, OP_CONTENT, 6)->op.one.content = content;
}

static void emit_for_string(struct assembler *assembler, struct run *run, const struct spec *spec,
                            const struct keyword *keyword) {
    switch ((int)keyword->code) {
    case KEYWORD_MIN_LENGTH:
    case KEYWORD_MAX_LENGTH:
        emit_count(assembler, run, OP_LENGTH, keyword, keyword->code == KEYWORD_MIN_LENGTH);
        break;
    case KEYWORD_PATTERN:
        emit_pattern(assembler, run, keyword->is.regex);
        break;
    case KEYWORD_FORMAT:
        if (keyword->is.format != NULL)
            run_add(assembler, run, OP_FORMAT, 5)->op.one.format = keyword->is.format;
        break;
    case KEYWORD_CONTENT_ENCODING:
    case KEYWORD_CONTENT_MEDIA_TYPE:
        if (keyword->flag)
            emit_content(assembler, run, spec, keyword);
        break;
    default:
        break;
    }
}

/* Draft 4: 1.0 is no integer. */
static void emit_type(struct assembler *assembler, struct run *run, const struct spec *spec,
                      const struct keyword *keyword, enum kind kind) {
    unsigned kinds = keyword->is.kinds, numbers = 1 << KIND_INTEGER | 1 << KIND_NUMBER;
    bool digits = spec->schema->resource->dialect.draft == SCHEMA_DRAFT_4 && kind == KIND_INTEGER;
    if ((kinds >> kind & 1) == 0)
        run_fail(run);
    else if (digits && (kinds & numbers) == 1 << KIND_INTEGER)
        run_add(assembler, run, OP_WRITTEN_INTEGER, 1);
}

void value_emit(struct assembler *assembler, struct run *run, const struct spec *spec, const struct keyword *keyword,
                enum kind kind) {
    const struct json_document *json = &spec->schema->resource->text->json;
    enum keyword_code code = keyword->code;
    bool number = kind == KIND_INTEGER || kind == KIND_NUMBER;
    if (code == KEYWORD_TYPE)
        emit_type(assembler, run, spec, keyword, kind);
    else if (code == KEYWORD_CONST)
        emit_values(assembler, run, json, keyword->value, 1, kind);
    else if (code == KEYWORD_ENUM)
        emit_values(assembler, run, json, json_first(keyword->value), json_count(keyword->value), kind);
    else if (number && code >= KEYWORD_MINIMUM && code <= KEYWORD_EXCLUSIVE_MAXIMUM)
        emit_bound(assembler, run, json, keyword, kind);
    else if (number && code == KEYWORD_MULTIPLE_OF)
        emit_multiple(assembler, run, json, keyword, kind);
    else if (kind == KIND_STRING)
        emit_for_string(assembler, run, spec, keyword);
    else if (kind == KIND_ARRAY && (code == KEYWORD_MIN_ITEMS || code == KEYWORD_MAX_ITEMS))
        emit_count(assembler, run, OP_COUNT, keyword, code == KEYWORD_MIN_ITEMS);
    else if (kind == KIND_ARRAY && code == KEYWORD_UNIQUE_ITEMS && keyword->flag)
        run_add(assembler, run, OP_UNIQUE, 4);
    else if (kind == KIND_OBJECT && (code == KEYWORD_MIN_PROPERTIES || code == KEYWORD_MAX_PROPERTIES))
        emit_count(assembler, run, OP_COUNT, keyword, code == KEYWORD_MIN_PROPERTIES);
}
