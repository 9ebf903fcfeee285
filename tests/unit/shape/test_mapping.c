/* Requests: every header, every kind of body, what is refused. */
#include "shape/mapping.h"

#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEADER(the_name, the_value)                                                                                    \
    { .name = SPAN(the_name), .value = SPAN(the_value) }
#define ASSERT_SPAN(span, text) assert_true(span_equal((span), SPAN(text)))
#define COUNT(array)            (sizeof(array) / sizeof *(array))
#define TRACE                   "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define OTHER_TRACE             "00-ffffffffffffffffffffffffffffffff-b7ad6b7169203331-00"

static const struct span topics[] = {{"other", 5}, {"bygg.v1", 7}};

/* An event and the message that decode would have made of it. */
struct mapped {
    struct event *event;
    struct message message;
    struct mapping_spec spec;
    struct request request;
};

static void begin(struct mapped *one, enum message_mode mode, struct span value, const struct header *headers,
                  size_t count) {
    *one = (struct mapped){.message.mode = mode};
    one->event = event_create((struct place){.topic = 1, .partition = 3}, 1041, -1, SPAN_NONE, value, headers, count);
    assert_non_null(one->event);
    one->spec = (struct mapping_spec){.method = SPAN("PUT"), .route = SPAN("bygg"), .topics = topics};
    one->spec.target = template_create(TEMPLATE_TARGET, SPAN("/errands"), NULL);
    assert_non_null(one->spec.target);
}

static void read_text(struct mapped *one, struct span text) {
    assert_true(json_read(&one->event->arena, text, NULL, &one->message.document, NULL));
}

static struct verdict apply(struct mapped *one) {
    return mapping_apply(&one->spec, one->event, &one->message, &one->request);
}

static void end(struct mapped *one) {
    template_destroy(one->spec.target);
    template_destroy(one->spec.event_id);
    event_destroy(one->event);
}

static struct span header(const struct mapped *one, struct span name) {
    struct span value = SPAN_NONE;
    for (size_t i = 0; i < one->request.header_count; i++)
        if (span_equal(one->request.headers[i].name, name)) {
            assert_null(value.data);
            value = one->request.headers[i].value;
        }
    return value;
}

static void plain_json_is_sent_as_it_came(void **state) {
    (void)state;
    struct mapped one;
    begin(&one, MESSAGE_PLAIN, SPAN(" {\"traceparent\": \"" TRACE "\"}\n"), NULL, 0);
    read_text(&one, one.event->value);
    assert_int_equal(apply(&one).kind, VERDICT_PASS);
    ASSERT_SPAN(one.request.method, "PUT");
    ASSERT_SPAN(one.request.target, "/errands");
    assert_ptr_equal(one.request.body.data, one.event->value.data);
    assert_int_equal(one.request.body.size, one.event->value.size);
    ASSERT_SPAN(header(&one, SPAN("Content-Type")), "application/json");
    ASSERT_SPAN(header(&one, SPAN("Idempotency-Key")), "bygg.v1/3/1041");
    ASSERT_SPAN(header(&one, SPAN("Sluss-Event")), "bygg.v1/3/1041");
    ASSERT_SPAN(header(&one, SPAN("Sluss-Route")), "bygg");
    assert_int_equal(header(&one, SPAN("webhook-id")).size, 27);
    assert_int_equal(header(&one, SPAN("traceparent")).size, 55);
    assert_false(span_equal(header(&one, SPAN("traceparent")), SPAN(TRACE))); /* no CloudEvent: just a member */
    assert_int_equal(one.request.header_count, 6);
    end(&one);
}

static void headers_id_and_type_follow_the_configuration(void **state) {
    (void)state;
    struct mapped one;
    begin(&one, MESSAGE_PLAIN, SPAN("{\"id\":\"A/1\",\"source\":\"s\"}"), NULL, 0);
    read_text(&one, one.event->value);
    struct mapping_header headers[] = {
        {SPAN("X-Id"), template_create(TEMPLATE_HEADER, SPAN("<{$.id}>"), NULL)},
        {SPAN("X-None"), template_create(TEMPLATE_HEADER, SPAN("{$.none ?? \"\"}"), NULL)},
    };
    one.spec.headers = headers;
    one.spec.header_count = 2;
    one.spec.event_id = template_create(TEMPLATE_TEXT, SPAN("{$.source}/{$.id}"), NULL);
    one.spec.content_type = SPAN("text/x");
    assert_int_equal(apply(&one).kind, VERDICT_PASS);
    ASSERT_SPAN(header(&one, SPAN("X-Id")), "<A/1>");
    ASSERT_SPAN(header(&one, SPAN("X-None")), "");
    ASSERT_SPAN(header(&one, SPAN("Idempotency-Key")), "s/A/1");
    ASSERT_SPAN(header(&one, SPAN("Sluss-Event")), "bygg.v1/3/1041");
    ASSERT_SPAN(header(&one, SPAN("Content-Type")), "text/x");
    template_destroy(headers[0].value);
    template_destroy(headers[1].value);
    end(&one);
}

