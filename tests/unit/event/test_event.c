/* Tests of event/event and the words of event/verdict. */
#include "event/event.h"
#include "event/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void owns_copies(void **state) {
    (void)state;
    char value[] = "{\"a\":1}";
    struct header headers[] = {{SPAN("a"), SPAN("1")}, {SPAN("b"), SPAN_NONE}, {SPAN("a"), SPAN("2")}};
    struct place place = {.route = 1, .topic = 2, .partition = 3, .epoch = 4};
    struct event *event = event_create(place, 17, 1000, SPAN("key"), span_make(value, 7), headers, 3);
    assert_non_null(event);
    memset(value, 'x', sizeof value);
    headers[2].value = SPAN_NONE;
    assert_true(span_equal(event->value, SPAN("{\"a\":1}")));
    assert_true(span_equal(event->key, SPAN("key")));
    assert_int_equal(event->offset, 17);
    assert_int_equal(event->place.partition, 3);
    assert_true(span_equal(event_header(event, SPAN("a")), SPAN("2")));
    assert_null(event_header(event, SPAN("b")).data);
    assert_null(event_header(event, SPAN("A")).data);
    event_destroy(event);
    event_destroy(NULL);
}

static void keeps_what_is_absent_apart(void **state) {
    (void)state;
    struct event *event = event_create((struct place){0}, 0, -1, SPAN_NONE, SPAN_NONE, NULL, 0);
    assert_non_null(event);
    assert_null(event->key.data);
    assert_null(event->value.data);
    event_destroy(event);
    event = event_create((struct place){0}, 0, -1, SPAN(""), SPAN(""), NULL, 0);
    assert_non_null(event->key.data);
    assert_non_null(event->value.data);
    event_destroy(event);
}

static void every_word_has_a_name(void **state) {
    (void)state;
    for (int i = 0; i < REASON_COUNT; i++) {
        assert_non_null(reason_name((enum reason)i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(reason_name((enum reason)i), reason_name((enum reason)j));
    }
    for (int i = 0; i < STAGE_COUNT; i++)
        assert_non_null(stage_name((enum stage)i));
    assert_string_equal(reason_name(REASON_COUNT), "none");
    assert_string_equal(reason_name(REASON_GAVE_UP), "gave-up");
    assert_string_equal(stage_name(STAGE_SETTLE), "settle");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(owns_copies), cmocka_unit_test(keeps_what_is_absent_apart),
                                       cmocka_unit_test(every_word_has_a_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
