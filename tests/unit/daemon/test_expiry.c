/* When the end of a certificate is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/expiry.h"

#define DAY ((int64_t)24 * 3600 * 1000)
#define NOW (20000 * DAY)

static void is_said_once_a_day(void **state) {
    (void)state;
    assert_false(expiry_due(0, 0, NOW));
    assert_false(expiry_due(NOW + 30 * DAY, 0, NOW));
    assert_true(expiry_due(NOW + 30 * DAY - 1, 0, NOW));
    assert_true(expiry_due(NOW - 5 * DAY, 0, NOW));
    assert_false(expiry_due(NOW + DAY, NOW, NOW));
    assert_false(expiry_due(NOW + DAY, NOW - DAY + 1, NOW));
    assert_true(expiry_due(NOW + DAY, NOW - DAY, NOW));
    assert_true(expiry_due(NOW + DAY, NOW + 1, NOW)); /* the calendar was set back */
}

static void the_earliest_counts(void **state) {
    (void)state;
    struct platform_spec platform = {.name = SPAN("p")};
    const struct plan plan = {.platforms = &platform, .platform_count = 1};
    struct expiry *expiry = expiry_create(&plan, NULL);
    struct snapshot *sum = snapshot_create(&plan), *other = snapshot_create(&plan);
    assert_non_null(expiry);
    assert_non_null(sum);
    assert_non_null(other);
    expiry_add(expiry, sum);
    assert_int_equal(sum->certificate_ms[0], 0);
    other->certificate_ms[0] = NOW;
    snapshot_add(sum, other);
    assert_int_equal(sum->certificate_ms[0], NOW);
    other->certificate_ms[0] = NOW + DAY;
    snapshot_add(sum, other);
    assert_int_equal(sum->certificate_ms[0], NOW);
    snapshot_copy(sum, other);
    assert_int_equal(sum->certificate_ms[0], NOW + DAY);
    snapshot_destroy(sum);
    snapshot_destroy(other);
    expiry_destroy(expiry);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_said_once_a_day), cmocka_unit_test(the_earliest_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
