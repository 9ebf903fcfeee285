/* What a record is taken for, and what is refused as what. */
#include "decode/decoder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEADER(the_name, the_value)                                                                                    \
    { .name = SPAN(the_name), .value = SPAN(the_value) }
#define ASSERT_SPAN(span, text) assert_true(span_equal((span), SPAN(text)))
#define COUNT(array)            (sizeof(array) / sizeof *(array))
#define BINARY                                                                                                         \
    HEADER("ce_specversion", "1.0"), HEADER("ce_id", "A-1"), HEADER("ce_source", "/bygg"), HEADER("ce_type", "t")
#define STRUCTURED  HEADER("content-type", "Application/CloudEvents+JSON; charset=UTF-8")
#define BINARY_TEXT "{\"specversion\":\"1.0\",\"id\":\"A-1\",\"source\":\"/bygg\",\"type\":\"t\","

static const struct decode_spec automatic = {.format = DECODE_AUTO, .limits = {.size = 1 << 20, .depth = 64}};

static struct event *new_event(struct span value, const struct header *headers, size_t count) {
    struct event *event = event_create((struct place){0}, 7, -1, SPAN_NONE, value, headers, count);
    assert_non_null(event);
    return event;
}

/* Decodes and holds the verdict against what is expected; `detail` is how the detail begins. */
static void expect_dead(const struct decode_spec *spec, struct span value, const struct header *headers, size_t count,
                        enum reason reason, const char *detail) {
    struct event *event = new_event(value, headers, count);
    struct message message;
    struct verdict verdict = decode(spec, event, &message);
    if (verdict.kind != VERDICT_DEAD || verdict.reason != reason ||
        !span_starts_with(verdict.detail, span_of(detail))) {
        print_error("%d %s " SPAN_FORMAT "\n", (int)verdict.kind, reason_name(verdict.reason),
                    SPAN_ARGUMENT(verdict.detail));
        fail();
    }
    event_destroy(event);
}

static void plain_json_stays_where_it_is(void **state) {
    (void)state;
    struct event *event = new_event(SPAN(" {\"a\": 1e400}\n"), NULL, 0);
    struct message message;
    assert_int_equal(decode(&automatic, event, &message).kind, VERDICT_PASS);
    assert_int_equal(message.mode, MESSAGE_PLAIN);
    assert_ptr_equal(message.document.source.data, event->value.data);
    assert_null(message.content_type.data);
    event_destroy(event);
}

static void what_is_not_json_is_told_with_its_place(void **state) {
    (void)state;
    expect_dead(&automatic, SPAN("{\n \"personnummer\": \"191212121212\" x}"), NULL, 0, REASON_NOT_JSON,
                "{\"offset\":34,\"line\":2,\"column\":33,\"what\":\"expected ',' or '}'\"}");
    expect_dead(&automatic, SPAN("{\"a\":1,\"a\":2}"), NULL, 0, REASON_NOT_JSON, "{\"offset\":7,");
    expect_dead(&automatic, SPAN("\"\xff\""), NULL, 0, REASON_NOT_JSON, "{\"offset\":1,");
    expect_dead(&automatic, SPAN(""), NULL, 0, REASON_NOT_JSON, "{\"offset\":0,");
    struct decode_spec small = {.limits = {.size = 10, .depth = 2}};
    expect_dead(&small, SPAN("[[[1]]]"), NULL, 0, REASON_TOO_DEEP, "{\"offset\":2,");
    expect_dead(&small, SPAN("\"0123456789\""), NULL, 0, REASON_TOO_LARGE, "{\"offset\":10,");
}

static void a_structured_event_stays_where_it_is(void **state) {
    (void)state;
    const struct header headers[] = {STRUCTURED};
    struct event *event = new_event(
        SPAN("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data\":{}}"), headers, 1);
    struct message message;
    assert_int_equal(decode(&automatic, event, &message).kind, VERDICT_PASS);
    assert_int_equal(message.mode, MESSAGE_STRUCTURED);
    assert_ptr_equal(message.document.source.data, event->value.data);
    event_destroy(event);
}

