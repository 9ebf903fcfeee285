/* Where routes live and how limits are divided: the parts are the whole, and nobody goes without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "flow/share.h"

enum { MOST_ROUTES = 8, MOST_WORKERS = 64 };

struct house {
    struct plan plan;
    struct route routes[MOST_ROUTES];
    struct platform_spec platforms[2];
};

static struct route *add(struct house *house, const char *name, uint32_t workers, uint32_t platform) {
    struct route *route = &house->routes[house->plan.route_count++];
    *route = (struct route){.name = span_of(name), .workers = workers, .mapping.platform = platform};
    return route;
}

static void init(struct house *house) {
    *house = (struct house){0};
    house->plan = (struct plan){.platforms = house->platforms,
                                .platform_count = 2,
                                .routes = house->routes,
                                .memory_limit = 1000000003,
                                .consumer = {4000, 30000, 3}};
    house->platforms[0] = (struct platform_spec){.name = SPAN("p"), .max_in_flight = 67, .rate = 100001};
    house->platforms[1] = (struct platform_spec){.name = SPAN("q"), .max_in_flight = 5};
}

static void names_decide_not_the_order_in_the_file(void **state) {
    (void)state;
    struct house house;
    init(&house);
    add(&house, "c", 1, 0);
    add(&house, "a", 1, 0);
    add(&house, "b", 2, 1)->mode = ROUTE_ON;
    add(&house, "a-b", 1, 0)->mode = ROUTE_OFF;
    share_place(&house.plan, 3);
    assert_int_equal(house.routes[1].first_worker, 0);
    assert_int_equal(house.routes[3].first_worker, 1); /* off, and in its place */
    assert_int_equal(house.routes[2].first_worker, 2);
    assert_int_equal(house.routes[0].first_worker, 0);
    assert_true(share_reads(&house.plan, 2, 2));
    assert_true(share_reads(&house.plan, 2, 0)); /* the next one after the last is the first */
    assert_false(share_reads(&house.plan, 2, 1));
    assert_false(share_reads(&house.plan, 3, 1));
    assert_int_equal(share_senders(&house.plan, 0), 1);
    assert_int_equal(share_senders(&house.plan, 1), 2);
    assert_int_equal(share_readers(&house.plan), 2);
    assert_int_equal(share_consumers(&house.plan), 4);
}

static void check_parts(const struct plan *plan) {
    uint64_t in_flight[2] = {0}, rate[2] = {0}, memory = 0;
    for (uint32_t worker = 0; worker < plan->workers; worker++) {
        struct plan share;
        struct platform_spec own[2];
        bool reads = false;
        share_make(&share, own, plan, worker);
        assert_int_equal(share.worker, worker);
        for (uint32_t i = 0; i < plan->route_count; i++) {
            uint32_t platform = plan->routes[i].mapping.platform;
            if (!share_reads(plan, i, worker))
                continue;
            reads = true;
            assert_true(own[platform].max_in_flight > 0);
            assert_true(plan->platforms[platform].rate == 0 || own[platform].rate > 0);
        }
        for (uint32_t i = 0; i < 2; i++) {
            bool sends = false;
            for (uint32_t route = 0; route < plan->route_count; route++)
                sends = sends || (share_reads(plan, route, worker) && plan->routes[route].mapping.platform == i);
            in_flight[i] += sends ? own[i].max_in_flight : 0;
            rate[i] += sends ? own[i].rate : 0;
        }
        memory += reads ? share.memory_limit + share.ahead_limit : 0;
    }
    assert_int_equal(memory + 4000 * share_consumers(plan), plan->memory_limit);
    for (uint32_t i = 0; i < 2; i++)
        if (share_senders(plan, i) > 0) {
            assert_int_equal(in_flight[i], plan->platforms[i].max_in_flight);
            assert_int_equal(rate[i], plan->platforms[i].rate);
        }
}

static void parts_are_the_whole(void **state) {
    (void)state;
    for (uint32_t workers = 1; workers <= MOST_WORKERS; workers++)
        for (uint32_t wide = 1; wide <= workers; wide++) {
            struct house house;
            init(&house);
            add(&house, "b", wide, 0);
            add(&house, "a", 1, 1);
            add(&house, "c", workers > 1 ? 2 : 1, 1);
            add(&house, "d", 1, 0)->mode = ROUTE_OFF;
            share_place(&house.plan, workers);
            assert_int_equal(share_senders(&house.plan, 0), wide);
            check_parts(&house.plan);
        }
}

static void one_worker_has_all(void **state) {
    (void)state;
    struct house house;
    struct plan share;
    struct platform_spec own[2];
    init(&house);
    add(&house, "a", 1, 0);
    share_place(&house.plan, 1);
    share_make(&share, own, &house.plan, 0);
    assert_int_equal(own[0].max_in_flight, 67);
    assert_int_equal(own[0].rate, 100001);
    size_t least = 4000 + 3 * 30000 + RATION_QUEUE, rest = 1000000003 - least;
    assert_int_equal(share_rest(&house.plan), rest);
    assert_int_equal(share.memory_limit, rest - rest / 4);
    assert_int_equal(share.ahead_limit, 3 * 30000 + RATION_QUEUE + rest / 4);
    assert_ptr_equal(share.routes, house.plan.routes);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_decide_not_the_order_in_the_file),
                                       cmocka_unit_test(parts_are_the_whole), cmocka_unit_test(one_worker_has_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
