/* Tests of flow/elder and flow/lifeline through the step: beside steady traffic of others the largest record is read in
 * a bounded time; and whatever others hold or wait for, each platform's routes go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/flow_private.h"
#include "support/plan.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUTES = 3, MOST_ROUTES = 8, PARTITIONS = 2, MOST = 256, MOST_VALUE = 512 * 1024, ANSWER_MS = 20 };
enum { ENOUGH = 1000 };                                  /* answers: 20 s */
enum { FEW = 300, SOME = 500, MANY = 900, MORE = 1200 }; /* numbers in an event */
enum { FENCE_MS = 24000 };                               /* more than half a session */

/* As the shell sees it: what is granted, and whether it said that more is wanted. */
struct lot {
    uint32_t credit;
    size_t bytes;
    int64_t next;
    bool told;
};

struct house {
    struct platform_spec platform[MOST_ROUTES];
    struct route route[MOST_ROUTES];
    struct plan plan;
    struct flow *flow;
    struct actions actions;
    int64_t now_ms;
    struct lot lot[MOST_ROUTES][PARTITIONS];
    struct {
        uint64_t id;
        uint32_t route;
    } sent[MOST]; /* not answered yet, in the order they went out */
    size_t sents;
    bool committing[MOST_ROUTES];
    uint64_t letter; /* written; 0 none */
    struct span key; /* of what is read */
    char text[MOST_VALUE];
};

static struct house *build(uint32_t routes) {
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    struct template *target = template_create(TEMPLATE_TARGET, SPAN("/in"), NULL);
    for (uint32_t i = 0; i < routes; i++) {
        house->platform[i] = plan_platform();
        house->platform[i].breaker.failures = 1;
        house->route[i] = plan_route(target);
        house->route[i].order = ORDER_NONE;
        house->route[i].mapping.platform = i;
    }
    house->plan = plan_of(house->platform, routes, house->route, routes, 256 << 10);
    house->plan.session_timeout_ms = 45000;
    return house;
}

static int open_house(void **state, struct house *house) {
    house->flow = flow_create(&house->plan, 1);
    assert_non_null(house->flow);
    *state = house;
    return 0;
}

static int set_up(void **state) {
    return open_house(state, build(ROUTES));
}

/* The last route's platform takes one request at a time, and there is memory for it to have enough to do. */
static int set_up_narrow(void **state) {
    struct house *house = build(ROUTES);
    house->platform[ROUTES - 1].max_in_flight = 1;
    house->route[ROUTES - 1].order = ORDER_KEY;
    house->plan.memory_limit = (2 << 20) / 3 * 4; /* a quarter is the lifelines' */
    return open_house(state, house);
}

/* All to one platform: there is no lifeline. */
static int set_up_one(void **state) {
    struct house *house = build(ROUTES);
    for (uint32_t i = 0; i < ROUTES; i++)
        house->route[i].mapping.platform = 0;
    return open_house(state, house);
}

/* Many platforms, and memory for a small event on each one's lifeline. */
static int set_up_many(void **state) {
    struct house *house = build(MOST_ROUTES);
    house->plan.memory_limit = 1 << 20;
    return open_house(state, house);
}

static int tear_down(void **state) {
    struct house *house = *state;
    flow_destroy(house->flow);
    template_destroy(house->route[0].mapping.target);
    actions_finish(&house->actions);
    free(house);
    return 0;
}

static void step(struct house *house, struct input input) {
    input.now_ms = house->now_ms;
    flow_step(house->flow, &input, &house->actions);
    assert_true(flow_bytes(house->flow) <= house->plan.memory_limit);
    for (size_t i = 0; i < house->actions.count; i++) {
        const struct action *action = &house->actions.list[i];
        if (action->kind == ACTION_COMMIT)
            house->committing[action->is.commit.route] = true;
        else if (action->kind == ACTION_GRANT_CREDIT) {
            struct lot *lot = &house->lot[action->is.credit.place.route][action->is.credit.place.partition];
            lot->credit += action->is.credit.events;
            lot->bytes += action->is.credit.bytes;
        } else if (action->kind == ACTION_SEND_REQUEST) {
            assert_true(house->sents < MOST);
            house->sent[house->sents].id = action->is.request->id;
            house->sent[house->sents++].route = action->is.request->place.route;
        } else if (action->kind == ACTION_WRITE_LETTER)
            house->letter = action->is.letter->id;
    }
}

