/* What the gate says of events that do not satisfy the schema: places and words, never values. */
#include "validate/gate.h"

#include "schema/schema.h"
#include "support/memory.h"
#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ASSERT_SPAN(span, text) assert_true(span_equal((span), SPAN(text)))

static struct schema_registry *registry;
static struct schema_context *context;

static struct schema_program *compile(const char *text) {
    static int count;
    struct schema_problem problem = {0};
    char uri[32];
    (void)snprintf(uri, sizeof uri, "%d.json", count++);
    if (!schema_registry_add(registry, span_of(uri), span_of(text), "test.json", &problem))
        fail_msg("%s", problem.error.text);
    struct schema_program *program = schema_compile(registry, span_of(uri), &problem);
    if (program == NULL)
        fail_msg("%s", problem.error.text);
    return program;
}

/* The detail lives in the event, which the caller destroys. */
static struct verdict check(const struct gate_spec *spec, struct span text, struct event **event) {
    struct message message = {.mode = MESSAGE_PLAIN};
    *event = event_create((struct place){0}, 0, -1, SPAN_NONE, text, NULL, 0);
    assert_non_null(*event);
    assert_true(json_read(&(*event)->arena, (*event)->value, NULL, &message.document, NULL));
    return gate_check(spec, context, *event, &message);
}

static void a_valid_event_passes(void **state) {
    (void)state;
    struct gate_spec spec = {0};
    struct event *event;
    assert_int_equal(check(&spec, SPAN("1"), &event).kind, VERDICT_PASS);
    event_destroy(event);
    spec.program = compile("{\"type\":\"integer\"}");
    assert_int_equal(check(&spec, SPAN("1"), &event).kind, VERDICT_PASS);
    event_destroy(event);
    spec.of_data = true;
    assert_int_equal(check(&spec, SPAN("{\"data\":1.0}"), &event).kind, VERDICT_PASS);
    event_destroy(event);
    schema_program_destroy(spec.program);
}

static void an_invalid_event_is_refused_with_reasons(void **state) {
    (void)state;
    struct gate_spec spec = {.name = SPAN("a.json"), .of_data = true};
    spec.program = compile("{\"properties\":{\"kod\":{\"pattern\":\"^[0-9]{4}$\"}}}");
    struct event *event;
    struct verdict verdict = check(&spec, SPAN("{\"data\":{\"kod\":\"19121212-1212\"}}"), &event);
    assert_int_equal(verdict.kind, VERDICT_DEAD);
    assert_int_equal(verdict.reason, REASON_SCHEMA);
    if (!span_starts_with(verdict.detail, SPAN("[{\"instance\":\"/data/kod\",\"schema\":\"/properties/kod/pattern\","
                                               "\"keyword\":\"pattern\",\"what\":\"")))
        fail_msg(SPAN_FORMAT, SPAN_ARGUMENT(verdict.detail));
    assert_null(memmem(verdict.detail.data, verdict.detail.size, "1912", 4));
    event_destroy(event);
    verdict = check(&spec, SPAN("{\"kod\":1}"), &event);
    assert_int_equal(verdict.reason, REASON_SCHEMA);
    assert_true(span_starts_with(verdict.detail, SPAN("[{\"instance\":\"/data\",\"schema\":\"a.json\",")));
    event_destroy(event);
    schema_program_destroy(spec.program);
}

static void the_detail_is_bounded_ascii(void **state) {
    (void)state;
    struct buf text = {0};
    buf_add_text(&text, "{");
    for (int i = 0; i < 500; i++) {
        buf_printf(&text, "%s\"%d", i == 0 ? "" : ",", i);
        for (int k = 0; k < 100; k++)
            buf_add_text(&text, "\xc3\xa4\\n");
        buf_add_text(&text, "\":1");
    }
    buf_add_text(&text, "}");
    struct gate_spec spec = {.name = SPAN("a.json")};
    spec.program = compile("{\"additionalProperties\":{\"type\":\"string\"}}");
    struct event *event;
    struct verdict verdict = check(&spec, buf_span(&text), &event);
    assert_int_equal(verdict.reason, REASON_SCHEMA);
    assert_true(verdict.detail.size > 1000 && verdict.detail.size < 8192);
    assert_true(span_ends_with(verdict.detail, SPAN("\"}]")));
    for (size_t i = 0; i < verdict.detail.size; i++)
        assert_true(verdict.detail.data[i] >= 0x20 && verdict.detail.data[i] < 0x7f);
    event_destroy(event);
    buf_finish(&text);
    schema_program_destroy(spec.program);
}

