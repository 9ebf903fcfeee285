/* Many routes of one platform: how far they read ahead, which is as far as it is of use and never so that one stands
 * still for the others' sake, and how often they commit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/plan.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUTES = 20, MOST_ROUTES = 120, IN_FLIGHT = 8, WINDOW = 1024, MOST_SENT = 4096 };

struct house {
    struct platform_spec platform;
    struct route routes[MOST_ROUTES];
    struct plan plan;
    struct flow *flow;
    struct actions actions;
    uint32_t credit[MOST_ROUTES];
    int64_t read[MOST_ROUTES];
    uint64_t sent[MOST_SENT]; /* requests in the order they went out */
    size_t sent_count;
    uint32_t commits[MOST_ROUTES];
    bool committing[MOST_ROUTES];
    int64_t now_ms;
};

static int set_up(void **state) {
    struct house *house = calloc(1, sizeof *house);
    if (house == NULL)
        return 1;
    struct template *target = template_create(TEMPLATE_TARGET, SPAN("/in"), NULL);
    house->platform = plan_platform();
    house->platform.max_in_flight = IN_FLIGHT;
    house->platform.breaker.failures = house->platform.breaker.share = house->platform.breaker.of = 100;
    for (uint32_t i = 0; i < MOST_ROUTES; i++)
        house->routes[i] = plan_route(target);
    house->plan = plan_of(&house->platform, 1, house->routes, MOST_ROUTES, 1 << 30);
    house->flow = flow_create(&house->plan, 1);
    *state = house;
    return house->flow != NULL && target != NULL ? 0 : 1;
}

static int tear_down(void **state) {
    struct house *house = *state;
    flow_destroy(house->flow);
    template_destroy(house->routes[0].mapping.target);
    actions_finish(&house->actions);
    free(house);
    return 0;
}

static void step(struct house *house, struct input input) {
    input.now_ms = house->now_ms;
    input.wall_ms = 1700000000000 + house->now_ms;
    flow_step(house->flow, &input, &house->actions);
    for (size_t i = 0; i < house->actions.count; i++) {
        const struct action *action = &house->actions.list[i];
        if (action->kind == ACTION_GRANT_CREDIT)
            house->credit[action->is.credit.place.route] += action->is.credit.events;
        if (action->kind == ACTION_COMMIT) {
            house->commits[action->is.commit.route]++;
            house->committing[action->is.commit.route] = true;
        }
        if (action->kind == ACTION_SEND_REQUEST && house->sent_count < MOST_SENT)
            house->sent[house->sent_count++] = action->is.request->id;
    }
}

static void assign(struct house *house, uint32_t route) {
    struct plan_given given;
    plan_give(&given, route, 1, 1, 0);
    step(house, given.assigned);
    step(house, given.committed);
}

/* The next event of the route, of so many keys in turn. */
static void read_one(struct house *house, uint32_t route, int64_t keys) {
    char key[32];
    house->credit[route]--;
    (void)snprintf(key, sizeof key, "%u.%d", route, (int)(house->read[route] % keys));
    const struct place place = {.route = route, .epoch = 1};
    step(house, plan_event(place, house->read[route]++, span_of(key), SPAN("{}")));
}

/* All that it has credit for. */
static void read_all(struct house *house, uint32_t route, int64_t keys) {
    while (house->credit[route] > 0)
        read_one(house, route, keys);
}

static void answer(struct house *house, size_t number, int status) {
    step(house, plan_answer(house->sent[number], status));
}

/* What these hold together once ten events of each were delivered. All of them have read. */
static int64_t hold_together(struct house *house, uint32_t routes) {
    for (uint32_t i = 0; i < routes; i++)
        assign(house, i);
    for (uint32_t i = 0; i < routes; i++)
        read_all(house, i, WINDOW);
    for (size_t number = 0; number < (size_t)10 * routes; number++) {
        answer(house, number, 204);
        for (uint32_t i = 0; i < routes; i++)
            read_all(house, i, WINDOW);
    }
    int64_t held = -10 * (int64_t)routes;
    for (uint32_t i = 0; i < routes; i++) {
        held += house->read[i];
        assert_true(house->read[i] > 0);
    }
    return held;
}

