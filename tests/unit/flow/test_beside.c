/* Whatever waits for platforms that are down, and however much memory that holds: an event of another platform's route
 * goes its whole way, up to the size that budget.h says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/flow_private.h"
#include "support/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PLATFORMS = 8,
    ROUTES_OF_EACH = 10,
    ROUTES = PLATFORMS * ROUTES_OF_EACH,
    MEMORY = 16 << 20,
    MOST_SENT = 4096,
    MOST_VALUE = 256 << 10,
    AT_ONCE = 80,
    TURN_MS = 500,
    FILLED = 20, /* turns, by then the dead hold what they can */
    TURNS = 60
};

/* As the shell sees it: what is granted, and whether it said that more is wanted. */
struct lot {
    uint32_t credit;
    size_t bytes;
    int64_t next;
    bool told;
};

struct house {
    struct platform_spec platform[PLATFORMS];
    struct route route[ROUTES];
    struct plan plan;
    struct flow *flow;
    struct actions actions;
    int64_t now_ms;
    struct lot lot[ROUTES];
    struct {
        uint64_t id;
        uint32_t platform;
    } sent[MOST_SENT];
    size_t sents;
    bool committing[ROUTES];
    uint32_t letters;
    char value[MOST_VALUE];
};

static int set_up(void **state) {
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    struct template *target = template_create(TEMPLATE_TARGET, SPAN("/in"), NULL);
    for (uint32_t i = 0; i < PLATFORMS; i++)
        house->platform[i] = plan_platform();
    for (uint32_t i = 0; i < ROUTES; i++) {
        house->route[i] = plan_route(target);
        house->route[i].order = ORDER_NONE;
        house->route[i].mapping.platform = i / ROUTES_OF_EACH;
    }
    house->plan = plan_of(house->platform, PLATFORMS, house->route, ROUTES, MEMORY);
    house->plan.session_timeout_ms = 45000;
    *state = house;
    return 0;
}

static int set_up_batches(void **state) {
    (void)set_up(state);
    struct house *house = *state;
    for (uint32_t i = 0; i < ROUTES; i++) {
        house->route[i].batch.events = 10;
        house->route[i].batch.bytes = 256 << 10;
        house->route[i].batch.wait_ms = 100;
        house->route[i].mapping.bundle = BUNDLE_JSON_ARRAY;
    }
    return 0;
}

static int tear_down(void **state) {
    struct house *house = *state;
    flow_destroy(house->flow);
    template_destroy(house->route[0].mapping.target);
    actions_finish(&house->actions);
    free(house);
    return 0;
}

static void step(struct house *house, struct input input) {
    input.now_ms = house->now_ms;
    flow_step(house->flow, &input, &house->actions);
    assert_true(flow_bytes(house->flow) + house->flow->stairs <= MEMORY); /* which are free between two steps */
    for (size_t i = 0; i < house->actions.count; i++) {
        const struct action *action = &house->actions.list[i];
        if (action->kind == ACTION_COMMIT)
            house->committing[action->is.commit.route] = true;
        else if (action->kind == ACTION_GRANT_CREDIT) {
            struct lot *lot = &house->lot[action->is.credit.place.route];
            lot->credit += action->is.credit.events;
            lot->bytes += action->is.credit.bytes;
        } else if (action->kind == ACTION_SEND_REQUEST) {
            assert_true(house->sents < MOST_SENT);
            house->sent[house->sents].id = action->is.request->id;
            house->sent[house->sents++].platform = action->is.request->platform;
        } else if (action->kind == ACTION_WRITE_LETTER)
            house->letters++;
    }
}

static void open_house(struct house *house) {
    house->flow = flow_create(&house->plan, 1);
    assert_non_null(house->flow);
    for (uint32_t i = 0; i < ROUTES; i++) {
        struct plan_given given;
        plan_give(&given, i, 1, 1, 0);
        step(house, given.assigned);
        step(house, given.committed);
    }
}

