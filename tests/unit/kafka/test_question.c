/* Tests of kafka/question on a broker in memory: where a partition begins is asked until the broker tells it, but not
 * as fast as it refuses. */
#include "kafka/consumer_private.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/mock.h"

enum { LIST_OFFSETS = 2, PATIENCE_MS = 60000, LEAST_MS = 900 };

struct reading {
    struct consumer *consumer;
    struct mock mock;
    int64_t assigned_ms;
    unsigned lamented;
    const char *lament;
    bool back;
};

static void on_assigned(void *owner, uint32_t route, uint32_t epoch, const struct place *place, size_t count) {
    struct reading *reading = owner;
    (void)route, (void)epoch;
    assert_int_equal(count, 1);
    reading->assigned_ms = mock_now_ms();
    rd_kafka_mock_push_request_errors(
        reading->mock.cluster, LIST_OFFSETS, 6, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    if (reading->back)
        consumer_begin_back(reading->consumer, place[0], 0, 0);
    else
        consumer_begin_time(reading->consumer, place[0], 0);
}

static void say(void *owner, int level, const char *sentence) {
    struct reading *reading = owner;
    (void)level;
    reading->lamented += strstr(sentence, reading->lament) != NULL;
}

static void asked_again_slowly(bool back, const char *lament) {
    struct reading reading = {.back = back, .lament = lament};
    struct error error = {0};
    mock_begin(&reading.mock, SPAN("times"));
    const struct kafka_property property[] = {{"bootstrap.servers", mock_servers(&reading.mock)},
                                              {"fetch.wait.max.ms", "10"}};
    const struct consumer_spec spec = {.group = "times",
                                       .topics = &reading.mock.topic,
                                       .topic_count = 1,
                                       .properties = {property, 2},
                                       .queue_bytes = 256 * 1024,
                                       .handler = {.owner = &reading, .assigned = on_assigned, .log = {&reading, say}}};
    reading.consumer = consumer_create(&spec, &error);
    assert_non_null(reading.consumer);
    struct pollfd wait = {.fd = consumer_descriptor(reading.consumer), .events = POLLIN};
    for (int64_t until = mock_now_ms() + PATIENCE_MS; !reading.consumer->assignment.assigned && mock_now_ms() < until;)
        if (!consumer_serve(reading.consumer, mock_now_ms(), true, 1))
            (void)poll(&wait, 1, 100);
    bool begun = reading.consumer->assignment.assigned;
    int64_t took_ms = mock_now_ms() - reading.assigned_ms;
    consumer_destroy(reading.consumer);
    mock_end(&reading.mock);
    assert_true(begun);
    assert_int_equal(reading.lamented, 1);
    assert_true(took_ms >= LEAST_MS);
}

static void a_time_that_is_not_told_is_asked_again_slowly(void **state) {
    (void)state;
    asked_again_slowly(false, "cannot tell where times [0] begins by its time: Broker: Topic auth");
}

static void a_first_record_that_is_not_told_is_asked_again_slowly(void **state) {
    (void)state;
    asked_again_slowly(true, "cannot tell where times [0] begins: Broker: Topic auth");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_time_that_is_not_told_is_asked_again_slowly),
                                       cmocka_unit_test(a_first_record_that_is_not_told_is_asked_again_slowly)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
