/* A route that reads two topics: what stands in one says nothing of the other, also where partition, offset and key are
 * the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/trace.h"
#include "support/plan.h"

#include <stdlib.h>

enum { FIRST = 17, PARTITIONS = 3 };

static const struct span topics[] = {{"arende.v1", 9}, {"beslut.v1", 9}};

static int set_up(void **state) {
    struct stand *house = calloc(1, sizeof *house);
    assert_non_null(house);
    stand_init(house, "/errands");
    house->platform.breaker.failures = 1;
    house->route.topics = house->route.mapping.topics = topics;
    house->route.topic_count = 2;
    house->route.ambiguous = AMBIGUOUS_HOLD;
    stand_open(house);
    *state = house;
    return 0;
}

static int tear_down(void **state) {
    stand_finish(*state);
    free(*state);
    return 0;
}

static void step(struct stand *house, struct input input) {
    input.now_ms = ++house->now_ms;
    flow_step(house->flow, &input, &house->actions);
    for (size_t i = 0; i < house->actions.count; i++) {
        trace_action(&house->trace, &house->plan, &house->actions.list[i]);
        buf_add_text(&house->trace, "\n");
    }
}

/* arende.v1/0, beslut.v1/0 and beslut.v1/1, all from FIRST on; `map` beside the first. */
static void assign(struct stand *house, struct span map) {
    const struct place place[PARTITIONS] = {
        {.epoch = 1}, {.topic = 1, .epoch = 1}, {.topic = 1, .partition = 1, .epoch = 1}};
    struct committed committed[PARTITIONS];
    for (size_t i = 0; i < PARTITIONS; i++)
        committed[i] = (struct committed){.topic = place[i].topic, .partition = place[i].partition, .offset = FIRST};
    committed[0].metadata = map;
    step(house, (struct input){.kind = INPUT_ASSIGNED, .is.group = {.epoch = 1, .place = place, .count = PARTITIONS}});
    step(house, (struct input){.kind = INPUT_COMMITTED,
                               .is.committed = {.epoch = 1, .entry = committed, .count = PARTITIONS}});
}

static void read_event(struct stand *house, uint32_t topic, int32_t partition, int64_t offset, struct span key) {
    const struct place place = {.topic = topic, .partition = partition, .epoch = 1};
    step(house, plan_event(place, offset, key, SPAN("{\"n\":1}")));
}

static void answer(struct stand *house, uint64_t request, enum reply_kind kind, int status) {
    struct reply *reply = reply_create(request, kind, kind == REPLY_ANSWERED ? REPLY_FAULT_NONE : REPLY_FAULT_RESET);
    assert_non_null(reply);
    reply->status = status;
    step(house, (struct input){.kind = INPUT_REPLY, .is.reply = reply});
}

static bool says(struct stand *house, const char *text) {
    bool found = strstr(buf_text(&house->trace), text) != NULL;
    if (!found)
        print_message("%s\nlacks: %s\n", buf_text(&house->trace), text);
    return found;
}

static void each_has_its_own_order_and_commit(void **state) {
    struct stand *house = *state;
    assign(house, SPAN_NONE);
    read_event(house, 0, 0, FIRST, SPAN("k"));
    read_event(house, 1, 0, FIRST, SPAN("k"));
    read_event(house, 1, 0, FIRST + 1, SPAN("k"));
    read_event(house, 1, 1, FIRST, SPAN("k"));
    assert_true(says(house, "send request 1 to oep, attempt 1, arende.v1/0/17"));
    assert_true(says(house, "send request 2 to oep, attempt 1, beslut.v1/0/17"));
    assert_true(says(house, "send request 3 to oep, attempt 1, beslut.v1/1/17"));
    answer(house, 2, REPLY_ANSWERED, 200);
    assert_true(says(house, "send request 4 to oep, attempt 1, beslut.v1/0/18"));
    assert_true(says(house, "commit bygglov epoch 1: beslut.v1/0 18"));
}

static void what_one_map_knows_is_of_its_own_topic(void **state) {
    struct stand *house = *state;
    struct offset_map map;
    char text[OFFSET_MAP_SIZE];
    offset_map_init(&map, FIRST);
    offset_map_settle(&map, FIRST + 1);
    assign(house, span_make(text, offset_map_write(&map, 0, text)));
    for (uint32_t topic = 0; topic < 2; topic++) {
        read_event(house, topic, 0, FIRST, SPAN("a"));
        read_event(house, topic, 0, FIRST + 1, SPAN("b"));
    }
    assert_true(says(house, "report known as settled arende.v1/0/18"));
    assert_true(says(house, "arende.v1/0/17"));
    assert_true(says(house, "send request 2 to oep, attempt 1, beslut.v1/0/17"));
    assert_true(says(house, "send request 3 to oep, attempt 1, beslut.v1/0/18"));
}

static void an_operator_lets_go_the_one_that_he_names(void **state) {
    struct stand *house = *state;
    assign(house, SPAN_NONE);
    read_event(house, 0, 0, FIRST, SPAN("k"));
    read_event(house, 1, 0, FIRST, SPAN("k"));
    answer(house, 1, REPLY_AMBIGUOUS, 0);
    answer(house, 2, REPLY_AMBIGUOUS, 0);
    step(house, (struct input){.kind = INPUT_RELEASE, .is.release = {.topic = 1, .offset = FIRST}});
    assert_true(says(house, "send request 3 to oep, attempt 2, beslut.v1/0/17"));
    assert_null(strstr(buf_text(&house->trace), "attempt 2, arende.v1/0/17"));
}

/* Three keys make a suspicion: events without a key are one each, also those of one offset. */
static void events_without_key_are_counted_one_by_one(void **state) {
    struct stand *house = *state;
    assign(house, SPAN_NONE);
    read_event(house, 0, 0, FIRST, SPAN_NONE);
    read_event(house, 1, 0, FIRST, SPAN_NONE);
    read_event(house, 1, 1, FIRST, SPAN_NONE);
    answer(house, 1, REPLY_ANSWERED, 500);
    answer(house, 2, REPLY_ANSWERED, 500);
    assert_null(strstr(buf_text(&house->trace), "is open"));
    answer(house, 3, REPLY_ANSWERED, 500);
    assert_true(says(house, "report platform oep is open, status 500"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_has_its_own_order_and_commit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_one_map_knows_is_of_its_own_topic, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_operator_lets_go_the_one_that_he_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(events_without_key_are_counted_one_by_one, set_up, tear_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
