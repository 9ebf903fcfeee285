/* Tests of kafka/inlet on a broker in memory: partitions that share queues keep their order, lose nothing and hold each
 * other back only for a moment. */
#include "kafka/consumer_private.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/mock.h"

enum {
    PARTITIONS = 7,
    INLETS = 2,
    RECORDS = 200, /* of each partition */
    RECORD_SIZE = 100,
    CREDIT = 5,
    PATIENCE_MS = 60000,
    OFFSET_COMMIT = 8
};

struct reading {
    struct consumer *consumer;
    struct mock mock;
    uint32_t epoch;
    struct place place[PARTITIONS];
    int64_t next[PARTITIONS]; /* the offset that must come next */
    uint32_t credit[PARTITIONS];
    bool blocked[PARTITIONS]; /* it gets no more credit */
    int wanted[PARTITIONS];   /* its records that the core heard of */
    int errors;
    int64_t ahead_ms; /* of the clock */
    bool full;        /* the route wants no more events */
    bool poor;        /* who has no credit waits for memory, */
    int64_t holder;   /* which is kept for who holds nothing; this one does; -1 nobody knows of any */
    bool once;        /* all are blocked once they have their first credit */
};

static void grant(struct reading *reading, int partition) {
    if (reading->blocked[partition] || reading->credit[partition] > CREDIT / 2)
        return;
    uint32_t more = CREDIT - reading->credit[partition];
    reading->credit[partition] += more;
    consumer_grant(reading->consumer, reading->place[partition], more, (size_t)more * RECORD_SIZE);
}

static void on_assigned(void *owner, uint32_t route, uint32_t epoch, const struct place *place, size_t count) {
    struct reading *reading = owner;
    (void)route;
    reading->epoch = epoch;
    assert_int_equal(count, PARTITIONS);
    for (size_t i = 0; i < count; i++) {
        int partition = place[i].partition;
        reading->place[partition] = place[i];
        reading->credit[partition] = 0;
        consumer_begin_offset(reading->consumer, place[i], reading->next[partition]);
        grant(reading, partition);
        reading->blocked[partition] = reading->blocked[partition] || reading->once;
    }
}

static void on_revoked(void *owner, uint32_t route, uint32_t epoch, bool lost) {
    struct reading *reading = owner;
    (void)route, (void)lost;
    consumer_hand_back(reading->consumer, epoch);
}

static void on_event(void *owner, struct event *event) {
    struct reading *reading = owner;
    int partition = event->place.partition;
    assert_int_equal(event->place.epoch, reading->epoch);
    assert_int_equal(event->offset, reading->next[partition]++);
    assert_true(reading->credit[partition]-- > 0);
    event_destroy(event);
    grant(reading, partition);
}

static void on_wanted(void *owner, struct place place, size_t bytes) {
    struct reading *reading = owner;
    assert_int_equal(bytes, RECORD_SIZE);
    reading->wanted[place.partition]++;
}

static bool is_hungry(void *owner, uint32_t route) {
    const struct reading *reading = owner;
    (void)route;
    return !reading->full;
}

static bool has_room(void *owner, struct place place) {
    const struct reading *reading = owner;
    (void)place;
    return reading->poor;
}

static bool comes_first(void *owner, struct place place) {
    const struct reading *reading = owner;
    return reading->holder >= 0 && place.partition != reading->holder;
}

static void on_error(void *owner, struct place place, enum consumer_end end, const char *why) {
    struct reading *reading = owner;
    (void)place, (void)end, (void)why;
    reading->errors++;
}

static void on_result(void *owner, uint32_t route, uint32_t epoch, enum consumer_commit result, const char *why) {
    (void)owner, (void)route, (void)epoch, (void)result, (void)why;
}

