/* Tests of flow/budget through the step: whatever the events and however small the memory, no more is taken than there
 * is (I10), and each event ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/flow_private.h"
#include "support/plan.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST = 200, MOST_VALUE = 20000 };

struct house {
    struct platform_spec platform;
    struct route route;
    struct plan plan;
    struct flow *flow;
    struct actions actions;
    int64_t now_ms;
    uint32_t credit;
    size_t credit_bytes;
    uint64_t request[MOST], letter[MOST];
    size_t requests, letters;
    char reason[32], omitted[32]; /* of the last letter */
};

static int set_up(void **state) {
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    house->platform = plan_platform();
    house->route = plan_route(template_create(TEMPLATE_TARGET, SPAN("/errands/{$.id}"), NULL));
    house->route.order_by = json_path_create(SPAN("$.id"), NULL);
    house->plan = plan_of(&house->platform, 1, &house->route, 1, 256 << 10);
    *state = house;
    return 0;
}

static int tear_down(void **state) {
    struct house *house = *state;
    flow_destroy(house->flow);
    template_destroy(house->route.mapping.target);
    json_path_destroy(house->route.order_by);
    actions_finish(&house->actions);
    free(house);
    return 0;
}

static void keep_header(const struct letter *letter, struct span name, char text[32]) {
    for (size_t i = 0; i < letter->header_count; i++)
        if (span_equal(letter->headers[i].name, name))
            (void)snprintf(text, 32, SPAN_FORMAT, SPAN_ARGUMENT(letter->headers[i].value));
}

static void step(struct house *house, struct input input) {
    input.now_ms = house->now_ms;
    flow_step(house->flow, &input, &house->actions);
    assert_true(flow_bytes(house->flow) <= house->plan.memory_limit);
    for (size_t i = 0; i < house->actions.count; i++) {
        const struct action *action = &house->actions.list[i];
        if (action->kind == ACTION_GRANT_CREDIT) {
            house->credit += action->is.credit.events;
            house->credit_bytes += action->is.credit.bytes;
        } else if (action->kind == ACTION_SEND_REQUEST)
            house->request[house->requests++] = action->is.request->id;
        else if (action->kind == ACTION_WRITE_LETTER) {
            house->letter[house->letters++] = action->is.letter->id;
            keep_header(action->is.letter, SPAN("sluss-reason"), house->reason);
            keep_header(action->is.letter, SPAN("sluss-value-omitted"), house->omitted);
        }
        assert_true(house->requests < MOST && house->letters < MOST);
    }
}

static void assign(struct house *house, size_t partitions) {
    struct plan_given given;
    house->flow = flow_create(&house->plan, 1);
    assert_non_null(house->flow);
    plan_give(&given, 0, 1, partitions, 0);
    step(house, given.assigned);
    step(house, given.committed);
}

static void open_house(struct house *house) {
    assign(house, 1);
}

/* As the shell does: only within credit, and what waits for it is told once. */
static bool read_one(struct house *house, int64_t offset, struct span value, size_t omitted) {
    const struct place place = {.epoch = 1};
    size_t bytes = event_size(SPAN_NONE, value, NULL, 0);
    if (house->credit == 0 || house->credit_bytes < bytes)
        step(house, (struct input){.kind = INPUT_WANTED, .is.wanted = {place, bytes}});
    if (house->credit == 0 || house->credit_bytes < bytes)
        return false;
    struct input input = plan_event(place, offset, SPAN_NONE, value);
    input.is.event->omitted = omitted;
    house->credit--;
    house->credit_bytes -= bytes;
    step(house, input);
    return true;
}

/* Few bytes, many nodes: the rooms make a dozen times as much of it. */
static struct span value_of(char text[MOST_VALUE], int64_t offset, int numbers) {
    int size = snprintf(text, MOST_VALUE, "{\"id\":%lld,\"n\":[0", (long long)offset);
    for (int i = 1; i < numbers; i++)
        size += snprintf(text + size, (size_t)(MOST_VALUE - size), ",%d", i % 10);
    size += snprintf(text + size, (size_t)(MOST_VALUE - size), "]}");
    return span_make(text, (size_t)size);
}

static bool answer_one(struct house *house) {
    if (house->letters > 0) {
        uint64_t id = house->letter[--house->letters];
        step(house, (struct input){.kind = INPUT_LETTER, .is.letter = {id, LETTER_ACKNOWLEDGED}});
        return true;
    }
    if (house->requests == 0)
        return false;
    step(house, plan_answer(house->request[--house->requests], 200));
    return true;
}

