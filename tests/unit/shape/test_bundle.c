/* Requests of several events: bodies, ids, headers, what cannot stand in them. */
#include "shape/bundle.h"

#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define ASSERT_SPAN(span, text) assert_true(span_equal((span), SPAN(text)))

enum { SHARES = 3 };

static const struct span topics[] = {{"bygg.v1", 7}};

/* A route and the shares of some events. */
struct bundled {
    struct mapping_spec spec;
    struct mapping_header own;
    struct event *event[SHARES];
    struct request share[SHARES];
    const struct request *shares[SHARES];
    size_t count;
    struct arena arena;
    struct request request;
};

static void begin(struct bundled *one, enum bundle_format format) {
    *one = (struct bundled){.spec = {.method = SPAN("POST"), .route = SPAN("bygg"), .topics = topics}};
    one->spec.bundle = format;
    one->spec.target = template_create(TEMPLATE_TARGET, SPAN("/import/{$.k ?? \"0\"}"), NULL);
    one->own = (struct mapping_header){SPAN("X-Kind"), template_create(TEMPLATE_HEADER, SPAN("{$.x ?? \"y\"}"), NULL)};
    one->spec.headers = &one->own;
    one->spec.header_count = 1;
    assert_non_null(one->spec.target);
    assert_non_null(one->own.value);
    arena_init(&one->arena, 0);
}

static struct verdict share(struct bundled *one, enum message_mode mode, struct span source, size_t data_start) {
    struct message message = {.mode = mode, .data_start = data_start};
    struct request *request = &one->share[one->count];
    struct event *event =
        event_create((struct place){.partition = 3}, 1041 + (int64_t)one->count, -1, SPAN_NONE, source, NULL, 0);
    assert_non_null(event);
    assert_true(json_read(&event->arena, event->value, NULL, &message.document, NULL));
    struct verdict verdict = mapping_apply(&one->spec, event, &message, request);
    request->place = event->place;
    request->offset = event->offset;
    request->platform = 5;
    one->event[one->count] = event;
    one->shares[one->count++] = request;
    return verdict;
}

static void add(struct bundled *one, struct span source) {
    assert_int_equal(share(one, MESSAGE_PLAIN, source, 0).kind, VERDICT_PASS);
}

static size_t expected_size(const struct bundled *one) {
    size_t size = bundle_size(one->spec.bundle, SPAN_NONE);
    for (size_t i = 0; i < one->count; i++)
        size += bundle_size(one->spec.bundle, one->share[i].body);
    return size;
}

static void make(struct bundled *one) {
    assert_true(bundle_make(&one->spec, one->shares, one->count, &one->arena, &one->request));
    assert_int_equal(one->request.body.size, expected_size(one));
}

static void end(struct bundled *one) {
    for (size_t i = 0; i < one->count; i++)
        event_destroy(one->event[i]);
    template_destroy(one->spec.target);
    template_destroy(one->own.value);
    arena_finish(&one->arena);
}

static struct span header(const struct bundled *one, struct span name) {
    struct span value = SPAN_NONE;
    for (size_t i = 0; i < one->request.header_count; i++)
        if (span_equal(one->request.headers[i].name, name)) {
            assert_null(value.data);
            value = one->request.headers[i].value;
        }
    return value;
}

