/* The ceiling doubles up to max, the jitter is full, Retry-After is a floor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deliver/backoff.h"

static void ceiling_doubles_up_to_max(void **state) {
    (void)state;
    assert_int_equal(backoff_ceiling(1000, 300000, 1), 1000);
    assert_int_equal(backoff_ceiling(1000, 300000, 2), 2000);
    assert_int_equal(backoff_ceiling(1000, 300000, 9), 256000);
    assert_int_equal(backoff_ceiling(1000, 300000, 10), 300000);
    assert_int_equal(backoff_ceiling(1000, 300000, UINT32_MAX), 300000);
    assert_int_equal(backoff_ceiling(5000, 5000, 1), 5000);
    assert_int_equal(backoff_ceiling(INT64_MAX / 2, INT64_MAX, 5), INT64_MAX);
}

static void jitter_is_full(void **state) {
    (void)state;
    struct dice dice;
    dice_init(&dice, 7);
    bool low = false, high = false;
    for (int i = 0; i < 1000; i++) {
        int64_t delay = backoff_delay(1000, 300000, 3, 0, &dice);
        assert_in_range(delay, 1, 4000);
        low = low || delay < 400;
        high = high || delay > 3600;
    }
    assert_true(low && high);
}

static void floor_holds(void **state) {
    (void)state;
    struct dice dice;
    dice_init(&dice, 7);
    for (int i = 0; i < 100; i++)
        assert_int_equal(backoff_delay(1000, 2000, 9, 60000, &dice), 60000);
    assert_int_equal(backoff_delay(0, 0, 1, 0, &dice), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ceiling_doubles_up_to_max),
        cmocka_unit_test(jitter_is_full),
        cmocka_unit_test(floor_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
