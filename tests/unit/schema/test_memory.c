/* Memory: none is taken for a valid document, and every allocation of compile and validate may fail, once or for ever:
 * an error, no crash, no leak. */
#include "schema/schema.h"
#include "support/memory.h"
#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* Between them these walk every way through the library that takes memory. */
static const struct life {
    const char *schema, *valid, *invalid;
} lives[] = {
    {.schema =
         "{\"$id\": \"https://sluss.example/s\", \"$dynamicAnchor\": \"node\", \"type\": \"object\","
         "\"properties\": {\"a\": {\"type\": \"string\", \"pattern\": \"^(?=x)x(?<=x{1,2})[a-z]+$\", \"maxLength\": 9},"
         "\"b\": {\"uniqueItems\": true, \"items\": {\"type\": \"integer\", \"multipleOf\": 0.5}},"
         "\"c\": {\"oneOf\": [{\"properties\": {\"op\": {\"const\": \"x\"}}, \"required\": [\"op\"]},"
         "{\"properties\": {\"op\": {\"enum\": [\"y\", \"z\", 1, [2]]}}, \"required\": [\"op\"]}]},"
         "\"d\": {\"$dynamicRef\": \"#node\"}, \"e\": {\"$ref\": "
         "\"https://json-schema.org/draft/2020-12/meta/content\"},"
         "\"f\": {\"$ref\": \"#/$defs/f\"}},"
         "\"anyOf\": [{\"properties\": {\"g\": true}}, {\"patternProperties\": {\"^h+[0-9]\": {\"minimum\": 1.5}}}],"
         "\"if\": {\"required\": [\"a\"]}, \"then\": {\"properties\": {\"i\": {\"type\": \"null\"}}},"
         "\"dependentSchemas\": {\"b\": {\"propertyNames\": {\"maxLength\": 5}}}, \"not\": {\"required\": [\"nope\"]},"
         "\"unevaluatedProperties\": false, \"$defs\": {\"f\": {\"$anchor\": \"f\", \"format\": \"date\", \"title\": "
         "\"t\","
         "\"contains\": {\"const\": 7}}}}",
     .valid = "{\"a\": \"xyz\", \"b\": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15], \"c\": {\"op\": \"y\"},"
              "\"d\": {\"a\": \"xb\", \"h1\": 2}, \"e\": {\"type\": \"string\"}, \"f\": [7], \"g\": 1}",
     .invalid = "{\"a\": \"zz\", \"b\": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,1], \"c\": {\"op\": 5},"
                "\"d\": {\"zzz\": 1}, \"e\": {\"type\": \"nix\"}, \"f\": [8], \"j\": 1}"},
    {.schema = "{\"properties\": {\"name\": {\"format\": \"idn-hostname\"}, \"mail\": {\"format\": \"idn-email\"},"
               "\"pattern\": {\"format\": \"regex\"}, \"iri\": {\"format\": \"iri\"}, \"template\": {\"format\": "
               "\"uri-template\"},"
               "\"person\": {\"format\": \"person-id:pnr|samnr\"}, \"plus\": {\"format\": \"plusgiro\"},"
               "\"inner\": {\"contentEncoding\": \"base64\", \"contentMediaType\": \"application/json\"},"
               "\"back\": {\"pattern\": \"^(a|b)+\\\\1$\"}, \"large\": {\"multipleOf\": 0.1234567890123456789012345},"
               "\"list\": {\"prefixItems\": [{\"type\": \"integer\"}], \"contains\": {\"type\": \"string\"}, "
               "\"minContains\": 2,"
               "\"unevaluatedItems\": {\"type\": \"null\"}}}}",
     .valid = "{\"name\": \"r\\u00e4ksm\\u00f6rg\\u00e5s.example\", \"mail\": \"\\u00f6@example.org\", \"pattern\": "
              "\"(?<=a)[b-c]+\","
              "\"iri\": \"https://example.org/\\u00e5\", \"template\": \"/a/{b}\", \"person\": \"199908072391\","
              "\"plus\": \"28 65 43-4\", \"inner\": \"eyJhIjogWzEsIDJdfQ==\", \"back\": \"abb\","
              "\"large\": 2469135780246913578024690, \"list\": [1, null, \"a\", \"b\"]}",
     .invalid =
         "{\"name\": \"-\\u00e4\", \"mail\": \"@\", \"pattern\": \"(\", \"iri\": \"\\u00e5\", \"template\": \"{\","
         "\"person\": \"199908072390\", \"plus\": \"1\", \"inner\": \"eyJhIjogWzEsIDJd\", \"back\": \"ab\", \"large\": "
         "1,"
         "\"list\": [1, 2, \"a\"]}"},
    {.schema = "{\"$schema\": \"https://json-schema.org/draft/2019-09/schema\", \"$id\": \"https://sluss.example/t\","
               "\"$recursiveAnchor\": true, \"items\": [{\"$recursiveRef\": \"#\"}], \"additionalItems\": {\"enum\": "
               "[1.5, [1], {\"a\": 1}]},"
               "\"unevaluatedItems\": false, \"dependentRequired\": {\"a\": [\"b\", \"c\"]}, \"additionalProperties\": "
               "{\"$ref\": \"#/$defs/x\"},"
               "\"$defs\": {\"x\": {\"$id\": \"u\", \"exclusiveMinimum\": 1e400}}}",
     .valid = "[[], [1], {\"a\": 1.0}]",
     .invalid = "[{\"a\": 1, \"b\": 2}, [2]]"},
    {.schema = "{\"$schema\": \"http://json-schema.org/draft-04/schema#\", \"id\": \"https://sluss.example/v\","
               "\"definitions\": {\"p\": {\"id\": \"#p\", \"maximum\": 5, \"exclusiveMaximum\": true}},"
               "\"dependencies\": {\"a\": [\"b\"], \"b\": {\"minProperties\": 2}}, \"properties\": {\"a\": {\"$ref\": "
               "\"#p\"}}}",
     .valid = "{\"a\": 4, \"b\": 1}",
     .invalid = "{\"a\": 5}"},
};
enum { LIVES = sizeof lives / sizeof lives[0] };
static const struct schema_options options = {.assert_formats = true, .assert_contents = true};

