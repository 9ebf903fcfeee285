/* Hostile schemas and instances end after a bounded number of steps, which every loop is counted by: an error or an
 * answer, never a crash. A schema is compiled within a bound of memory, which its loops fill as they go. */
#include "schema/schema.h"
#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct json_limits large = {.size = 64 << 20, .depth = 100000, .members = 1 << 22, .memory = 1 << 30};

static struct schema_program *compile(struct schema_registry *registry, struct span schema,
                                      struct schema_problem *problem) {
    if (!schema_registry_add(registry, SPAN("s.json"), schema, "s.json", problem))
        return NULL;
    return schema_compile(registry, SPAN("s.json"), problem);
}

/* Judges within `steps` (0: the default), and explains: the two must never say the opposite. */
static enum schema_result run_within(struct span schema, struct span instance, uint64_t steps) {
    struct schema_registry *registry = schema_registry_create(NULL);
    struct schema_context *context = schema_context_create(&(struct schema_limits){.steps = steps});
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
    enum schema_result again =
        schema_explain(program, context, &json, json.node, SCHEMA_SHOW_NOTHING, &arena, &complaints);
    assert_int_equal(again, result);
    assert_int_equal(complaints.count > 0, result == SCHEMA_INVALID);
    schema_program_destroy(program);
    schema_registry_destroy(registry);
    schema_context_destroy(context);
    arena_finish(&arena);
    return result;
}

static enum schema_result run(struct span schema, struct span instance) {
    return run_within(schema, instance, 0);
}

/* The answer is known after so many steps, and not after a hundredth of them: they are counted. */
static void takes(struct span schema, struct span instance, enum schema_result result, uint64_t steps) {
    assert_int_equal(run_within(schema, instance, steps), result);
    assert_int_equal(run_within(schema, instance, steps / 100), SCHEMA_ERROR);
}

