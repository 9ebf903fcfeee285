/* One compiled program run by several threads at once, each with a context of its own: every verdict stays what it is
 * for one thread. Means most under ThreadSanitizer. */
#include "schema/schema.h"
#include "json/reader.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { THREADS = 4, ROUNDS = 300 };

/* Everything a run may share with another: regular expressions, formats, references, tracking, discriminators. */
static const char schema[] =
    "{\"$defs\": {\"node\": {\"$dynamicAnchor\": \"node\", \"type\": \"object\","
    "   \"properties\": {\"children\": {\"items\": {\"$dynamicRef\": \"#node\"}}, \"id\": {\"pattern\": "
    "\"^(a+)+b$\"}}}},"
    " \"$ref\": \"#/$defs/node\","
    " \"oneOf\": [{\"properties\": {\"kind\": {\"const\": \"x\"}, \"at\": {\"format\": \"date-time\"}}, \"required\": "
    "[\"kind\"]},"
    "             {\"properties\": {\"kind\": {\"const\": \"y\"}, \"who\": {\"format\": \"email\"}}, \"required\": "
    "[\"kind\"]}],"
    " \"properties\": {\"list\": {\"uniqueItems\": true, \"contains\": {\"multipleOf\": 0.01}}},"
    " \"unevaluatedProperties\": false}";

static const struct {
    const char *text;
    enum schema_result result;
} instances[] = {
    {"{\"kind\": \"x\", \"at\": \"2026-01-02T03:04:05Z\", \"id\": \"aaab\"}", SCHEMA_VALID},
    {"{\"kind\": \"y\", \"who\": \"a@example.se\", \"list\": [1, 2.05, \"a\"]}", SCHEMA_VALID},
    {"{\"kind\": \"y\", \"children\": [{\"children\": [{\"id\": \"ab\"}]}]}", SCHEMA_VALID},
    {"{\"kind\": \"y\", \"children\": [{\"children\": [{\"id\": \"a\"}]}]}", SCHEMA_INVALID},
    {"{\"kind\": \"x\", \"at\": \"yesterday\"}", SCHEMA_INVALID},
    {"{\"kind\": \"x\", \"list\": [0.5, 0.50]}", SCHEMA_INVALID},
    {"{\"kind\": \"y\", \"more\": 1}", SCHEMA_INVALID},
};

static void *run(void *argument) {
    const struct schema_program *program = argument;
    struct schema_context *context = schema_context_create(NULL);
    uintptr_t wrong = context == NULL;
    for (int round = 0; context != NULL && round < ROUNDS; round++) {
        for (size_t i = 0; i < sizeof instances / sizeof instances[0]; i++) {
            struct arena arena;
            arena_init(&arena, 0);
            struct json_document json;
            struct schema_complaints complaints;
            struct span text = span_of(instances[i].text);
            if (!json_read(&arena, text, NULL, &json, NULL) ||
                schema_validate(program, context, &json, json.node) != instances[i].result ||
                schema_explain(program, context, &json, json.node, SCHEMA_SHOW_NOTHING, &arena, &complaints) !=
                    instances[i].result)
                wrong++;
            arena_finish(&arena);
        }
    }
    schema_context_destroy(context);
    return (void *)wrong;
}

static void threads_share_a_program(void **state) {
    (void)state;
    struct schema_registry *registry = schema_registry_create(&(struct schema_options){.assert_formats = true});
    struct schema_problem problem = {0};
    assert_true(schema_registry_add(registry, SPAN("shared.json"), span_of(schema), "shared.json", &problem));
    struct schema_program *program = schema_compile(registry, SPAN("shared.json"), &problem);
    assert_string_equal(problem.error.text, "");
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, run, program), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(thread[i], &wrong), 0);
        assert_ptr_equal(wrong, NULL);
    }
    schema_program_destroy(program);
    schema_registry_destroy(registry);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_share_a_program)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