/* The right result, or that memory was short: never a limit, as none is near. */
static void allow(const struct schema_context *context, enum schema_result result, enum schema_result right) {
    if (result == SCHEMA_ERROR)
        assert_true(schema_context_is_short(context));
    else
        assert_int_equal(result, right);
}

static void use(const struct schema_program *program, struct schema_context *context, const struct json_document *good,
                const struct json_document *bad) {
    struct arena arena;
    struct schema_complaints complaints;
    arena_init(&arena, 0);
    allow(context, schema_validate(program, context, good, good->node), SCHEMA_VALID);
    allow(context, schema_validate(program, context, bad, bad->node), SCHEMA_INVALID);
    allow(context, schema_explain(program, context, bad, bad->node, SCHEMA_SHOW_VALUES, &arena, &complaints),
          SCHEMA_INVALID);
    for (int output = SCHEMA_OUTPUT_FLAG; output <= SCHEMA_OUTPUT_DETAILED; output++) {
        struct buf out = {0};
        enum schema_result result =
            schema_write(program, context, good, good->node, (enum schema_output)output, SCHEMA_SHOW_NOTHING, &out);
        assert_int_not_equal(result, SCHEMA_INVALID);
        result = schema_write(program, context, bad, bad->node, (enum schema_output)output, SCHEMA_SHOW_NOTHING, &out);
        assert_int_not_equal(result, SCHEMA_VALID);
        buf_finish(&out);
    }
    arena_finish(&arena);
}

