/* Hostile schemas and instances end in bounded time: an error or an answer, never a crash, never for ever. */
#include "schema/schema.h"
#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static const struct json_limits large = {.size = 64 << 20, .depth = 100000, .members = 1 << 22, .memory = 1 << 30};

static double seconds(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

static struct schema_program *compile(struct schema_registry *registry, struct span schema,
                                      struct schema_problem *problem) {
    if (!schema_registry_add(registry, SPAN("s.json"), schema, "s.json", problem))
        return NULL;
    return schema_compile(registry, SPAN("s.json"), problem);
}

static enum schema_result run(struct span schema, struct span instance) {
    struct schema_registry *registry = schema_registry_create(NULL);
    struct schema_context *context = schema_context_create(NULL);
    struct schema_problem problem = {0};
    struct schema_program *program = compile(registry, schema, &problem);
    if (program == NULL)
        fail_msg("%s: %s", problem.pointer, problem.error.text);
    struct arena arena;
    struct json_document json;
    arena_init(&arena, 0);
    assert_true(json_read(&arena, instance, &large, &json, NULL));
    enum schema_result result = schema_validate(program, context, &json, json.node);
    struct schema_complaints complaints;
    if (json.count < 100000) {
        enum schema_result again =
            schema_explain(program, context, &json, json.node, SCHEMA_SHOW_NOTHING, &arena, &complaints);
        if (again != SCHEMA_ERROR) /* the explaining evaluator takes more steps */
            assert_int_equal(again, result);
    }
    schema_program_destroy(program);
    schema_registry_destroy(registry);
    schema_context_destroy(context);
    arena_finish(&arena);
    return result;
}

static void refuse(const char *schema, const char *says) {
    struct schema_registry *registry = schema_registry_create(NULL);
    struct schema_problem problem = {0};
    assert_null(compile(registry, span_of(schema), &problem));
    assert_non_null(strstr(problem.error.text, says));
    schema_registry_destroy(registry);
}

static void cycles_are_refused(void **state) {
    (void)state;
    refuse("{\"$ref\": \"#\"}", "never end");
    refuse("{\"allOf\": [{\"$ref\": \"#/$defs/a\"}], \"$defs\": {\"a\": {\"anyOf\": [{\"$ref\": \"#\"}]}}}",
           "never end");
    refuse("{\"$dynamicAnchor\": \"x\", \"not\": {\"$dynamicRef\": \"#x\"}}", "never end");
    refuse("{\"if\": {\"type\": \"object\"}, \"else\": {\"$ref\": \"#\"}}", "never end");
}

static void deep_nesting(void **state) {
    (void)state;
    struct buf text = {0};
    for (int i = 0; i < 10000; i++)
        buf_add_byte(&text, '[');
    for (int i = 0; i < 10000; i++)
        buf_add_byte(&text, ']');
    assert_int_equal(run(SPAN("{\"items\": {\"$ref\": \"#\"}}"), buf_span(&text)), SCHEMA_ERROR);
    assert_int_equal(run(SPAN("{\"const\": 5}"), buf_span(&text)), SCHEMA_INVALID);
    buf_finish(&text);
}

static void exponential_branches(void **state) {
    (void)state;
    struct buf text = {0};
    for (int i = 0; i < 40; i++)
        buf_add_text(&text, "{\"a\":");
    buf_add_text(&text, "1");
    for (int i = 0; i < 40; i++)
        buf_add_byte(&text, '}');
    double begin = seconds();
    enum schema_result result =
        run(SPAN("{\"type\": \"object\", \"anyOf\": [{\"properties\": {\"a\": {\"$ref\": \"#\"}}},"
                 "{\"properties\": {\"a\": {\"$ref\": \"#\"}}}]}"),
            buf_span(&text));
    assert_int_equal(result, SCHEMA_ERROR);
    assert_true(seconds() - begin < 5);
    buf_finish(&text);
}

static void doubling_schemas(void **state) {
    (void)state;
    struct buf text = {0};
    buf_add_text(&text, "{\"$ref\": \"#/$defs/d0\", \"$defs\": {");
    for (int i = 0; i < 60; i++)
        buf_printf(&text, "\"d%d\": {\"allOf\": [{\"$ref\": \"#/$defs/d%d\"}, {\"$ref\": \"#/$defs/d%d\"}]},", i, i + 1,
                   i + 1);
    buf_add_text(&text, "\"d60\": {\"maximum\": 3, \"properties\": {\"x\": {\"type\": \"string\"}}}}}");
    double begin = seconds();
    enum schema_result result = run(buf_span(&text), SPAN("5"));
    assert_true(result == SCHEMA_INVALID || result == SCHEMA_ERROR);
    assert_true(seconds() - begin < 5);
    buf_finish(&text);
}

static void a_million_unique_items(void **state) {
    (void)state;
    struct buf text = {0};
    buf_add_byte(&text, '[');
    for (int i = 0; i < 1000000; i++)
        buf_printf(&text, "%s%d", i == 0 ? "" : ",", i);
    buf_add_byte(&text, ']');
    double begin = seconds();
    assert_int_equal(run(SPAN("{\"uniqueItems\": true}"), buf_span(&text)), SCHEMA_VALID);
    text.size--;
    buf_add_text(&text, ",0.0]");
    assert_int_equal(run(SPAN("{\"uniqueItems\": true}"), buf_span(&text)), SCHEMA_INVALID);
    assert_true(seconds() - begin < 20);
    buf_finish(&text);
}

static void complaints_are_bounded(void **state) {
    (void)state;
    struct buf text = {0};
    buf_add_byte(&text, '[');
    for (int i = 0; i < 30000; i++)
        buf_add_text(&text, i == 0 ? "[1]" : ",[1]");
    buf_add_byte(&text, ']');
    struct schema_registry *registry = schema_registry_create(NULL);
    struct schema_context *context = schema_context_create(NULL);
    struct schema_program *program = compile(registry, SPAN("{\"items\": {\"items\": {\"type\": \"string\"}}}"), NULL);
    struct arena arena;
    struct json_document json;
    struct schema_complaints complaints;
    arena_init(&arena, 0);
    assert_true(json_read(&arena, buf_span(&text), &large, &json, NULL));
    size_t before = arena.bytes;
    assert_int_equal(schema_explain(program, context, &json, json.node, SCHEMA_SHOW_NOTHING, &arena, &complaints),
                     SCHEMA_INVALID);
    assert_true(complaints.count >= 100 && complaints.count <= 10000);
    assert_true(arena.bytes - before < 32 << 20);
    schema_program_destroy(program);
    schema_registry_destroy(registry);
    schema_context_destroy(context);
    arena_finish(&arena);
    buf_finish(&text);
}

static void backtracking_is_an_error(void **state) {
    (void)state;
    struct buf text = {0};
    buf_add_byte(&text, '"');
    for (int i = 0; i < 60; i++)
        buf_add_byte(&text, 'a');
    buf_add_text(&text, "!\"");
    assert_int_equal(run(SPAN("{\"pattern\": \"^(a+)+$\"}"), buf_span(&text)), SCHEMA_INVALID);
    assert_int_equal(run(SPAN("{\"pattern\": \"^(?=a)(a+)+$\"}"), buf_span(&text)), SCHEMA_ERROR);
    buf_finish(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cycles_are_refused),     cmocka_unit_test(deep_nesting),
        cmocka_unit_test(exponential_branches),   cmocka_unit_test(doubling_schemas),
        cmocka_unit_test(a_million_unique_items), cmocka_unit_test(backtracking_is_an_error),
        cmocka_unit_test(complaints_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