static void a_limit_is_another_reason(void **state) {
    (void)state;
    struct schema_limits limits = {.steps = 1};
    struct schema_context *own = schema_context_create(&limits);
    struct gate_spec spec = {.name = SPAN("a.json"), .program = compile("{\"items\":{\"type\":\"integer\"}}")};
    struct event *event = event_create((struct place){0}, 0, -1, SPAN_NONE, SPAN("[1,2,3,4,5,6,7,8]"), NULL, 0);
    struct message message = {.mode = MESSAGE_PLAIN};
    assert_true(json_read(&event->arena, event->value, NULL, &message.document, NULL));
    struct verdict verdict = gate_check(&spec, own, event, &message);
    assert_int_equal(verdict.kind, VERDICT_DEAD);
    assert_int_equal(verdict.reason, REASON_SCHEMA_ERROR);
    assert_true(span_starts_with(verdict.detail, SPAN("{\"schema\":\"a.json\",\"what\":\"")));
    event_destroy(event);
    schema_context_destroy(own);
    schema_program_destroy(spec.program);
}

/* Every allocation fails once: whatever the event is, it is judged again later, and then the verdict is whole. */
static void short_memory_is_no_verdict(void **state) {
    (void)state;
    static const char *const events[] = {
        "{\"a\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14],\"b\":\"{}\"}",
        "{\"a\":[1,2,3,4,5,6,7,8,9,10,11,12,13,13],\"c\":1}",
    };
    struct gate_spec spec = {.name = SPAN("a.json")};
    spec.program = compile("{\"properties\":{\"a\":{\"uniqueItems\":true,\"items\":{\"multipleOf\":"
                           "0.000000000000000000000000000000001234567890123456789012345}},\"b\":{}},"
                           "\"unevaluatedProperties\":false}");
    for (size_t e = 0; e < sizeof events / sizeof events[0]; e++) {
        size_t retries = 0;
        for (size_t number = 0, failed = 1; failed > 0; number++) {
            struct schema_context *own = gate_context_create();
            struct event *event = event_create((struct place){0}, 0, -1, SPAN_NONE, span_of(events[e]), NULL, 0);
            struct message message = {.mode = MESSAGE_PLAIN};
            assert_non_null(own);
            assert_true(json_read(&event->arena, event->value, NULL, &message.document, NULL));
            memory_fail(number, false);
            struct verdict verdict = gate_check(&spec, own, event, &message);
            failed = memory_heal();
            retries += failed > 0;
            if (failed > 0) {
                assert_int_equal(verdict.kind, VERDICT_RETRY);
                verdict = gate_check(&spec, own, event, &message);
            }
            assert_int_equal(verdict.kind, VERDICT_DEAD);
            assert_int_equal(verdict.reason, REASON_SCHEMA);
            assert_true(span_starts_with(verdict.detail, SPAN("[{\"instance\":\"/a")));
            event_destroy(event);
            gate_context_destroy(own);
        }
        assert_true(retries > 0);
    }
    schema_program_destroy(spec.program);
}

static int set_up(void **state) {
    (void)state;
    registry = schema_registry_create(NULL);
    context = schema_context_create(NULL);
    return registry != NULL && context != NULL ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    schema_context_destroy(context);
    schema_registry_destroy(registry);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_valid_event_passes),        cmocka_unit_test(an_invalid_event_is_refused_with_reasons),
        cmocka_unit_test(the_detail_is_bounded_ascii), cmocka_unit_test(a_limit_is_another_reason),
        cmocka_unit_test(short_memory_is_no_verdict),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