static void fill(const struct reading *reading) {
    static char value[RECORD_SIZE];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", mock_servers(&reading->mock), NULL, 0);
    (void)rd_kafka_conf_set(conf, "linger.ms", "10000", NULL, 0);       /* so that each batch is full */
    (void)rd_kafka_conf_set(conf, "batch.num.messages", "50", NULL, 0); /* the mock gives a batch a fetch */
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    assert_non_null(producer);
    for (int i = 0; i < RECORDS * PARTITIONS; i++)
        assert_int_equal(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(reading->mock.topic.data),
                                           RD_KAFKA_V_PARTITION(i % PARTITIONS), RD_KAFKA_V_VALUE(value, sizeof value),
                                           RD_KAFKA_V_END),
                         0);
    assert_int_equal(rd_kafka_flush(producer, PATIENCE_MS), 0);
    rd_kafka_destroy(producer);
}

static int setup(void **state) {
    struct reading *reading = calloc(1, sizeof *reading);
    assert_non_null(reading);
    reading->holder = -1;
    mock_begin_with(&reading->mock, SPAN("shared"), PARTITIONS);
    fill(reading);
    const struct kafka_property property[] = {{"bootstrap.servers", mock_servers(&reading->mock)},
                                              {"fetch.wait.max.ms", "10"}};
    struct error error;
    const struct consumer_spec spec = {.group = "shared",
                                       .topics = &reading->mock.topic,
                                       .topic_count = 1,
                                       .properties = {property, 2},
                                       .queue_bytes = 512 * 1024, /* 384 records */
                                       .inlets = INLETS,
                                       .handler = {.owner = reading,
                                                   .assigned = on_assigned,
                                                   .revoked = on_revoked,
                                                   .event = on_event,
                                                   .hungry = is_hungry,
                                                   .room = has_room,
                                                   .first = comes_first,
                                                   .wanted = on_wanted,
                                                   .partition_error = on_error,
                                                   .commit_result = on_result}};
    reading->consumer = consumer_create(&spec, &error);
    assert_non_null(reading->consumer);
    *state = reading;
    return 0;
}

static int teardown(void **state) {
    struct reading *reading = *state;
    consumer_destroy(reading->consumer);
    mock_end(&reading->mock);
    free(reading);
    return 0;
}

static void serve(struct reading *reading) {
    struct pollfd wait = {.fd = consumer_descriptor(reading->consumer), .events = POLLIN};
    int64_t now_ms = mock_now_ms() + reading->ahead_ms;
    bool more = consumer_serve(reading->consumer, now_ms, true, 16) || consumer_due_ms(reading->consumer) <= now_ms;
    (void)poll(&wait, 1, more ? 0 : 20);
}

/* Serves until so much of every partition but the blocked one was read, or nothing more comes. */
static bool all_but_blocked(const struct reading *reading, int64_t records) {
    for (int i = 0; i < PARTITIONS; i++)
        if (!reading->blocked[i] && reading->next[i] < records)
            return false;
    return true;
}

static void read_others(struct reading *reading, int64_t records) {
    for (int64_t until = mock_now_ms() + PATIENCE_MS; !all_but_blocked(reading, records) && mock_now_ms() < until;)
        serve(reading);
    assert_true(all_but_blocked(reading, records));
    assert_int_equal(reading->errors, 0);
}

static const struct assigned_partition *find(const struct reading *reading, int partition) {
    return assignment_find(&reading->consumer->assignment, reading->place[partition]);
}

static void unblock(struct reading *reading, int partition) {
    reading->blocked[partition] = false;
    grant(reading, partition);
}

static void one_without_credit_does_not_stop_its_neighbours(void **state) {
    struct reading *reading = *state;
    reading->blocked[3] = true;
    read_others(reading, RECORDS);
    assert_int_equal(reading->consumer->assignment.inlet_count, INLETS);
    assert_int_equal(reading->next[3], 0);
    assert_int_equal(reading->wanted[3], 1);
    assert_true(find(reading, 3)->apart);
    unblock(reading, 3);
    read_others(reading, RECORDS);
    serve(reading);
    assert_false(find(reading, 3)->apart); /* else it would have a queue to itself for ever */
}