static void assign(struct house *house, uint32_t route) {
    struct plan_given given;
    plan_give(&given, route, 1, PARTITIONS, 0);
    step(house, given.assigned);
    step(house, given.committed);
}

/* As the shell does: only within credit, and what waits for it is told once. */
static bool read_one(struct house *house, uint32_t route, int32_t partition, struct span value) {
    const struct place place = {.route = route, .partition = partition, .epoch = 1};
    struct lot *lot = &house->lot[route][partition];
    size_t bytes = event_size(house->key, value, NULL, 0);
    if (lot->credit == 0 || lot->bytes < bytes) {
        if (!lot->told)
            step(house, (struct input){.kind = INPUT_WANTED, .is.wanted = {place, bytes}});
        lot->told = lot->credit == 0 || lot->bytes < bytes;
    }
    if (lot->told && (lot->credit == 0 || lot->bytes < bytes))
        return false;
    lot->told = false;
    lot->credit--;
    lot->bytes -= bytes;
    step(house, plan_event(place, lot->next++, house->key, value));
    return true;
}

/* A text of so many bytes that takes little more than them; or one that the rooms make many times as much of. */
static struct span text_of(struct house *house, size_t size) {
    memset(house->text, 'x', size);
    memcpy(house->text, "{\"p\":\"", 6);
    memcpy(house->text + size - 2, "\"}", 2);
    return span_make(house->text, size);
}

static struct span numbers_of(struct house *house, int numbers) {
    int size = snprintf(house->text, MOST_VALUE, "{\"n\":[0");
    for (int i = 1; i < numbers; i++)
        size += snprintf(house->text + size, (size_t)(MOST_VALUE - size), ",%d", i % 10);
    size += snprintf(house->text + size, (size_t)(MOST_VALUE - size), "]}");
    return span_make(house->text, (size_t)size);
}

static void answer_first(struct house *house, int status) {
    assert_true(house->sents > 0);
    uint64_t id = house->sent[0].id;
    house->sents--;
    memmove(house->sent, house->sent + 1, house->sents * sizeof *house->sent);
    step(house, plan_answer(id, status));
}

static uint64_t ended(const struct house *house, uint32_t route, enum outcome outcome) {
    struct route_counts counts;
    flow_counts(house->flow, route, &counts);
    return counts.outcome[outcome];
}

/* Small events without end in one partition: as many as may be, and the platform answers the first that it was sent. */
static void trickle(struct house *house, uint32_t route, int32_t partition) {
    while (read_one(house, route, partition, numbers_of(house, FEW)))
        ;
    house->now_ms += ANSWER_MS;
    for (uint32_t i = 0; i < ROUTES; i++) {
        if (house->committing[i]) {
            house->committing[i] = false;
            step(house, (struct input){.kind = INPUT_COMMIT_RESULT, .is.commit = {.route = i, .epoch = 1}});
        }
    }
    if (house->sents > 0)
        answer_first(house, 200);
    else
        step(house, (struct input){.kind = INPUT_TIMER});
}

/* So long until the largest record that may be is read. Too much is made of it: it ends as a dead letter. */
static int read_largest(struct house *house, uint32_t route, int32_t partition) {
    struct span largest = text_of(house, budget_largest(&house->plan) - 64);
    int turns = 0;
    while (!read_one(house, route, partition, largest) && turns++ < ENOUGH) {
        trickle(house, 0, 0);
        largest = text_of(house, largest.size);
    }
    return turns;
}

static void end_letter(struct house *house) {
    int turns = 0;
    while (house->letter == 0 && turns++ < ENOUGH)
        trickle(house, 0, 0);
    assert_true(turns < ENOUGH);
    step(house, (struct input){.kind = INPUT_LETTER, .is.letter = {house->letter, LETTER_ACKNOWLEDGED}});
}

