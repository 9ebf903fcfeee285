/* The heap of timers against the obvious model, and the two tables of passages under collisions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/dice.h"
#include "flow/lane.h"
#include "flow/passage.h"
#include "flow/pending.h"
#include "flow/timer.h"

enum { COUNT = 64 };

static void timers_fire_in_order(void **state) {
    (void)state;
    static struct timer timer[COUNT];
    struct timers timers = {0};
    struct dice dice;
    dice_init(&dice, 5);
    for (int i = 0; i < COUNT; i++)
        assert_true(timers_join(&timers));
    int64_t now_ms = 0;
    for (int round = 0; round < 20000; round++) {
        struct timer *one = &timer[dice_below(&dice, COUNT)];
        if (dice_chance(&dice, 300000))
            timers_clear(&timers, one);
        else
            timers_set(&timers, one, now_ms + (int64_t)dice_below(&dice, 100));
        now_ms += (int64_t)dice_below(&dice, 3);
        int64_t last_ms = 0;
        for (struct timer *due; (due = timers_due(&timers, now_ms)) != NULL; last_ms = due->at_ms)
            assert_true(due->at_ms >= last_ms && due->at_ms <= now_ms && due->place == 0);
        size_t set = 0;
        int64_t next_ms = INT64_MAX;
        for (int i = 0; i < COUNT; i++)
            if (timer[i].place != 0) {
                set++;
                next_ms = timer[i].at_ms < next_ms ? timer[i].at_ms : next_ms;
            }
        assert_int_equal(set, timers.count);
        assert_int_equal(next_ms, timers_next(&timers));
    }
    timers_finish(&timers);
}

static void pending_finds_what_is_under_way(void **state) {
    (void)state;
    static struct passage passage[1000];
    struct pending pending = {0};
    for (uint64_t id = 1; id <= 100000; id++) {
        uint64_t old = id > 900 ? id - 900 + id % 7 : 0;
        if (old != 0 && pending_find(&pending, old) != NULL) {
            assert_ptr_equal(pending_take(&pending, old), &passage[old % 1000]);
            assert_null(pending_find(&pending, old));
        }
        assert_true(pending_put(&pending, id, &passage[id % 1000]));
        assert_ptr_equal(pending_find(&pending, id), &passage[id % 1000]);
    }
    assert_null(pending_take(&pending, 0));
    pending_finish(&pending);
}

static void lanes_keep_their_queues(void **state) {
    (void)state;
    static struct passage passage[900];
    struct lanes lanes = {0};
    for (size_t i = 0; i < 900; i++) {
        passage[i].lane = (i % 300) * 64; /* all in few homes */
        assert_int_equal(lane_join(&lanes, &passage[i]), i < 300);
    }
    for (size_t i = 0; i < 900; i++) {
        const struct passage *next = lane_leave(&lanes, &passage[i]);
        assert_ptr_equal(next, i < 600 ? &passage[i + 300] : NULL);
    }
    assert_int_equal(lanes.count, 0);
    lanes_finish(&lanes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order),
        cmocka_unit_test(pending_finds_what_is_under_way),
        cmocka_unit_test(lanes_keep_their_queues),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
