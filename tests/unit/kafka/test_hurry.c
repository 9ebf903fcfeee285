/* Tests of kafka/hurry on a broker in memory: a consumer whose queue is full many times over is never left waiting. */
#include "kafka/consumer_private.h"

#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

enum { RECORDS = 16000, RECORD_SIZE = 100, QUEUE = 256 * 1024, PATIENCE_MS = 60000, SLEEP_MS = 1000 };

struct reading {
    struct consumer *consumer;
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
    struct span topic;
    int64_t first_ms, last_ms;
    size_t read, hurries;
};

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

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
    reading->last_ms = now_ms();
    reading->first_ms = reading->read == 0 ? reading->last_ms : reading->first_ms;
    reading->read++;
    event_destroy(event);
}

static void fill(struct reading *reading) {
    static char value[RECORD_SIZE];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(reading->cluster), NULL, 0);
    (void)rd_kafka_conf_set(conf, "batch.num.messages", "100", NULL, 0); /* the mock gives one batch a fetch */
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    assert_non_null(producer);
    for (int i = 0; i < RECORDS; i++)
        assert_int_equal(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(reading->topic.data), RD_KAFKA_V_PARTITION(0),
                                           RD_KAFKA_V_VALUE(value, sizeof value), RD_KAFKA_V_END),
                         0);
    assert_int_equal(rd_kafka_flush(producer, PATIENCE_MS), 0);
    rd_kafka_destroy(producer);
}

static int setup(void **state) {
    struct reading *reading = calloc(1, sizeof *reading);
    char why[256];
    reading->topic = SPAN("full");
    reading->host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why);
    reading->cluster = rd_kafka_mock_cluster_new(reading->host, 1);
    (void)rd_kafka_mock_topic_create(reading->cluster, reading->topic.data, 1, 1);
    *state = reading;
    return 0;
}

static int teardown(void **state) {
    struct reading *reading = *state;
    consumer_destroy(reading->consumer);
    rd_kafka_mock_cluster_destroy(reading->cluster);
    rd_kafka_destroy(reading->host);
    free(reading);
    return 0;
}

static void fills_a_queue_before_it_is_empty(void **state) {
    struct reading *reading = *state;
    fill(reading);
    const struct kafka_property property[] = {{"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(reading->cluster)},
                                              {"fetch.wait.max.ms", "10"}};
    struct error error;
    const struct consumer_spec spec = {.group = "hurry",
                                       .topics = &reading->topic,
                                       .topic_count = 1,
                                       .properties = {property, 2},
                                       .queue_bytes = QUEUE,
                                       .handler = {.owner = reading, .assigned = on_assigned, .event = on_event}};
    reading->consumer = consumer_create(&spec, &error);
    assert_non_null(reading->consumer);
    struct pollfd wait = {.fd = consumer_descriptor(reading->consumer), .events = POLLIN};
    for (int64_t until = now_ms() + PATIENCE_MS; reading->read < RECORDS && now_ms() < until;) {
        bool more = consumer_serve(reading->consumer, 64);
        reading->hurries += reading->consumer->hurry != NULL ? 1 : 0;
        (void)poll(&wait, 1, more ? 0 : 100);
    }
    assert_int_equal(reading->read, RECORDS);
    assert_true(reading->hurries > 0 || hurry_by_property());
    /* Left to itself librdkafka sleeps whenever the queue is full: so often it was. */
    int64_t sleeps = RECORDS / (int64_t)reading->consumer->queue.records;
    assert_true(reading->last_ms - reading->first_ms < sleeps * SLEEP_MS / 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fills_a_queue_before_it_is_empty, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
