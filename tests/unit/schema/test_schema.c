/* The front door: what is compiled, refused, valid, invalid, explained. The standard itself is tested by tests/suites.
 */
#include "schema/schema.h"
#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct world {
    struct schema_registry *registry;
    struct schema_program *program;
    struct schema_context *context;
    struct arena arena;
    struct schema_problem problem;
};

static void start(struct world *world, const char *schema, const struct schema_limits *limits) {
    *world = (struct world){.registry = schema_registry_create(NULL), .context = schema_context_create(limits)};
    arena_init(&world->arena, 0);
    if (schema_registry_add(world->registry, SPAN("test.json"), span_of(schema), "test.json", &world->problem))
        world->program = schema_compile(world->registry, SPAN("test.json"), &world->problem);
}

static void stop(struct world *world) {
    schema_program_destroy(world->program);
    schema_registry_destroy(world->registry);
    schema_context_destroy(world->context);
    arena_finish(&world->arena);
}

static enum schema_result judge(struct world *world, const char *instance) {
    struct json_document json;
    assert_true(json_read(&world->arena, span_of(instance), NULL, &json, NULL));
    return schema_validate(world->program, world->context, &json, json.node);
}

static struct schema_complaints explain(struct world *world, const char *instance, enum schema_show show) {
    struct json_document json;
    struct schema_complaints complaints;
    assert_true(json_read(&world->arena, span_of(instance), NULL, &json, NULL));
    assert_int_equal(schema_explain(world->program, world->context, &json, json.node, show, &world->arena, &complaints),
                     SCHEMA_INVALID);
    return complaints;
}

static void assert_span(struct span text, const char *wanted) {
    assert_int_equal(text.size, strlen(wanted));
    assert_memory_equal(text.data, wanted, text.size);
}

static void judges(void **state) {
    (void)state;
    struct world world;
    start(&world, "{\"type\": \"object\", \"properties\": {\"a\": {\"maximum\": 5}}, \"required\": [\"a\"]}", NULL);
    assert_non_null(world.program);
    assert_int_equal(judge(&world, "{\"a\": 5}"), SCHEMA_VALID);
    assert_int_equal(judge(&world, "{\"a\": 5.000000000000000000000001}"), SCHEMA_INVALID);
    assert_int_equal(judge(&world, "{}"), SCHEMA_INVALID);
    assert_int_equal(judge(&world, "[]"), SCHEMA_INVALID);
    stop(&world);
}

static void complains_without_values(void **state) {
    (void)state;
    struct world world;
    start(&world, "{\"properties\": {\"a/b\": {\"type\": \"string\", \"maxLength\": 3}}}", NULL);
    struct schema_complaints complaints = explain(&world, "{\"a/b\": \"secret\"}", SCHEMA_SHOW_NOTHING);
    assert_int_equal(complaints.count, 1);
    assert_span(complaints.complaint[0].instance, "/a~1b");
    assert_span(complaints.complaint[0].path, "/properties/a~1b/maxLength");
    assert_span(complaints.complaint[0].location, "schema:///test.json#/properties/a~1b/maxLength");
    assert_span(complaints.complaint[0].keyword, "maxLength");
    assert_span(complaints.complaint[0].sentence, "must have at most 3 characters, not 6");
    complaints = explain(&world, "{\"a/b\": \"secret\"}", SCHEMA_SHOW_VALUES);
    assert_span(complaints.complaint[0].sentence, "must have at most 3 characters, not 6; it is \"secret\"");
    stop(&world);
}

static void suggests_the_nearest_name(void **state) {
    (void)state;
    struct world world;
    start(&world, "{\"properties\": {\"priority\": {}, \"status\": {}}, \"additionalProperties\": false}", NULL);
    struct schema_complaints complaints = explain(&world, "{\"priorty\": 1}", SCHEMA_SHOW_NOTHING);
    assert_int_equal(complaints.count, 1);
    assert_span(complaints.complaint[0].instance, "/priorty");
    assert_span(complaints.complaint[0].keyword, "additionalProperties");
    assert_span(complaints.complaint[0].sentence, "must not be there; did you mean \"priority\"?");
    stop(&world);
}

static void likeliest_cause_comes_first(void **state) {
    (void)state;
    struct world world;
    start(&world,
          "{\"oneOf\": [{\"properties\": {\"op\": {\"const\": \"a\"}, \"x\": {\"type\": \"string\"}}},"
          "{\"properties\": {\"op\": {\"const\": \"b\"}, \"x\": {\"minimum\": 7}}}]}",
          NULL);
    struct schema_complaints complaints = explain(&world, "{\"op\": \"b\", \"x\": 3}", SCHEMA_SHOW_NOTHING);
    assert_int_equal(complaints.count, 2);
    assert_span(complaints.complaint[0].path, "/oneOf/1/properties/x/minimum");
    assert_span(complaints.complaint[1].keyword, "oneOf");
    stop(&world);
}