static void a_wrong_structured_event_is_refused(void **state) {
    (void)state;
    const struct header json[] = {STRUCTURED};
    const struct header avro[] = {HEADER("content-type", "application/cloudevents+avro")};
    const struct header batch[] = {HEADER("content-type", "application/cloudevents-batch+json")};
    expect_dead(&automatic, SPAN("{}"), avro, 1, REASON_ENVELOPE, "{\"what\":\"its content-type");
    expect_dead(&automatic, SPAN("[]"), batch, 1, REASON_ENVELOPE, "{\"what\":\"its content-type");
    expect_dead(&automatic, SPAN("[]"), json, 1, REASON_ENVELOPE, "{\"what\":\"a structured CloudEvent");
    expect_dead(&automatic, SPAN("{"), json, 1, REASON_NOT_JSON, "{\"offset\":1");
    expect_dead(&automatic, SPAN("{\"id\":\"1\",\"source\":\"s\",\"type\":\"t\"}"), json, 1, REASON_ENVELOPE,
                "{\"attribute\":\"specversion\",\"what\":\"is required\"}");
    expect_dead(&automatic, SPAN("{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\"}"), json, 1,
                REASON_ENVELOPE, "{\"attribute\":\"specversion\",\"what\":\"must be");
    expect_dead(&automatic, SPAN("{\"specversion\":\"1.0\",\"id\":1,\"source\":\"s\",\"type\":\"t\"}"), json, 1,
                REASON_ENVELOPE, "{\"attribute\":\"id\"");
    expect_dead(&automatic, SPAN("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"\",\"type\":\"t\"}"), json, 1,
                REASON_ENVELOPE, "{\"attribute\":\"source\"");
    expect_dead(&automatic, SPAN("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":null}"), json, 1,
                REASON_ENVELOPE, "{\"attribute\":\"type\",\"what\":\"is required\"}");
    expect_dead(&automatic,
                SPAN("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data\":1,\"data_base64\":"
                     "\"\"}"),
                json, 1, REASON_ENVELOPE, "{\"attribute\":\"data_base64\"");
}

static void expect_binary(struct span value, const struct header *headers, size_t count, struct span text,
                          struct span data) {
    struct event *event = new_event(value, headers, count);
    struct message message;
    assert_int_equal(decode(&automatic, event, &message).kind, VERDICT_PASS);
    assert_int_equal(message.mode, MESSAGE_BINARY);
    struct span source = message.document.source;
    assert_true(span_equal(source, text));
    assert_int_equal(message.data_start != 0, data.data != NULL);
    if (data.data != NULL)
        assert_true(
            span_equal(span_make(source.data + message.data_start, source.size - message.data_start - 1), data));
    event_destroy(event);
}

static void a_binary_event_becomes_an_object(void **state) {
    (void)state;
    const struct header bare[] = {BINARY, HEADER("unrelated", "\xff")};
    const struct header json[] = {BINARY, HEADER("content-type", "application/vnd.kommun+json; charset=utf-8")};
    const struct header text[] = {BINARY, HEADER("content-type", "text/plain")};
    const struct header words[] = {BINARY, HEADER("ce_subject", "Gävle \"1\"\n"), HEADER("ce_time", "now")};
    const struct header none[] = {BINARY, {.name = SPAN("ce_subject"), .value = SPAN_NONE}};
    expect_binary(SPAN(" {\"a\" : 1.0}\r\n"), bare, COUNT(bare), SPAN(BINARY_TEXT "\"data\": {\"a\" : 1.0}\r\n}"),
                  SPAN(" {\"a\" : 1.0}\r\n"));
    expect_binary(SPAN("[]"), json, COUNT(json),
                  SPAN(BINARY_TEXT "\"datacontenttype\":\"application/vnd.kommun+json; charset=utf-8\",\"data\":[]}"),
                  SPAN("[]"));
    expect_binary(SPAN("\xff\xfe"), text, COUNT(text),
                  SPAN(BINARY_TEXT "\"datacontenttype\":\"text/plain\",\"data_base64\":\"//4=\"}"), SPAN_NONE);
    expect_binary(SPAN("null"), words, COUNT(words),
                  SPAN(BINARY_TEXT "\"subject\":\"Gävle \\\"1\\\"\\n\",\"time\":\"now\",\"data\":null}"), SPAN("null"));
    expect_binary(SPAN(""), none, COUNT(none),
                  SPAN("{\"specversion\":\"1.0\",\"id\":\"A-1\",\"source\":\"/bygg\",\"type\":\"t\"}"), SPAN_NONE);
}