static void a_json_array_joins_the_texts_as_they_are(void **state) {
    (void)state;
    struct bundled one;
    begin(&one, BUNDLE_JSON_ARRAY);
    add(&one, SPAN(" {\"n\": 1.10}\n"));
    add(&one, SPAN("[]"));
    add(&one, SPAN("{\n}"));
    make(&one);
    ASSERT_SPAN(one.request.body, "[ {\"n\": 1.10}\n,[],{\n}]");
    ASSERT_SPAN(one.request.method, "POST");
    ASSERT_SPAN(one.request.target, "/import/0");
    assert_int_equal(one.request.platform, 5);
    assert_int_equal(one.request.offset, 1041);
    assert_int_equal(one.request.rest_count, 2);
    assert_int_equal(one.request.rest[0].offset, 1042);
    assert_int_equal(one.request.rest[1].offset, 1043);
    assert_int_equal(one.request.rest[1].place.partition, 3);
    ASSERT_SPAN(header(&one, SPAN("Content-Type")), "application/json");
    ASSERT_SPAN(header(&one, SPAN("Sluss-Route")), "bygg");
    ASSERT_SPAN(header(&one, SPAN("Sluss-Event")), "bygg.v1/3/1041");
    ASSERT_SPAN(header(&one, SPAN("Sluss-Events")), "3");
    ASSERT_SPAN(header(&one, SPAN("X-Kind")), "y");
    /* SHA-256 of "bygg.v1/3/1041\nbygg.v1/3/1042\nbygg.v1/3/1043\n" */
    ASSERT_SPAN(header(&one, SPAN("Idempotency-Key")),
                "443793e525365e1634974e5a43869df7e2ba62854a0e7ede7a2d227c6733d46a");
    assert_int_equal(header(&one, SPAN("webhook-id")).size, 27);
    assert_int_equal(header(&one, SPAN("traceparent")).size, 55);
    end(&one);
}

static void a_bundle_of_one_is_an_array_of_one(void **state) {
    (void)state;
    struct bundled one;
    begin(&one, BUNDLE_JSON_ARRAY);
    add(&one, SPAN("{}"));
    make(&one);
    ASSERT_SPAN(one.request.body, "[{}]");
    assert_int_equal(one.request.rest_count, 0);
    ASSERT_SPAN(header(&one, SPAN("Sluss-Events")), "1");
    end(&one);
}

static void lines_have_no_line_breaks_inside(void **state) {
    (void)state;
    struct bundled one;
    begin(&one, BUNDLE_NDJSON);
    add(&one, SPAN("{\r\n  \"a\": \"x\\ny\"\n}"));
    add(&one, SPAN("7"));
    make(&one);
    ASSERT_SPAN(one.request.body, "{    \"a\": \"x\\ny\" }\n7\n");
    ASSERT_SPAN(header(&one, SPAN("Content-Type")), "application/x-ndjson");
    end(&one);
}

static void a_content_type_that_is_set_is_kept(void **state) {
    (void)state;
    struct bundled one;
    begin(&one, BUNDLE_NDJSON);
    one.spec.content_type = SPAN("application/jsonl");
    add(&one, SPAN("7"));
    make(&one);
    ASSERT_SPAN(header(&one, SPAN("Content-Type")), "application/jsonl");
    end(&one);
}

static void a_batch_of_cloudevents_takes_both_modes(void **state) {
    (void)state;
    struct bundled one;
    begin(&one, BUNDLE_CLOUDEVENTS);
    assert_int_equal(share(&one, MESSAGE_STRUCTURED, SPAN("{\"id\":\"1\"}"), 0).kind, VERDICT_PASS);
    assert_int_equal(share(&one, MESSAGE_BINARY, SPAN("{\"id\":\"2\",\"data\":[]}"), 17).kind, VERDICT_PASS);
    make(&one);
    ASSERT_SPAN(one.request.body, "[{\"id\":\"1\"},{\"id\":\"2\",\"data\":[]}]");
    ASSERT_SPAN(header(&one, SPAN("Content-Type")), "application/cloudevents-batch+json");
    struct verdict verdict = share(&one, MESSAGE_PLAIN, SPAN("{}"), 0);
    assert_int_equal(verdict.kind, VERDICT_DEAD);
    assert_int_equal(verdict.reason, REASON_TEMPLATE);
    ASSERT_SPAN(verdict.detail, "{\"place\":\"body\",\"what\":\"is not a CloudEvent\"}");
    end(&one);
}

