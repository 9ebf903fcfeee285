/* Tests of base/span. */
#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void compares(void **state) {
    (void)state;
    assert_true(span_equal(SPAN_NONE, SPAN("")));
    assert_true(span_equal(SPAN("a\0b"), span_make("a\0b", 3)));
    assert_false(span_equal(SPAN("a"), SPAN("ab")));
    assert_true(span_equal_nocase(SPAN("Retry-AFTER"), SPAN("retry-after")));
    assert_false(span_equal_nocase(SPAN("a["), SPAN("a{")));
    assert_true(span_compare(SPAN("a"), SPAN("b")) < 0);
    assert_true(span_compare(SPAN("ab"), SPAN("a")) > 0);
    assert_true(span_compare(SPAN("a"), SPAN("\xff")) < 0);
    assert_int_equal(span_compare(SPAN(""), SPAN_NONE), 0);
}

static void cuts(void **state) {
    (void)state;
    assert_true(span_starts_with(SPAN("abc"), SPAN("ab")));
    assert_true(span_starts_with(SPAN("abc"), SPAN("")));
    assert_false(span_starts_with(SPAN("a"), SPAN("ab")));
    assert_true(span_ends_with(SPAN("abc"), SPAN("bc")));
    assert_false(span_ends_with(SPAN("c"), SPAN("bc")));
    assert_true(span_equal(span_from(SPAN("abc"), 1), SPAN("bc")));
    assert_int_equal(span_from(SPAN("abc"), 9).size, 0);
    assert_null(span_from(SPAN_NONE, 3).data);
    assert_true(span_equal(span_trim(SPAN(" \t a b\r\n")), SPAN("a b")));
    assert_int_equal(span_trim(SPAN(" \n")).size, 0);
    assert_true(span_equal(span_of("x"), SPAN("x")));
    assert_null(span_of(NULL).data);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(compares), cmocka_unit_test(cuts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
