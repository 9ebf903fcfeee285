/* The states of a platform: what opens, what holds, what a probe's end means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deliver/breaker.h"

static const struct breaker_spec spec = {
    .failures = 5, .share = 85, .of = 50, .within_ms = 10000, .open_ms = 30000, .max_open_ms = 300000};
static const struct judgement good = {.kind = JUDGED_SUCCESS, .mark = MARK_GOOD};
static const struct judgement refused = {.kind = JUDGED_REFUSED, .mark = MARK_GOOD};
static const struct judgement fault = {.kind = JUDGED_RETRY, .mark = MARK_FAULT};
static const struct judgement suspect = {.kind = JUDGED_RETRY, .mark = MARK_SUSPECT};
static const struct judgement hold = {.kind = JUDGED_HOLD, .mark = MARK_FAULT};
static const struct judgement later = {
    .kind = JUDGED_RETRY, .mark = MARK_FAULT, .floor_ms = 60000, .floor_for_all = true};
static const struct judgement aborted = {.kind = JUDGED_ABORTED, .mark = MARK_NONE};
static const struct judgement untried = {.kind = JUDGED_RETRY, .mark = MARK_NONE}; /* memory was short */

static int set_up(void **state) {
    static struct breaker breaker;
    *state = &breaker;
    return breaker_init(&breaker, &spec, 0) ? 0 : 1;
}

static int tear_down(void **state) {
    breaker_finish(*state);
    return 0;
}

static void fail_times(struct breaker *breaker, int times, int64_t now_ms) {
    for (int i = 0; i < times; i++)
        breaker_judged(breaker, &fault, false, (uint64_t)i, now_ms);
}

static void five_faults_in_a_row_open_it(void **state) {
    struct breaker *breaker = *state;
    fail_times(breaker, 4, 100);
    assert_false(breaker_judged(breaker, &good, false, 1, 100));
    fail_times(breaker, 4, 200);
    assert_int_equal(breaker->state, PLATFORM_UP);
    assert_true(breaker_judged(breaker, &fault, false, 9, 300));
    assert_int_equal(breaker->state, PLATFORM_OPEN);
    assert_int_equal(breaker->probe_ms, 30300);
}

/* `faults` of 50 attempts, `pause_ms` apart, the last of them a fault; so many in a row would not do. */
static enum platform_state state_after(int faults, int64_t pause_ms) {
    static const struct breaker_spec by_share = {
        .failures = 1000, .share = 85, .of = 50, .within_ms = 10000, .open_ms = 30000, .max_open_ms = 300000};
    struct breaker breaker;
    assert_true(breaker_init(&breaker, &by_share, 0));
    for (int i = 0; i < 50; i++)
        breaker_judged(&breaker, i < 50 - faults ? &good : &fault, false, (uint64_t)i, 100 + i * pause_ms);
    enum platform_state state = breaker.state;
    breaker_finish(&breaker);
    return state;
}

/* Neither what may be one event's trouble nor what was not tried is a sign of life. */
static void only_a_good_answer_ends_a_row(void **state) {
    struct breaker *breaker = *state;
    fail_times(breaker, 4, 0);
    assert_false(breaker_judged(breaker, &suspect, false, 1, 10));
    assert_false(breaker_judged(breaker, &untried, false, 1, 20));
    assert_true(breaker_judged(breaker, &fault, false, 9, 30));
}

static void a_share_of_faults_opens_it(void **state) {
    (void)state;
    assert_int_equal(state_after(42, 1), PLATFORM_UP);
    assert_int_equal(state_after(43, 1), PLATFORM_OPEN);
    assert_int_equal(state_after(43, 204), PLATFORM_OPEN); /* 49 pauses: just within ten seconds */
    assert_int_equal(state_after(50, 205), PLATFORM_UP);
}

/* Only the last 50 count. */
static void what_is_longer_ago_is_no_share(void **state) {
    static const struct breaker_spec by_share = {
        .failures = 1000, .share = 85, .of = 50, .within_ms = 10000, .open_ms = 30000, .max_open_ms = 300000};
    (void)state;
    struct breaker breaker;
    assert_true(breaker_init(&breaker, &by_share, 0));
    for (int i = 0; i < 42; i++)
        breaker_judged(&breaker, &fault, false, (uint64_t)i, 100);
    for (int i = 0; i < 50; i++)
        breaker_judged(&breaker, &good, false, (uint64_t)i, 200);
    for (int i = 0; i < 42; i++) {
        assert_false(breaker_judged(&breaker, &fault, false, (uint64_t)i, 300));
        assert_false(breaker_judged(&breaker, &aborted, false, (uint64_t)i, 300)); /* these say nothing */
        assert_false(breaker_judged(&breaker, &untried, false, (uint64_t)i, 300));
    }
    assert_true(breaker_judged(&breaker, &fault, false, 42, 300));
    breaker_finish(&breaker);
}

