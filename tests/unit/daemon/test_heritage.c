/* What the groups had acknowledged goes from one plan's core to another's, by the names of group and topic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/heritage.h"
#include "support/plan.h"

static const struct span others[] = {SPAN("ansokan.v1"), SPAN("arende.v1")};

struct house {
    struct stand stand;
    struct heritage untold, heir;
    struct route route; /* of the next plan */
};

static int set_up(void **state) {
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    stand_init(&house->stand, "/errands");
    house->stand.route.group = SPAN("sluss.bygglov");
    stand_open(&house->stand);
    house->route = house->stand.route;
    house->route.topics = others;
    house->route.topic_count = 2;
    *state = house;
    return 0;
}

static int tear_down(void **state) {
    struct house *house = *state;
    heritage_finish(&house->untold);
    heritage_finish(&house->heir);
    stand_finish(&house->stand);
    free(house);
    return 0;
}

static bool gather(struct house *house) {
    return heritage_gather(&house->heir, house->stand.flow, &house->untold, &house->stand.plan, &house->route);
}

static void step(struct house *house, struct input input) {
    input.now_ms = house->stand.now_ms;
    flow_step(house->stand.flow, &input, &house->stand.actions);
}

static void what_a_core_read_goes_to_the_same_topic_of_the_next(void **state) {
    struct house *house = *state;
    struct plan_given given;
    plan_give(&given, 0, 1, 2, 7);
    step(house, given.assigned);
    step(house, given.committed);
    assert_true(gather(house));
    assert_int_equal(house->heir.count, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(house->heir.list[i].topic, 1);
        assert_int_equal(house->heir.list[i].partition, i);
        assert_int_equal(house->heir.list[i].offset, 7);
    }
}

/* It could not start: whoever follows it would else know nothing of those before. */
static void what_a_core_was_never_told_goes_on_too(void **state) {
    struct house *house = *state;
    const struct reached known = {.partition = 3, .offset = 9};
    assert_true(heritage_add(&house->untold, &known, 1));
    assert_true(gather(house));
    assert_int_equal(house->heir.count, 1);
    assert_int_equal(house->heir.list[0].topic, 1);
    assert_int_equal(house->heir.list[0].partition, 3);
    assert_int_equal(house->heir.list[0].offset, 9);
}

static void another_group_and_another_topic_inherit_nothing(void **state) {
    struct house *house = *state;
    const struct reached known = {.partition = 3, .offset = 9};
    assert_true(heritage_add(&house->untold, &known, 1));
    house->route.topic_count = 1;
    assert_true(gather(house));
    assert_int_equal(house->heir.count, 0);
    house->route.topic_count = 2;
    house->route.group = SPAN("sluss.annat");
    assert_true(gather(house));
    assert_int_equal(house->heir.count, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(what_a_core_read_goes_to_the_same_topic_of_the_next),
                                       TEST(what_a_core_was_never_told_goes_on_too),
                                       TEST(another_group_and_another_topic_inherit_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