/* TEXT, with %d for 0 to count - 1, parted by commas, between `before` and `after`. */
static struct span list(struct buf *out, const char *before, const char *text, int count, const char *after) {
    buf_clear(out);
    buf_add_text(out, before);
    for (int i = 0; i < count; i++) {
        buf_add_text(out, i == 0 ? "" : ",");
        for (const char *at = text; *at != '\0'; at++)
            if (at[0] == '%' && at[1] == 'd') {
                buf_printf(out, "%d", i);
                at++;
            } else {
                buf_add_byte(out, *at);
            }
    }
    buf_add_text(out, after);
    assert_false(out->failed);
    return buf_span(out);
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

/* Every nested object doubles the ways. */
static void exponential_branches(void **state) {
    (void)state;
    struct buf text = {0};
    for (int i = 0; i < 40; i++)
        buf_add_text(&text, "{\"a\":");
    buf_add_text(&text, "1");
    for (int i = 0; i < 40; i++)
        buf_add_byte(&text, '}');
    assert_int_equal(run(SPAN("{\"type\": \"object\", \"anyOf\": [{\"properties\": {\"a\": {\"$ref\": \"#\"}}},"
                              "{\"properties\": {\"a\": {\"$ref\": \"#\"}}}]}"),
                         buf_span(&text)),
                     SCHEMA_ERROR);
    buf_finish(&text);
}

/* Sixty schemas of which each asks the next one twice. What only has to be merged is, the rest is an error. */
static void doubling_schemas(void **state) {
    (void)state;
    static const char *const twice[] = {
        "\"d%d\": {\"allOf\": [{\"$ref\": \"#/$defs/d%d\"}, {\"$ref\": \"#/$defs/d%d\"}]},",
        "\"d%d\": {\"anyOf\": [{\"$ref\": \"#/$defs/d%d\"}, {\"$ref\": \"#/$defs/d%d\"}]},",
        "\"d%d\": {\"if\": {\"$ref\": \"#/$defs/d%d\"}, \"else\": {\"$ref\": \"#/$defs/d%d\"}},",
        ("\"d%d\": {\"anyOf\": [{\"$ref\": \"#/$defs/d%d\"}, {\"properties\": {\"x\": true},"
         " \"$ref\": \"#/$defs/d%d\"}], \"unevaluatedProperties\": false},"),
    };
    for (size_t way = 0; way < sizeof twice / sizeof twice[0]; way++) {
        struct buf text = {0};
        buf_add_text(&text, "{\"$ref\": \"#/$defs/d0\", \"$defs\": {");
        for (int i = 0; i < 60; i++) {
            int numbers[] = {i, i + 1, i + 1}, next = 0;
            for (const char *at = twice[way]; *at != '\0'; at++)
                if (at[0] == '%') {
                    buf_printf(&text, "%d", numbers[next++]);
                    at++;
                } else {
                    buf_add_byte(&text, *at);
                }
        }
        buf_add_text(&text, "\"d60\": {\"minProperties\": 3, \"properties\": {\"x\": {\"type\": \"string\"}}}}}");
        enum schema_result result = run(buf_span(&text), SPAN("{\"x\": 5}"));
        assert_true(result == SCHEMA_INVALID || result == SCHEMA_ERROR);
        buf_finish(&text);
    }
}

/* The bindings of dynamic references double with every layer. */
static void dynamic_layers(void **state) {
    (void)state;
    struct buf text = {0};
    buf_add_text(&text, "{\"$id\": \"https://sluss.example/\", \"$ref\": \"l0a\", \"$defs\": {");
    for (int i = 0; i < 24; i++)
        for (int way = 'a'; way <= 'b'; way++)
            buf_printf(&text,
                       "\"%d%c\": {\"$id\": \"l%d%c\", \"$defs\": {\"z\": {\"$dynamicAnchor\": \"%c%d\"}},"
                       " \"properties\": {\"a\": {\"$ref\": \"l%da\"}, \"b\": {\"$ref\": \"l%db\"}}},",
                       i, way, i, way, way, i, i + 1, i + 1);
    for (int way = 'a'; way <= 'b'; way++) {
        buf_printf(&text, "\"e%c\": {\"$id\": \"l24%c\", \"properties\": {", way, way);
        for (int i = 0; i < 24; i++)
            buf_printf(&text, "%s\"p%d\": {\"$dynamicRef\": \"l%da#a%d\"}", i == 0 ? "" : ",", i, i, i);
        buf_add_text(&text, way == 'a' ? "}}," : "}}}}");
    }
    refuse(buf_text(&text), "too many ways through its dynamic references");
    buf_finish(&text);
}

/* A chain is none of that. */
static void dynamic_chain(void **state) {
    (void)state;
    struct buf text = {0};
    list(&text, "{\"$id\": \"https://sluss.example/r\", \"$dynamicAnchor\": \"n\", \"$ref\": \"r0\", \"$defs\": {",
         "\"d%d\": {\"$id\": \"r%d\", \"$dynamicAnchor\": \"n\", \"properties\": {\"%d\": {\"$dynamicRef\": \"#n\"}}}",
         300, ", \"e\": {\"$id\": \"r300\"}}}");
    assert_int_equal(run_within(buf_span(&text), SPAN("{\"0\": {\"0\": {\"0\": {\"0\": 1}}}}"), 1000), SCHEMA_VALID);
    buf_finish(&text);
}

static void a_million_unique_items(void **state) {
    (void)state;
    struct buf text = {0};
    takes(SPAN("{\"uniqueItems\": true}"), list(&text, "[", "%d", 1000000, "]"), SCHEMA_VALID, 4000000);
    takes(SPAN("{\"uniqueItems\": true}"), list(&text, "[", "%d", 1000000, ",0.0]"), SCHEMA_INVALID, 4000000);
    buf_finish(&text);
}

static void long_lists(void **state) {
    (void)state;
    struct buf schema = {0}, text = {0};
    list(&schema, "{\"items\": {\"enum\": [", "%d, \"%d\", {\"a\": [%d]}", 100000, "]}}");
    list(&text, "[", "%d, \"%d\", {\"a\": [%d]}", 100000, "]");
    assert_int_equal(run_within(buf_span(&schema), buf_span(&text), 3000000), SCHEMA_VALID);
    /* a large object against one in another order: every member is looked for */
    list(&schema, "{\"const\": {", "\"%d\": 0", 30000, ", \"x\": 0}}");
    takes(buf_span(&schema), list(&text, "{\"x\": 0, ", "\"%d\": 0", 30000, "}"), SCHEMA_VALID, 100000000);
    /* so it is for names that a schema asks for, while explaining */
    list(&schema, "{\"required\": [", "\"%d\"", 30000, ", \"y\"]}");
    assert_int_equal(run_within(buf_span(&schema), list(&text, "{", "\"%d\": 0", 30000, "}"), 100000), SCHEMA_INVALID);
    list(&schema, "{\"properties\": {", "\"p%d\": true", 30000, "}, \"additionalProperties\": false}");
    assert_int_equal(run_within(buf_span(&schema), list(&text, "{", "\"%d\": 0", 30000, "}"), 100000), SCHEMA_INVALID);
    list(&schema, "{\"dependentRequired\": {", "\"p%d\": [\"y\"]", 3000, "}}");
    takes(buf_span(&schema), list(&text, "{", "\"%d\": 0", 30000, "}"), SCHEMA_VALID, 100000000);
    buf_finish(&schema);
    buf_finish(&text);
}

static void patterns_times_members(void **state) {
    (void)state;
    struct buf schema = {0}, text = {0};
    list(&schema, "{\"patternProperties\": {", "\"^(a%d|b)x\": true", 500, "}}");
    takes(buf_span(&schema), list(&text, "{", "\"%d\": 0", 5000, "}"), SCHEMA_VALID, 3000000);
    buf_finish(&schema);
    buf_finish(&text);
}

static void many_branches(void **state) {
    (void)state;
    struct buf schema = {0};
    list(&schema, "{\"oneOf\": [", "{\"properties\": {\"a\": {\"const\": %d}}, \"required\": [\"a\"]}", 1000, "]}");
    assert_int_equal(run_within(buf_span(&schema), SPAN("{\"a\": 999}"), 10), SCHEMA_VALID);
    list(&schema, "{\"anyOf\": [", "{\"minProperties\": %d, \"required\": [\"a\"]}", 5000, "]}");
    takes(buf_span(&schema), SPAN("{\"b\": 999}"), SCHEMA_INVALID, 20000);
    list(&schema, "{\"allOf\": [",
         "{\"if\": {\"properties\": {\"a\": {\"const\": %d}}}, \"then\": {\"required\": [\"b\"]}}", 5000, "]}");
    takes(buf_span(&schema), SPAN("{\"a\": -1}"), SCHEMA_VALID, 20000);
    buf_finish(&schema);
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

/* No match goes past the limit of one; what they take together is counted too. */
static void much_backtracking_is_an_error(void **state) {
    (void)state;
    struct buf text = {0};
    list(&text, "[", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaacb%d\"", 1, "]");
    assert_int_equal(run(SPAN("{\"items\": {\"pattern\": \"^(?=a)a*a*a*b\"}}"), buf_span(&text)), SCHEMA_INVALID);
    list(&text, "[", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaacb%d\"", 5000, "]");
    assert_int_equal(run(SPAN("{\"items\": {\"pattern\": \"^(?=a)a*a*a*(b|c)\"}}"), buf_span(&text)), SCHEMA_VALID);
    assert_int_equal(run(SPAN("{\"items\": {\"not\": {\"pattern\": \"^(?=a)a*a*a*b\"}}}"), buf_span(&text)),
                     SCHEMA_ERROR);
    buf_finish(&text);
}

static void large_patterns(void **state) {
    (void)state;
    struct buf text = {0};
    refuse("{\"pattern\": \"((((a{1,100}){1,100}){1,100}){1,100})$\"}", "too large");
    /* what is read of long names in the wild */
    assert_int_equal(run(SPAN("{\"pattern\": \"arn:[a-z0-9-\\\\.]{1,63}:[a-z0-9-\\\\.]{0,63}:[a-z0-9-\\\\.]{0,63}:"
                              "[a-z0-9-\\\\.]{0,63}:[^/].{0,1023}\"}"),
                         SPAN("\"arn:aws:a:b:c:d\"")),
                     SCHEMA_VALID);
    assert_int_equal(
        run(SPAN("{\"pattern\": \"^https://([.\\\\-_a-zA-Z0-9]+/?){3,1016}$\"}"), SPAN("\"https://a.b/c/d\"")),
        SCHEMA_VALID);
    /* thousands of patterns whose automata would be large: the later ones make do without */
    list(&text, "{\"allOf\": [", "{\"pattern\": \"[ab]*a[ab]{12}[a-z%d]\"}", 500, "]}");
    assert_int_equal(run(buf_span(&text), SPAN("\"abababababababababab\"")), SCHEMA_VALID);
    buf_finish(&text);
}

/* Deeper than can be explained: the verdict stands, and the complaint says that there is no more of it. */
static void deep_reasons(void **state) {
    (void)state;
    struct buf text = {0};
    for (int i = 0; i < 3000; i++)
        buf_add_text(&text, "{\"a\":");
    buf_add_text(&text, "1");
    for (int i = 0; i < 3000; i++)
        buf_add_byte(&text, '}');
    struct schema_registry *registry = schema_registry_create(NULL);
    struct schema_context *context = schema_context_create(NULL);
    struct schema_program *program = compile(
        registry, SPAN("{\"type\": \"object\", \"title\": \"t\", \"properties\": {\"a\": {\"$ref\": \"#\"}}}"), NULL);
    struct arena arena;
    struct json_document json;
    struct schema_complaints complaints;
    arena_init(&arena, 0);
    assert_true(json_read(&arena, buf_span(&text), &large, &json, NULL));
    assert_int_equal(schema_validate(program, context, &json, json.node), SCHEMA_INVALID);
    assert_int_equal(schema_explain(program, context, &json, json.node, SCHEMA_SHOW_NOTHING, &arena, &complaints),
                     SCHEMA_INVALID);
    assert_int_equal(complaints.count, 1);
    assert_int_equal(complaints.complaint->instance.size, 0);
    assert_non_null(memmem(complaints.complaint->sentence.data, complaints.complaint->sentence.size, "deeper", 6));
    for (int output = SCHEMA_OUTPUT_FLAG; output <= SCHEMA_OUTPUT_DETAILED; output++) {
        struct buf out = {0};
        assert_int_equal(
            schema_write(program, context, &json, json.node, (enum schema_output)output, SCHEMA_SHOW_NOTHING, &out),
            SCHEMA_INVALID);
        assert_int_equal(output != SCHEMA_OUTPUT_FLAG, strstr(buf_text(&out), "deeper") != NULL);
        assert_non_null(strstr(buf_text(&out), "\"valid\":false"));
        buf_finish(&out);
    }
    schema_program_destroy(program);
    schema_registry_destroy(registry);
    schema_context_destroy(context);
    arena_finish(&arena);
    buf_finish(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cycles_are_refused),
        cmocka_unit_test(deep_nesting),
        cmocka_unit_test(deep_reasons),
        cmocka_unit_test(exponential_branches),
        cmocka_unit_test(doubling_schemas),
        cmocka_unit_test(dynamic_layers),
        cmocka_unit_test(dynamic_chain),
        cmocka_unit_test(a_million_unique_items),
        cmocka_unit_test(long_lists),
        cmocka_unit_test(patterns_times_members),
        cmocka_unit_test(many_branches),
        cmocka_unit_test(backtracking_is_an_error),
        cmocka_unit_test(much_backtracking_is_an_error),
        cmocka_unit_test(large_patterns),
        cmocka_unit_test(complaints_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
