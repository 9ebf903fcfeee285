/* Sums over workers' copies, which are made at different times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/snapshot.h"

static void a_partition_that_changes_hands_is_named_once(void **state) {
    (void)state;
    struct route routes[2] = {{.name = SPAN("a")}, {.name = SPAN("b")}};
    const struct plan plan = {.routes = routes, .route_count = 2};
    struct snapshot *sum = snapshot_create(&plan), *other = snapshot_create(&plan);
    if (sum == NULL || other == NULL) {
        fail();
        return;
    }
    sum->lag[sum->lag_count++] = (struct partition_lag){1, 0, 3, 70};
    sum->lag[sum->lag_count++] = (struct partition_lag){0, 0, 0, 5};
    other->lag[other->lag_count++] = (struct partition_lag){1, 0, 2, 9};
    other->lag[other->lag_count++] = (struct partition_lag){1, 0, 3, 20};
    snapshot_add(sum, other);
    snapshot_unite_lags(sum);
    const struct partition_lag expected[] = {{0, 0, 0, 5}, {1, 0, 2, 9}, {1, 0, 3, 20}};
    assert_int_equal(sum->lag_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sum->lag[i].route, expected[i].route);
        assert_int_equal(sum->lag[i].partition, expected[i].partition);
        assert_int_equal(sum->lag[i].events, expected[i].events);
    }
    snapshot_destroy(sum);
    snapshot_destroy(other);
}

static void the_worker_that_waits_longest_for_its_group_counts(void **state) {
    (void)state;
    struct route routes[3] = {{.name = SPAN("a")}, {.name = SPAN("b")}, {.name = SPAN("c")}};
    const struct plan plan = {.routes = routes, .route_count = 3};
    struct snapshot *sum = snapshot_create(&plan), *other = snapshot_create(&plan);
    if (sum == NULL || other == NULL) {
        fail();
        return;
    }
    const int64_t here[] = {0, 500, 500}, there[] = {700, 0, 300}, expected[] = {700, 500, 300};
    memcpy(sum->outside_ms, here, sizeof here);
    memcpy(other->outside_ms, there, sizeof there);
    snapshot_add(sum, other);
    assert_memory_equal(sum->outside_ms, expected, sizeof expected);
    snapshot_copy(other, sum);
    assert_memory_equal(other->outside_ms, expected, sizeof expected);
    snapshot_destroy(sum);
    snapshot_destroy(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_partition_that_changes_hands_is_named_once),
                                       cmocka_unit_test(the_worker_that_waits_longest_for_its_group_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