/* Every header that would become a header of ours, or an attribute that was never sent. */
static void a_wrong_binary_event_is_refused(void **state) {
    (void)state;
    static const struct {
        struct header header;
        const char *detail;
    } rows[] = {
        {HEADER("ce_id", "again"), "{\"what\":\"the same ce_ header"},
        {HEADER("ce_data", "1"), "{\"what\":\"ce_data and"},
        {HEADER("ce_datacontenttype", "text/plain"), "{\"what\":\"ce_data and"},
        {HEADER("ce_data_base64", "AA=="), "{\"what\":\"a ce_ header's name must be made"},
        {HEADER("ce_", "1"), "{\"what\":\"a ce_ header's name must have"},
        {HEADER("ce_Foo", "1"), "{\"what\":\"a ce_ header's name must be made"},
        {HEADER("ce_x\r\nHost: evil", "1"), "{\"what\":\"a ce_ header's name must be made"},
        {HEADER("ce_x", "\xff"), "{\"what\":\"a ce_ header's value must be UTF-8"},
        {HEADER("content-type", "text/\xff"), "{\"what\":\"its content-type must be UTF-8"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct header headers[] = {BINARY, rows[i].header};
        expect_dead(&automatic, SPAN("{}"), headers, COUNT(headers), REASON_ENVELOPE, rows[i].detail);
    }
    const struct header version[] = {HEADER("ce_specversion", "2.0"), HEADER("ce_id", "1"), HEADER("ce_source", "s"),
                                     HEADER("ce_type", "t")};
    expect_dead(&automatic, SPAN("{}"), version, 4, REASON_ENVELOPE, "{\"attribute\":\"specversion\"");
    expect_dead(&automatic, SPAN("{}"), version, 1, REASON_ENVELOPE, "{\"attribute\":\"specversion\"");
    const struct header partial[] = {HEADER("ce_specversion", "1.0"), HEADER("ce_id", "1"), HEADER("ce_source", "s")};
    expect_dead(&automatic, SPAN("{}"), partial, 3, REASON_ENVELOPE, "{\"attribute\":\"type\"");
}

/* The value is pasted behind "data": and must not be able to say more than one value. */
static void a_value_cannot_reach_out_of_data(void **state) {
    (void)state;
    const struct header headers[] = {BINARY};
    expect_dead(&automatic, SPAN("1,\"subject\":\"x\""), headers, COUNT(headers), REASON_NOT_JSON,
                "{\"offset\":1,\"line\":1,\"column\":2");
    expect_dead(&automatic, SPAN("1,\"id\":\"x\""), headers, COUNT(headers), REASON_NOT_JSON, "{\"offset\":1,");
    expect_dead(&automatic, SPAN("1}"), headers, COUNT(headers), REASON_NOT_JSON, "{\"offset\":1,");
    expect_dead(&automatic, SPAN("1},{\"a\":2"), headers, COUNT(headers), REASON_NOT_JSON, "{\"offset\":1,");
    expect_dead(&automatic, SPAN("{\"a\":1"), headers, COUNT(headers), REASON_NOT_JSON, "{\"offset\":6,");
    expect_dead(&automatic, SPAN("{\"a\":1,\"a\":1}"), headers, COUNT(headers), REASON_NOT_JSON, "{\"offset\":7,");
}

static void limits_count_the_value_alone(void **state) {
    (void)state;
    const struct header headers[] = {BINARY};
    struct decode_spec spec = {.limits = {.size = 8, .depth = 2}};
    struct event *event = new_event(SPAN("[[0,1,2]"), headers, COUNT(headers));
    struct message message;
    assert_int_equal(decode(&spec, event, &message).reason, REASON_NOT_JSON);
    event_destroy(event);
    event = new_event(SPAN("[[0,1]] "), headers, COUNT(headers));
    assert_int_equal(decode(&spec, event, &message).kind, VERDICT_PASS);
    event_destroy(event);
    expect_dead(&spec, SPAN("[[[1]]]"), headers, COUNT(headers), REASON_TOO_DEEP, "{\"offset\":2,");
    expect_dead(&spec, SPAN("[[1],2,3]"), headers, COUNT(headers), REASON_TOO_LARGE, "{\"what\":");
}

static void a_format_that_is_set_is_held_to(void **state) {
    (void)state;
    const struct header binary[] = {BINARY};
    struct decode_spec json = {.format = DECODE_JSON};
    struct event *event = new_event(SPAN("{}"), binary, COUNT(binary));
    struct message message;
    assert_int_equal(decode(&json, event, &message).kind, VERDICT_PASS);
    assert_int_equal(message.mode, MESSAGE_PLAIN);
    event_destroy(event);
    struct decode_spec cloudevents = {.format = DECODE_CLOUDEVENTS};
    expect_dead(&cloudevents, SPAN("{}"), NULL, 0, REASON_ENVELOPE, "{\"what\":\"is not a CloudEvent: neither");
    struct decode_spec data = {.format = DECODE_AUTO, .data_needed = true};
    expect_dead(&data, SPAN("{}"), NULL, 0, REASON_ENVELOPE, "{\"what\":\"is not a CloudEvent, so");
}

static void short_memory_asks_for_another_try(void **state) {
    (void)state;
    const struct header binary[] = {BINARY};
    const struct header structured[] = {STRUCTURED};
    const struct header *const headers[] = {NULL, binary, structured};
    const size_t counts[] = {0, COUNT(binary), COUNT(structured)};
    for (size_t i = 0; i < 3; i++) {
        struct event *event = new_event(SPAN("{\"a\":1}"), headers[i], counts[i]);
        event->arena.limit = 1;
        event->arena.left = 0;
        struct message message;
        assert_int_equal(decode(&automatic, event, &message).kind, VERDICT_RETRY);
        event_destroy(event);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_json_stays_where_it_is),
        cmocka_unit_test(what_is_not_json_is_told_with_its_place),
        cmocka_unit_test(a_structured_event_stays_where_it_is),
        cmocka_unit_test(a_wrong_structured_event_is_refused),
        cmocka_unit_test(a_binary_event_becomes_an_object),
        cmocka_unit_test(a_wrong_binary_event_is_refused),
        cmocka_unit_test(a_value_cannot_reach_out_of_data),
        cmocka_unit_test(limits_count_the_value_alone),
        cmocka_unit_test(a_format_that_is_set_is_held_to),
        cmocka_unit_test(short_memory_asks_for_another_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
