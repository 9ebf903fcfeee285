/* Tests of kafka/supply on a broker in memory: of a record for which there can be no memory the value is left out, and
 * where that is not enough its partition stops and says so; all headers of the others are given. */
#include "kafka/consumer_private.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/mock.h"

enum { LARGEST = 1000, BEYOND = 2 * LARGEST, PATIENCE_MS = 60000, HEADERS = 1000 };

struct reading {
    struct consumer *consumer;
    struct mock mock;
    int64_t last;   /* offset; -1 none */
    size_t omitted; /* of the last */
    bool whole;     /* likewise: it has a value */
    size_t headers; /* likewise */
    bool stopped;
    enum consumer_end end;
    char why[128];
};

static void on_assigned(void *owner, uint32_t route, uint32_t epoch, const struct place *place, size_t count) {
    struct reading *reading = owner;
    (void)route;
    (void)epoch;
    for (size_t i = 0; i < count; i++) {
        consumer_begin_earliest(reading->consumer, place[i]);
        consumer_grant(reading->consumer, place[i], 100, 100 * BEYOND);
    }
}

static void on_event(void *owner, struct event *event) {
    struct reading *reading = owner;
    reading->last = event->offset;
    reading->omitted = event->omitted;
    reading->whole = event->value.data != NULL;
    reading->headers = event->header_count;
    for (size_t i = 0; event->header_count == HEADERS && i < HEADERS; i++) {
        char value[16];
        (void)snprintf(value, sizeof value, "%zu", i);
        assert_true(span_equal(event->headers[i].name, SPAN("h")));
        assert_true(span_equal(event->headers[i].value, span_of(value)));
    }
    event_destroy(event);
}

static void on_error(void *owner, struct place place, enum consumer_end end, const char *why) {
    struct reading *reading = owner;
    (void)place;
    (void)snprintf(reading->why, sizeof reading->why, "%s", why);
    reading->stopped = true;
    reading->end = end;
}

static int setup(void **state) {
    struct reading *reading = calloc(1, sizeof *reading);
    assert_non_null(reading);
    reading->last = -1;
    mock_begin(&reading->mock, SPAN("large"));
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

static void write_record(rd_kafka_t *producer, const struct reading *reading, size_t value, size_t header) {
    static char bytes[BEYOND];
    assert_int_equal(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(reading->mock.topic.data), RD_KAFKA_V_PARTITION(0),
                                       RD_KAFKA_V_VALUE(bytes, value), RD_KAFKA_V_HEADER("h", bytes, (ssize_t)header),
                                       RD_KAFKA_V_END),
                     0);
}

static rd_kafka_t *open_producer(const struct reading *reading) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", mock_servers(&reading->mock), NULL, 0);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    assert_non_null(producer);
    return producer;
}

static void open_consumer(struct reading *reading, size_t largest) {
    const struct kafka_property property[] = {{"bootstrap.servers", mock_servers(&reading->mock)},
                                              {"fetch.wait.max.ms", "10"}};
    struct error error;
    const struct consumer_spec spec = {
        .group = "large",
        .topics = &reading->mock.topic,
        .topic_count = 1,
        .properties = {property, 2},
        .queue_bytes = 256 * 1024,
        .largest = largest,
        .handler = {.owner = reading, .assigned = on_assigned, .event = on_event, .partition_error = on_error}};
    reading->consumer = consumer_create(&spec, &error);
    assert_non_null(reading->consumer);
}

static void fill(const struct reading *reading) {
    rd_kafka_t *producer = open_producer(reading);
    write_record(producer, reading, LARGEST / 2, 10);
    write_record(producer, reading, BEYOND, 10);
    write_record(producer, reading, 10, BEYOND);
    write_record(producer, reading, 10, 10);
    assert_int_equal(rd_kafka_flush(producer, PATIENCE_MS), 0);
    rd_kafka_destroy(producer);
}

static void serve_until_it_stops(struct reading *reading) {
    struct pollfd wait = {.fd = consumer_descriptor(reading->consumer), .events = POLLIN};
    for (int64_t until = mock_now_ms() + PATIENCE_MS; !reading->stopped && mock_now_ms() < until;) {
        if (!consumer_serve(reading->consumer, mock_now_ms(), true, 1))
            (void)poll(&wait, 1, 100);
        if (reading->last == 0)
            assert_true(reading->whole && reading->omitted == 0);
        if (reading->last == 1)
            assert_true(!reading->whole && reading->omitted == BEYOND);
    }
}

static void what_no_memory_can_hold_is_left_out_or_stops_its_partition(void **state) {
    struct reading *reading = *state;
    fill(reading);
    open_consumer(reading, LARGEST);
    serve_until_it_stops(reading);
    assert_true(reading->stopped && reading->end == CONSUMER_UNREADABLE);
    assert_non_null(strstr(reading->why, "raise limits.memory"));
    assert_int_equal(reading->last, 1); /* nothing behind the one that stopped it was given */
}

static void read_one_record(struct reading *reading) {
    struct pollfd wait = {.fd = consumer_descriptor(reading->consumer), .events = POLLIN};
    for (int64_t until = mock_now_ms() + PATIENCE_MS; reading->last < 0 && !reading->stopped && mock_now_ms() < until;)
        if (!consumer_serve(reading->consumer, mock_now_ms(), true, 1))
            (void)poll(&wait, 1, 100);
}

/* A dead letter has them all. */
static void every_header_is_given(void **state) {
    struct reading *reading = *state;
    rd_kafka_t *producer = open_producer(reading);
    rd_kafka_headers_t *headers = rd_kafka_headers_new(HEADERS);
    for (int i = 0; i < HEADERS; i++) {
        char value[16];
        (void)snprintf(value, sizeof value, "%d", i);
        assert_int_equal(rd_kafka_header_add(headers, "h", 1, value, -1), 0);
    }
    assert_int_equal(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(reading->mock.topic.data), RD_KAFKA_V_PARTITION(0),
                                       RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END),
                     0);
    assert_int_equal(rd_kafka_flush(producer, PATIENCE_MS), 0);
    rd_kafka_destroy(producer);
    open_consumer(reading, 0);
    read_one_record(reading);
    assert_int_equal(reading->headers, HEADERS);
}

/* librdkafka asks again from the same offset: nothing is passed over, and no operator has to come. */
static void what_a_broker_fails_at_for_a_moment_stops_nothing(void **state) {
    enum { FETCH = 1 };
    struct reading *reading = *state;
    rd_kafka_t *producer = open_producer(reading);
    write_record(producer, reading, 10, 10);
    assert_int_equal(rd_kafka_flush(producer, PATIENCE_MS), 0);
    rd_kafka_destroy(producer);
    rd_kafka_mock_push_request_errors(reading->mock.cluster, FETCH, 4, RD_KAFKA_RESP_ERR_UNKNOWN,
                                      RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                                      RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR);
    open_consumer(reading, 0);
    read_one_record(reading);
    assert_false(reading->stopped);
    assert_int_equal(reading->last, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_no_memory_can_hold_is_left_out_or_stops_its_partition, setup, teardown),
        cmocka_unit_test_setup_teardown(every_header_is_given, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_broker_fails_at_for_a_moment_stops_nothing, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
