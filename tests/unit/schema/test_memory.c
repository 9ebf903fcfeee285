/* Memory: none is taken for a valid document, and every allocation of compile and validate may fail, once or for ever:
 * an error, no crash, no leak. */
#include "schema/schema.h"
#include "support/memory.h"
#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const char schema[] =
    "{\"$id\": \"https://sluss.example/s\", \"$dynamicAnchor\": \"node\", \"type\": \"object\","
    "\"properties\": {\"a\": {\"type\": \"string\", \"pattern\": \"^(?=x)x(?<=x{1,2})[a-z]+$\", \"maxLength\": 9},"
    "\"b\": {\"uniqueItems\": true, \"items\": {\"type\": \"integer\", \"multipleOf\": 0.5}},"
    "\"c\": {\"oneOf\": [{\"properties\": {\"op\": {\"const\": \"x\"}}, \"required\": [\"op\"]},"
    "{\"properties\": {\"op\": {\"enum\": [\"y\", \"z\", 1, [2]]}}, \"required\": [\"op\"]}]},"
    "\"d\": {\"$dynamicRef\": \"#node\"}, \"e\": {\"$ref\": \"https://json-schema.org/draft/2020-12/meta/content\"},"
    "\"f\": {\"$ref\": \"#/$defs/f\"}},"
    "\"anyOf\": [{\"properties\": {\"g\": true}}, {\"patternProperties\": {\"^h+[0-9]\": {\"minimum\": 1.5}}}],"
    "\"if\": {\"required\": [\"a\"]}, \"then\": {\"properties\": {\"i\": {\"type\": \"null\"}}},"
    "\"dependentSchemas\": {\"b\": {\"propertyNames\": {\"maxLength\": 5}}}, \"not\": {\"required\": [\"nope\"]},"
    "\"unevaluatedProperties\": false, \"$defs\": {\"f\": {\"$anchor\": \"f\", \"format\": \"date\", \"title\": \"t\","
    "\"contains\": {\"const\": 7}}}}";
static const char valid[] = "{\"a\": \"xyz\", \"b\": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15], \"c\": {\"op\": \"y\"},"
                            "\"d\": {\"a\": \"xb\", \"h1\": 2}, \"e\": {\"type\": \"string\"}, \"f\": [7], \"g\": 1}";
static const char invalid[] = "{\"a\": \"zz\", \"b\": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,1], \"c\": {\"op\": 5},"
                              "\"d\": {\"zzz\": 1}, \"e\": {\"type\": \"nix\"}, \"f\": [8], \"j\": 1}";

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
    for (int output = SCHEMA_OUTPUT_LIST; output <= SCHEMA_OUTPUT_DETAILED; output += 3) {
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
static bool whole_life(const struct json_document *good, const struct json_document *bad) {
    struct schema_registry *registry = schema_registry_create(NULL);
    struct schema_context *context = schema_context_create(NULL);
    struct schema_program *program = NULL;
    struct schema_problem problem = {0};
    if (registry != NULL && schema_registry_add(registry, SPAN("s.json"), span_of(schema), "s.json", &problem))
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
    struct arena arena;
    struct json_document good, bad;
    arena_init(&arena, 0);
    assert_true(json_read(&arena, span_of(valid), NULL, &good, NULL));
    assert_true(json_read(&arena, span_of(invalid), NULL, &bad, NULL));
    assert_true(whole_life(&good, &bad));
    for (int forever = 0; forever < 2; forever++)
        for (size_t number = 0, failed = 1; failed > 0; number++) {
            size_t live = memory_live();
            memory_fail(number, forever == 1);
            (void)whole_life(&good, &bad);
            failed = memory_heal();
            assert_int_equal(memory_live(), live);
        }
    arena_finish(&arena);
}

static void valid_documents_take_no_memory(void **state) {
    (void)state;
    struct arena arena;
    struct json_document good;
    arena_init(&arena, 0);
    assert_true(json_read(&arena, span_of(valid), NULL, &good, NULL));
    struct schema_registry *registry = schema_registry_create(NULL);
    struct schema_context *context = schema_context_create(NULL);
    assert_true(schema_registry_add(registry, SPAN("s.json"), span_of(schema), "s.json", NULL));
    struct schema_program *program = schema_compile(registry, SPAN("s.json"), NULL);
    assert_int_equal(schema_validate(program, context, &good, good.node), SCHEMA_VALID); /* warm */
    memory_fail(0, true);
    for (int i = 0; i < 100; i++)
        assert_int_equal(schema_validate(program, context, &good, good.node), SCHEMA_VALID);
    assert_int_equal(memory_heal(), 0);
    schema_program_destroy(program);
    schema_registry_destroy(registry);
    schema_context_destroy(context);
    arena_finish(&arena);
}

static void limits_are_no_shortage(void **state) {
    (void)state;
    struct arena arena;
    struct json_document good;
    arena_init(&arena, 0);
    assert_true(json_read(&arena, span_of(valid), NULL, &good, NULL));
    struct schema_registry *registry = schema_registry_create(NULL);
    struct schema_context *context = schema_context_create(&(struct schema_limits){.memory = 64});
    assert_true(schema_registry_add(registry, SPAN("s.json"), span_of(schema), "s.json", NULL));
    struct schema_program *program = schema_compile(registry, SPAN("s.json"), NULL);
    assert_int_equal(schema_validate(program, context, &good, good.node), SCHEMA_ERROR);
    assert_string_equal(schema_context_fault(context), "uniqueItems takes more memory than allowed");
    assert_false(schema_context_is_short(context));
    schema_program_destroy(program);
    schema_registry_destroy(registry);
    schema_context_destroy(context);
    arena_finish(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_documents_take_no_memory),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(limits_are_no_shortage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
