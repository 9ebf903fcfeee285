/* How many requests may go, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deliver/pace.h"

static struct pace pace_of(uint32_t most, uint32_t budget, uint64_t rate, int64_t now_ms) {
    struct pace pace;
    const struct platform_spec spec = {.max_in_flight = most, .retry_budget = budget, .rate = rate};
    pace_init(&pace, &spec, now_ms);
    return pace;
}

/* Sends whenever it may until `until_ms` and counts. */
static uint32_t send_all(struct pace *pace, int64_t now_ms, int64_t until_ms) {
    for (uint32_t sent = 0;; sent++) {
        now_ms = pace_ready_ms(pace, now_ms);
        if (now_ms >= until_ms)
            return sent;
        pace_take(pace, false, now_ms);
        pace_give_back(pace, false);
    }
}

static void in_flight_is_limited(void **state) {
    (void)state;
    struct pace pace = pace_of(2, 100, 0, 0);
    pace_take(&pace, false, 0);
    assert_true(pace_has_room(&pace, false));
    pace_take(&pace, false, 0);
    assert_false(pace_has_room(&pace, false));
    pace_give_back(&pace, false);
    assert_true(pace_has_room(&pace, false));
}

static void repeated_attempts_have_a_share(void **state) {
    (void)state;
    struct pace pace = pace_of(16, 20, 0, 0);
    for (int i = 0; i < 3; i++) {
        assert_true(pace_has_room(&pace, true));
        pace_take(&pace, true, 0);
    }
    assert_false(pace_has_room(&pace, true));
    assert_true(pace_has_room(&pace, false));
    pace_give_back(&pace, true);
    assert_true(pace_has_room(&pace, true));
    assert_int_equal(pace_of(1, 20, 0, 0).most_again, 1);
    assert_int_equal(pace_of(4096, 100, 0, 0).most_again, 4096);
    assert_int_equal(pace_of(4096, 1, 0, 0).most_again, 40);
}

static void no_rate_never_waits(void **state) {
    (void)state;
    struct pace pace = pace_of(1, 20, 0, 0);
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(pace_ready_ms(&pace, 7), 7);
        pace_take(&pace, false, 7);
        pace_give_back(&pace, false);
    }
}

/* What the rate gives in the time, and at most a tenth of a second's more, or one. */
static void a_rate_is_kept_over_any_time(void **state) {
    (void)state;
    static const struct {
        uint64_t rate;
        int64_t time_ms;
        uint32_t least, most;
    } rows[] = {
        {50000, 10000, 500, 505},
        {16666, 60000, 999, 1001},
        {1, 3000000, 3, 4},
        {1000, 10000, 10, 11},
        {333, 30000, 10, 11},
        {10000000, 1000, 10000, 11000},
        {1000000000, 100, 99000, 200000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pace pace = pace_of(1, 20, rows[i].rate, 5000);
        uint32_t sent = send_all(&pace, 5000, 5000 + rows[i].time_ms);
        if (sent < rows[i].least || sent > rows[i].most)
            fail_msg("row %zu: %u", i, sent);
    }
}

static void an_idle_bucket_is_full_and_no_more(void **state) {
    (void)state;
    struct pace pace = pace_of(1, 20, 50000, 0);
    (void)send_all(&pace, 0, 10000);
    uint32_t at_once = send_all(&pace, INT64_MAX / 4, INT64_MAX / 4 + 1);
    assert_int_equal(at_once, 5);
    int64_t next_ms = pace_ready_ms(&pace, INT64_MAX / 4);
    assert_int_equal(next_ms - INT64_MAX / 4, 20);
    assert_int_equal(pace_ready_ms(&pace, next_ms - 1), next_ms);
    assert_int_equal(pace_ready_ms(&pace, next_ms), next_ms);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_flight_is_limited),
        cmocka_unit_test(repeated_attempts_have_a_share),
        cmocka_unit_test(no_rate_never_waits),
        cmocka_unit_test(a_rate_is_kept_over_any_time),
        cmocka_unit_test(an_idle_bucket_is_full_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