static void the_largest_is_read_beside_small_ones_of_other_routes(void **state) {
    struct house *house = *state;
    for (uint32_t i = 0; i < 2; i++)
        assign(house, i);
    for (int i = 0; i < 100; i++)
        trickle(house, 0, 0);
    uint64_t before = ended(house, 0, OUTCOME_DELIVERED);
    int turns = read_largest(house, 1, 0);
    assert_in_range(turns, 10, ENOUGH - 1); /* it had to wait, and did not starve */
    assert_true((int64_t)(ended(house, 0, OUTCOME_DELIVERED) - before) > turns / 2); /* nor did they */
    end_letter(house);
    assert_int_equal(ended(house, 1, OUTCOME_DEAD_LETTERED), 1);
}

static void the_largest_is_read_beside_small_ones_of_its_own_route(void **state) {
    struct house *house = *state;
    assign(house, 0);
    for (int i = 0; i < 100; i++)
        trickle(house, 0, 0);
    assert_in_range(read_largest(house, 0, 1), 10, ENOUGH - 1);
    end_letter(house);
    assert_int_equal(ended(house, 0, OUTCOME_DEAD_LETTERED), 1);
}

/* Small events of a route whose platform is down from then on. */
static void hold_small_ones(struct house *house, uint32_t route) {
    while (read_one(house, route, 0, numbers_of(house, FEW)))
        ;
    while (house->sents > 0) {
        answer_first(house, 500); /* one opens its breaker */
        while (read_one(house, route, 0, numbers_of(house, FEW)))
            ;
    }
}

/* A platform that is down holds what the largest needs: the others do not stand back for its sake. */
static void the_others_go_on_while_what_is_needed_is_held(void **state) {
    struct house *house = *state;
    for (uint32_t i = 0; i < ROUTES; i++)
        assign(house, i);
    hold_small_ones(house, 2);
    for (int i = 0; i < 100; i++)
        trickle(house, 0, 0);
    uint64_t before = ended(house, 0, OUTCOME_DELIVERED);
    struct span largest = text_of(house, budget_largest(&house->plan) - 64);
    assert_false(read_one(house, 1, 0, largest));
    for (int i = 0; i < ENOUGH; i++)
        trickle(house, 0, 0);
    uint64_t after = ended(house, 0, OUTCOME_DELIVERED);
    assert_true(after - before > ENOUGH * 3 / 4);
}

/* What grows stops below what a route that holds nothing may read. */
static void who_holds_nothing_reads_beside_a_platform_that_is_down(void **state) {
    struct house *house = *state;
    assign(house, 2);
    assert_true(read_one(house, 2, 0, numbers_of(house, FEW)));
    answer_first(house, 500);
    house->now_ms += FENCE_MS; /* what is read now begins to grow all at once */
    step(house, (struct input){.kind = INPUT_TIMER});
    for (int32_t i = 0; i < PARTITIONS; i++)
        while (read_one(house, 2, i, numbers_of(house, MANY)))
            ;
    for (int i = 0; i < 4; i++) {
        house->now_ms += FENCE_MS / 2;
        step(house, (struct input){.kind = INPUT_TIMER});
    }
    assert_true(flow_bytes(house->flow) > house->plan.memory_limit / 4); /* more than it may read */
    assign(house, 1);
    assert_true(read_one(house, 1, 0, numbers_of(house, FEW)));
}

/* One answer is to come that might give back what the largest needs, and does not: the others stand back, but not until
 * it does. */
