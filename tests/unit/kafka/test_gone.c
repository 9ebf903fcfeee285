/* Tests of kafka/gone on a broker in memory: where no topic is found for a moment its partition stops, the group is
 * joined anew once, in time, and then all is read. */
#include "kafka/consumer.h"
#include "kafka/teardown.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/mock.h"

enum { FETCH = 1, OFFSET_COMMIT = 8, PATIENCE_MS = 30000, JOIN_ANEW_MS = 10000 };
enum { MORE_THAN_TRIES = 10 }; /* librdkafka commits again by itself, a few times */

struct member {
    struct consumer *consumer;
    struct mock mock;
    int64_t ahead_ms; /* of the real clock */
    uint32_t epoch;
    bool answered, read, gone;
    unsigned assignments; /* of partitions */
};

static int64_t now_ms(const struct member *member) {
    return mock_now_ms() + member->ahead_ms;
}

static void on_assigned(void *owner, uint32_t route, uint32_t epoch, const struct place *place, size_t count) {
    struct member *member = owner;
    (void)route;
    member->epoch = epoch;
    member->assignments += count > 0 ? 1 : 0;
    member->read = false;
    for (size_t i = 0; i < count; i++) {
        consumer_begin_earliest(member->consumer, place[i]);
        consumer_grant(member->consumer, place[i], 10, 10000);
    }
}

static void on_revoked(void *owner, uint32_t route, uint32_t epoch, bool lost) {
    struct member *member = owner;
    (void)route;
    (void)lost;
    consumer_hand_back(member->consumer, epoch);
}

static void on_event(void *owner, struct event *event) {
    struct member *member = owner;
    assert_int_equal(event->place.epoch, member->epoch);
    member->read = true;
    event_destroy(event);
}

static void on_error(void *owner, struct place place, enum consumer_end end, const char *why) {
    struct member *member = owner;
    (void)why;
    assert_int_equal(place.epoch, member->epoch);
    assert_int_equal(end, CONSUMER_GONE);
    member->gone = true;
}

static void on_result(void *owner, uint32_t route, uint32_t epoch, enum consumer_commit result, const char *why) {
    struct member *member = owner;
    (void)route;
    (void)epoch;
    (void)why;
    assert_int_equal(result, CONSUMER_COMMIT_FAILED);
    assert_true(member->gone); /* told first: else the core would commit the same again */
    member->answered = true;
}

static void serve_once(struct member *member) {
    struct pollfd wait = {.fd = consumer_descriptor(member->consumer), .events = POLLIN};
    if (!consumer_serve(member->consumer, now_ms(member), true, 10))
        (void)poll(&wait, 1, 100);
}

static void serve_until(struct member *member, const bool *done) {
    for (int64_t until = mock_now_ms() + PATIENCE_MS; !*done && mock_now_ms() < until;)
        serve_once(member);
    assert_true(*done);
}

static void fill(const struct member *member) {
    static char value[] = "{}";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", mock_servers(&member->mock), NULL, 0);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    assert_non_null(producer);
    assert_int_equal(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(member->mock.topic.data), RD_KAFKA_V_PARTITION(0),
                                       RD_KAFKA_V_VALUE(value, 2), RD_KAFKA_V_END),
                     0);
    assert_int_equal(rd_kafka_flush(producer, PATIENCE_MS), 0);
    rd_kafka_destroy(producer);
}

static int setup(void **state) {
    struct member *member = calloc(1, sizeof *member);
    assert_non_null(member);
    mock_begin(&member->mock, SPAN("moved"));
    fill(member);
    const struct kafka_property property[] = {{"bootstrap.servers", mock_servers(&member->mock)}};
    struct error error;
    const struct consumer_spec spec = {.group = "moved",
                                       .topics = &member->mock.topic,
                                       .topic_count = 1,
                                       .properties = {property, 1},
                                       .queue_bytes = 256 * 1024,
                                       .handler = {.owner = member,
                                                   .assigned = on_assigned,
                                                   .revoked = on_revoked,
                                                   .event = on_event,
                                                   .partition_error = on_error,
                                                   .commit_result = on_result}};
    member->consumer = consumer_create(&spec, &error);
    assert_non_null(member->consumer);
    serve_until(member, &member->read);
    *state = member;
    return 0;
}

static int teardown(void **state) {
    struct member *member = *state;
    consumer_destroy(member->consumer);
    assert_int_equal(teardown_left(), 0); /* what was said of the topic holds no client */
    mock_end(&member->mock);
    free(member);
    return 0;
}

/* Whatever the clock of this machine says, it is time to join anew. */
static void let_it_be_time(struct member *member) {
    int64_t left_ms = consumer_due_ms(member->consumer) - now_ms(member);
    assert_true(left_ms <= JOIN_ANEW_MS); /* else it is never */
    member->ahead_ms += left_ms > 0 ? left_ms : 0;
    member->read = false;
}

static void a_commit_that_finds_no_topic_is_told_and_the_group_joined_anew(void **state) {
    struct member *member = *state;
    const struct consumer_offset entry = {.offset = 1};
    assert_int_equal(consumer_due_ms(member->consumer), INT64_MAX);
    for (int i = 0; i < MORE_THAN_TRIES; i++)
        rd_kafka_mock_push_request_errors(member->mock.cluster, OFFSET_COMMIT, 1,
                                          RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    consumer_commit(member->consumer, member->epoch, &entry, 1);
    serve_until(member, &member->answered);
    let_it_be_time(member);
    serve_until(member, &member->read);
    assert_int_equal(member->assignments, 2);
    assert_int_equal(consumer_due_ms(member->consumer), INT64_MAX);
}

static void a_topic_that_is_gone_for_a_moment_is_read_on(void **state) {
    struct member *member = *state;
    rd_kafka_mock_topic_set_error(member->mock.cluster, member->mock.topic.data,
                                  RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    rd_kafka_mock_push_request_errors(member->mock.cluster, FETCH, 1, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    serve_until(member, &member->gone);
    rd_kafka_mock_topic_set_error(member->mock.cluster, member->mock.topic.data, RD_KAFKA_RESP_ERR_NO_ERROR);
    let_it_be_time(member);
    serve_until(member, &member->read);
    assert_int_equal(member->assignments, 2);
    assert_int_equal(consumer_due_ms(member->consumer), INT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_commit_that_finds_no_topic_is_told_and_the_group_joined_anew, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_topic_that_is_gone_for_a_moment_is_read_on, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