static uint64_t ended(const struct house *house, enum outcome outcome) {
    struct route_counts counts;
    flow_counts(house->flow, 0, &counts);
    return counts.outcome[outcome];
}

/* Reads as many as it may, then answers one; until all have ended. */
static void play(struct house *house, int64_t events, int numbers) {
    char text[MOST_VALUE];
    int64_t next = 0;
    for (int turn = 0; ended(house, OUTCOME_DELIVERED) + ended(house, OUTCOME_DEAD_LETTERED) < (uint64_t)events;
         turn++) {
        assert_true(turn < 10000);
        while (next < events && read_one(house, next, value_of(text, next, numbers), 0))
            next++;
        if (!answer_one(house)) {
            house->now_ms += 1000;
            step(house, (struct input){.kind = INPUT_TIMER});
        }
    }
}

/* What the rooms made on the way to its request is given back before the request is sent. */
static void keeps_its_request_alone(struct house *house, enum order_kind order) {
    char text[MOST_VALUE];
    house->route.order = order;
    open_house(house);
    struct span value = value_of(text, 0, 1500);
    assert_true(read_one(house, 0, value, 0));
    assert_int_equal(house->requests, 1);
    size_t waiting = flow_bytes(house->flow);
    assert_true(answer_one(house));
    assert_int_equal(ended(house, OUTCOME_DELIVERED), 1);
    assert_true(value.size > 3000 && waiting - flow_bytes(house->flow) < 3 * value.size);
}

static void an_event_that_waits_keeps_its_request_alone(void **state) {
    keeps_its_request_alone(*state, ORDER_KEY);
}

/* Nor what was decoded when it was read, for its order. */
static void so_does_one_ordered_by_a_query(void **state) {
    keeps_its_request_alone(*state, ORDER_QUERY);
}

static void events_that_grow_keep_to_the_memory(void **state) {
    struct house *house = *state;
    house->route.order = ORDER_NONE;
    open_house(house);
    play(house, 150, 1000);
    assert_int_equal(ended(house, OUTCOME_DELIVERED), 150);
}

/* What is read behind the stall fence begins all at once when that ends. */
static void events_behind_the_fence_keep_to_the_memory(void **state) {
    struct house *house = *state;
    char text[MOST_VALUE];
    int64_t next = 0;
    house->route.order = ORDER_NONE;
    open_house(house);
    house->now_ms += 8000;
    step(house, (struct input){.kind = INPUT_TIMER});
    while (read_one(house, next, value_of(text, next, 1500), 0))
        next++;
    assert_true(next > 3);
    assert_int_equal(house->requests, 0);
    for (int i = 0; i < 2; i++) {
        house->now_ms += 4000;
        step(house, (struct input){.kind = INPUT_TIMER});
    }
    assert_true(house->requests > 0 && house->requests < (size_t)next); /* some wait for memory */
    while (answer_one(house))
        ;
    assert_int_equal(ended(house, OUTCOME_DELIVERED), next);
}

static void events_ordered_by_a_query_keep_to_the_memory(void **state) {
    struct house *house = *state;
    house->route.order = ORDER_QUERY;
    open_house(house);
    play(house, 150, 1000);
    assert_int_equal(ended(house, OUTCOME_DELIVERED), 150);
}

static void batches_keep_to_the_memory(void **state) {
    struct house *house = *state;
    house->route.order = ORDER_NONE;
    house->route.mapping.bundle = BUNDLE_JSON_ARRAY;
    house->route.batch.events = 50;
    house->route.batch.bytes = 64 << 10; /* more than there can be room for */
    house->route.batch.wait_ms = 50;
    template_destroy(house->route.mapping.target);
    house->route.mapping.target = template_create(TEMPLATE_TARGET, SPAN("/import"), NULL);
    open_house(house);
    play(house, 150, 1000);
    assert_int_equal(ended(house, OUTCOME_DELIVERED), 150);
}

static void an_event_beyond_all_memory_is_put_aside(void **state) {
    struct house *house = *state;
    house->route.order = ORDER_NONE;
    open_house(house);
    play(house, 3, 9000);
    assert_int_equal(ended(house, OUTCOME_DEAD_LETTERED), 3);
    assert_string_equal(house->reason, "too-large");
}