static void the_others_go_on_while_one_request_hangs(void **state) {
    struct house *house = *state;
    for (uint32_t i = 0; i < 2; i++)
        assign(house, i);
    assert_true(read_one(house, 1, 0, numbers_of(house, FEW)));
    house->sents = 0; /* it hangs */
    for (int i = 0; i < 100; i++)
        trickle(house, 0, 0); /* what was granted at first is used up */
    while (house->sents > 0)
        answer_first(house, 200);
    /* As if others held so much: there is room for one small event after the other. */
    house->flow->bytes += budget_left(house->flow, BUDGET_READ_FIRST) - 2 * budget_cost(1, 2 * FEW);
    uint64_t before = ended(house, 0, OUTCOME_DELIVERED);
    struct span largest = text_of(house, budget_largest(&house->plan) - 64);
    assert_false(read_one(house, 1, 1, largest));
    for (int i = 0; i < ENOUGH; i++)
        trickle(house, 0, 0);
    assert_true(ended(house, 0, OUTCOME_DELIVERED) - before > ENOUGH / 4);
    assert_true(house->lot[1][1].bytes < largest.size);
}

/* Each platform but the first holds one event as large as can be read, and does not answer. */
static void fill(struct house *house) {
    for (uint32_t i = MOST_ROUTES; i-- > 0;)
        assign(house, i);
    for (uint32_t i = 1; i < MOST_ROUTES; i++) {
        size_t left = budget_left(house->flow, BUDGET_READ_ALONE), largest = budget_largest(&house->plan);
        size_t size = left > budget_cost(1, 64) ? (left - budget_cost(1, 0)) / 3 : 32;
        assert_true(read_one(house, i, 0, text_of(house, size < largest ? size : largest)));
    }
    assert_true(budget_left(house->flow, BUDGET_READ_ALONE) < budget_cost(1, 2 * SOME));
    house->sents = 0;
}

/* What platforms that are down hold is all that may be read: another one's events go on, one at a time. */
static void who_has_a_lifeline_reads_whatever_others_hold(void **state) {
    struct house *house = *state;
    fill(house);
    for (int i = 0; i < 20; i++) {
        assert_true(read_one(house, 0, i % PARTITIONS, numbers_of(house, SOME)));
        assert_int_equal(house->sents, 1);
        answer_first(house, 200);
    }
    assert_int_equal(ended(house, 0, OUTCOME_DELIVERED), 20);
}

static void ask(struct house *house, int32_t partition, size_t bytes) {
    const struct place place = {.partition = partition, .epoch = 1};
    house->lot[0][partition] = (struct lot){.next = house->lot[0][partition].next, .told = true};
    step(house, (struct input){.kind = INPUT_WANTED, .is.wanted = {place, bytes}});
}

/* Two that need it take turns; what is read there and dropped, or not read at all, leaves it. */
static void a_lifeline_is_given_back(void **state) {
    struct house *house = *state;
    const struct place place = {.epoch = 1};
    fill(house);
    struct span value = numbers_of(house, SOME);
    assert_true(read_one(house, 0, 0, value)); /* on the lifeline, and sent */
    ask(house, 1, value.size);
    assert_int_equal(house->lot[0][1].credit, 0);
    answer_first(house, 200);
    assert_int_equal(house->lot[0][1].credit, 1);
    assert_true(read_one(house, 0, 1, value));
    ask(house, 0, value.size);
    answer_first(house, 200);
    assert_int_equal(house->lot[0][0].credit, 1);
    step(house, plan_event(place, 0, SPAN_NONE, value)); /* given again: nothing of it is kept */
    ask(house, 1, value.size);
    assert_int_equal(house->lot[0][1].credit, 1);
    step(house,
         (struct input){.kind = INPUT_PARTITION_ERROR, .is.partition = {{.partition = 1, .epoch = 1}, PARTITION_GONE}});
    assert_true(read_one(house, 0, 0, value));
    answer_first(house, 200);
    assert_int_equal(ended(house, 0, OUTCOME_DELIVERED), 3);
}

