/* What an operator may see of the cores: of each route those that wait longest, of each platform the worst of all
 * workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/view.h"
#include "support/plan.h"

enum { EVENTS = VIEW_WAITS + 5 };

static void step(struct stand *stand, struct input input) {
    input.now_ms = stand->now_ms;
    flow_step(stand->flow, &input, &stand->actions);
}

static void read_events(struct stand *stand, int count) {
    struct plan_given given;
    plan_give(&given, 0, 1, 1, 0);
    step(stand, given.assigned);
    step(stand, given.committed);
    for (int i = 0; i < count; i++) {
        stand->now_ms++;
        step(stand, plan_event((struct place){.epoch = 1}, i, SPAN_NONE, SPAN("{}")));
    }
}

static void begin(struct stand *stand) {
    stand_init(stand, "/in");
    stand->platform.max_in_flight = 1;
    stand->platform.breaker.failures = 1;
    stand_open(stand);
}

static void of_many_those_that_wait_longest_are_shown(void **state) {
    (void)state;
    struct stand stand;
    begin(&stand);
    read_events(&stand, EVENTS);
    struct view *view = view_create(&stand.plan);
    assert_non_null(view);
    view_add(view, stand.flow);
    assert_int_equal(view->route[0].waiting, EVENTS);
    assert_int_equal(view->route[0].wait_count, VIEW_WAITS);
    for (int i = 0; i < VIEW_WAITS; i++)
        assert_int_equal(view->route[0].wait[i].offset, i);
    assert_int_equal(view->route[0].wait[0].kind, VIEW_SENT);
    assert_int_equal(view->route[0].wait[1].kind, VIEW_PACE);
    view_destroy(view);
    stand_finish(&stand);
}

/* Who saw it himself knows why. */
static void a_worker_that_saw_it_speaks_for_one_that_was_told(void **state) {
    (void)state;
    struct stand told, saw;
    begin(&told);
    begin(&saw);
    step(&told, (struct input){.kind = INPUT_PLATFORM, .is.platform = {0, PLATFORM_OPEN, 1000}});
    read_events(&saw, 1);
    step(&saw, plan_answer(1, 503));
    struct view *view = view_create(&told.plan);
    assert_non_null(view);
    view_add(view, told.flow);
    assert_true(view->platform[0].told);
    view_add(view, saw.flow);
    assert_false(view->platform[0].told);
    assert_int_equal(view->platform[0].status, 503);
    assert_int_equal(view->platform[0].state, PLATFORM_OPEN);
    struct platform_counts counts;
    flow_platform(saw.flow, 0, &counts);
    assert_int_equal(counts.state, PLATFORM_OPEN);
    assert_int_equal(counts.in_flight, 0);
    view_destroy(view);
    stand_finish(&told);
    stand_finish(&saw);
}

/* One worker's letters are not taken: that of another one are says nothing of it. */
static void letters_fail_where_those_of_one_worker_do(void **state) {
    (void)state;
    struct stand fails, well;
    uint64_t letter = 0;
    begin(&fails);
    begin(&well);
    read_events(&fails, 0);
    read_events(&well, 1);
    step(&fails, plan_event((struct place){.epoch = 1}, 0, SPAN_NONE, SPAN("no json")));
    for (size_t i = 0; i < fails.actions.count; i++)
        if (fails.actions.list[i].kind == ACTION_WRITE_LETTER)
            letter = fails.actions.list[i].is.letter->id;
    step(&fails, (struct input){.kind = INPUT_LETTER, .is.letter = {letter, LETTER_FAILED}});
    struct view *view = view_create(&fails.plan);
    assert_non_null(view);
    view_add(view, fails.flow);
    view_add(view, well.flow);
    assert_true(view->route[0].letters_fail);
    assert_int_equal(view->route[0].waiting, 2);
    view_destroy(view);
    stand_finish(&fails);
    stand_finish(&well);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_many_those_that_wait_longest_are_shown),
        cmocka_unit_test(a_worker_that_saw_it_speaks_for_one_that_was_told),
        cmocka_unit_test(letters_fail_where_those_of_one_worker_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