/* True when all of it was done without a failure. */
static bool whole_life(const struct life *life, const struct json_document *good, const struct json_document *bad) {
    struct schema_registry *registry = schema_registry_create(&options);
    struct schema_context *context = schema_context_create(NULL);
    struct schema_program *program = NULL;
    struct schema_problem problem = {0};
    if (registry != NULL && schema_registry_add(registry, SPAN("s.json"), span_of(life->schema), "s.json", &problem))
        program = schema_compile(registry, SPAN("s.json"), &problem);
    if (program == NULL)
        assert_true(registry == NULL || problem.error.text[0] != '\0');
    if (program != NULL && context != NULL)
        use(program, context, good, bad);
    bool done = program != NULL && context != NULL;
    schema_program_destroy(program);
    schema_registry_destroy(registry);
    schema_context_destroy(context);
    return done;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    size_t tried = 0;
    for (size_t i = 0; i < LIVES; i++) {
        struct arena arena;
        struct json_document good, bad;
        arena_init(&arena, 0);
        assert_true(json_read(&arena, span_of(lives[i].valid), NULL, &good, NULL));
        assert_true(json_read(&arena, span_of(lives[i].invalid), NULL, &bad, NULL));
        assert_true(whole_life(&lives[i], &good, &bad));
        for (int forever = 0; forever < 2; forever++)
            for (size_t number = 0, failed = 1; failed > 0; number++, tried++) {
                size_t live = memory_live();
                memory_fail(number, forever == 1);
                (void)whole_life(&lives[i], &good, &bad);
                failed = memory_heal();
                assert_int_equal(memory_live(), live);
            }
        arena_finish(&arena);
    }
    print_message("%zu failures planted\n", tried - (size_t)2 * LIVES);
}

/* What a test does with a program and a context that are made. */
struct ready {
    struct schema_registry *registry;
    struct schema_context *context;
    struct schema_program *program;
    struct arena arena;
    struct json_document good;
};

static void get_ready(struct ready *ready, const struct life *life, const struct schema_limits *limits) {
    *ready = (struct ready){.registry = schema_registry_create(&options), .context = schema_context_create(limits)};
    arena_init(&ready->arena, 0);
    assert_true(json_read(&ready->arena, span_of(life->valid), NULL, &ready->good, NULL));
    assert_true(schema_registry_add(ready->registry, SPAN("s.json"), span_of(life->schema), "s.json", NULL));
    ready->program = schema_compile(ready->registry, SPAN("s.json"), NULL);
    assert_non_null(ready->program);
}

static void put_away(struct ready *ready) {
    schema_program_destroy(ready->program);
    schema_registry_destroy(ready->registry);
    schema_context_destroy(ready->context);
    arena_finish(&ready->arena);
}

static void valid_documents_take_no_memory(void **state) {
    (void)state;
    for (size_t i = 0; i < LIVES; i++) {
        struct ready ready;
        get_ready(&ready, &lives[i], NULL);
        assert_int_equal(schema_validate(ready.program, ready.context, &ready.good, ready.good.node), SCHEMA_VALID);
        memory_fail(0, true); /* the context is warm now */
        for (int n = 0; n < 100; n++)
            assert_int_equal(schema_validate(ready.program, ready.context, &ready.good, ready.good.node), SCHEMA_VALID);
        assert_int_equal(memory_heal(), 0);
        put_away(&ready);
    }
}

static void limits_are_no_shortage(void **state) {
    (void)state;
    struct ready ready;
    get_ready(&ready, &lives[0], &(struct schema_limits){.memory = 64});
    assert_int_equal(schema_validate(ready.program, ready.context, &ready.good, ready.good.node), SCHEMA_ERROR);
    assert_string_equal(schema_context_fault(ready.context), "uniqueItems takes more memory than allowed");
    assert_false(schema_context_is_short(ready.context));
    put_away(&ready);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_documents_take_no_memory),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(limits_are_no_shortage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