/* The order by a query needs more memory than a lifeline has: the event stands in its place all the same. */
static void a_lifeline_keeps_no_event_from_its_order(void **state) {
    struct house *house = *state;
    house->route[0].order = ORDER_QUERY;
    house->route[0].order_by = json_path_create(SPAN("$.p"), NULL);
    flow_destroy(house->flow);
    house->flow = flow_create(&house->plan, 1);
    house->flow->bytes += budget_left(house->flow, BUDGET_READ_ALONE); /* as if others held so much */
    assign(house, 0);
    struct span value = numbers_of(house, MORE);
    value.size += (size_t)snprintf(house->text + value.size - 1, 16, ",\"p\":\"a\"}") - 1;
    assert_true(read_one(house, 0, 0, value));
    struct partition *home = group_partition(&house->flow->groups[0], (struct place){.epoch = 1});
    const struct passage *passage = LIST_OF(list_first(&home->passages), struct passage, sibling);
    assert_true(passage->ordered);
    json_path_destroy(house->route[0].order_by);
    house->route[0].order_by = NULL;
}

/* An event that a lifeline is too small for, and the stairs are too, tries it once, and gives nobody else a reason to
 * ask for memory. */
static void a_lifeline_tried_in_vain_relieves_nobody(void **state) {
    struct house *house = *state;
    house->flow->stairs = 0;
    assign(house, 0);
    house->flow->bytes += budget_left(house->flow, BUDGET_GROW_FIRST);
    house->flow->grown++; /* as if others held so much */
    assert_true(read_one(house, 0, 0, numbers_of(house, MORE)));
    for (int i = 0; i < 3; i++) {
        step(house, (struct input){.kind = INPUT_TIMER});
        assert_false(list_is_empty(&house->flow->cramped));
    }
    assert_false(house->flow->relieved);
    house->flow->grown--;
}

static void read_keyed(struct house *house, struct span key, int count) {
    house->key = key;
    for (int i = 0; i < count; i++)
        assert_true(read_one(house, 2, 1, SPAN("{}")));
    house->key = SPAN_NONE;
}

/* A route that has enough to do reads nothing, so it is for nobody's sake that others wait: not even its own. */
static void who_has_enough_to_do_is_no_elder(void **state) {
    struct house *house = *state;
    assign(house, 2);
    read_keyed(house, SPAN("a"), 1);
    house->sents = 0; /* its platform does not answer */
    read_keyed(house, SPAN("b"), 1);
    read_keyed(house, SPAN("c"), 1);
    read_keyed(house, SPAN("d"), 1);
    read_keyed(house, SPAN("e"), 16);
    for (uint32_t i = 0; i < 2; i++)
        assign(house, i);
    for (int i = 0; i < 300; i++)
        trickle(house, 0, 0);
    assert_false(read_one(house, 2, 0, text_of(house, budget_largest(&house->plan) - 64)));
    read_keyed(house, SPAN("e"), 2); /* now it has */
    assert_in_range(read_largest(house, 1, 0), 10, ENOUGH - 1);
    struct partition *waits = group_partition(&house->flow->groups[2], (struct place){.route = 2, .epoch = 1});
    house->flow->elder.partition = waits; /* had it been one before */
    step(house, (struct input){.kind = INPUT_TIMER});
    assert_true(house->flow->elder.partition != waits);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_largest_is_read_beside_small_ones_of_other_routes),
        TEST(the_largest_is_read_beside_small_ones_of_its_own_route),
        TEST(the_others_go_on_while_what_is_needed_is_held),
        TEST(who_holds_nothing_reads_beside_a_platform_that_is_down),
        TEST(the_others_go_on_while_one_request_hangs),
        cmocka_unit_test_setup_teardown(the_others_go_on_while_one_request_hangs, set_up_one, tear_down),
        cmocka_unit_test_setup_teardown(who_has_a_lifeline_reads_whatever_others_hold, set_up_many, tear_down),
        cmocka_unit_test_setup_teardown(a_lifeline_is_given_back, set_up_many, tear_down),
        cmocka_unit_test_setup_teardown(a_lifeline_keeps_no_event_from_its_order, set_up_many, tear_down),
        cmocka_unit_test_setup_teardown(a_lifeline_tried_in_vain_relieves_nobody, set_up_many, tear_down),
        cmocka_unit_test_setup_teardown(who_has_enough_to_do_is_no_elder, set_up_narrow, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
