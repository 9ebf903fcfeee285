/* Tests of base/buf. Growth and remembered failure. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void grows(void **state) {
    (void)state;
    struct buf buf = {0};
    assert_true(span_equal(buf_span(&buf), SPAN("")));
    for (int i = 0; i < 1000; i++)
        buf_printf(&buf, "%d,", i % 10);
    assert_int_equal(buf.size, 2000);
    assert_memory_equal(buf.data, "0,1,2,3,", 8);
    buf_clear(&buf);
    buf_add(&buf, SPAN("a\0b"));
    buf_add_byte(&buf, 'c');
    buf_add_text(&buf, "de");
    buf_add(&buf, SPAN_NONE);
    assert_true(span_equal(buf_span(&buf), SPAN("a\0bcde")));
    assert_int_equal(buf_text(&buf)[6], 0);
    assert_int_equal(buf.size, 6);
    buf_finish(&buf);
    assert_null(buf.data);
}

static void remembers_failure(void **state) {
    (void)state;
    struct buf buf = {0};
    buf_add_text(&buf, "kept");
    assert_false(buf_reserve(&buf, SIZE_MAX / 2));
    assert_true(buf.failed);
    buf_add_text(&buf, "not added");
    assert_string_equal(buf_text(&buf), "kept");
    buf_clear(&buf);
    assert_false(buf.failed);
    buf_finish(&buf);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(grows), cmocka_unit_test(remembers_failure)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
