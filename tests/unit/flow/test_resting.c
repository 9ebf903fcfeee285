/* What the core does where memory is short and an event that has grown waits for an operator: others hold the memory,
 * by the flow's own account. The other keys do not wait for him. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/flow_private.h"
#include "support/plan.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST = 16, VALUE = 2000, MEMORY = 4 << 20 };

struct house {
    struct stand stand;
    uint64_t request[MOST];
    uint32_t requests, letters;
    size_t held; /* by others */
};

static void step(struct house *house, struct input input) {
    input.now_ms = house->stand.now_ms;
    flow_step(house->stand.flow, &input, &house->stand.actions);
    for (size_t i = 0; i < house->stand.actions.count; i++) {
        const struct action *action = &house->stand.actions.list[i];
        if (action->kind == ACTION_SEND_REQUEST)
            house->request[house->requests++] = action->is.request->id;
        house->letters += action->kind == ACTION_WRITE_LETTER ? 1 : 0;
        assert_true(house->requests < MOST);
    }
}

/* Arrays of numbers, of which the stages make much more than their size. */
static void read_event(struct house *house, int64_t offset, const char *key, size_t size) {
    char value[VALUE];
    int used = snprintf(value, sizeof value, "{\"n\":[0");
    while ((size_t)used < size)
        used += snprintf(value + used, sizeof value - (size_t)used, ",1");
    used += snprintf(value + used, sizeof value - (size_t)used, "]}");
    step(house, plan_event((struct place){.epoch = 1}, offset, span_of(key), span_make(value, (size_t)used)));
}

/* The key of the first event, whose answer nobody knows, is held. */
static int set_up(void **state) {
    struct house *house = calloc(1, sizeof *house);
    struct plan_given given;
    struct route_counts counts;
    assert_non_null(house);
    stand_init(&house->stand, "/errands");
    house->stand.route.ambiguous = AMBIGUOUS_HOLD;
    stand_open(&house->stand);
    stand_limit(&house->stand, MEMORY);
    plan_give(&given, 0, 1, 1, 0);
    step(house, given.assigned);
    step(house, given.committed);
    read_event(house, 0, "a", 1500);
    assert_int_equal(house->requests, 1);
    struct reply *reply = reply_create(house->request[0], REPLY_AMBIGUOUS, REPLY_FAULT_RESET);
    assert_non_null(reply);
    step(house, (struct input){.kind = INPUT_REPLY, .is.reply = reply});
    flow_counts(house->stand.flow, 0, &counts);
    assert_int_equal(counts.held, 1);
    *state = house;
    return 0;
}

/* The key of the first event is dead, and the second waits behind it: nothing was made of that yet. */
static int set_up_behind_a_letter(void **state) {
    struct house *house = calloc(1, sizeof *house);
    struct plan_given given;
    struct route_counts counts;
    assert_non_null(house);
    stand_init(&house->stand, "/errands");
    house->stand.route.after_letter = AFTER_HOLD;
    stand_open(&house->stand);
    stand_limit(&house->stand, MEMORY);
    plan_give(&given, 0, 1, 1, 0);
    step(house, given.assigned);
    step(house, given.committed);
    step(house, plan_event((struct place){.epoch = 1}, 0, SPAN("a"), SPAN("no json")));
    step(house, (struct input){.kind = INPUT_LETTER, .is.letter = {1, LETTER_ACKNOWLEDGED}});
    read_event(house, 1, "a", 1500);
    flow_counts(house->stand.flow, 0, &counts);
    assert_int_equal(counts.held, 1);
    assert_int_equal(house->requests, 0);
    assert_int_equal(house->letters, 1);
    *state = house;
    return 0;
}

static int tear_down(void **state) {
    struct house *house = *state;
    stand_finish(&house->stand);
    free(house);
    return 0;
}

static void hold_all_but(struct house *house, enum budget what, size_t left) {
    size_t free = budget_left(house->stand.flow, what);
    assert_true(free >= left);
    house->stand.flow->bytes += free - left;
    house->held += free - left;
}

static void give_back(struct house *house) {
    house->stand.flow->bytes -= house->held;
    house->held = 0;
    house->stand.flow->relieved = true;
}

static void release_all(struct house *house) {
    step(house, (struct input){.kind = INPUT_RELEASE, .is.release = {.offset = -1, .to = RELEASE_SEND}});
}

/* Else a single held key would keep all others of its route from what the first of them may take. */
static void who_waits_for_an_operator_is_not_the_first_of_its_route(void **state) {
    struct house *house = *state;
    const struct flow *flow = house->stand.flow;
    hold_all_but(house, BUDGET_GROW, 0);
    read_event(house, 1, "b", 1500);
    assert_int_equal(house->requests, 2);
    step(house, plan_answer(house->request[1], 200));
    assert_int_equal(flow->resting, 1);
    release_all(house);
    assert_int_equal(house->requests, 3);
    assert_int_equal(flow->resting, 0);
    assert_int_equal(flow->grown, 1);
    step(house, plan_answer(house->request[2], 200));
    assert_int_equal(flow->grown, 0);
    assert_int_equal(flow->bytes, house->held);
}

/* Nobody else will give any memory back: it takes what there is. */
static void the_last_beside_a_held_key_takes_all_there_is(void **state) {
    struct house *house = *state;
    hold_all_but(house, BUDGET_GROW_FIRST, 0);
    read_event(house, 1, "b", 1500);
    assert_int_equal(house->requests, 2);
}

/* But that there is not enough is no reason to put it aside: there will be more when the key was released. */
static void who_finds_too_little_beside_a_held_key_waits(void **state) {
    struct house *house = *state;
    hold_all_but(house, BUDGET_WRITE, EVENT_COST + 3 * 1500);
    read_event(house, 1, "b", 1400);
    house->stand.now_ms += 1000;
    step(house, (struct input){.kind = INPUT_TIMER});
    assert_int_equal(house->requests, 1);
    assert_int_equal(house->letters, 0);
    release_all(house);
    assert_int_equal(house->requests, 2);
    give_back(house);
    step(house, plan_answer(house->request[1], 200));
    assert_int_equal(house->requests, 3);
    assert_int_equal(house->letters, 0);
}

/* Nor where it waits as it was read. */
static void who_finds_too_little_beside_what_never_began_waits_too(void **state) {
    struct house *house = *state;
    hold_all_but(house, BUDGET_WRITE, EVENT_COST + 3 * 1500);
    read_event(house, 2, "b", 1400);
    house->stand.now_ms += 1000;
    step(house, (struct input){.kind = INPUT_TIMER});
    assert_int_equal(house->requests, 0);
    assert_int_equal(house->letters, 1);
    assert_int_equal(house->stand.flow->resting, 1);
    assert_int_equal(house->stand.flow->grown, 0);
    give_back(house);
    release_all(house);
    assert_int_equal(house->stand.flow->resting, 0);
    assert_int_equal(house->requests, 2);
    assert_int_equal(house->letters, 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(who_waits_for_an_operator_is_not_the_first_of_its_route),
        TEST(the_last_beside_a_held_key_takes_all_there_is), TEST(who_finds_too_little_beside_a_held_key_waits),
        cmocka_unit_test_setup_teardown(who_finds_too_little_beside_what_never_began_waits_too, set_up_behind_a_letter,
                                        tear_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
