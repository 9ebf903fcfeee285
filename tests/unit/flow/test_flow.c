/* The step by itself, on a plan made by hand: one event's whole way, order per key, the end of an assignment. The
 * stories of tests/cases tell the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/trace.h"
#include "support/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int set_up(void **state) {
    struct stand *set = calloc(1, sizeof *set);
    assert_non_null(set);
    stand_init(set, "/errands/{$.id}");
    set->platform.max_in_flight = 16;
    stand_open(set);
    *state = set;
    return 0;
}

static int tear_down(void **state) {
    stand_finish(*state);
    free(*state);
    return 0;
}

static void step(struct stand *set, struct input input) {
    input.now_ms = set->now_ms;
    input.wall_ms = 1700000000000 + set->now_ms;
    trace_input(&set->trace, &set->plan, &input);
    buf_add_text(&set->trace, "\n");
    flow_step(set->flow, &input, &set->actions);
    for (size_t i = 0; i < set->actions.count; i++) {
        trace_action(&set->trace, &set->plan, &set->actions.list[i]);
        buf_add_text(&set->trace, "\n");
    }
}

static void assign(struct stand *set, uint32_t epoch) {
    struct plan_given given;
    plan_give(&given, 0, epoch, 1, 17);
    step(set, given.assigned);
    step(set, given.committed);
}

static void read_event(struct stand *set, uint32_t epoch, int64_t offset, const char *key) {
    const struct place place = {.epoch = epoch};
    step(set, plan_event(place, offset, span_of(key), SPAN("{\"id\":\"A1\",\"n\":1.10}")));
}

static void answer(struct stand *set, uint64_t request, int status) {
    step(set, plan_answer(request, status));
}

static bool says(struct stand *set, const char *text) {
    bool found = strstr(buf_text(&set->trace), text) != NULL;
    if (!found)
        print_message("%s\nlacks: %s\n", buf_text(&set->trace), text);
    buf_clear(&set->trace);
    return found;
}

static void delivers_and_commits(void **state) {
    struct stand *set = *state;
    assign(set, 1);
    assert_true(says(set, "begin arende.v1/0 at 17"));
    read_event(set, 1, 17, "a");
    assert_true(says(set, "send request 1 to oep, attempt 1, arende.v1/0/17"));
    answer(set, 1, 200);
    assert_true(says(set, "commit bygglov epoch 1: arende.v1/0 18"));
    struct route_counts counts;
    flow_counts(set->flow, 0, &counts);
    assert_int_equal(counts.consumed, 1);
    assert_int_equal(counts.outcome[OUTCOME_DELIVERED], 1);
    assert_int_equal(counts.unsettled, 0);
}

static void keeps_order_per_key(void **state) {
    struct stand *set = *state;
    assign(set, 1);
    read_event(set, 1, 17, "a");
    read_event(set, 1, 18, "a");
    read_event(set, 1, 19, "b");
    assert_true(says(set, "send request 2 to oep, attempt 1, arende.v1/0/19"));
    answer(set, 1, 200);
    assert_true(says(set, "send request 3 to oep, attempt 1, arende.v1/0/18"));
    answer(set, 3, 200);
    answer(set, 2, 200);
    assert_null(strstr(buf_text(&set->trace), "arende.v1/0 20")); /* one commit in flight */
    set->now_ms += 300;
    step(set, (struct input){.kind = INPUT_COMMIT_RESULT, .is.commit = {.epoch = 1}});
    assert_true(says(set, "arende.v1/0 20"));
}

/* However long an answer may take: the group does not wait longer. */
static void a_drain_ends_after_half_a_minute(void **state) {
    struct stand *set = *state;
    set->platform.timeout_ms = 120000;
    assign(set, 1);
    read_event(set, 1, 17, "a");
    step(set, (struct input){.kind = INPUT_STOP});
    assert_true(says(set, "wake at 30000"));
}

static void stops_clean(void **state) {
    struct stand *set = *state;
    assign(set, 1);
    read_event(set, 1, 17, "a");
    step(set, (struct input){.kind = INPUT_STOP});
    assert_true(says(set, "wake at 30000"));
    answer(set, 1, 200);
    assert_true(says(set, "commit bygglov epoch 1: arende.v1/0 18"));
    step(set, (struct input){.kind = INPUT_COMMIT_RESULT, .is.commit = {.epoch = 1}});
    assert_true(says(set, "stopped 0"));
}

