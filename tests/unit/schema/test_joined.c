/* Values under several schemas: they are judged as one, and that changes no verdict. Each row is judged by the fast
 * program and by the explaining evaluator, which joins nothing. */
#include "base/buf.h"
#include "schema/schema.h"
#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct world {
    struct schema_registry *registry;
    struct schema_program *program;
    struct schema_context *context;
    struct arena arena;
};

static void start(struct world *world, struct span schema, const struct schema_limits *limits) {
    struct schema_options options = {.assert_formats = true};
    struct schema_problem problem = {0};
    *world = (struct world){.registry = schema_registry_create(&options), .context = schema_context_create(limits)};
    arena_init(&world->arena, 0);
    if (schema_registry_add(world->registry, SPAN("test.json"), schema, "test.json", &problem))
        world->program = schema_compile(world->registry, SPAN("test.json"), &problem);
    if (world->program == NULL)
        fail_msg("%.*s: %s", SPAN_ARGUMENT(schema), problem.error.text);
}

static void stop(struct world *world) {
    schema_program_destroy(world->program);
    schema_registry_destroy(world->registry);
    schema_context_destroy(world->context);
    arena_finish(&world->arena);
}

static enum schema_result judge(struct world *world, struct span instance) {
    struct json_document json;
    struct schema_complaints complaints;
    assert_true(json_read(&world->arena, instance, NULL, &json, NULL));
    enum schema_result result = schema_validate(world->program, world->context, &json, json.node);
    if (result != SCHEMA_ERROR)
        assert_int_equal(schema_explain(world->program, world->context, &json, json.node, SCHEMA_SHOW_NOTHING,
                                        &world->arena, &complaints),
                         result);
    return result;
}

#define TWICE(one, other) "{\"properties\": {\"a\": " one "}, \"allOf\": [{\"properties\": {\"a\": " other "}}]}"
#define CLOSED(more)      "{\"properties\": {\"a\": {\"minimum\": 3}}, \"additionalProperties\": " more ", "
#define A_IS(value)       "{\"a\": " value "}"
#define TWO_DIGITS        "{\"pattern\": \"^[0-9]{2}$\"}"
#define A_OR_B            "{\"pattern\": \"^(a|b)+$\"}"

#define ROUND                                                                                                          \
    "{\"properties\": {\"a\": {\"$ref\": \"#\"}}, \"allOf\": [{\"$ref\": \"#/$defs/b\"}], \"$defs\": {\"b\": "         \
    "{\"properties\": {\"a\": {\"$ref\": \"#/$defs/b\"}, \"n\": {\"minimum\": 1}}}}}"