/* As the shell does: only within credit, and what waits for it is told once. */
static bool read_one(struct house *house, uint32_t route, struct span value) {
    const struct place place = {.route = route, .epoch = 1};
    struct lot *lot = &house->lot[route];
    size_t bytes = event_size(SPAN("k"), value, NULL, 0);
    bool lacks = lot->credit == 0 || lot->bytes < bytes;
    if (lacks && !lot->told)
        step(house, (struct input){.kind = INPUT_WANTED, .is.wanted = {place, bytes}});
    lot->told = lot->credit == 0 || lot->bytes < bytes;
    if (lot->told)
        return false;
    lot->credit--;
    lot->bytes -= bytes;
    step(house, plan_event(place, lot->next++, SPAN("k"), value));
    return true;
}

static bool is_dead(uint32_t platform) {
    return platform + 1 < PLATFORMS; /* all but the last */
}

static void answer_all(struct house *house) {
    size_t count = house->sents;
    for (size_t i = 0; i < count; i++)
        step(house, plan_answer(house->sent[i].id, is_dead(house->sent[i].platform) ? 503 : 200));
    house->sents -= count;
    memmove(house->sent, house->sent + count, house->sents * sizeof *house->sent);
    for (uint32_t i = 0; i < ROUTES; i++)
        if (house->committing[i]) {
            house->committing[i] = false;
            step(house, (struct input){.kind = INPUT_COMMIT_RESULT, .is.commit = {.route = i, .epoch = 1}});
        }
}

/* All read the same without end. How many events were delivered. */
static uint64_t go_on(struct house *house, struct span value) {
    uint64_t delivered = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        for (uint32_t i = 0; i < ROUTES; i++) {
            bool dead = is_dead(i / ROUTES_OF_EACH);
            for (int k = 0; k < (dead || turn >= FILLED ? AT_ONCE : 0) && read_one(house, i, value); k++)
                ;
        }
        answer_all(house);
        house->now_ms += TURN_MS;
        step(house, (struct input){.kind = INPUT_TIMER});
    }
    for (uint32_t i = 0; i < ROUTES; i++) {
        struct route_counts counts;
        flow_counts(house->flow, i, &counts);
        assert_true(!is_dead(i / ROUTES_OF_EACH) || counts.outcome[OUTCOME_DELIVERED] == 0);
        delivered += counts.outcome[OUTCOME_DELIVERED];
    }
    assert_int_equal(house->letters, 0);
    return delivered;
}

/* With its key as large as may be. */
static size_t largest(const struct house *house) {
    size_t most = budget_beside(&house->plan) - 1;
    assert_true(most > 0 && most < MOST_VALUE);
    return most;
}

static struct span text(struct house *house, size_t size) {
    memset(house->value, 'x', size);
    memcpy(house->value, "{\"p\":\"", 6);
    memcpy(house->value + size - 2, "\"}", 2);
    return span_make(house->value, size);
}

/* Of which the stages make a dozen times as much. */
static struct span numbers(struct house *house, size_t size) {
    size_t used = (size_t)snprintf(house->value, MOST_VALUE, "{\"n\":[1000");
    while (used + 7 < size)
        used += (size_t)snprintf(house->value + used, MOST_VALUE - used, ",1000");
    used += (size_t)snprintf(house->value + used, MOST_VALUE - used, "]}");
    return span_make(house->value, used);
}

static void the_largest_text_goes_on(void **state) {
    struct house *house = *state;
    open_house(house);
    assert_true(go_on(house, text(house, largest(house))) >= TURNS - FILLED - 2);
}

static void the_largest_list_goes_on(void **state) {
    struct house *house = *state;
    open_house(house);
    assert_true(go_on(house, numbers(house, largest(house))) >= TURNS - FILLED - 2);
}

/* Else nobody would know whether the others hold enough here. */
static void without_a_lifeline_nothing_goes_on(void **state) {
    struct house *house = *state;
    open_house(house);
    for (uint32_t i = 0; i < PLATFORMS; i++)
        house->flow->dispatchers[i].lifeline.most = 0;
    assert_int_equal(go_on(house, text(house, largest(house))), 0);
}

static void without_the_stairs_no_list_goes_on(void **state) {
    struct house *house = *state;
    open_house(house);
    house->flow->stairs = 0;
    assert_int_equal(go_on(house, numbers(house, largest(house))), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_largest_text_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_largest_text_goes_on, set_up_batches, tear_down),
        cmocka_unit_test_setup_teardown(the_largest_list_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_largest_list_goes_on, set_up_batches, tear_down),
        cmocka_unit_test_setup_teardown(without_a_lifeline_nothing_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_the_stairs_no_list_goes_on, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
