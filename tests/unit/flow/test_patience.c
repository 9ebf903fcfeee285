/* An event's patience through the step: what of it goes on with another owner, and what does not count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/plan.h"

#include <stdio.h>
#include <stdlib.h>

enum { OFFSET = 17, FOR_MS = 60000, HOUR_MS = 3600000 };
static const int64_t wall_ms = 1700000000000; /* 2023-11-14T22:13:20Z */

struct house {
    struct stand stand;
    uint64_t request, letter;
    char first_failed[32], attempts[8]; /* of the letter */
};

static int set_up(void **state) {
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    stand_init(&house->stand, "/errands");
    house->stand.route.retry.patience_ms = FOR_MS;
    stand_open(&house->stand);
    *state = house;
    return 0;
}

static int tear_down(void **state) {
    struct house *house = *state;
    stand_finish(&house->stand);
    free(house);
    return 0;
}

static void keep_header(const struct letter *letter, const char *name, char *text, size_t size) {
    for (size_t i = 0; i < letter->header_count; i++)
        if (span_equal(letter->headers[i].name, span_of(name)))
            (void)snprintf(text, size, SPAN_FORMAT, SPAN_ARGUMENT(letter->headers[i].value));
}

static void step(struct house *house, struct input input) {
    input.now_ms = house->stand.now_ms;
    input.wall_ms = wall_ms + house->stand.now_ms;
    flow_step(house->stand.flow, &input, &house->stand.actions);
    for (size_t i = 0; i < house->stand.actions.count; i++) {
        const struct action *action = &house->stand.actions.list[i];
        if (action->kind == ACTION_SEND_REQUEST)
            house->request = action->is.request->id;
        if (action->kind != ACTION_WRITE_LETTER)
            continue;
        house->letter = action->is.letter->id;
        keep_header(action->is.letter, "sluss-first-failed", house->first_failed, sizeof house->first_failed);
        keep_header(action->is.letter, "sluss-attempts", house->attempts, sizeof house->attempts);
    }
}

static void read_value(struct house *house, struct span map, struct span value) {
    struct plan_given given;
    plan_give(&given, 0, 1, 1, OFFSET);
    given.entry[0].metadata = map;
    step(house, given.assigned);
    step(house, given.committed);
    step(house, plan_event((struct place){.epoch = 1}, OFFSET, SPAN("a"), value));
}

static void read_event(struct house *house, struct span map) {
    read_value(house, map, SPAN("{\"n\":1}"));
}

/* From another owner, who tried it three times in 40 seconds. */
static void take_over(struct house *house, struct span value) {
    char text[OFFSET_MAP_SIZE];
    struct offset_map map;
    offset_map_init(&map, OFFSET);
    offset_map_try(&map, (struct offset_try){OFFSET, 3, 40, HELD_NOT, -1, 2});
    house->stand.now_ms = 100000;
    read_value(house, span_make(text, offset_map_write(&map, 0, text)), value);
}

/* Time passes as the daemon sees it: an input at least each second. */
static void pass(struct house *house, int64_t ms) {
    for (; ms > 0; ms -= 1000) {
        house->stand.now_ms += ms < 1000 ? ms : 1000;
        step(house, (struct input){.kind = INPUT_TIMER});
    }
}

static void answer(struct house *house, int status) {
    assert_true(house->request != 0);
    uint64_t request = house->request;
    house->request = 0;
    step(house, plan_answer(request, status));
}

static void a_letter_says_since_when(void **state) {
    struct house *house = *state;
    house->stand.now_ms = 5000;
    read_event(house, SPAN_NONE);
    answer(house, 500);
    for (int i = 0; i < 100 && house->letter == 0; i++) {
        pass(house, 1000);
        if (house->request != 0)
            answer(house, 500);
    }
    assert_true(house->letter != 0);
    assert_string_equal(house->first_failed, "2023-11-14T22:13:25.000Z");
}

/* Another one tried it for 40 seconds before it was read here: it had failed by then. */
static void a_letter_says_so_behind_another_owner(void **state) {
    struct house *house = *state;
    take_over(house, SPAN("{\"n\":1}"));
    answer(house, 400);
    assert_true(house->letter != 0);
    assert_string_equal(house->attempts, "4");
    assert_string_equal(house->first_failed, "2023-11-14T22:14:20.000Z");
}

/* It was sent by another one, whose schema had nothing against it. */
static void a_letter_of_what_is_not_sent_again_says_so_too(void **state) {
    struct house *house = *state;
    take_over(house, SPAN("no json"));
    assert_true(house->letter != 0);
    assert_string_equal(house->attempts, "3");
    assert_string_equal(house->first_failed, "2023-11-14T22:14:20.000Z");
}

/* The machine was suspended for an hour: the event was tried once, and comes again. */
static void no_patience_is_spent_while_nobody_tries(void **state) {
    struct house *house = *state;
    read_event(house, SPAN_NONE);
    answer(house, 500);
    house->stand.now_ms += HOUR_MS;
    step(house, (struct input){.kind = INPUT_TIMER});
    pass(house, 10000);
    answer(house, 500);
    assert_int_equal(house->letter, 0);
    pass(house, FOR_MS - 15000);
    answer(house, 500);
    assert_int_equal(house->letter, 0);
    pass(house, FOR_MS * 10);
    answer(house, 500);
    assert_true(house->letter != 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_letter_says_since_when),
        TEST(a_letter_says_so_behind_another_owner),
        TEST(a_letter_of_what_is_not_sent_again_says_so_too),
        TEST(no_patience_is_spent_while_nobody_tries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