/* What brought it down before counts no more. */
static void up_again_it_takes_five_more(void **state) {
    struct breaker *breaker = *state;
    fail_times(breaker, 5, 0);
    breaker_probe(breaker, 30000);
    assert_true(breaker_judged(breaker, &good, true, 1, 30100));
    fail_times(breaker, 4, 30200);
    assert_int_equal(breaker->state, PLATFORM_UP);
    fail_times(breaker, 1, 30300);
    assert_int_equal(breaker->state, PLATFORM_OPEN);
}

static void a_refused_event_opens_nothing(void **state) {
    struct breaker *breaker = *state;
    for (int i = 0; i < 500; i++)
        assert_false(breaker_judged(breaker, &refused, false, 1, 100 + i));
    assert_int_equal(breaker->state, PLATFORM_UP);
}

static void suspicion_needs_three_keys(void **state) {
    struct breaker *breaker = *state;
    for (int i = 0; i < 500; i++)
        assert_false(breaker_judged(breaker, &suspect, false, (uint64_t)(i % 2), 100 + i));
    breaker_judged(breaker, &good, false, 1, 700);
    bool changed = false;
    for (int i = 0; i < 5; i++)
        changed = breaker_judged(breaker, &suspect, false, 7, 800);
    assert_true(changed);
    assert_int_equal(breaker->state, PLATFORM_OPEN);
}

static void suspicion_fades(void **state) {
    struct breaker *breaker = *state;
    for (int i = 0; i < 30; i++)
        assert_false(breaker_judged(breaker, &suspect, false, (uint64_t)i, 100 + i * 6000));
}

static void probes_wait_twice_as_long_each_time(void **state) {
    struct breaker *breaker = *state;
    fail_times(breaker, 5, 0);
    int64_t now_ms = 0, expected_ms = 30000;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(breaker->probe_ms - now_ms, expected_ms);
        now_ms = breaker->probe_ms;
        breaker_probe(breaker, now_ms);
        assert_int_equal(breaker->state, PLATFORM_HALF_OPEN);
        assert_false(breaker_judged(breaker, &good, false, 1, now_ms));
        assert_true(breaker_judged(breaker, &fault, true, 1, now_ms));
        expected_ms = expected_ms * 2 > 300000 ? 300000 : expected_ms * 2;
    }
    breaker_probe(breaker, breaker->probe_ms);
    assert_true(breaker_judged(breaker, &good, true, 1, now_ms + 300000));
    assert_int_equal(breaker->state, PLATFORM_UP);
    fail_times(breaker, 5, now_ms + 400000);
    assert_int_equal(breaker->probe_ms, now_ms + 430000);
}

static void an_aborted_probe_is_repeated(void **state) {
    struct breaker *breaker = *state;
    fail_times(breaker, 5, 0);
    breaker_probe(breaker, 30000);
    assert_true(breaker_judged(breaker, &aborted, true, 1, 31000));
    assert_int_equal(breaker->state, PLATFORM_OPEN);
    assert_int_equal(breaker->probe_ms, 31000);
}

/* Memory was short: nobody knows more of the platform than before. */
static void a_probe_that_was_not_tried_is_repeated(void **state) {
    struct breaker *breaker = *state;
    fail_times(breaker, 5, 0);
    breaker_probe(breaker, 30000);
    assert_true(breaker_judged(breaker, &untried, true, 1, 31000));
    assert_int_equal(breaker->state, PLATFORM_OPEN);
    assert_int_equal(breaker->probe_ms, 31000);
}

static void an_aborted_probe_leaves_it_held(void **state) {
    struct breaker *breaker = *state;
    assert_true(breaker_judged(breaker, &hold, false, 1, 500));
    breaker_probe(breaker, 30500);
    assert_true(breaker_judged(breaker, &aborted, true, 1, 31000));
    assert_int_equal(breaker->state, PLATFORM_HELD);
    assert_int_equal(breaker->probe_ms, 31000);
}

static void probes_do_not_change_since_when_it_is_down(void **state) {
    struct breaker *breaker = *state;
    fail_times(breaker, 5, 1000);
    breaker_probe(breaker, 31000);
    breaker_judged(breaker, &hold, true, 1, 32000);
    assert_int_equal(breaker->since_ms, 1000);
    breaker_probe(breaker, breaker->probe_ms);
    breaker_judged(breaker, &good, true, 1, 95000);
    assert_int_equal(breaker->since_ms, 95000);
}