static const struct {
    const char *schema, *instance;
    bool valid;
} rows[] = {
    /* limits of the same sort */
    {TWICE("{\"minLength\": 2}", "{\"maxLength\": 3}"), A_IS("\"å\""), false},
    {TWICE("{\"minLength\": 2}", "{\"maxLength\": 3}"), A_IS("\"åä\""), true},
    {TWICE("{\"minLength\": 2}", "{\"maxLength\": 3}"), A_IS("\"åäöå\""), false},
    {TWICE("{\"minLength\": 2}", "{\"maxLength\": 3}"), A_IS("7"), true},
    {TWICE("{\"minLength\": 3}", "{\"maxLength\": 2}"), A_IS("\"abc\""), false},
    {TWICE("{\"minimum\": 2}", "{\"maximum\": 4}"), A_IS("1"), false},
    {TWICE("{\"minimum\": 2}", "{\"maximum\": 4}"), A_IS("4"), true},
    {TWICE("{\"minimum\": 2}", "{\"maximum\": 4}"), A_IS("4.5"), false},
    {TWICE("{\"minimum\": 2}", "{\"maximum\": 4}"), A_IS("1e400"), false},
    {TWICE("{\"minItems\": 1}", "{\"maxItems\": 1}"), A_IS("[]"), false},
    {TWICE("{\"minItems\": 1}", "{\"maxItems\": 1}"), A_IS("[1]"), true},
    {TWICE("{\"minItems\": 1}", "{\"maxItems\": 1}"), A_IS("[1,2]"), false},
    /* types, one of them wrong for the other */
    {TWICE("{\"type\": \"string\"}", "{\"type\": \"integer\"}"), A_IS("1"), false},
    {TWICE("{\"type\": [\"string\", \"null\"]}", "{\"type\": \"null\"}"), A_IS("null"), true},
    {TWICE("false", "{\"type\": \"null\"}"), A_IS("null"), false},
    {TWICE("false", "{\"type\": \"null\"}"), "{}", true},
    {TWICE("true", "{\"type\": \"null\"}"), A_IS("1"), false},
    /* fixed strings, of which the rest is known beforehand */
    {TWICE("{\"const\": \"ab\"}", "{\"minLength\": 2}"), A_IS("\"ab\""), true},
    {TWICE("{\"const\": \"ab\"}", "{\"minLength\": 2}"), A_IS("\"abc\""), false},
    {TWICE("{\"const\": \"ab\"}", "{\"minLength\": 3}"), A_IS("\"ab\""), false},
    {TWICE("{\"const\": \"åä\"}", "{\"maxLength\": 2}"), A_IS("\"åä\""), true},
    {TWICE("{\"const\": \"ab\"}", "{\"const\": \"ab\"}"), A_IS("\"ab\""), true},
    {TWICE("{\"const\": \"ab\"}", "{\"const\": \"ac\"}"), A_IS("\"ab\""), false},
    {TWICE("{\"const\": \"ab\"}", "{\"const\": \"ac\"}"), A_IS("\"ac\""), false},
    {TWICE("{\"const\": \"ab\"}", "{\"enum\": [\"cd\", \"ab\"]}"), A_IS("\"ab\""), true},
    {TWICE("{\"const\": \"ab\"}", "{\"enum\": [\"cd\", \"ab\"]}"), A_IS("\"cd\""), false},
    {TWICE("{\"const\": \"ab\"}", "{\"enum\": [\"cd\", \"ef\"]}"), A_IS("\"ab\""), false},
    {TWICE("{\"enum\": [\"a\", \"b\"]}", "{\"enum\": [\"b\", \"c\"]}"), A_IS("\"b\""), true},
    {TWICE("{\"enum\": [\"a\", \"b\"]}", "{\"enum\": [\"b\", \"c\"]}"), A_IS("\"a\""), false},
    {TWICE("{\"enum\": [\"a\", \"b\"]}", "{\"enum\": [\"b\", \"c\"]}"), A_IS("\"c\""), false},
    {TWICE("{\"enum\": [\"a\", \"b\"]}", "{\"enum\": [\"b\", \"a\", \"c\"]}"), A_IS("\"c\""), false},
    {TWICE("{\"const\": \"42\"}", TWO_DIGITS), A_IS("\"42\""), true},
    {TWICE("{\"const\": \"42\"}", TWO_DIGITS), A_IS("\"43\""), false},
    {TWICE("{\"const\": \"4a\"}", TWO_DIGITS), A_IS("\"4a\""), false},
    {TWICE("{\"const\": \"abba\"}", A_OR_B), A_IS("\"abba\""), true},
    {TWICE("{\"const\": \"abca\"}", A_OR_B), A_IS("\"abca\""), false},
    {TWICE("{\"enum\": [\"ab\", \"ba\"]}", A_OR_B), A_IS("\"ba\""), true},
    {TWICE("{\"enum\": [\"ab\", \"ca\"]}", A_OR_B), A_IS("\"ca\""), false},
    {TWICE("{\"enum\": [\"ab\", \"ca\"]}", A_OR_B), A_IS("\"ab\""), true},
    {TWICE("{\"enum\": [\"a\", \"b\", \"ab\", \"d\"]}", A_OR_B), A_IS("\"d\""), false},
    {TWICE("{\"enum\": [\"a\", \"e\", \"ab\", \"b\"]}", A_OR_B), A_IS("\"e\""), false},
    {TWICE("{\"enum\": [\"f\", \"b\", \"ab\", \"a\"]}", A_OR_B), A_IS("\"f\""), false},
    {TWICE("{\"const\": \"2026-02-29\"}", "{\"format\": \"date\"}"), A_IS("\"2026-02-29\""), false},
    {TWICE("{\"const\": \"2024-02-29\"}", "{\"format\": \"date\"}"), A_IS("\"2024-02-29\""), true},
    {TWICE("{\"const\": \"aa\"}", "{\"pattern\": \"^(.)\\\\1$\"}"), A_IS("\"aa\""), true},
    {TWICE("{\"const\": \"ab\"}", "{\"pattern\": \"^(.)\\\\1$\"}"), A_IS("\"ab\""), false},
    {"{\"not\": " TWICE("{\"const\": \"a\"}", "{\"const\": \"b\"}") "}", A_IS("\"a\""), true},
    /* the same pattern twice, and two of them */
    {TWICE(A_OR_B, A_OR_B), A_IS("\"ab\""), true},
    {TWICE(A_OR_B, A_OR_B), A_IS("\"ac\""), false},
    {TWICE(A_OR_B, "{\"pattern\": \"^(b|c)+$\"}"), A_IS("\"bb\""), true},
    {TWICE(A_OR_B, "{\"pattern\": \"^(b|c)+$\"}"), A_IS("\"ab\""), false},
    {TWICE(A_OR_B, "{\"pattern\": \"^(b|c)+$\"}"), A_IS("\"bc\""), false},
    {"{\"properties\": {\"a\": " A_OR_B ", \"b\": " TWO_DIGITS ", \"c\": " TWO_DIGITS "}}", "{\"c\": \"12\"}", true},
    {"{\"properties\": {\"a\": " A_OR_B ", \"b\": " TWO_DIGITS ", \"c\": " TWO_DIGITS "}}", "{\"c\": \"ab\"}", false},
    /* objects below, and schemas that come back to themselves */
    {TWICE("{\"required\": [\"b\"]}", "{\"required\": [\"c\"]}"), A_IS("{\"b\": 1}"), false},
    {TWICE("{\"required\": [\"b\"]}", "{\"required\": [\"c\"]}"), A_IS("{\"c\": 1, \"b\": 1}"), true},
    {ROUND, A_IS(A_IS(A_IS("{\"n\": 1}"))), true},
    {ROUND, A_IS(A_IS(A_IS("{\"n\": 0}"))), false},
    /* the rest looks at names that are not its own, also when others speak of them */
    {CLOSED("false") "\"required\": [\"b\"]}", "{\"a\": 3, \"b\": 1}", false},
    {CLOSED("false") "\"required\": [\"a\"]}", A_IS("3"), true},
    {CLOSED("false") "\"required\": [\"a\"]}", A_IS("2"), false},
    {CLOSED("false") "\"required\": [\"a\"]}", "{}", false},
    {CLOSED("{\"maximum\": 9}") "\"required\": [\"b\"]}", "{\"b\": 9}", true},
    {CLOSED("{\"maximum\": 9}") "\"required\": [\"b\"]}", "{\"b\": 10}", false},
    {CLOSED("{\"maximum\": 9}") "\"required\": [\"b\"]}", "{\"b\": 1, \"a\": 10}", true},
    {CLOSED("{\"maximum\": 9}") "\"required\": [\"b\"]}", "{\"b\": 1, \"c\": 10}", false},
    {CLOSED("{\"maximum\": 9}") "\"required\": [\"b\"]}", "{\"c\": 1}", false},
    {CLOSED("{\"maximum\": 9}") "\"allOf\": [{\"properties\": {\"b\": {\"minimum\": 8}}}]}", "{\"b\": 8}", true},
    {CLOSED("{\"maximum\": 9}") "\"allOf\": [{\"properties\": {\"b\": {\"minimum\": 8}}}]}", "{\"b\": 7}", false},
    {CLOSED("{\"maximum\": 9}") "\"allOf\": [{\"properties\": {\"b\": {\"minimum\": 8}}}]}", "{\"b\": 10}", false},
    {CLOSED("false") "\"allOf\": [{\"properties\": {\"b\": {\"minimum\": 8}}}]}", "{\"b\": 8}", false},
    {CLOSED("false") "\"allOf\": [{\"properties\": {\"a\": {\"maximum\": 8}}}]}", A_IS("8"), true},
    {CLOSED("false") "\"allOf\": [{\"properties\": {\"a\": {\"maximum\": 8}}}]}", A_IS("9"), false},
    {CLOSED("false") "\"allOf\": [{\"properties\": {\"a\": {\"maximum\": 8}}}]}", A_IS("2"), false},
    {CLOSED("false") "\"patternProperties\": {\"^x\": {\"type\": \"null\"}}, \"required\": [\"xb\"]}", "{\"xb\": null}",
     true},
    {CLOSED("false") "\"patternProperties\": {\"^x\": {\"type\": \"null\"}}, \"required\": [\"xb\"]}", "{\"xb\": 1}",
     false},
};

