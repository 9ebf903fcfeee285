/* Rates over the last seconds: known once there is a second to speak of, and soon forgotten. */
#include "daemon/throughput.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Two routes: one settles 40 of the 50 events a second that it reads, the other none of 1. */
static void count(struct route_counts counts[2], int64_t ms) {
    counts[0].consumed += 50 * (uint64_t)ms / 1000;
    counts[0].outcome[OUTCOME_DELIVERED] += 30 * (uint64_t)ms / 1000;
    counts[0].outcome[OUTCOME_DEAD_LETTERED] += 10 * (uint64_t)ms / 1000;
    counts[0].outcome[OUTCOME_RELEASED] += 5 * (uint64_t)ms / 1000;
    counts[1].consumed += (uint64_t)ms / 1000;
}

static void nothing_is_known_at_first(void **state) {
    (void)state;
    struct throughput *throughput = throughput_create(2);
    struct route_counts counts[2] = {{0}};
    assert_int_equal(throughput_rates(throughput, 0, 5000, counts).over_ms, 0);
    throughput_note(throughput, 5000, counts);
    assert_int_equal(throughput_rates(throughput, 0, 5000 + THROUGHPUT_MARK_MS - 1, counts).over_ms, 0);
    assert_int_equal(throughput_rates(throughput, 0, 5000 + THROUGHPUT_MARK_MS, counts).over_ms, THROUGHPUT_MARK_MS);
    throughput_destroy(throughput);
}

static void rates_are_of_the_last_seconds(void **state) {
    (void)state;
    struct throughput *throughput = throughput_create(2);
    struct route_counts counts[2] = {{0}};
    int64_t now_ms = 1000;
    for (int second = 0; second < 60; second++, now_ms += 1000) {
        for (int i = 0; i < 10; i++)
            throughput_note(throughput, now_ms + i * 100, counts);
        count(counts, 1000);
        struct throughput_rates busy = throughput_rates(throughput, 0, now_ms + 1000, counts);
        assert_int_equal(busy.consumed, 50000);
        assert_int_equal(busy.settled, 40000);
        assert_in_range(busy.over_ms, 1000, THROUGHPUT_MARKS * THROUGHPUT_MARK_MS);
        assert_int_equal(throughput_rates(throughput, 1, now_ms + 1000, &counts[1]).consumed, 1000);
        assert_int_equal(throughput_rates(throughput, 1, now_ms + 1000, &counts[1]).settled, 0);
    }
    for (int second = 0; second < THROUGHPUT_MARKS + 1; second++, now_ms += 1000)
        throughput_note(throughput, now_ms, counts);
    assert_int_equal(throughput_rates(throughput, 0, now_ms, counts).settled, 0);
    throughput_destroy(throughput);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_at_first),
        cmocka_unit_test(rates_are_of_the_last_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