#define DRAFT_4 "{\"$schema\": \"http://json-schema.org/draft-04/schema#\", "

/* Draft 4 has booleans in two places only. */
static void reads_draft_4(void **state) {
    (void)state;
    struct world world;
    start(&world,
          DRAFT_4 "\"properties\": {\"a\": {\"maximum\": 3, \"exclusiveMaximum\": true}},"
                  "\"items\": [{}], \"additionalItems\": false, \"additionalProperties\": false}",
          NULL);
    assert_non_null(world.program);
    assert_int_equal(judge(&world, "{\"a\": 2}"), SCHEMA_VALID);
    assert_int_equal(judge(&world, "{\"a\": 3}"), SCHEMA_INVALID);
    assert_int_equal(judge(&world, "{\"b\": 3}"), SCHEMA_INVALID);
    assert_int_equal(judge(&world, "[1]"), SCHEMA_VALID);
    assert_int_equal(judge(&world, "[1, 2]"), SCHEMA_INVALID);
    stop(&world);
    start(&world, DRAFT_4 "\"type\": \"integer\"}", NULL);
    struct schema_complaints complaints = explain(&world, "1.0", SCHEMA_SHOW_NOTHING);
    assert_span(
        complaints.complaint[0].sentence,
        "must be an integer, not a number written with a point or an exponent, which is not an integer in draft 4");
    stop(&world);
}