static void verdicts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world world;
        start(&world, span_of(rows[i].schema), NULL);
        enum schema_result result = judge(&world, span_of(rows[i].instance));
        if (result != (rows[i].valid ? SCHEMA_VALID : SCHEMA_INVALID))
            fail_msg("row %zu: %s\n%s", i, rows[i].schema, rows[i].instance);
        stop(&world);
    }
}

/* `names` names, each under `schemas` schemas: "nN" must be at least each of 0 to schemas - 1 more than N. */
static void write_schema(struct buf *out, unsigned names, unsigned schemas) {
    char text[64];
    buf_add_text(out, "{\"allOf\": [");
    for (unsigned s = 0; s < schemas; s++) {
        buf_add_text(out, s > 0 ? ", {\"properties\": {" : "{\"properties\": {");
        for (unsigned n = 0; n < names; n++) {
            (void)snprintf(text, sizeof text, "%s\"n%u\": {\"minimum\": %u}", n > 0 ? ", " : "", n, n + s);
            buf_add_text(out, text);
        }
        buf_add_text(out, "}}");
    }
    buf_add_text(out, "]}");
}

/* More sets than are joined, and more schemas of one value: what is left over is judged one after the other. */
static void too_many(void **state) {
    (void)state;
    static const struct { unsigned names, schemas; } sizes[] = {{1100, 2}, {3, 40}, {700, 3}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct world world;
        struct buf schema = {0};
        write_schema(&schema, sizes[i].names, sizes[i].schemas);
        start(&world, buf_span(&schema), NULL);
        for (unsigned n = 0; n < sizes[i].names; n++)
            for (unsigned less = 0; less <= sizes[i].schemas; less++) {
                char text[64];
                (void)snprintf(text, sizeof text, "{\"n%u\": %u}", n, n + sizes[i].schemas - less);
                arena_reset(&world.arena);
                assert_int_equal(judge(&world, span_of(text)), less < 2 ? SCHEMA_VALID : SCHEMA_INVALID);
            }
        stop(&world);
        buf_finish(&schema);
    }
}

