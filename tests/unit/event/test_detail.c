/* Details are ASCII and bounded, whatever the text is. */
#include "event/detail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define ASSERT_SPAN(span, text) assert_true(span_equal((span), SPAN(text)))

static struct event *new_event(void) {
    struct event *event = event_create((struct place){0}, 0, -1, SPAN_NONE, SPAN("{}"), NULL, 0);
    assert_non_null(event);
    return event;
}

static void a_detail_is_an_object_of_its_fields(void **state) {
    (void)state;
    struct event *event = new_event();
    struct detail detail = {0};
    detail_number(&detail, "offset", 17);
    detail_text(&detail, "what", SPAN("expected ',' or '}'"));
    struct verdict verdict = detail_verdict(&detail, event, VERDICT_DEAD, REASON_NOT_JSON);
    assert_int_equal(verdict.kind, VERDICT_DEAD);
    assert_int_equal(verdict.reason, REASON_NOT_JSON);
    ASSERT_SPAN(verdict.detail, "{\"offset\":17,\"what\":\"expected ',' or '}'\"}");
    event_destroy(event);
}

static void items_make_it_an_array(void **state) {
    (void)state;
    struct event *event = new_event();
    struct detail detail = {0};
    detail_item(&detail);
    detail_text(&detail, "a", SPAN("["));
    detail_text(&detail, "b", SPAN(","));
    detail_item(&detail);
    detail_number(&detail, "c", 0);
    struct verdict verdict = detail_verdict(&detail, event, VERDICT_SKIP, REASON_SCHEMA);
    ASSERT_SPAN(verdict.detail, "[{\"a\":\"[\",\"b\":\",\"},{\"c\":0}]");
    event_destroy(event);
}

static void all_but_plain_ascii_is_escaped(void **state) {
    (void)state;
    static const struct {
        struct span text;
        struct span written;
    } rows[] = {
        {SPAN("a\"b\\c"), SPAN("a\\\"b\\\\c")},
        {SPAN("\0\n\x7f"), SPAN("\\u0000\\u000a\\u007f")},
        {SPAN("Gävle €"), SPAN("G\\u00e4vle \\u20ac")},
        {SPAN("\xf0\x9f\x9b\xb6"), SPAN("\\ud83d\\udef6")},
        {SPAN("\xc0\xaf"), SPAN("\\ufffd\\ufffd")},
        {SPAN("\xed\xa0\x80"), SPAN("\\ufffd\\ufffd\\ufffd")},
        {SPAN("\xf4\x90\x80\x80"), SPAN("\\ufffd\\ufffd\\ufffd\\ufffd")},
        {SPAN("\xe2\x82"), SPAN("\\ufffd\\ufffd")},
        {SPAN("\x80\xff"), SPAN("\\ufffd\\ufffd")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct detail detail = {0};
        detail_text(&detail, "t", rows[i].text);
        struct span written = span_from(buf_span(&detail.text), sizeof "{\"t\":\"" - 1);
        written.size--;
        assert_true(span_equal(written, rows[i].written));
        buf_finish(&detail.text);
    }
}

static void a_long_text_is_cut_at_its_front(void **state) {
    (void)state;
    char text[1001];
    memset(text, 'x', sizeof text);
    for (size_t i = 1; i < sizeof text; i += 2)
        memcpy(text + i - 1, "ä", 2);
    text[1000] = 'z';
    struct detail detail = {0};
    detail_text(&detail, "t", span_make(text, sizeof text));
    struct span written = buf_span(&detail.text);
    assert_true(span_starts_with(written, SPAN("{\"t\":\"...\\u00e4\\u00e4")));
    assert_true(span_ends_with(written, SPAN("\\u00e4z\"")));
    assert_true(written.size < 6 * 128 + 32);
    buf_finish(&detail.text);
}

static void short_memory_asks_for_another_try(void **state) {
    (void)state;
    struct event *event = new_event();
    event->arena.limit = 1;
    event->arena.left = 0;
    assert_int_equal(detail_dead(event, REASON_ENVELOPE, "no").kind, VERDICT_RETRY);
    event_destroy(event);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_detail_is_an_object_of_its_fields), cmocka_unit_test(items_make_it_an_array),
        cmocka_unit_test(all_but_plain_ascii_is_escaped),      cmocka_unit_test(a_long_text_is_cut_at_its_front),
        cmocka_unit_test(short_memory_asks_for_another_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