/* In turn, as long as there is something to read: what is put aside is joined again. */
static void whoever_is_without_credit_for_a_while_loses_nothing(void **state) {
    struct reading *reading = *state;
    reading->ahead_ms = 1;
    for (int64_t records = RECORDS / 8; records <= RECORDS; records += RECORDS / 8) {
        int next = (int)(records / (RECORDS / 8)) % PARTITIONS;
        reading->blocked[next] = true;
        read_others(reading, records);
        unblock(reading, next);
    }
    read_others(reading, RECORDS);
}

/* With more than the head alone can have. */
static const struct inlet *wait_for_a_full_inlet(struct reading *reading) {
    const struct assignment *assignment = &reading->consumer->assignment;
    for (int64_t until = mock_now_ms() + PATIENCE_MS; mock_now_ms() < until;) {
        serve(reading);
        const struct inlet *inlet = assignment->inlet;
        if (inlet != NULL && inlet->head != NULL && inlet->head->measured &&
            rd_kafka_queue_length(inlet->queue) > RECORDS)
            return inlet;
    }
    fail_msg("no inlet became full");
    return NULL;
}

static void jump(struct reading *reading) {
    reading->ahead_ms += PATIENCE_MS;
    serve(reading);
}

/* All are without credit, and the head of a full inlet is set apart: what is left of it stands behind others there. */
static const struct assigned_partition *set_one_apart(struct reading *reading) {
    reading->once = reading->full = true;
    const struct assigned_partition *partition = wait_for_a_full_inlet(reading)->head;
    reading->full = false;
    jump(reading);
    assert_true(partition->apart && partition->until > partition->shared->passed);
    return partition;
}

/* It calls nobody: whoever serves has got it when there is no more. */
static void what_is_put_aside_is_read_in_the_same_serving(void **state) {
    struct reading *reading = *state;
    const struct assigned_partition *partition = set_one_apart(reading);
    for (int i = 0; i < PARTITIONS; i++)
        unblock(reading, i);
    assert_false(consumer_serve(reading->consumer, mock_now_ms() + reading->ahead_ms, true, RECORDS * PARTITIONS * 2));
    assert_true(partition->until <= partition->shared->passed);
    assert_int_equal(partition->aside.count, 0);
    read_others(reading, RECORDS);
}

/* What is left of it stands behind one that has no credit, and nobody else has any. */
static void one_that_is_apart_waits_for_no_neighbour(void **state) {
    struct reading *reading = *state;
    const struct assigned_partition *partition = set_one_apart(reading);
    for (int i = 1; i < PARTITIONS; i++)
        jump(reading);
    assert_non_null(partition->shared->head);
    assert_true(partition->apart && partition->until > partition->shared->passed);
    unblock(reading, partition->place.partition);
    read_others(reading, RECORDS);
}

/* The own queue of one that is apart holds what comes behind all that it has in the inlet, where others block it. */
static void its_own_queue_comes_behind_what_is_left_in_the_inlet(void **state) {
    struct reading *reading = *state;
    const struct assigned_partition *partition = set_one_apart(reading);
    reading->full = true;
    fill(reading); /* all that it had may be in the inlet */
    for (int64_t until = mock_now_ms() + PATIENCE_MS;
         rd_kafka_queue_length(partition->own.queue) == 0 && mock_now_ms() < until;)
        serve(reading);
    assert_true(rd_kafka_queue_length(partition->own.queue) > 0);
    unblock(reading, partition->place.partition);
    for (int i = 0; i < 20; i++)
        serve(reading);
    assert_true(partition->until > partition->shared->passed);
    for (int i = 0; i < PARTITIONS; i++)
        unblock(reading, i);
    read_others(reading, 2 * RECORDS);
}

/* All wait for the same then, and what would be put aside takes memory. */
static void nobody_is_set_apart_while_the_route_has_enough(void **state) {
    struct reading *reading = *state;
    reading->blocked[3] = true;
    reading->full = true;
    for (int64_t until = mock_now_ms() + PATIENCE_MS; reading->wanted[3] == 0 && mock_now_ms() < until;)
        serve(reading);
    assert_int_equal(reading->wanted[3], 1);
    for (int i = 0; i < 20; i++) {
        jump(reading);
        assert_false(find(reading, 3)->apart);
    }
    reading->full = false;
    reading->ahead_ms += PATIENCE_MS;
    read_others(reading, RECORDS);
    assert_true(find(reading, 3)->apart);
}

