/* Tests of kafka/membership on a broker in memory: what the group says to a commit becomes what the core can act on. */
#include "kafka/consumer.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/mock.h"

enum { LIST_OFFSETS = 2, OFFSET_COMMIT = 8, PATIENCE_MS = 30000 };

struct member {
    struct consumer *consumer;
    struct mock mock;
    uint32_t epoch;
    int64_t back, first; /* where reading begins for the dead keys' sake, 0 not; the first record's offset */
    bool assigned, answered, read;
    enum consumer_commit result;
};

static void on_assigned(void *owner, uint32_t route, uint32_t epoch, const struct place *place, size_t count) {
    struct member *member = owner;
    (void)route;
    member->epoch = epoch;
    member->assigned = true;
    for (size_t i = 0; i < count; i++) {
        if (member->back == 0) {
            consumer_begin_earliest(member->consumer, place[i]);
            continue;
        }
        consumer_begin_back(member->consumer, place[i], member->back + 1, member->back);
        consumer_grant(member->consumer, place[i], 10, 10000);
    }
}

static void on_event(void *owner, struct event *event) {
    struct member *member = owner;
    if (!member->read)
        member->first = event->offset;
    member->read = true;
    event_destroy(event);
}

static void on_revoked(void *owner, uint32_t route, uint32_t epoch, bool lost) {
    struct member *member = owner;
    (void)route;
    (void)lost;
    consumer_hand_back(member->consumer, epoch);
}

static void on_result(void *owner, uint32_t route, uint32_t epoch, enum consumer_commit result, const char *why) {
    struct member *member = owner;
    (void)route;
    (void)why;
    assert_int_equal(epoch, member->epoch);
    member->answered = true;
    member->result = result;
}

static void serve_until(struct member *member, const bool *done) {
    struct pollfd wait = {.fd = consumer_descriptor(member->consumer), .events = POLLIN};
    for (int64_t until = mock_now_ms() + PATIENCE_MS; !*done && mock_now_ms() < until;) {
        (void)consumer_serve(member->consumer, mock_now_ms(), true, 1);
        (void)poll(&wait, 1, 100);
    }
    assert_true(*done);
}

static int setup(void **state) {
    struct member *member = calloc(1, sizeof *member);
    mock_begin(&member->mock, SPAN("told"));
    *state = member;
    return 0;
}

static int teardown(void **state) {
    struct member *member = *state;
    consumer_destroy(member->consumer);
    mock_end(&member->mock);
    free(member);
    return 0;
}

static enum consumer_commit commit(struct member *member) {
    const struct consumer_offset entry = {.offset = 1};
    member->answered = false;
    consumer_commit(member->consumer, member->epoch, &entry, 1);
    serve_until(member, &member->answered);
    return member->result;
}

static void join(struct member *member) {
    const struct kafka_property property[] = {{"bootstrap.servers", mock_servers(&member->mock)}};
    struct error error;
    const struct consumer_spec spec = {.group = "told",
                                       .topics = &member->mock.topic,
                                       .topic_count = 1,
                                       .properties = {property, 1},
                                       .queue_bytes = 256 * 1024,
                                       .handler = {.owner = member,
                                                   .assigned = on_assigned,
                                                   .revoked = on_revoked,
                                                   .event = on_event,
                                                   .commit_result = on_result}};
    member->consumer = consumer_create(&spec, &error);
    assert_non_null(member->consumer);
    serve_until(member, &member->assigned);
}

static void judges_what_the_group_says_to_a_commit(void **state) {
    static const struct {
        rd_kafka_resp_err_t said;
        enum consumer_commit judged;
    } rows[] = {
        {RD_KAFKA_RESP_ERR_NO_ERROR, CONSUMER_COMMITTED},
        {RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, CONSUMER_COMMIT_RETRY},
        {RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, CONSUMER_COMMIT_TOO_LARGE},
        {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, CONSUMER_COMMIT_FAILED},
        {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, CONSUMER_COMMIT_FENCED}}; /* the last: it takes the partition away */
    struct member *member = *state;
    join(member);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].said != RD_KAFKA_RESP_ERR_NO_ERROR)
            rd_kafka_mock_push_request_errors(member->mock.cluster, OFFSET_COMMIT, 1, rows[i].said);
        assert_int_equal(commit(member), rows[i].judged);
    }
}

static void fill(const struct member *member) {
    static char value[] = "{}";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", mock_servers(&member->mock), NULL, 0);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    assert_non_null(producer);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(member->mock.topic.data), RD_KAFKA_V_PARTITION(0),
                                           RD_KAFKA_V_VALUE(value, 2), RD_KAFKA_V_END),
                         0);
    assert_int_equal(rd_kafka_flush(producer, PATIENCE_MS), 0);
    rd_kafka_destroy(producer);
}

/* Else dead keys would be forgotten for the sake of a broker's bad moment. */
static void asks_again_where_it_may_look_back_to(void **state) {
    struct member *member = *state;
    fill(member);
    member->back = 1;
    rd_kafka_mock_push_request_errors(member->mock.cluster, LIST_OFFSETS, 2,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    join(member);
    serve_until(member, &member->read);
    assert_int_equal(member->first, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(judges_what_the_group_says_to_a_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(asks_again_where_it_may_look_back_to, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
