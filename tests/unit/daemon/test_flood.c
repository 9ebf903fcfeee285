/* A flood: the first lines are said, the others counted, every one of them accounted for. */
#include "daemon/flood.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct flood_key schema = {1, 0, 6}, not_json = {1, 0, 1}, other_route = {1, 7, 6};

static void the_first_are_said_and_the_others_counted(void **state) {
    (void)state;
    struct flood *flood = flood_create();
    struct flood_key key;
    uint64_t count;
    int64_t within_ms;
    for (int i = 1; i < FLOOD_LINES; i++)
        assert_int_equal(flood_ask(flood, schema, 1000 + i), FLOOD_SAY);
    assert_int_equal(flood_ask(flood, schema, 2000), FLOOD_SAY_LAST);
    for (int i = 0; i < 4812; i++)
        assert_int_equal(flood_ask(flood, schema, 2001), FLOOD_LEAVE_OUT);
    assert_int_equal(flood_ask(flood, not_json, 2001), FLOOD_SAY);
    assert_int_equal(flood_ask(flood, other_route, 2001), FLOOD_SAY);
    assert_false(flood_next(flood, 1001 + FLOOD_PERIOD_MS - 1, false, &key, &count, &within_ms));
    assert_true(flood_next(flood, 1001 + FLOOD_PERIOD_MS, false, &key, &count, &within_ms));
    assert_int_equal(key.what, schema.what);
    assert_int_equal(count, 4812);
    assert_int_equal(within_ms, FLOOD_PERIOD_MS);
    assert_false(flood_next(flood, 1001 + FLOOD_PERIOD_MS, false, &key, &count, &within_ms));
    assert_int_equal(flood_ask(flood, schema, 1001 + FLOOD_PERIOD_MS), FLOOD_SAY);
    flood_destroy(flood);
}

/* Nothing is forgotten when the end comes within a period. */
static void the_end_tells_what_was_left_out(void **state) {
    (void)state;
    struct flood *flood = flood_create();
    struct flood_key key;
    uint64_t count, sum = 0;
    int64_t within_ms;
    for (int i = 0; i < FLOOD_LINES + 3; i++)
        (void)flood_ask(flood, schema, 10);
    for (int i = 0; i < FLOOD_LINES + 4; i++)
        (void)flood_ask(flood, not_json, 20);
    (void)flood_ask(flood, other_route, 30);
    while (flood_next(flood, 40, true, &key, &count, &within_ms))
        sum += count;
    assert_int_equal(sum, 7);
    flood_destroy(flood);
}

/* A trickle is never left out; a period that nobody asked about is not lengthened. */
static void a_trickle_is_said(void **state) {
    (void)state;
    struct flood *flood = flood_create();
    for (int i = 0; i < 1000; i++)
        assert_int_equal(flood_ask(flood, schema, (int64_t)i * FLOOD_PERIOD_MS / (FLOOD_LINES - 1)), FLOOD_SAY);
    flood_destroy(flood);
}

/* Said plus left out is all, whatever the keys, also beyond the room for them. */
static void every_line_is_accounted_for(void **state) {
    (void)state;
    struct flood *flood = flood_create();
    struct flood_key key;
    uint64_t said = 0, left_out = 0, count, random = 1;
    int64_t within_ms, now_ms = 0;
    enum { LINES = 200000 };
    for (int i = 0; i < LINES; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        now_ms += (int64_t)(random >> 60) * 7;
        const struct flood_key one = {1, (uint32_t)(random >> 33) % (i % 2 == 0 ? 3 : 400), 1};
        said += flood_ask(flood, one, now_ms) != FLOOD_LEAVE_OUT;
        while (i % 50 == 0 && flood_next(flood, now_ms, false, &key, &count, &within_ms))
            left_out += count;
    }
    while (flood_next(flood, now_ms, true, &key, &count, &within_ms))
        left_out += count;
    assert_int_equal(said + left_out, LINES);
    assert_true(left_out > LINES / 4);
    flood_destroy(flood);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_are_said_and_the_others_counted),
        cmocka_unit_test(the_end_tells_what_was_left_out),
        cmocka_unit_test(a_trickle_is_said),
        cmocka_unit_test(every_line_is_accounted_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