static void without_a_body_there_is_no_content_type(void **state) {
    (void)state;
    struct mapped one;
    begin(&one, MESSAGE_PLAIN, SPAN("{}"), NULL, 0);
    read_text(&one, one.event->value);
    one.spec.body = BODY_NONE;
    one.spec.content_type = SPAN("text/x");
    assert_int_equal(apply(&one).kind, VERDICT_PASS);
    assert_null(one.request.body.data);
    assert_null(header(&one, SPAN("Content-Type")).data);
    end(&one);
}

static void the_trace_of_the_record_comes_before_that_of_the_event(void **state) {
    (void)state;
    const struct header headers[] = {HEADER("traceparent", TRACE)};
    struct mapped one;
    begin(&one, MESSAGE_STRUCTURED, SPAN("{\"traceparent\":\"" OTHER_TRACE "\"}"), headers, 1);
    read_text(&one, one.event->value);
    assert_int_equal(apply(&one).kind, VERDICT_PASS);
    ASSERT_SPAN(header(&one, SPAN("traceparent")), TRACE);
    end(&one);
    begin(&one, MESSAGE_STRUCTURED, SPAN("{\"traceparent\":\"" OTHER_TRACE "\"}"), NULL, 0);
    read_text(&one, one.event->value);
    assert_int_equal(apply(&one).kind, VERDICT_PASS);
    ASSERT_SPAN(header(&one, SPAN("traceparent")), OTHER_TRACE);
    end(&one);
}

static void expect_structured(enum body_kind kind, struct span value, struct span body, struct span type) {
    struct mapped one;
    begin(&one, MESSAGE_STRUCTURED, value, NULL, 0);
    read_text(&one, one.event->value);
    one.spec.body = kind;
    assert_int_equal(apply(&one).kind, VERDICT_PASS);
    assert_true(span_equal(one.request.body, body));
    assert_true(span_equal(header(&one, SPAN("Content-Type")), type));
    end(&one);
}

static void a_structured_event_is_sent_whole_or_its_data(void **state) {
    (void)state;
    struct span json = SPAN("application/json");
    expect_structured(BODY_EVENT, SPAN("\t{\"data\": 1.0}"), SPAN("\t{\"data\": 1.0}"),
                      SPAN("application/cloudevents+json"));
    expect_structured(BODY_DATA, SPAN("{\"data\" : {\"a\": 1.0} }"), SPAN("{\"a\": 1.0}"), json);
    expect_structured(BODY_DATA, SPAN("{\"data\":\"a\"}"), SPAN("\"a\""), json);
    expect_structured(BODY_DATA, SPAN("{\"data\":\"\\u003ca/>\",\"datacontenttype\":\"text/xml\"}"), SPAN("<a/>"),
                      SPAN("text/xml"));
    expect_structured(BODY_DATA, SPAN("{\"data\":\"a\",\"datacontenttype\":\"application/x+json;v=1\"}"), SPAN("\"a\""),
                      SPAN("application/x+json;v=1"));
    expect_structured(BODY_DATA, SPAN("{\"data_base64\":\"//4=\",\"datacontenttype\":\"image/png\"}"), SPAN("\xff\xfe"),
                      SPAN("image/png"));
}

static void a_binary_event_has_its_attributes_as_headers(void **state) {
    (void)state;
    const struct header headers[] = {
        HEADER("ce_id", "A 1"),
        HEADER("ce_subject", "G\xc3\xa4vle \"100%\"\r\n~!"),
        HEADER("other", "x"),
        {.name = SPAN("ce_none"), .value = SPAN_NONE},
    };
    struct mapped one;
    begin(&one, MESSAGE_BINARY, SPAN(" [1] \n"), headers, COUNT(headers));
    read_text(&one, SPAN("{\"id\":\"A 1\",\"data\": [1] \n}"));
    one.message.data_start = sizeof "{\"id\":\"A 1\",\"data\":" - 1;
    assert_int_equal(apply(&one).kind, VERDICT_PASS);
    ASSERT_SPAN(one.request.body, " [1] \n");
    ASSERT_SPAN(header(&one, SPAN("ce-id")), "A%201");
    ASSERT_SPAN(header(&one, SPAN("ce-subject")), "G%C3%A4vle%20%22100%25%22%0D%0A~!");
    ASSERT_SPAN(header(&one, SPAN("Content-Type")), "application/json");
    assert_int_equal(one.request.header_count, 8);
    one.spec.body = BODY_DATA;
    assert_int_equal(apply(&one).kind, VERDICT_PASS);
    ASSERT_SPAN(one.request.body, " [1] \n");
    assert_int_equal(one.request.header_count, 6);
    end(&one);
}