static void passes_many(void **state) {
    struct stand *set = *state;
    assign(set, 1);
    uint64_t request = 0;
    for (int64_t offset = 17; offset < 20017; offset++) {
        set->now_ms += (offset % 10) == 0;
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", (int)(offset % 1000));
        read_event(set, 1, offset, key);
        answer(set, ++request, 200);
        buf_clear(&set->trace);
        if (offset % 100 == 0)
            step(set, (struct input){.kind = INPUT_COMMIT_RESULT, .is.commit = {.epoch = 1}});
    }
    struct route_counts counts;
    flow_counts(set->flow, 0, &counts);
    assert_int_equal(counts.outcome[OUTCOME_DELIVERED], 20000);
}

/* What is read and not covered by an acknowledged commit comes again after a crash. */
static void exposure_counts_from_the_commit(void **state) {
    struct stand *set = *state;
    set->route.window = set->route.exposure = 4;
    assign(set, 1);
    for (int64_t offset = 17; offset < 20; offset++) {
        read_event(set, 1, offset, NULL);
        answer(set, (uint64_t)offset - 16, 200);
    }
    assert_true(says(set, "commit bygglov epoch 1: arende.v1/0 18"));
    set->now_ms += 100; /* within the pause: half of it waits, so it is not kept */
    step(set, (struct input){.kind = INPUT_COMMIT_RESULT, .is.commit = {.epoch = 1}});
    assert_non_null(strstr(buf_text(&set->trace), "commit bygglov epoch 1: arende.v1/0 20"));
    assert_true(says(set, "grant credit arende.v1/0: 1 events"));
    read_event(set, 1, 20, NULL);
    answer(set, 4, 200);
    read_event(set, 1, 21, NULL);
    answer(set, 5, 200);
    assert_null(strstr(buf_text(&set->trace), "grant credit")); /* two of four are under way to be committed */
    step(set, (struct input){.kind = INPUT_COMMIT_RESULT, .is.commit = {.epoch = 1, .error = COMMIT_RETRY}});
    assert_null(strstr(buf_text(&set->trace), "grant credit"));
    assert_null(strstr(buf_text(&set->trace), "arende.v1/0 22")); /* an error's pause is kept */
}

/* What is settled makes room in the window at once, not only when that is committed. */
static void window_counts_from_the_base(void **state) {
    struct stand *set = *state;
    set->route.window = 2;
    set->route.exposure = 5;
    assign(set, 1);
    assert_true(says(set, "grant credit arende.v1/0: 2 events"));
    struct place place = {.epoch = 1}, gone = {.epoch = 2};
    assert_true(flow_comes_first(set->flow, place));
    read_event(set, 1, 17, NULL);
    assert_true(flow_has_room(set->flow, place) && !flow_has_room(set->flow, gone));
    assert_false(flow_comes_first(set->flow, place) || flow_comes_first(set->flow, gone));
    read_event(set, 1, 18, NULL);
    assert_null(strstr(buf_text(&set->trace), "grant credit")); /* both are under way */
    assert_false(flow_has_room(set->flow, place));
    answer(set, 2, 200);
    assert_null(strstr(buf_text(&set->trace), "grant credit")); /* the first still is */
    assert_false(flow_has_room(set->flow, place));
    answer(set, 1, 200);
    assert_true(flow_has_room(set->flow, place));
    assert_true(says(set, "grant credit arende.v1/0: 2 events"));
    read_event(set, 1, 19, NULL);
    read_event(set, 1, 20, NULL);
    answer(set, 3, 200);
    assert_true(says(set, "grant credit arende.v1/0: 1 events"));
    read_event(set, 1, 21, NULL);
    answer(set, 4, 200);
    assert_null(strstr(buf_text(&set->trace), "grant credit")); /* five are read, and no commit is acknowledged */
    set->now_ms += 200;
    step(set, (struct input){.kind = INPUT_COMMIT_RESULT, .is.commit = {.epoch = 1}});
    assert_true(says(set, "commit bygglov epoch 1: arende.v1/0 21"));
    step(set, (struct input){.kind = INPUT_COMMIT_RESULT, .is.commit = {.epoch = 1}});
    assert_true(says(set, "grant credit arende.v1/0: 1 events"));
}

static void send_batches(struct stand *set, uint32_t events, size_t bytes) {
    set->route.mapping.bundle = BUNDLE_JSON_ARRAY;
    set->route.batch.events = events;
    set->route.batch.bytes = bytes;
    set->route.batch.wait_ms = 3600000;
}

