/* How far a commit may go: gaps, settling out of order, the window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/dice.h"
#include "settle/tracker.h"

static void base_is_the_lowest_unsettled(void **state) {
    (void)state;
    struct tracker tracker;
    assert_true(tracker_init(&tracker, 4, 4, 10));
    assert_int_equal(tracker_base(&tracker), 10);
    uint32_t first = tracker_admit(&tracker, 10);
    uint32_t second = tracker_admit(&tracker, 11);
    assert_int_equal(tracker_room(&tracker, 0), 2);
    tracker_settle(&tracker, second);
    assert_int_equal(tracker_base(&tracker), 10);
    assert_int_equal(tracker_room(&tracker, 0), 2);
    tracker_settle(&tracker, first);
    assert_int_equal(tracker_base(&tracker), 12);
    assert_int_equal(tracker_room(&tracker, 0), 2); /* the two come again after a crash */
    assert_int_equal(tracker_room(&tracker, 2), 4);
    tracker_finish(&tracker);
}

/* What is settled makes room in the window, and what a commit covers lessens the exposure: both count. */
static void room_is_the_lesser(void **state) {
    (void)state;
    struct tracker tracker;
    assert_true(tracker_init(&tracker, 2, 3, 10));
    assert_int_equal(tracker_room(&tracker, 0), 2);
    uint32_t first = tracker_admit(&tracker, 10);
    tracker_settle(&tracker, first);
    assert_int_equal(tracker_room(&tracker, 0), 2);
    (void)tracker_admit(&tracker, 11);
    assert_int_equal(tracker_room(&tracker, 0), 1);
    tracker_settle(&tracker, tracker_admit(&tracker, 12));
    assert_int_equal(tracker_room(&tracker, 1), 0); /* the window is full */
    assert_int_equal(tracker_room(&tracker, 0), 0);
    tracker_finish(&tracker);
}

static void gaps_count_as_settled(void **state) {
    (void)state;
    struct tracker tracker;
    assert_true(tracker_init(&tracker, 4, 4, -1));
    assert_int_equal(tracker_base(&tracker), -1);
    uint32_t first = tracker_admit(&tracker, 100);
    uint32_t second = tracker_admit(&tracker, 5000000000);
    assert_int_equal(tracker_base(&tracker), 100);
    tracker_settle(&tracker, first);
    assert_int_equal(tracker_base(&tracker), 5000000000);
    tracker_settle(&tracker, second);
    assert_int_equal(tracker_base(&tracker), 5000000001);
    tracker_finish(&tracker);
}

/* Against the obvious model: an array of all that was ever read. */
static void agrees_with_a_model(void **state) {
    (void)state;
    enum { EVENTS = 5000, WINDOW = 17 };
    static bool settled[EVENTS];
    static uint32_t slot[EVENTS];
    struct dice dice;
    dice_init(&dice, 3);
    struct tracker tracker;
    assert_true(tracker_init(&tracker, WINDOW, WINDOW, 0));
    int read = 0, base = 0;
    while (base < EVENTS) {
        if (read < EVENTS && tracker_room(&tracker, tracker.passed) > 0 && dice_chance(&dice, 500000)) {
            slot[read] = tracker_admit(&tracker, read * 2);
            read++;
        }
        int pick = base + (int)dice_below(&dice, WINDOW);
        if (pick < read && !settled[pick]) {
            tracker_settle(&tracker, slot[pick]);
            settled[pick] = true;
        }
        while (base < read && settled[base])
            base++;
        int64_t expected = base < read ? base * 2 : read == 0 ? 0 : read * 2 - 1;
        assert_int_equal(tracker_base(&tracker), expected);
    }
    tracker_finish(&tracker);
}

static void knows_what_was_sent(void **state) {
    (void)state;
    struct tracker tracker;
    assert_true(tracker_init(&tracker, 4, 4, 10));
    uint32_t slot[4];
    for (int i = 0; i < 4; i++)
        slot[i] = tracker_admit(&tracker, 10 + i);
    tracker_sent(&tracker, slot[0]); /* not settled */
    tracker_sent(&tracker, slot[1]);
    tracker_sent(&tracker, slot[3]);
    tracker_settle(&tracker, slot[1]);
    tracker_settle(&tracker, slot[2]); /* not sent */
    tracker_settle(&tracker, slot[3]);
    assert_int_equal(tracker_exposed(&tracker, 10), 2);
    assert_int_equal(tracker_exposed(&tracker, 12), 1);
    assert_int_equal(tracker_exposed(&tracker, 14), 0);
    tracker_finish(&tracker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_was_sent), cmocka_unit_test(base_is_the_lowest_unsettled),
        cmocka_unit_test(room_is_the_lesser),  cmocka_unit_test(gaps_count_as_settled),
        cmocka_unit_test(agrees_with_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