static void binary_data_that_is_not_json_is_sent_as_it_came(void **state) {
    (void)state;
    struct mapped one;
    begin(&one, MESSAGE_BINARY, SPAN("\xff"), NULL, 0);
    read_text(&one, SPAN("{\"data_base64\":\"/w==\"}"));
    one.message.content_type = SPAN("image/png");
    assert_int_equal(apply(&one).kind, VERDICT_PASS);
    ASSERT_SPAN(one.request.body, "\xff");
    ASSERT_SPAN(header(&one, SPAN("Content-Type")), "image/png");
    end(&one);
}

static void expect_dead(struct mapped *one, const char *detail) {
    struct verdict verdict = apply(one);
    assert_int_equal(verdict.kind, VERDICT_DEAD);
    assert_int_equal(verdict.reason, REASON_TEMPLATE);
    if (!span_equal(verdict.detail, span_of(detail)))
        fail_msg(SPAN_FORMAT, SPAN_ARGUMENT(verdict.detail));
}

static void what_cannot_stand_in_a_request_is_dead_lettered(void **state) {
    (void)state;
    struct mapped one;
    begin(&one, MESSAGE_STRUCTURED,
          SPAN("{\"id\":\"a\\nHost: evil\",\"empty\":\"\",\"datacontenttype\":\"a\\r\\nX: y\",\"data_base64\":\"?\"}"),
          NULL, 0);
    read_text(&one, one.event->value);
    struct mapping_header bad = {SPAN("X-Id"), template_create(TEMPLATE_HEADER, SPAN("{$.id}"), NULL)};
    one.spec.headers = &bad;
    one.spec.header_count = 1;
    expect_dead(
        &one, "{\"place\":\"header\",\"name\":\"X-Id\",\"query\":\"$.id\",\"what\":\"contains a control character\"}");
    one.spec.event_id = template_create(TEMPLATE_TEXT, SPAN("{$.id}"), NULL);
    expect_dead(&one, "{\"place\":\"event-id\",\"what\":\"contains a control character\"}");
    template_destroy(one.spec.event_id);
    one.spec.event_id = template_create(TEMPLATE_TEXT, SPAN("{$.empty}"), NULL);
    expect_dead(&one, "{\"place\":\"event-id\",\"what\":\"is empty\"}");
    one.spec.body = BODY_DATA;
    expect_dead(&one, "{\"place\":\"body\",\"name\":\"data_base64\",\"what\":\"is not base64\"}");
    read_text(&one, SPAN("{\"datacontenttype\":\"a\\r\\nX: y\",\"data\":1}"));
    expect_dead(&one, "{\"place\":\"content-type\",\"what\":\"contains a control character\"}");
    read_text(&one, SPAN("{}"));
    expect_dead(&one, "{\"place\":\"body\",\"name\":\"data\",\"what\":\"is absent\"}");
    template_destroy(one.spec.target);
    one.spec.target = template_create(TEMPLATE_TARGET, SPAN("/e/{$.data.arendeId}"), NULL);
    expect_dead(&one, "{\"place\":\"path\",\"query\":\"$.data.arendeId\",\"what\":\"is absent\"}");
    template_destroy(bad.value);
    end(&one);
}

static void short_memory_asks_for_another_try(void **state) {
    (void)state;
    const struct header headers[] = {HEADER("ce_id", "A 1")};
    size_t passed = 0;
    for (size_t left = 0; left < 1024; left += 16) {
        struct mapped one;
        begin(&one, MESSAGE_BINARY, SPAN("1"), headers, 1);
        read_text(&one, SPAN("{\"data\":1}"));
        one.message.data_start = 8;
        one.event->arena.limit = 1;
        one.event->arena.left = left;
        struct verdict verdict = apply(&one);
        assert_true(verdict.kind == VERDICT_RETRY || verdict.kind == VERDICT_PASS);
        passed += verdict.kind == VERDICT_PASS;
        end(&one);
    }
    assert_true(passed > 0 && passed < 64);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_json_is_sent_as_it_came),
        cmocka_unit_test(headers_id_and_type_follow_the_configuration),
        cmocka_unit_test(without_a_body_there_is_no_content_type),
        cmocka_unit_test(the_trace_of_the_record_comes_before_that_of_the_event),
        cmocka_unit_test(a_structured_event_is_sent_whole_or_its_data),
        cmocka_unit_test(a_binary_event_has_its_attributes_as_headers),
        cmocka_unit_test(binary_data_that_is_not_json_is_sent_as_it_came),
        cmocka_unit_test(what_cannot_stand_in_a_request_is_dead_lettered),
        cmocka_unit_test(short_memory_asks_for_another_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