static void data_alone_is_taken_out_of_each_event(void **state) {
    (void)state;
    struct bundled one;
    begin(&one, BUNDLE_JSON_ARRAY);
    one.spec.body = BODY_DATA;
    assert_int_equal(share(&one, MESSAGE_STRUCTURED, SPAN("{\"data\" : {\"a\": 1} }"), 0).kind, VERDICT_PASS);
    assert_int_equal(share(&one, MESSAGE_BINARY, SPAN("{\"id\":\"2\",\"data\":[ ]}"), 17).kind, VERDICT_PASS);
    make(&one);
    ASSERT_SPAN(one.request.body, "[{\"a\": 1},[ ]]");
    end(&one);
}

static void data_that_is_not_json_is_refused(void **state) {
    (void)state;
    struct bundled one;
    begin(&one, BUNDLE_JSON_ARRAY);
    struct verdict verdict = share(&one, MESSAGE_BINARY, SPAN("{\"id\":\"2\",\"data_base64\":\"AA==\"}"), 0);
    assert_int_equal(verdict.kind, VERDICT_DEAD);
    ASSERT_SPAN(verdict.detail,
                "{\"place\":\"body\",\"name\":\"data\",\"what\":\"is not JSON, which a batch is made of\"}");
    end(&one);
}

static void only_the_same_target_and_headers_are_alike(void **state) {
    (void)state;
    struct bundled one;
    begin(&one, BUNDLE_JSON_ARRAY);
    add(&one, SPAN("{\"k\":\"1\"}"));
    add(&one, SPAN("{\"k\":\"2\"}"));
    add(&one, SPAN("{\"k\":\"1\",\"x\":\"z\"}"));
    assert_true(bundle_alike(&one.share[0], &one.share[0]));
    assert_false(bundle_alike(&one.share[0], &one.share[1]));
    assert_false(bundle_alike(&one.share[0], &one.share[2]));
    end(&one);
}

/* The same events in the same order have the same id, others another. */
static void the_id_is_made_of_the_events_in_order(void **state) {
    (void)state;
    struct bundled one;
    begin(&one, BUNDLE_JSON_ARRAY);
    add(&one, SPAN("1"));
    add(&one, SPAN("2"));
    make(&one);
    struct span id = header(&one, SPAN("Idempotency-Key")), hook = header(&one, SPAN("webhook-id"));
    make(&one);
    assert_true(span_equal(id, header(&one, SPAN("Idempotency-Key"))));
    assert_true(span_equal(hook, header(&one, SPAN("webhook-id"))));
    one.shares[0] = &one.share[1];
    one.shares[1] = &one.share[0];
    make(&one);
    assert_false(span_equal(id, header(&one, SPAN("Idempotency-Key"))));
    one.count = 1;
    make(&one);
    assert_false(span_equal(id, header(&one, SPAN("Idempotency-Key"))));
    one.count = 2;
    end(&one);
}

/* Where memory is short nothing is made by halves: a request that lacks a header's value would be sent. */
static void short_memory_makes_nothing_by_halves(void **state) {
    (void)state;
    struct bundled one;
    begin(&one, BUNDLE_JSON_ARRAY);
    add(&one, SPAN("{}"));
    add(&one, SPAN("{}"));
    size_t limit = 1;
    for (bool made = false; !made; limit += 8) {
        arena_finish(&one.arena);
        arena_init(&one.arena, limit);
        made = bundle_make(&one.spec, one.shares, one.count, &one.arena, &one.request);
    }
    assert_true(limit > 9);
    ASSERT_SPAN(header(&one, SPAN("X-Kind")), "y");
    end(&one);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_json_array_joins_the_texts_as_they_are),
        cmocka_unit_test(a_bundle_of_one_is_an_array_of_one),
        cmocka_unit_test(lines_have_no_line_breaks_inside),
        cmocka_unit_test(a_content_type_that_is_set_is_kept),
        cmocka_unit_test(a_batch_of_cloudevents_takes_both_modes),
        cmocka_unit_test(data_alone_is_taken_out_of_each_event),
        cmocka_unit_test(data_that_is_not_json_is_refused),
        cmocka_unit_test(only_the_same_target_and_headers_are_alike),
        cmocka_unit_test(the_id_is_made_of_the_events_in_order),
        cmocka_unit_test(short_memory_makes_nothing_by_halves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
