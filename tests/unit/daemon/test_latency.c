/* A platform that answers with every number there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/latency.h"

static const struct latency_series *series_of(const struct latency *latency, uint32_t platform, int status) {
    for (uint32_t i = 0; i < latency->count; i++)
        if (latency->series[i].platform == platform && latency->series[i].status == status)
            return &latency->series[i];
    return NULL;
}

static uint64_t count_of(const struct latency *latency, uint32_t platform) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < latency->count; i++)
        count += latency->series[i].platform == platform ? latency->series[i].count : 0;
    return count;
}

static void odd_numbers_of_one_platform_leave_room_for_the_others(void **state) {
    (void)state;
    struct latency latency = {.count = 0}, sum = {.count = 0};
    for (int status = 200; status < 1000; status++)
        latency_add(&latency, 0, status, 5);
    latency_add(&latency, 1, 200, 5);
    latency_add(&latency, 2, 0, 5);
    latency_merge(&sum, &latency);
    latency_merge(&sum, &latency);
    assert_int_equal(count_of(&sum, 0), 2 * 800);
    assert_int_equal(count_of(&sum, 1), 2);
    assert_int_equal(count_of(&sum, 2), 2);
    assert_non_null(series_of(&sum, 0, 200));
    assert_non_null(series_of(&sum, 0, 0));
    assert_non_null(series_of(&sum, 1, 200));
    assert_non_null(series_of(&sum, 2, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(odd_numbers_of_one_platform_leave_room_for_the_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