static void one_poison_probe_does_not_keep_it_down(void **state) {
    struct breaker *breaker = *state;
    fail_times(breaker, 5, 0);
    breaker_probe(breaker, 30000);
    assert_true(breaker_judged(breaker, &suspect, true, 1, 30100));
    assert_int_equal(breaker->state, PLATFORM_UP);
}

static void three_suspects_keep_it_down(void **state) {
    struct breaker *breaker = *state;
    for (int i = 0; i < 7; i++)
        breaker_judged(breaker, &suspect, false, (uint64_t)(i % 3), 100);
    assert_int_equal(breaker->state, PLATFORM_OPEN);
    breaker_probe(breaker, 30100);
    breaker_judged(breaker, &suspect, true, 1, 30200);
    assert_int_equal(breaker->state, PLATFORM_OPEN);
}

static void configuration_faults_hold_at_once(void **state) {
    struct breaker *breaker = *state;
    assert_true(breaker_judged(breaker, &hold, false, 1, 500));
    assert_int_equal(breaker->state, PLATFORM_HELD);
    assert_int_equal(breaker->probe_ms, 30500);
}

static void retry_after_holds_for_its_time(void **state) {
    struct breaker *breaker = *state;
    assert_true(breaker_judged(breaker, &later, false, 1, 500));
    assert_int_equal(breaker->state, PLATFORM_HELD);
    assert_int_equal(breaker->probe_ms, 60500);
    assert_false(breaker_judged(breaker, &later, false, 2, 900));
    assert_int_equal(breaker->probe_ms, 60900);
}

static void late_answers_change_nothing(void **state) {
    struct breaker *breaker = *state;
    fail_times(breaker, 5, 0);
    assert_false(breaker_judged(breaker, &good, false, 1, 10));
    assert_false(breaker_judged(breaker, &fault, false, 1, 20));
    assert_int_equal(breaker->probe_ms, 30000);
    assert_true(breaker_judged(breaker, &hold, false, 1, 30));
    assert_int_equal(breaker->state, PLATFORM_HELD);
}

static void only_time_up_counts(void **state) {
    struct breaker *breaker = *state;
    fail_times(breaker, 5, 1000);
    assert_int_equal(breaker_up_time(breaker, 20000), 1000);
    breaker_probe(breaker, 31000);
    breaker_judged(breaker, &good, true, 1, 32000);
    assert_int_equal(breaker_up_time(breaker, 34000), 3000);
}

static void other_workers_are_believed(void **state) {
    struct breaker *breaker = *state;
    assert_true(breaker_told(breaker, PLATFORM_HELD, 9000, 100));
    assert_int_equal(breaker->probe_ms, 9000 + 30000 / 8);
    assert_false(breaker_told(breaker, PLATFORM_OPEN, 9900, 200)); /* the other one's probe failed */
    assert_int_equal(breaker->state, PLATFORM_HELD);
    assert_int_equal(breaker->probe_ms, 9900 + 30000 / 8);
    assert_false(breaker_told(breaker, PLATFORM_OPEN, 9000, 250));
    assert_int_equal(breaker->probe_ms, 9900 + 30000 / 8);
    assert_true(breaker_told(breaker, PLATFORM_UP, 0, 300));
    assert_false(breaker_told(breaker, PLATFORM_UP, 0, 300));
}

/* Nobody looked for so long: whether it was up nobody knows. Where it was down anyway there is nothing to take away. */
static void sleep_is_no_time_up(void **state) {
    struct breaker *breaker = *state;
    breaker_slept(breaker, 600);
    assert_int_equal(breaker_up_time(breaker, 1000), 400);
    fail_times(breaker, 5, 1000);
    breaker_slept(breaker, 5000);
    assert_int_equal(breaker_up_time(breaker, 9000), 400);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(five_faults_in_a_row_open_it),
        TEST(only_a_good_answer_ends_a_row),
        TEST(a_share_of_faults_opens_it),
        TEST(what_is_longer_ago_is_no_share),
        TEST(up_again_it_takes_five_more),
        TEST(a_refused_event_opens_nothing),
        TEST(suspicion_needs_three_keys),
        TEST(suspicion_fades),
        TEST(probes_wait_twice_as_long_each_time),
        TEST(an_aborted_probe_is_repeated),
        TEST(a_probe_that_was_not_tried_is_repeated),
        TEST(an_aborted_probe_leaves_it_held),
        TEST(probes_do_not_change_since_when_it_is_down),
        TEST(one_poison_probe_does_not_keep_it_down),
        TEST(three_suspects_keep_it_down),
        TEST(configuration_faults_hold_at_once),
        TEST(retry_after_holds_for_its_time),
        TEST(late_answers_change_nothing),
        TEST(only_time_up_counts),
        TEST(sleep_is_no_time_up),
        TEST(other_workers_are_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