/* Line, pointer and a sentence with the cure. */
static void refuses(void **state) {
    (void)state;
    static const struct {
        const char *schema, *pointer, *says;
        uint32_t line;
    } rows[] = {
        {"{\n\"properties\": {\"a\":\n{\"$ref\": \"other.json\"}}}", "/properties/a/$ref", "no such document", 3},
        {"{\"$ref\": \"#/definitions/x\"}", "/$ref", "nothing in it has that pointer", 1},
        {"{\"minLength\": -1}", "/minLength", "minLength must be a whole number", 1},
        {"{\n\n\"pattern\": \"(\"}", "/pattern", "regular expression", 3},
        {"{\"type\": \"any\"}", "/type", "type must be", 1},
        {"{\"$schema\": \"https://example.org/own\"}", "/$schema", "no such metaschema", 1},
        {"{\"multipleOf\": 0}", "/multipleOf", "above 0", 1},
        {"{\"properties\": []}", "/properties", "object of schemas", 1},
        {"{\"allOf\": [3]}", "/allOf/0", "a schema must be", 1},
        {DRAFT_4 "\"properties\": {\"a\": true}}", "/properties/a", "draft 4 must be an object: write {},", 1},
        {DRAFT_4 "\"not\": false}", "/not", "write {\"not\": {}},", 1},
        {DRAFT_4 "\"items\": true}", "/items", "draft 4", 1},
        {DRAFT_4 "\"anyOf\": [{}, false]}", "/anyOf/1", "draft 4", 1},
        {DRAFT_4 "\"$ref\": \"#/definitions/a\", \"definitions\": {\"a\": true}}", "/definitions/a", "draft 4", 1},
        {DRAFT_4 "\"maximum\": 3, \"exclusiveMaximum\": 4}", "/exclusiveMaximum", "true or false in draft 4", 1},
        {DRAFT_4 "\"required\": true}", "/required", "an array of names", 1},
        {"{\"exclusiveMinimum\": true}", "/exclusiveMinimum", "of draft 4", 1},
        {"{\"$schema\": \"http://json-schema.org/draft-03/schema#\"}", "/$schema", "no such metaschema", 1},
        {"{", "", "not JSON", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world world;
        start(&world, rows[i].schema, NULL);
        assert_null(world.program);
        assert_string_equal(world.problem.file, "test.json");
        assert_string_equal(world.problem.pointer, rows[i].pointer);
        assert_non_null(strstr(world.problem.error.text, rows[i].says));
        assert_int_equal(world.problem.line, rows[i].line);
        stop(&world);
    }
}

/* A document that cannot be added leaves none of its URIs behind. */
static void refused_documents_leave_nothing(void **state) {
    (void)state;
    struct schema_registry *registry = schema_registry_create(NULL);
    struct schema_problem problem = {0};
    assert_true(schema_registry_add(registry, SPAN("a.json"), SPAN("{\"$id\": \"x.json\"}"), "a.json", NULL));
    assert_false(schema_registry_add(registry, SPAN("b.json"), SPAN("{\"$id\": \"x.json\"}"), "b.json", &problem));
    assert_string_equal(problem.error.text,
                        "the URI schema:///x.json is taken by a.json: give each schema its own $id");
    assert_null(schema_compile(registry, SPAN("b.json"), NULL));
    assert_true(schema_registry_add(registry, SPAN("b.json"), SPAN("{\"$id\": \"y.json\"}"), "b.json", NULL));
    struct schema_program *program = schema_compile(registry, SPAN("b.json"), NULL);
    assert_non_null(program);
    schema_program_destroy(program);
    schema_registry_destroy(registry);
}

static void limits_are_errors(void **state) {
    (void)state;
    struct world world;
    start(&world, "{\"items\": {\"$ref\": \"#\"}}", &(struct schema_limits){.steps = 20});
    assert_int_equal(judge(&world, "[[],[],[]]"), SCHEMA_VALID);
    assert_int_equal(judge(&world, "[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]"),
                     SCHEMA_ERROR);
    assert_string_equal(schema_context_fault(world.context), "more steps than allowed");
    stop(&world);
    start(&world, "{\"items\": {\"$ref\": \"#\"}}", &(struct schema_limits){.depth = 8});
    assert_int_equal(judge(&world, "[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]"), SCHEMA_ERROR);
    stop(&world);
}

static void numbers_are_exact(void **state) {
    (void)state;
    static const struct {
        const char *schema, *instance;
        enum schema_result result;
    } rows[] = {
        {"{\"multipleOf\": 0.01}", "1250.5", SCHEMA_VALID},
        {"{\"multipleOf\": 0.01}", "1250.505", SCHEMA_INVALID},
        {"{\"multipleOf\": 0.123456789}", "1e308", SCHEMA_INVALID},
        {"{\"multipleOf\": 3}", "1e400", SCHEMA_INVALID},
        {"{\"multipleOf\": 5}", "1e400", SCHEMA_VALID},
        {"{\"multipleOf\": 0.1234567890123456789012345}", "1", SCHEMA_INVALID},
        {"{\"multipleOf\": 0.1234567890123456789012345}", "2469135780246913578024690", SCHEMA_VALID},
        {"{\"multipleOf\": 0.1234567890123456789012345}", "0.246913578024691357802469", SCHEMA_VALID},
        {"{\"multipleOf\": 9223372036854775807}", "-9223372036854775807", SCHEMA_VALID},
        {"{\"multipleOf\": 9223372036854775807}", "92233720368547758070000000", SCHEMA_VALID},
        {"{\"multipleOf\": 9223372036854775807}", "0.5", SCHEMA_INVALID},
        {"{\"multipleOf\": 100000000000000000000000001}", "100000000000000000000000001", SCHEMA_VALID},
        {"{\"multipleOf\": 100000000000000000000000001}", "7", SCHEMA_INVALID},
        {"{\"multipleOf\": 1e30}", "1000000000000000000", SCHEMA_INVALID},
        {"{\"type\": \"integer\"}", "1e400", SCHEMA_VALID},
        {"{\"type\": \"integer\"}", "123456789012345678901234567890", SCHEMA_VALID},
        {"{\"type\": \"integer\"}", "1.5e1", SCHEMA_VALID},
        {"{\"const\": 9007199254740993}", "9007199254740992.0", SCHEMA_INVALID},
        {"{\"const\": 9007199254740993}", "9007199254740993.0", SCHEMA_VALID},
        {"{\"maximum\": 9223372036854775807}", "9223372036854775808", SCHEMA_INVALID},
        {"{\"exclusiveMaximum\": 0.3}", "0.30", SCHEMA_INVALID},
        {"{\"exclusiveMaximum\": 0.3}", "0.299999999999999999999999999", SCHEMA_VALID},
        {"{\"enum\": [[1.0, {\"a\": -0}]]}", "[1, {\"a\": 0.0}]", SCHEMA_VALID},
        {"{\"uniqueItems\": true}", "[1, true, 0, false, 1.00]", SCHEMA_INVALID},
        {"{\"minimum\": -1e999999999999999999999}", "-1e400", SCHEMA_VALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world world;
        start(&world, rows[i].schema, NULL);
        assert_non_null(world.program);
        assert_int_equal(judge(&world, rows[i].instance), rows[i].result);
        stop(&world);
    }
}

/* A member that tells the branches apart, of every kind of value, among few branches and many. */
static void branches_are_told_apart(void **state) {
    (void)state;
    struct world world;
    struct buf text = {0};
    buf_add_text(&text, "{\"oneOf\": [");
    for (int i = 0; i < 200; i++)
        buf_printf(&text,
                   "{\"properties\": {\"kind\": {\"enum\": [\"k%d\", %d, %d.5]}, \"v\": {\"maximum\": %d}},"
                   " \"required\": [\"kind\"]},",
                   i, i, i, i);
    buf_add_text(&text,
                 "{\"properties\": {\"kind\": {\"enum\": [true, null, [1]]}, \"v\": false}, \"required\": [\"kind\"]},"
                 "{\"properties\": {\"kind\": false}, \"required\": [\"v\"]}]}");
    start(&world, buf_text(&text), NULL);
    static const struct {
        const char *instance;
        enum schema_result result;
    } rows[] = {
        {"{\"kind\": \"k150\", \"v\": 150}", SCHEMA_VALID},
        {"{\"kind\": \"k150\", \"v\": 151}", SCHEMA_INVALID},
        {"{\"kind\": 150.0, \"v\": 150}", SCHEMA_VALID},
        {"{\"kind\": 150.0, \"v\": 151}", SCHEMA_INVALID},
        {"{\"kind\": 1505e-1, \"v\": 150}", SCHEMA_VALID},
        {"{\"kind\": 150.25, \"v\": 1}", SCHEMA_INVALID},
        {"{\"kind\": true}", SCHEMA_VALID},
        {"{\"kind\": false}", SCHEMA_INVALID},
        {"{\"kind\": null}", SCHEMA_VALID},
        {"{\"kind\": null, \"v\": 1}", SCHEMA_INVALID},
        {"{\"kind\": [1]}", SCHEMA_VALID},
        {"{\"kind\": [2]}", SCHEMA_INVALID},
        {"{\"kind\": {}}", SCHEMA_INVALID},
        {"{\"kind\": \"k200\"}", SCHEMA_INVALID},
        {"{\"v\": 1000}", SCHEMA_VALID},
        {"{}", SCHEMA_INVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (judge(&world, rows[i].instance) != rows[i].result)
            fail_msg("%s", rows[i].instance);
    stop(&world);
    buf_finish(&text);
}

/* Long lists of values are looked up, whatever their kind. */
static void long_lists(void **state) {
    (void)state;
    struct world world;
    struct buf text = {0};
    buf_add_text(&text, "{\"items\": {\"enum\": [");
    for (int i = 0; i < 5000; i++)
        buf_printf(&text, "%d, {\"a\": %d, \"b\": [%d]}, ", i, i, i);
    buf_add_text(&text, "1e400]}}");
    start(&world, buf_text(&text), &(struct schema_limits){.steps = 1000});
    assert_non_null(world.program);
    assert_int_equal(judge(&world, "[4999, 4999.0, 10e400, 0]"), SCHEMA_INVALID);
    assert_int_equal(judge(&world, "[4999, 4999.0, 10e399, 0]"), SCHEMA_VALID);
    assert_int_equal(judge(&world, "[{\"b\": [4999.0], \"a\": 4999}, {\"a\": 0, \"b\": [0]}]"), SCHEMA_VALID);
    assert_int_equal(judge(&world, "[{\"a\": 1, \"b\": [2]}]"), SCHEMA_INVALID);
    stop(&world);
    buf_finish(&text);
}

static void writes_outputs(void **state) {
    (void)state;
    static const struct {
        enum schema_output output;
        const char *text;
    } rows[] = {
        {SCHEMA_OUTPUT_FLAG, "{\"valid\":false}"},
        {SCHEMA_OUTPUT_LIST,
         "{\"valid\":false,\"details\":[{\"valid\":false,\"evaluationPath\":\"\",\"schemaLocation\":\"schema:///"
         "test.json#\",\"instanceLocation\":\"\",\"droppedAnnotations\":{\"title\":\"t\"},\"errors\":{\"type\":\"must "
         "be an integer, not a string\"}}]}"},
    };
    struct world world;
    start(&world, "{\"title\": \"t\", \"type\": \"integer\"}", NULL);
    struct json_document json;
    assert_true(json_read(&world.arena, SPAN("\"x\""), NULL, &json, NULL));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out = {0};
        assert_int_equal(schema_write(world.program, world.context, &json, json.node, rows[i].output, 0, &out),
                         SCHEMA_INVALID);
        assert_string_equal(buf_text(&out), rows[i].text);
        buf_finish(&out);
    }
    stop(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges),
        cmocka_unit_test(complains_without_values),
        cmocka_unit_test(refuses),
        cmocka_unit_test(reads_draft_4),
        cmocka_unit_test(likeliest_cause_comes_first),
        cmocka_unit_test(limits_are_errors),
        cmocka_unit_test(refused_documents_leave_nothing),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(writes_outputs),
        cmocka_unit_test(branches_are_told_apart),
        cmocka_unit_test(long_lists),
        cmocka_unit_test(suggests_the_nearest_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