/* With the window full waiting for more would be in vain. */
static void batch_closes_when_nothing_can_come(void **state) {
    struct stand *set = *state;
    send_batches(set, 100, 65536);
    set->route.window = 3;
    assign(set, 1);
    read_event(set, 1, 17, "a");
    read_event(set, 1, 18, "b");
    assert_null(strstr(buf_text(&set->trace), "send request"));
    read_event(set, 1, 19, "a");
    assert_true(says(set, "send request 1 to oep, attempt 1, arende.v1/0/17, arende.v1/0/18, arende.v1/0/19"));
    answer(set, 1, 200);
    assert_true(says(set, "arende.v1/0/19 delivered"));
}

/* What does not fit behind its own key closes the batch, and waits for its end. */
static void batch_of_one_key_closes_at_its_bytes(void **state) {
    struct stand *set = *state;
    send_batches(set, 100, 50);
    assign(set, 1);
    read_event(set, 1, 17, "a");
    read_event(set, 1, 18, "a");
    assert_null(strstr(buf_text(&set->trace), "send request"));
    read_event(set, 1, 19, "a");
    assert_true(says(set, "send request 1 to oep, attempt 1, arende.v1/0/17, arende.v1/0/18\n"));
    answer(set, 1, 200);
    assert_null(strstr(buf_text(&set->trace), "send request")); /* a new batch has begun */
}

/* All that a batch held is given back, also when it was divided down to the last event. */
static void batch_gives_its_memory_back(void **state) {
    struct stand *set = *state;
    send_batches(set, 8, 65536);
    assign(set, 1);
    size_t before = flow_bytes(set->flow), credit = 0;
    for (int64_t offset = 17; offset < 25; offset++) {
        read_event(set, 1, offset, NULL);
        credit += 4608 + 3 * (sizeof "{\"id\":\"A1\",\"n\":1.10}" - 1); /* credit.c: what an event may become */
    }
    uint64_t last = 1;
    for (uint64_t request = 1; request <= last; request++) {
        bool whole = request < 8; /* one of 8, two of 4, four of 2 are refused; then there are eight alone */
        answer(set, request, whole ? 400 : 200);
        last += whole ? 2 : 0;
    }
    assert_int_equal(last, 15);
    struct route_counts counts;
    flow_counts(set->flow, 0, &counts);
    assert_int_equal(counts.outcome[OUTCOME_DELIVERED], 8);
    assert_int_equal(counts.unsettled, 0);
    assert_int_equal(counts.exposed, 8); /* no commit was acknowledged yet */
    assert_int_equal(counts.attempts_failed, 7);
    assert_int_equal(counts.attempts_ok, 8);
    assert_int_equal(flow_bytes(set->flow), before - credit);
}

/* Counts the credit that a partition is given. */
static uint32_t granted(const struct stand *set, int32_t partition) {
    uint32_t events = 0;
    for (size_t i = 0; i < set->actions.count; i++)
        if (set->actions.list[i].kind == ACTION_GRANT_CREDIT &&
            set->actions.list[i].is.credit.place.partition == partition)
            events += set->actions.list[i].is.credit.events;
    return events;
}

/* A record that waits for credit. */
static void want(struct stand *set, int32_t partition, size_t bytes) {
    const struct place place = {.partition = partition, .epoch = 1};
    step(set, (struct input){.kind = INPUT_WANTED, .is.wanted = {place, bytes}});
}

/* Nor does a batch wait while nothing can be read for want of the memory that it holds, though another partition may.
 */
static void batch_closes_when_memory_is_short(void **state) {
    struct stand *set = *state;
    const struct place place[] = {{.epoch = 1}, {.partition = 1, .epoch = 1}};
    const struct committed committed[] = {{.offset = 17}, {.partition = 1, .offset = 3}};
    send_batches(set, 100, 65536);
    stand_limit(set, 128 << 10);
    step(set, (struct input){.kind = INPUT_ASSIGNED, .is.group = {.epoch = 1, .place = place, .count = 2}});
    step(set, (struct input){.kind = INPUT_COMMITTED, .is.committed = {.epoch = 1, .entry = committed, .count = 2}});
    uint32_t credit = granted(set, 0);
    bool sent = false;
    for (int64_t offset = 17; credit > 0 && !sent; offset++) {
        read_event(set, 1, offset, NULL);
        credit += granted(set, 0) - 1;
        sent = strstr(buf_text(&set->trace), "send request") != NULL;
        if (credit > 0 || sent)
            continue;
        want(set, 0, 24);
        credit += granted(set, 0);
    }
    assert_non_null(strstr(buf_text(&set->trace), "send request 1 to oep, attempt 1, arende.v1/0/17, arende.v1/0/18"));
}