static void a_value_beyond_all_memory_is_left_out(void **state) {
    struct house *house = *state;
    house->route.order = ORDER_KEY;
    open_house(house);
    assert_true(budget_largest(&house->plan) > 20000 && budget_largest(&house->plan) < house->plan.memory_limit / 4);
    assert_true(read_one(house, 0, SPAN_NONE, 10 << 20));
    assert_true(answer_one(house));
    assert_int_equal(ended(house, OUTCOME_DEAD_LETTERED), 1);
    assert_string_equal(house->reason, "too-large");
    assert_string_equal(house->omitted, "10485760");
}

/* Credit of partitions that have nothing to read is never taken back: what is left must do for the largest record. */
static void the_largest_record_is_read_beside_idle_credit(void **state) {
    struct house *house = *state;
    enum { PARTITIONS = 16, ONE = 7 };
    for (int asks = 0; asks < 2; asks++) {
        house->plan.memory_limit = 4 << 20;
        house->route.order = asks ? ORDER_QUERY : ORDER_KEY;
        assign(house, PARTITIONS);
        assert_true(house->credit >= PARTITIONS); /* each has some */
        size_t granted = house->credit_bytes, largest = budget_largest(&house->plan);
        const struct place one = {.partition = ONE, .epoch = 1};
        step(house, (struct input){.kind = INPUT_WANTED, .is.wanted = {one, largest}});
        assert_true(house->credit_bytes - granted + granted / PARTITIONS * 2 >= largest);
        flow_destroy(house->flow);
        house->flow = NULL;
        house->credit = 0;
        house->credit_bytes = 0;
    }
}

/* Bytes taken so that nothing is left for this. */
static struct flow full_for(const struct plan *plan, enum budget what) {
    struct flow flow = {.plan = plan};
    budget_divide(&flow);
    flow.bytes = budget_left(&flow, what);
    assert_int_equal(budget_left(&flow, what), 0);
    return flow;
}

/* An event that cannot be looked at has no place in the order: nothing that others may take is taken of that room. */
static void whatever_is_taken_an_event_can_be_looked_at(void **state) {
    static const enum budget others[] = {BUDGET_READ, BUDGET_READ_NEXT,  BUDGET_READ_FIRST, BUDGET_READ_ALONE,
                                         BUDGET_GROW, BUDGET_GROW_FIRST, BUDGET_WRITE};
    struct house *house = *state;
    house->route.order = ORDER_QUERY;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct flow flow = full_for(&house->plan, others[i]);
        assert_true(budget_left(&flow, BUDGET_LOOK) >= budget_of_event(&house->plan));
    }
}

/* In this order each leaves room for what comes after it, whether or not a route orders by a query. */
static void what_is_read_leaves_room_for_what_grows_and_that_for_what_gives_back(void **state) {
    struct house *house = *state;
    for (int asks = 0; asks < 2; asks++) {
        house->route.order = asks ? ORDER_QUERY : ORDER_KEY;
        struct flow read = full_for(&house->plan, BUDGET_READ), grown = full_for(&house->plan, BUDGET_GROW);
        struct flow alone = full_for(&house->plan, BUDGET_READ_ALONE);
        struct flow first = full_for(&house->plan, BUDGET_GROW_FIRST);
        assert_true(budget_left(&read, BUDGET_READ_ALONE) >= budget_cost(1, budget_largest(&house->plan)));
        assert_true(budget_left(&grown, BUDGET_READ_ALONE) >= budget_cost(1, 0));
        assert_true(budget_left(&read, BUDGET_GROW) > 0);
        assert_true(budget_left(&alone, BUDGET_GROW_FIRST) > 0);
        assert_true(budget_left(&first, BUDGET_WRITE) > 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_event_that_waits_keeps_its_request_alone),
        TEST(so_does_one_ordered_by_a_query),
        TEST(events_that_grow_keep_to_the_memory),
        TEST(events_behind_the_fence_keep_to_the_memory),
        TEST(events_ordered_by_a_query_keep_to_the_memory),
        TEST(batches_keep_to_the_memory),
        TEST(the_largest_record_is_read_beside_idle_credit),
        TEST(an_event_beyond_all_memory_is_put_aside),
        TEST(whatever_is_taken_an_event_can_be_looked_at),
        TEST(what_is_read_leaves_room_for_what_grows_and_that_for_what_gives_back),
        TEST(a_value_beyond_all_memory_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
