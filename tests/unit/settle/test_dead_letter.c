/* The headers of CONTRACT 6, replaced and never doubled; no personal numbers in details. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "settle/dead_letter.h"
#include "settle/excerpt.h"

static struct span header(const struct letter *letter, const char *name, size_t *times) {
    struct span value = SPAN_NONE;
    *times = 0;
    for (size_t i = 0; i < letter->header_count; i++)
        if (span_equal(letter->headers[i].name, span_of(name))) {
            value = letter->headers[i].value;
            ++*times;
        }
    return value;
}

static void assert_header(const struct letter *letter, const char *name, const char *expected) {
    size_t times;
    struct span value = header(letter, name, &times);
    if (times != (expected != NULL ? 1 : 0) || (expected != NULL && !span_equal(value, span_of(expected))))
        fail_msg("%s: %zu times, " SPAN_FORMAT, name, times, SPAN_ARGUMENT(value));
}

static void replaces_and_never_doubles(void **state) {
    (void)state;
    const struct header brought[] = {{SPAN("traceparent"), SPAN("00-1")},
                                     {SPAN("sluss-reason"), SPAN("schema")},
                                     {SPAN("sluss-value-omitted"), SPAN("12")},
                                     {SPAN("sluss-offset"), SPAN("1")}};
    struct event *event = event_create((struct place){.partition = 3}, 17, 1700000000123, SPAN("k"), SPAN("{x"),
                                       brought, sizeof brought / sizeof *brought);
    assert_non_null(event);
    struct dead_letter_facts facts = {
        .verdict = {.kind = VERDICT_DEAD, .reason = REASON_NOT_JSON, .detail = SPAN("{\"line\":1}")},
        .stage = STAGE_DECODE,
        .route = SPAN("bygglov"),
        .topic = SPAN("bygglov.arende.v1"),
        .attempts = 2,
        .first_failed_wall_ms = -1,
        .generation = 4};
    struct letter letter = {0};
    assert_true(dead_letter_make(&letter, event, &facts));
    assert_true(span_equal(letter.value, SPAN("{x")) && span_equal(letter.key, SPAN("k")));
    assert_header(&letter, "traceparent", "00-1");
    assert_header(&letter, "sluss-reason", "not-json");
    assert_header(&letter, "sluss-stage", "decode");
    assert_header(&letter, "sluss-detail", "{\"line\":1}");
    assert_header(&letter, "sluss-value-omitted", NULL);
    assert_header(&letter, "sluss-route", "bygglov");
    assert_header(&letter, "sluss-topic", "bygglov.arende.v1");
    assert_header(&letter, "sluss-partition", "3");
    assert_header(&letter, "sluss-offset", "17");
    assert_header(&letter, "sluss-timestamp", "2023-11-14T22:13:20.123Z");
    assert_header(&letter, "sluss-attempts", "2");
    assert_header(&letter, "sluss-first-failed", NULL);
    assert_header(&letter, "sluss-generation", "4");
    facts.omits = OMITS_VALUE;
    facts.first_failed_wall_ms = 1700000000123;
    assert_true(dead_letter_make(&letter, event, &facts));
    assert_null(letter.value.data);
    assert_header(&letter, "sluss-value-omitted", "2");
    assert_header(&letter, "sluss-first-failed", "2023-11-14T22:13:20.123Z");
    event_destroy(event);
}

static void leaves_out_what_is_too_large(void **state) {
    (void)state;
    const struct header brought[] = {{SPAN("traceparent"), SPAN("00-1")},
                                     {SPAN("sluss-key-omitted"), SPAN("12")},
                                     {SPAN("sluss-reason"), SPAN("schema")}};
    struct event *event = event_create((struct place){.partition = 3}, 17, 1700000000123, SPAN("key"), SPAN("{x"),
                                       brought, sizeof brought / sizeof *brought);
    assert_non_null(event);
    struct dead_letter_facts facts = {.verdict = {.kind = VERDICT_DEAD, .reason = REASON_NOT_JSON},
                                      .route = SPAN("bygglov"),
                                      .topic = SPAN("bygglov.arende.v1"),
                                      .first_failed_wall_ms = -1};
    struct letter letter = {0};
    facts.omits = dead_letter_smaller(event, OMITS_NOTHING);
    assert_true(facts.omits == OMITS_VALUE && dead_letter_make(&letter, event, &facts));
    assert_true(letter.value.data == NULL && span_equal(letter.key, SPAN("key")));
    assert_header(&letter, "traceparent", "00-1");
    assert_header(&letter, "sluss-headers-omitted", NULL);
    facts.omits = dead_letter_smaller(event, facts.omits);
    assert_true(facts.omits == OMITS_HEADERS && dead_letter_make(&letter, event, &facts));
    assert_true(letter.value.data == NULL && span_equal(letter.key, SPAN("key")));
    assert_header(&letter, "traceparent", NULL);
    assert_header(&letter, "sluss-headers-omitted", "1");
    assert_header(&letter, "sluss-key-omitted", NULL);
    facts.omits = dead_letter_smaller(event, facts.omits);
    assert_true(facts.omits == OMITS_KEY && dead_letter_make(&letter, event, &facts));
    assert_null(letter.key.data);
    assert_header(&letter, "sluss-value-omitted", "2");
    assert_header(&letter, "sluss-headers-omitted", "1");
    assert_header(&letter, "sluss-key-omitted", "3");
    assert_header(&letter, "sluss-offset", "17");
    assert_int_equal(dead_letter_smaller(event, facts.omits), OMITS_KEY);
    event_destroy(event);
}

static void leaves_out_only_what_is_there(void **state) {
    (void)state;
    struct event *event = event_create((struct place){.partition = 3}, 17, -1, SPAN("k"), SPAN_NONE, NULL, 0);
    assert_non_null(event);
    struct dead_letter_facts facts = {.route = SPAN("bygglov"),
                                      .topic = SPAN("bygglov.arende.v1"),
                                      .first_failed_wall_ms = -1,
                                      .omits = dead_letter_smaller(event, OMITS_NOTHING)};
    struct letter letter = {0};
    assert_true(facts.omits == OMITS_KEY && dead_letter_make(&letter, event, &facts));
    assert_header(&letter, "sluss-value-omitted", NULL);
    assert_header(&letter, "sluss-headers-omitted", NULL);
    assert_header(&letter, "sluss-key-omitted", "1");
    event_destroy(event);
    event = event_create((struct place){.partition = 3}, 18, -1, SPAN_NONE, SPAN_NONE, NULL, 0);
    assert_non_null(event);
    assert_int_equal(dead_letter_smaller(event, OMITS_NOTHING), OMITS_NOTHING);
    event_destroy(event);
}

static void assert_excerpt(const char *text, const char *expected) {
    struct buf out = {0};
    excerpt_write(&out, span_of(text));
    assert_string_equal(buf_text(&out), expected);
    buf_finish(&out);
}

static void excerpts_hide_personal_numbers(void **state) {
    (void)state;
    assert_excerpt("nr 19640823-3234.", "nr xxxxxxxx-xxxx.");
    assert_excerpt("640823+3234", "xxxxxx+xxxx");
    assert_excerpt("6408233234 and 196408233234", "xxxxxxxxxx and xxxxxxxxxxxx");
    assert_excerpt("error 123456789, 2026-11-23", "error 123456789, 2026-11-23");
    assert_excerpt("a\"b\\c\n", "a\\\"b\\\\c\\u000a");
    assert_excerpt("\xc3\x84rende \xf0\x9f\x98\x80 \xff", "\\u00c4rende \\ud83d\\ude00 \\ufffd");
    assert_excerpt("\xe0\x8f\x87\xed\xa0\x80",
                   "\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd"); /* overlong, a surrogate */
}

