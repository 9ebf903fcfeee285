/* Many events of one partition in doubt at once: a connection that breaks may carry hundreds. None is sent again by
 * whoever reads the partition next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/plan.h"

#include <stdlib.h>

enum { EVENTS = 300, FIRST = 17 };

struct house {
    struct stand stand;
    uint64_t request[EVENTS]; /* under way */
    uint32_t sent, held;
    uint32_t epoch;
    int64_t committed;
    char map[OFFSET_MAP_SIZE];
    size_t map_size;
};

static int set_up(void **state) {
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    stand_init(&house->stand, "/errands");
    house->stand.platform.max_in_flight = EVENTS;
    house->stand.platform.breaker.failures = house->stand.platform.breaker.of = 2 * EVENTS;
    house->stand.route.order = ORDER_NONE;
    house->stand.route.ambiguous = AMBIGUOUS_HOLD;
    house->committed = FIRST;
    stand_open(&house->stand);
    *state = house;
    return 0;
}

static int tear_down(void **state) {
    struct house *house = *state;
    stand_finish(&house->stand);
    free(*state);
    return 0;
}

static void step(struct house *house, struct input input) {
    bool commits = false;
    input.now_ms = ++house->stand.now_ms;
    flow_step(house->stand.flow, &input, &house->stand.actions);
    for (size_t i = 0; i < house->stand.actions.count; i++) {
        const struct action *action = &house->stand.actions.list[i];
        if (action->kind == ACTION_SEND_REQUEST)
            house->request[house->sent++] = action->is.request->id;
        else if (action->kind == ACTION_REPORT && action->is.report.kind == REPORT_KEY_HELD)
            house->held++;
        else if (action->kind == ACTION_COMMIT) {
            commits = true;
            house->committed = action->is.commit.entry[0].offset;
            house->map_size = action->is.commit.entry[0].metadata.size;
            memcpy(house->map, action->is.commit.entry[0].metadata.data, house->map_size);
        }
    }
    if (commits)
        step(house, (struct input){.kind = INPUT_COMMIT_RESULT, .is.commit = {.epoch = house->epoch}});
}

static void read_some(struct house *house, int64_t count) {
    uint32_t epoch = ++house->epoch;
    const struct place place = {.epoch = epoch};
    const struct committed committed = {.offset = house->committed, .metadata = span_make(house->map, house->map_size)};
    step(house, (struct input){.kind = INPUT_ASSIGNED, .is.group = {.epoch = epoch, .place = &place, .count = 1}});
    step(house,
         (struct input){.kind = INPUT_COMMITTED, .is.committed = {.epoch = epoch, .entry = &committed, .count = 1}});
    for (int64_t i = 0; i < count; i++)
        step(house, plan_event(place, FIRST + i, SPAN_NONE, SPAN("{\"n\":1}")));
}

static void read_all(struct house *house) {
    read_some(house, EVENTS);
}

static void none_of_many_in_doubt_is_sent_again(void **state) {
    struct house *house = *state;
    read_all(house);
    assert_int_equal(house->sent, EVENTS);
    for (uint32_t i = 0; i < EVENTS; i++) {
        struct reply *reply = reply_create(house->request[i], REPLY_AMBIGUOUS, REPLY_FAULT_RESET);
        assert_non_null(reply);
        step(house, (struct input){.kind = INPUT_REPLY, .is.reply = reply});
    }
    assert_int_equal(house->held, EVENTS);
    step(house, (struct input){.kind = INPUT_REVOKED, .is.group = {.epoch = 1}});
    house->sent = house->held = 0;
    read_all(house);
    assert_int_equal(house->sent, 0);
    assert_int_equal(house->held, EVENTS);
    step(house, (struct input){.kind = INPUT_REVOKED, .is.group = {.epoch = 2}}); /* and so does the next map tell */
    house->held = 0;
    read_some(house, 10); /* the map after that tells of those that were not met again */
    step(house, (struct input){.kind = INPUT_REVOKED, .is.group = {.epoch = 3}});
    house->held = 0;
    read_all(house);
    assert_int_equal(house->sent, 0);
    assert_int_equal(house->held, EVENTS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(none_of_many_in_doubt_is_sent_again, set_up, tear_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
