/* Counters over generations: they never go down, follow their names, and what is no counter ends with its generation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/tally.h"

struct house {
    struct route routes[3];
    struct platform_spec platforms[2];
    struct plan plan;
};

static void init(struct house *house, const char *const routes[], const char *const platforms[]) {
    *house = (struct house){0};
    house->plan = (struct plan){.routes = house->routes, .platforms = house->platforms};
    for (size_t i = 0; routes[i] != NULL; i++)
        house->routes[house->plan.route_count++].name = span_of(routes[i]);
    for (size_t i = 0; platforms[i] != NULL; i++)
        house->platforms[house->plan.platform_count++].name = span_of(platforms[i]);
}

static struct snapshot *counted(const struct plan *plan, uint64_t consumed) {
    struct snapshot *sum = snapshot_create(plan);
    assert_non_null(sum);
    for (uint32_t i = 0; i < plan->route_count; i++) {
        sum->route[i].consumed = consumed + i;
        sum->route[i].outcome[OUTCOME_DELIVERED] = consumed + i - 2;
        sum->route[i].unsettled = 2;
        sum->route[i].oldest_since_ms = 77;
    }
    for (uint32_t i = 0; i < plan->platform_count; i++) {
        sum->platform[i].state = PLATFORM_HELD;
        latency_add(&sum->latency, i, 200 + (int)i, 5);
    }
    return sum;
}

static const struct latency_series *series_of(const struct snapshot *sum, uint32_t platform, int status) {
    for (uint32_t i = 0; i < sum->latency.count; i++)
        if (sum->latency.series[i].platform == platform && sum->latency.series[i].status == status)
            return &sum->latency.series[i];
    return NULL;
}

static void counters_follow_their_names(void **state) {
    (void)state;
    struct house first, second, third;
    init(&first, (const char *const[]){"a", "b", NULL}, (const char *const[]){"p", "q", NULL});
    init(&second, (const char *const[]){"0", "b", NULL}, (const char *const[]){"q", NULL});
    init(&third, (const char *const[]){"a", NULL}, (const char *const[]){"r", "p", NULL});
    struct snapshot *one = counted(&first.plan, 100), *two = counted(&second.plan, 1000),
                    *none = counted(&third.plan, 2);
    struct tally *tally = tally_create(&first.plan, NULL, NULL);
    assert_non_null(tally);
    assert_int_equal(tally_sum(tally, one)->route[1].consumed, 101);
    assert_int_equal(tally_sum(tally, one)->route[1].unsettled, 2);
    assert_int_equal(tally_sum(tally, one)->route[0].oldest_since_ms, 77);

    struct tally *next = tally_create(&second.plan, tally, one);
    tally_destroy(tally);
    memset(&first, 0x55, sizeof first); /* its names are gone with its settings */
    assert_int_equal(tally_plan(next)->route_count, 3);
    assert_true(span_equal(tally_plan(next)->routes[2].name, SPAN("a")));
    const struct snapshot *sum = tally_sum(next, two);
    assert_int_equal(sum->route[0].consumed, 1000);       /* 0 */
    assert_int_equal(sum->route[1].consumed, 1001 + 101); /* b */
    assert_int_equal(sum->route[1].outcome[OUTCOME_DELIVERED], 999 + 99);
    assert_int_equal(sum->route[1].unsettled, 2); /* only the generation's own */
    assert_int_equal(sum->route[2].consumed, 100);
    assert_int_equal(sum->route[2].unsettled, 0);
    assert_int_equal(sum->route[2].oldest_since_ms, -1);
    assert_int_equal(series_of(sum, 0, 201)->count, 1); /* q's, which was the second */
    assert_int_equal(series_of(sum, 0, 200)->count, 1);
    assert_int_equal(series_of(sum, 1, 200)->count, 1); /* p's */

    struct tally *last = tally_create(&third.plan, next, two);
    tally_destroy(next);
    sum = tally_sum(last, none);
    assert_int_equal(sum->route[0].consumed, 100 + 2); /* a is back */
    assert_int_equal(series_of(sum, 1, 200)->count, 1);
    assert_int_equal(sum->platform[2].state, PLATFORM_UP); /* q is no more */
    tally_destroy(last);
    tally_destroy(NULL);
    snapshot_destroy(one);
    snapshot_destroy(two);
    snapshot_destroy(none);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(counters_follow_their_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