static void read_padded(struct stand *set, int32_t partition, int64_t offset, const char *key) {
    char value[2000];
    const struct place place = {.partition = partition, .epoch = 1};
    memset(value, ' ', sizeof value);
    memcpy(value, "{\"id\":1}", 8);
    struct event *event =
        event_create(place, offset, 1700000000000, span_of(key), span_make(value, sizeof value), NULL, 0);
    assert_non_null(event);
    step(set, (struct input){.kind = INPUT_EVENT, .is.event = event});
}

/* A partition whose keys wait takes half of the memory at most: another one of its route, which holds nothing, reads
 * on. */
static void reads_on_beside_a_partition_that_waits(void **state) {
    struct stand *set = *state;
    const struct place place[] = {{.epoch = 1}, {.partition = 1, .epoch = 1}};
    const struct committed committed[] = {{.offset = 0}, {.partition = 1, .offset = 0}};
    stand_limit(set, 256 << 10);
    step(set, (struct input){.kind = INPUT_ASSIGNED, .is.group = {.epoch = 1, .place = place, .count = 2}});
    step(set, (struct input){.kind = INPUT_COMMITTED, .is.committed = {.epoch = 1, .entry = committed, .count = 2}});
    uint32_t credit[] = {granted(set, 0), granted(set, 1)};
    int64_t offset = 0;
    for (int64_t other = 0; other < 50; other++) {
        for (want(set, 0, 2005), credit[0] += granted(set, 0), credit[1] += granted(set, 1); credit[0] > 0;
             credit[0] += granted(set, 0) - 1, credit[1] += granted(set, 1))
            read_padded(set, 0, offset++, "waits");
        if (credit[1] == 0) {
            want(set, 1, 2007);
            credit[1] += granted(set, 1);
        }
        assert_true(credit[1] > 0);
        read_padded(set, 1, other, "goes on");
        credit[0] += granted(set, 0);
        credit[1] += granted(set, 1) - 1;
        answer(set, (uint64_t)other + 2, 200);
        credit[0] += granted(set, 0);
        credit[1] += granted(set, 1);
    }
    struct route_counts counts;
    flow_counts(set->flow, 0, &counts);
    assert_int_equal(counts.outcome[OUTCOME_DELIVERED], 50);
    assert_true(offset < set->route.window); /* it was the memory that stopped it */
}

enum { PARTITIONS = 64 };

static void take_grants(const struct stand *set, uint32_t credit[PARTITIONS]) {
    for (size_t i = 0; i < set->actions.count; i++)
        if (set->actions.list[i].kind == ACTION_GRANT_CREDIT)
            credit[set->actions.list[i].is.credit.place.partition] += set->actions.list[i].is.credit.events;
}

/* The next event of a partition where it has credit: of a target of its own, and nearly a block of memory. */
static bool read_large(struct stand *set, uint32_t credit[PARTITIONS], int32_t partition, size_t size) {
    char value[8000];
    const struct place place = {.partition = partition, .epoch = 1};
    want(set, partition, size);
    take_grants(set, credit);
    if (credit[partition] == 0)
        return false;
    memset(value, ' ', sizeof value);
    (void)snprintf(value, 32, "{\"id\":\"%" PRId32 "\"}", partition);
    *strchr(value, '\0') = ' ';
    struct event *event = event_create(place, 0, 1700000000000, SPAN_NONE, span_make(value, size), NULL, 0);
    assert_non_null(event);
    credit[partition]--;
    step(set, (struct input){.kind = INPUT_EVENT, .is.event = event});
    take_grants(set, credit);
    return true;
}

/* What is gathered while an answer is waited for closes at once when that holds the platform: requests of a route are
 * made beyond the limit one at a time (I10). */
static void batches_keep_to_the_memory(void **state) {
    struct stand *set = *state;
    struct place place[PARTITIONS];
    struct committed committed[PARTITIONS];
    uint32_t credit[PARTITIONS] = {0};
    for (int32_t i = 0; i < PARTITIONS; i++) {
        place[i] = (struct place){.partition = i, .epoch = 1};
        committed[i] = (struct committed){.partition = i};
    }
    stand_limit(set, 1000 << 10);
    send_batches(set, 100, 7000);
    step(set, (struct input){.kind = INPUT_ASSIGNED, .is.group = {.epoch = 1, .place = place, .count = PARTITIONS}});
    step(set, (struct input){.kind = INPUT_COMMITTED,
                             .is.committed = {.epoch = 1, .entry = committed, .count = PARTITIONS}});
    take_grants(set, credit);
    assert_true(read_large(set, credit, 0, 7500));
    assert_true(says(set, "send request 1"));
    bool has_read[PARTITIONS] = {true};
    for (int32_t i = 1; i < 3 * PARTITIONS; i++)
        if (!has_read[i % PARTITIONS])
            has_read[i % PARTITIONS] = read_large(set, credit, i % PARTITIONS, 6000);
    assert_true(flow_bytes(set->flow) > set->plan.memory_limit / 3);
    assert_true(flow_bytes(set->flow) <= set->plan.memory_limit);
    answer(set, 1, 401);
    assert_true(flow_bytes(set->flow) <= set->plan.memory_limit);
}

