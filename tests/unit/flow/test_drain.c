/* What the last map of an assignment tells of attempts that ended while it was handed back: in a drain nothing is
 * decided, and what is noted is what would have counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/plan.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST = 17, EVENTS = 2 };

struct house {
    struct stand stand;
    uint64_t request;      /* the last one */
    struct offset_map map; /* the last one */
    bool told;             /* there was one */
};

static void *make(bool batches) {
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    stand_init(&house->stand, "/errands");
    if (batches) {
        house->stand.route.batch.events = EVENTS;
        house->stand.route.batch.bytes = 64 << 10;
        house->stand.route.batch.wait_ms = 3600000;
        house->stand.route.mapping.bundle = BUNDLE_JSON_ARRAY;
    }
    stand_open(&house->stand);
    return house;
}

static int set_up(void **state) {
    *state = make(false);
    return 0;
}

static int set_up_batches(void **state) {
    *state = make(true);
    return 0;
}

static int tear_down(void **state) {
    struct house *house = *state;
    stand_finish(&house->stand);
    free(house);
    return 0;
}

static void step(struct house *house, struct input input) {
    bool commits = false;
    input.now_ms = house->stand.now_ms;
    flow_step(house->stand.flow, &input, &house->stand.actions);
    for (size_t i = 0; i < house->stand.actions.count; i++) {
        const struct action *action = &house->stand.actions.list[i];
        if (action->kind == ACTION_SEND_REQUEST)
            house->request = action->is.request->id;
        if (action->kind != ACTION_COMMIT)
            continue;
        const struct commit_entry *entry = &action->is.commit.entry[0];
        commits = true;
        house->told = offset_map_read(&house->map, entry->offset, 0, entry->metadata);
    }
    if (commits)
        step(house, (struct input){.kind = INPUT_COMMIT_RESULT, .is.commit = {.epoch = 1}});
}

static void pass(struct house *house, int64_t ms) {
    for (; ms > 0; ms -= 1000) {
        house->stand.now_ms += 1000;
        step(house, (struct input){.kind = INPUT_TIMER});
    }
}

/* One event, or as many as a batch takes, failed once; the second attempt is under way when the drain begins. */
static void drain_amid_the_second_attempt(struct house *house) {
    struct plan_given given;
    plan_give(&given, 0, 1, 1, FIRST);
    step(house, given.assigned);
    step(house, given.committed);
    uint32_t count = house->stand.route.batch.events > 0 ? EVENTS : 1;
    for (uint32_t i = 0; i < count; i++)
        step(house, plan_event((struct place){.epoch = 1}, FIRST + i, i == 0 ? SPAN("a") : SPAN("b"), SPAN("{}")));
    uint64_t first = house->request;
    assert_true(first != 0);
    step(house, plan_answer(first, 502));
    pass(house, 3000);
    assert_true(house->request != first);
    step(house, (struct input){.kind = INPUT_REVOKED, .is.group = {.epoch = 1}});
}

static void assert_tried(const struct house *house, int64_t offset, uint32_t attempts, uint32_t refusals,
                         uint32_t seconds) {
    const struct offset_try *tried = house->told ? offset_map_find(&house->map, offset) : NULL;
    if (tried == NULL) {
        fail_msg("offset %lld is not in the last map", (long long)offset);
        return;
    }
    assert_int_equal(tried->attempts, attempts);
    assert_int_equal(tried->refusals, refusals);
    assert_int_equal(tried->seconds, seconds);
}

static void what_fails_counts(void **state) {
    struct house *house = *state;
    drain_amid_the_second_attempt(house);
    pass(house, 4000);
    step(house, plan_answer(house->request, 502));
    assert_tried(house, FIRST, 2, 0, 7); /* the platform was up all the time */
}

static void what_is_refused_counts(void **state) {
    struct house *house = *state;
    drain_amid_the_second_attempt(house);
    step(house, plan_answer(house->request, 422));
    assert_tried(house, FIRST, 2, 1, 3);
}

static void what_had_no_token_was_no_attempt(void **state) {
    struct house *house = *state;
    drain_amid_the_second_attempt(house);
    struct reply *reply = reply_create(house->request, REPLY_NOT_SENT, REPLY_FAULT_TOKEN);
    assert_non_null(reply);
    step(house, (struct input){.kind = INPUT_REPLY, .is.reply = reply});
    assert_tried(house, FIRST, 1, 0, 3);
}

/* Which of them nobody knows. */
static void a_batch_that_is_refused_costs_none_of_its_events_an_attempt(void **state) {
    struct house *house = *state;
    drain_amid_the_second_attempt(house);
    step(house, plan_answer(house->request, 422));
    for (int i = 0; i < EVENTS; i++)
        assert_tried(house, FIRST + i, 1, 0, 3);
}

static void a_batch_that_fails_costs_each_an_attempt(void **state) {
    struct house *house = *state;
    drain_amid_the_second_attempt(house);
    step(house, plan_answer(house->request, 502));
    for (int i = 0; i < EVENTS; i++)
        assert_tried(house, FIRST + i, 2, 0, 3);
}

#define TEST(name, begin) cmocka_unit_test_setup_teardown(name, begin, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_fails_counts, set_up),
        TEST(what_is_refused_counts, set_up),
        TEST(what_had_no_token_was_no_attempt, set_up),
        TEST(a_batch_that_is_refused_costs_none_of_its_events_an_attempt, set_up_batches),
        TEST(a_batch_that_fails_costs_each_an_attempt, set_up_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