/* Where the rest cannot be joined to all that is said of a name any more, it is judged all the same. */
static void too_many_with_a_rest(void **state) {
    (void)state;
    for (unsigned schemas = 14; schemas < 19; schemas++) {
        struct world world;
        struct buf schema = {0};
        write_schema(&schema, 1, schemas);
        schema.size--;
        buf_add_text(&schema, ", \"properties\": {\"a\": {}}, \"additionalProperties\": {\"maximum\": 100}}");
        start(&world, buf_span(&schema), NULL);
        assert_int_equal(judge(&world, SPAN("{\"n0\": 100, \"a\": 101}")), SCHEMA_VALID);
        assert_int_equal(judge(&world, SPAN("{\"n0\": 101}")), SCHEMA_INVALID);
        assert_int_equal(judge(&world, SPAN("{\"n0\": 12}")), SCHEMA_INVALID);
        stop(&world);
        buf_finish(&schema);
    }
}

#define A_DEF(name, schema) "\"" name "\": {\"properties\": {\"a\": " schema "}}"
#define TO(name)            "{\"$ref\": \"#/$defs/" name "\"}"

/* A set of schemas is not taken for a larger one, whichever of them is met first. */
static void subsets(void **state) {
    (void)state;
    static const struct {
        const char *instance;
        bool valid;
    } cases[] = {
        {"{\"x\": {\"a\": 8}, \"y\": {\"a\": 10}, \"z\": {\"a\": 8}}", true},
        {"{\"x\": {\"a\": 10}}", false},
        {"{\"x\": {\"a\": 7}}", false},
        {"{\"x\": {\"a\": 0}}", false},
        {"{\"y\": {\"a\": 7}}", false},
        {"{\"y\": {\"a\": 0}}", false},
        {"{\"z\": {\"a\": 10}}", false},
        {"{\"z\": {\"a\": 7}}", false},
        {"{\"z\": {\"a\": 0}}", false},
    };
    struct world world;
    start(
        &world,
        SPAN("{\"$defs\": {" A_DEF("l", "{\"minimum\": 1}") ", " A_DEF("m", "{\"multipleOf\": 2}") ", " A_DEF(
            "h", "{\"maximum\": 9}") "}, \"properties\": {"
                                     "\"x\": {\"allOf\": [" TO("l") ", " TO("m") ", " TO(
                                         "h") "]}, "
                                              "\"y\": {\"allOf\": [" TO("m") ", " TO(
                                                  "l") "]}, "
                                                       "\"z\": {\"allOf\": [" TO("h") ", " TO("m") ", " TO("l") "]}}}"),
        NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (judge(&world, span_of(cases[i].instance)) != (cases[i].valid ? SCHEMA_VALID : SCHEMA_INVALID))
            fail_msg("%s", cases[i].instance);
    stop(&world);
}

struct candidate {
    uint32_t hash, number;
};

static int by_hash(const void *one, const void *other) {
    uint32_t a = ((const struct candidate *)one)->hash, b = ((const struct candidate *)other)->hash;
    return a < b ? -1 : a > b;
}

struct frame {
    const char *front, *end;
};

enum { LETTERS = 86, CANDIDATES = LETTERS * LETTERS * LETTERS };

/* Three letters of those that need no escape. */
static void write_name(char name[64], const struct frame *frame, uint32_t number) {
    char letter[4] = "";
    for (size_t i = 0; i < 3; i++, number /= LETTERS)
        letter[i] = (char)('(' + number % LETTERS + (number % LETTERS >= '\\' - '('));
    (void)snprintf(name, 64, "%s%s%s", frame->front, letter, frame->end);
}

/* Two names in the same frame that have the same hash. */
static bool find_twins(char twin[2][64], const struct frame *frame) {
    struct candidate *list = malloc(CANDIDATES * sizeof *list);
    assert_non_null(list);
    for (uint32_t i = 0; i < CANDIDATES; i++) {
        write_name(twin[0], frame, i);
        list[i] = (struct candidate){json_hash(span_of(twin[0])), i};
    }
    qsort(list, CANDIDATES, sizeof *list, by_hash);
    bool found = false;
    for (uint32_t i = 1; i < CANDIDATES && !found; i++) {
        found = list[i - 1].hash == list[i].hash;
        write_name(twin[0], frame, list[i - 1].number);
        write_name(twin[1], frame, list[i].number);
    }
    free(list);
    return found;
}

/* A hash finds a name, but only its bytes decide. */
static void equal_hashes(void **state) {
    (void)state;
    static const struct frame frames[] = {
        {"a", ""},
        {"", "abcd"},
        {"abcd", ""},
        {"", "-abcdefgh"},
        {"abcdefgh-", ""},
        {"", "-abcdefgh-12345678"},
        {"abcdefgh-12345678-", "z"},
        {"abcdefgh-", "-12345678"},
    };
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct world world;
        char twin[2][64], text[256];
        assert_true(find_twins(twin, &frames[i]));
        (void)snprintf(text, sizeof text,
                       "{\"properties\": {\"%s\": {\"type\": \"null\"}},"
                       " \"additionalProperties\": {\"enum\": [\"%s\", \"x\"]}}",
                       twin[0], twin[0]);
        start(&world, span_of(text), NULL);
        (void)snprintf(text, sizeof text, "{\"%s\": null, \"%s\": \"%s\"}", twin[0], twin[1], twin[0]);
        assert_int_equal(judge(&world, span_of(text)), SCHEMA_VALID);
        (void)snprintf(text, sizeof text, "{\"%s\": null}", twin[1]);
        assert_int_equal(judge(&world, span_of(text)), SCHEMA_INVALID);
        (void)snprintf(text, sizeof text, "{\"a\": \"%s\"}", twin[1]);
        assert_int_equal(judge(&world, span_of(text)), SCHEMA_INVALID);
        stop(&world);
    }
}

/* What was not joined takes steps. */
static void steps(void **state) {
    (void)state;
    struct world world;
    struct buf schema = {0};
    write_schema(&schema, 1, 400);
    start(&world, buf_span(&schema), &(struct schema_limits){.steps = 100});
    assert_int_equal(judge(&world, SPAN("{\"n0\": 1000}")), SCHEMA_ERROR);
    assert_string_equal(schema_context_fault(world.context), "more steps than allowed");
    stop(&world);
    buf_finish(&schema);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts), cmocka_unit_test(too_many),     cmocka_unit_test(too_many_with_a_rest),
        cmocka_unit_test(subsets),  cmocka_unit_test(equal_hashes), cmocka_unit_test(steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