/* It comes to each in turn, and what is apart would take more of it; but nobody waits for ever. */
static void nobody_is_soon_set_apart_for_want_of_memory(void **state) {
    struct reading *reading = *state;
    reading->blocked[3] = true;
    reading->poor = true;
    for (int64_t until = mock_now_ms() + PATIENCE_MS; reading->wanted[3] == 0 && mock_now_ms() < until;)
        serve(reading);
    int64_t ahead_ms = reading->ahead_ms;
    for (int i = 0; i < 20; i++) {
        reading->ahead_ms += PATIENCE_MS / 60;
        serve(reading);
        assert_false(find(reading, 3)->apart);
    }
    reading->ahead_ms = ahead_ms + PATIENCE_MS;
    read_others(reading, RECORDS);
    assert_true(find(reading, 3)->apart);
    unblock(reading, 3);
    read_others(reading, RECORDS);
}

/* Who stands behind cannot ask, and what it would get the head would not. */
static void who_holds_nothing_waits_less_long_for_memory(void **state) {
    struct reading *reading = *state;
    reading->once = reading->full = reading->poor = true;
    const struct assigned_partition *partition = wait_for_a_full_inlet(reading)->head;
    reading->full = false;
    for (int i = 0; i < 2; i++) { /* at first all wait for the same */
        assert_false(partition->apart);
        reading->ahead_ms += PATIENCE_MS / 3;
        reading->holder = i == 0 ? -1 : partition->place.partition;
        serve(reading);
    }
    assert_true(partition->apart);
    for (int i = 0; i < PARTITIONS; i++)
        unblock(reading, i);
    read_others(reading, RECORDS);
}

static void one_that_is_stopped_is_not_read_on_and_stops_nobody(void **state) {
    struct reading *reading = *state;
    reading->blocked[3] = true;
    reading->next[3] = 7;
    read_others(reading, RECORDS / 4);
    consumer_stop_partition(reading->consumer, reading->place[3]);
    read_others(reading, RECORDS);
    for (int i = 0; i < 5; i++)
        serve(reading);
    assert_int_equal(reading->next[3], 7);
}

/* Whoever has it next begins where this one ended: also what was put aside is read again. */
static void a_new_epoch_begins_where_the_last_one_ended(void **state) {
    struct reading *reading = *state;
    const struct consumer_offset entry = {.offset = 1};
    reading->blocked[3] = true;
    read_others(reading, RECORDS / 2);
    uint32_t epoch = reading->epoch;
    rd_kafka_mock_push_request_errors(reading->mock.cluster, OFFSET_COMMIT, 1, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
    consumer_commit(reading->consumer, epoch, &entry, 1);
    for (int64_t until = mock_now_ms() + PATIENCE_MS; reading->epoch == epoch && mock_now_ms() < until;)
        serve(reading);
    assert_int_equal(reading->epoch, epoch + 1);
    unblock(reading, 3);
    reading->blocked[4] = true;
    read_others(reading, RECORDS);
    unblock(reading, 4);
    read_others(reading, RECORDS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_without_credit_does_not_stop_its_neighbours, setup, teardown),
        cmocka_unit_test_setup_teardown(whoever_is_without_credit_for_a_while_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_put_aside_is_read_in_the_same_serving, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_is_apart_waits_for_no_neighbour, setup, teardown),
        cmocka_unit_test_setup_teardown(its_own_queue_comes_behind_what_is_left_in_the_inlet, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_is_set_apart_while_the_route_has_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_is_soon_set_apart_for_want_of_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(who_holds_nothing_waits_less_long_for_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_is_stopped_is_not_read_on_and_stops_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_epoch_begins_where_the_last_one_ended, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