/* What is left of one at the excerpt's end is hidden as the whole one would be. */
static void excerpts_hide_what_they_cut(void **state) {
    (void)state;
    char text[1040];
    for (size_t room = 1; room < 13; room++) {
        struct buf out = {0};
        memset(text, '-', sizeof text);
        memcpy(text + 1024 - room, "19640823-3234", 13);
        excerpt_write(&out, span_make(text, sizeof text));
        assert_int_equal(out.size, 1024);
        for (size_t i = 0; i < out.size; i++)
            assert_true(out.data[i] == '-' || out.data[i] == 'x');
        buf_finish(&out);
    }
}

static void details_name_status_or_fault(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct reply reply = {.kind = REPLY_ANSWERED, .status = 422, .body = SPAN("no {\"x\"}")};
    assert_true(
        span_equal(dead_letter_detail(&arena, &reply, NULL), SPAN("{\"status\":422,\"answer\":\"no {\\\"x\\\"}\"}")));
    assert_true(span_equal(dead_letter_detail(&arena, &reply, "body permanent"),
                           SPAN("{\"status\":422,\"why\":\"body permanent\",\"answer\":\"no {\\\"x\\\"}\"}")));
    reply = (struct reply){.kind = REPLY_AMBIGUOUS, .fault = REPLY_FAULT_RESET};
    assert_true(span_equal(dead_letter_detail(&arena, &reply, NULL), SPAN("{\"fault\":\"reset\"}")));
    arena_finish(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces_and_never_doubles),    cmocka_unit_test(leaves_out_what_is_too_large),
        cmocka_unit_test(leaves_out_only_what_is_there), cmocka_unit_test(excerpts_hide_personal_numbers),
        cmocka_unit_test(excerpts_hide_what_they_cut),   cmocka_unit_test(details_name_status_or_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