/* A partition that begins at 9 with a map; its text. */
static void assign_with_map(struct stand *set, const struct offset_map *map) {
    const struct place place = {.epoch = 1};
    char text[OFFSET_MAP_SIZE];
    size_t size = offset_map_write(map, 0, text);
    const struct committed committed = {.offset = 9, .metadata = span_make(text, size)};
    assert_true(size > 0);
    step(set, (struct input){.kind = INPUT_ASSIGNED, .is.group = {.epoch = 1, .place = &place, .count = 1}});
    step(set, (struct input){.kind = INPUT_COMMITTED, .is.committed = {.epoch = 1, .entry = &committed, .count = 1}});
}

/* An order that changed puts events of other keys ahead of a dead letter: they are not behind it. */
static void what_stands_ahead_of_a_dead_letter_goes_on(void **state) {
    struct stand *set = *state;
    struct offset_map map;
    offset_map_init(&map, 9);
    offset_map_settle(&map, 12);
    offset_map_die(&map, (struct offset_dead){12, 12});
    set->route.order = ORDER_PARTITION;
    set->route.after_letter = AFTER_HOLD;
    assign_with_map(set, &map);
    read_event(set, 1, 9, "a");
    read_event(set, 1, 11, "a");
    read_event(set, 1, 12, "b");
    read_event(set, 1, 13, "a");
    answer(set, 1, 200);
    assert_true(says(set, "send request 2 to oep, attempt 1, arende.v1/0/11"));
    answer(set, 2, 200);
    assert_true(says(set, "key held behind a dead letter arende.v1/0/13, first 12"));
}

/* The clock of an event that is now dead-lettered for another reason does not run: its map says what the one before
 * said. */
static void a_letter_does_not_use_up_patience(void **state) {
    struct stand *set = *state;
    struct offset_map map;
    offset_map_init(&map, 9);
    offset_map_try(&map, (struct offset_try){.offset = 9, .attempts = 2, .seconds = 5, .first = -1});
    set->plan.session_timeout_ms = 0; /* no fence */
    assign_with_map(set, &map);
    set->now_ms = 100000;
    const struct place place = {.epoch = 1};
    struct event *event = event_create(place, 9, 1700000000000, SPAN("a"), SPAN("no JSON"), NULL, 0);
    step(set, (struct input){.kind = INPUT_EVENT, .is.event = event});
    event = event_create(place, 10, 1700000000000, SPAN("b"), SPAN("{\"id\":\"A1\",\"n\":1.10}"), NULL, 0);
    step(set, (struct input){.kind = INPUT_EVENT, .is.event = event});
    assert_true(says(set, "write letter 1"));
    buf_clear(&set->trace);
    answer(set, 2, 200);
    bool told = false;
    for (size_t i = 0; i < set->actions.count; i++) {
        if (set->actions.list[i].kind != ACTION_COMMIT)
            continue;
        const struct commit_entry *entry = &set->actions.list[i].is.commit.entry[0];
        assert_true(offset_map_read(&map, entry->offset, 0, entry->metadata));
        const struct offset_try *tried = offset_map_find(&map, 9);
        assert_non_null(tried);
        assert_int_equal(tried->attempts, 2);
        assert_int_equal(tried->seconds, 5);
        told = true;
    }
    assert_true(told);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_stands_ahead_of_a_dead_letter_goes_on),
        TEST(a_letter_does_not_use_up_patience),
        TEST(delivers_and_commits),
        TEST(keeps_order_per_key),
        TEST(a_drain_ends_after_half_a_minute),
        TEST(stops_clean),
        TEST(passes_many),
        TEST(window_counts_from_the_base),
        TEST(exposure_counts_from_the_commit),
        TEST(batch_closes_when_nothing_can_come),
        TEST(batch_of_one_key_closes_at_its_bytes),
        TEST(batch_closes_when_memory_is_short),
        TEST(batch_gives_its_memory_back),
        TEST(batches_keep_to_the_memory),
        TEST(reads_on_beside_a_partition_that_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