/* Each has its part: of the credit that all begin with, and of what waits. */
static void many_routes_together_read_no_further_than_is_of_use(void **state) {
    assert_in_range(hold_together(*state, ROUTES), IN_FLIGHT + 64, IN_FLIGHT + ROUTES * 16);
}

/* A few of each are much together, and have left the processor's caches when their turn comes. */
static void each_of_very_many_routes_holds_less(void **state) {
    assert_in_range(hold_together(*state, MOST_ROUTES), IN_FLIGHT + MOST_ROUTES, IN_FLIGHT + MOST_ROUTES * 5);
}

/* A route of few keys has events behind them, whose turn has not come. It need not hold a whole window of them while
 * the platform has enough to do. */
static void few_keys_hold_no_window_while_the_platform_is_busy(void **state) {
    struct house *house = *state;
    assign(house, 0);
    read_all(house, 0, WINDOW);
    assign(house, 1);
    read_all(house, 1, 6);
    assert_in_range(house->read[1], 6 + 16, 6 + 16 + 64);
}

static void few_keys_read_their_window_while_it_is_idle(void **state) {
    struct house *house = *state;
    assign(house, 1);
    read_all(house, 1, 6);
    assert_in_range(house->read[1], WINDOW / 2, WINDOW);
}

/* All keys of a route that are known wait for a further attempt: others may stand behind them in the topic. */
static void keys_that_wait_for_later_keep_no_other_from_being_read(void **state) {
    struct house *house = *state;
    assign(house, 1);
    house->credit[1] = 6;
    read_all(house, 1, 6);
    size_t mine = house->sent_count;
    assert_int_equal(mine, 6);
    assign(house, 0);
    read_all(house, 0, WINDOW);
    house->credit[1] = 58;
    read_all(house, 1, 6);
    int64_t before = house->read[1];
    for (size_t number = 0; number < mine; number++) {
        answer(house, number, 500);
        read_all(house, 1, 6);
    }
    assert_true(house->read[1] > before + 64);
}

/* Two seconds in which the first routes settle an event every hundredth; each commit is taken at once. */
static void settle_for_two_seconds(struct house *house, uint32_t routes) {
    for (uint32_t i = 0; i < routes; i++)
        assign(house, i);
    for (int64_t begin = house->now_ms; house->now_ms < begin + 2000; house->now_ms += 10) {
        for (uint32_t i = 0; i < routes; i++) {
            house->sent_count = 0;
            read_one(house, i, WINDOW);
            answer(house, 0, 204);
        }
        step(house, (struct input){.kind = INPUT_TIMER});
        for (uint32_t i = 0; i < routes; i++) {
            if (house->committing[i])
                step(house, (struct input){.kind = INPUT_COMMIT_RESULT,
                                           .is.commit = {.route = i, .epoch = 1, .error = COMMIT_DONE}});
            house->committing[i] = false;
        }
    }
}

static void one_route_commits_five_times_a_second(void **state) {
    struct house *house = *state;
    settle_for_two_seconds(house, 1);
    assert_in_range(house->commits[0], 10, 11);
}

static void many_routes_together_commit_fifty_times_a_second(void **state) {
    struct house *house = *state;
    settle_for_two_seconds(house, ROUTES);
    uint32_t all = 0;
    for (uint32_t i = 0; i < ROUTES; i++) {
        assert_in_range(house->commits[i], 2, 7);
        all += house->commits[i];
    }
    assert_in_range(all, 100 - ROUTES, 100 + ROUTES);
}

/* Were there ever so many: each commits once a second at least. */
static void each_of_very_many_commits_each_second(void **state) {
    struct house *house = *state;
    settle_for_two_seconds(house, MOST_ROUTES);
    for (uint32_t i = 0; i < MOST_ROUTES; i++)
        assert_in_range(house->commits[i], 2, 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(many_routes_together_read_no_further_than_is_of_use, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_of_very_many_routes_holds_less, set_up, tear_down),
        cmocka_unit_test_setup_teardown(few_keys_hold_no_window_while_the_platform_is_busy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(few_keys_read_their_window_while_it_is_idle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_that_wait_for_later_keep_no_other_from_being_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_route_commits_five_times_a_second, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_routes_together_commit_fifty_times_a_second, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_of_very_many_commits_each_second, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
