/* Tests of kafka/nudge on a broker in memory: a consumer whose queue is full many times over is never left waiting. */
#include "kafka/consumer_private.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/mock.h"

enum { RECORDS = 16000, RECORD_SIZE = 100, QUEUE = 256 * 1024, PATIENCE_MS = 60000, SLEEP_MS = 1000 };

struct reading {
    struct consumer *consumer;
    struct mock mock;
    int64_t first_ms, last_ms;
    size_t read, nudges;
};

static void on_assigned(void *owner, uint32_t route, uint32_t epoch, const struct place *place, size_t count) {
    struct reading *reading = owner;
    (void)route;
    (void)epoch;
    for (size_t i = 0; i < count; i++) {
        consumer_begin_earliest(reading->consumer, place[i]);
        consumer_grant(reading->consumer, place[i], RECORDS, (size_t)RECORDS * RECORD_SIZE);
    }
}

static void on_event(void *owner, struct event *event) {
    struct reading *reading = owner;
    reading->last_ms = mock_now_ms();
    reading->first_ms = reading->read == 0 ? reading->last_ms : reading->first_ms;
    reading->read++;
    event_destroy(event);
}

static void fill(struct reading *reading) {
    static char value[RECORD_SIZE];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", mock_servers(&reading->mock), NULL, 0);
    (void)rd_kafka_conf_set(conf, "batch.num.messages", "100", NULL, 0); /* the mock gives one batch a fetch */
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    assert_non_null(producer);
    for (int i = 0; i < RECORDS; i++)
        assert_int_equal(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(reading->mock.topic.data),
                                           RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE(value, sizeof value),
                                           RD_KAFKA_V_END),
                         0);
    assert_int_equal(rd_kafka_flush(producer, PATIENCE_MS), 0);
    rd_kafka_destroy(producer);
}

static int setup(void **state) {
    struct reading *reading = calloc(1, sizeof *reading);
    mock_begin(&reading->mock, SPAN("full"));
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

static void fills_a_queue_before_it_is_empty(void **state) {
    struct reading *reading = *state;
    fill(reading);
    const struct kafka_property property[] = {{"bootstrap.servers", mock_servers(&reading->mock)},
                                              {"fetch.wait.max.ms", "10"}};
    struct error error;
    const struct consumer_spec spec = {.group = "nudge",
                                       .topics = &reading->mock.topic,
                                       .topic_count = 1,
                                       .properties = {property, 2},
                                       .queue_bytes = QUEUE,
                                       .handler = {.owner = reading, .assigned = on_assigned, .event = on_event}};
    reading->consumer = consumer_create(&spec, &error);
    assert_non_null(reading->consumer);
    struct pollfd wait = {.fd = consumer_descriptor(reading->consumer), .events = POLLIN};
    for (int64_t until = mock_now_ms() + PATIENCE_MS; reading->read < RECORDS && mock_now_ms() < until;) {
        bool more = consumer_serve(reading->consumer, mock_now_ms(), true, 64);
        reading->nudges += reading->consumer->nudge != NULL ? 1 : 0;
        (void)poll(&wait, 1, more ? 0 : 100);
    }
    assert_int_equal(reading->read, RECORDS);
    assert_true(reading->nudges > 0 || nudge_by_property());
    /* Left to itself librdkafka sleeps whenever the queue is full: so often it was. */
    int64_t sleeps = RECORDS / (int64_t)reading->consumer->queue.records;
    assert_true(reading->last_ms - reading->first_ms < sleeps * SLEEP_MS / 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fills_a_queue_before_it_is_empty, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
