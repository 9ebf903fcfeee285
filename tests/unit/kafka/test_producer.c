/* Tests of kafka/producer on a broker in memory: a letter that was refused once is taken later, whatever was wrong. */
#include "kafka/producer.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/mock.h"

enum { PRODUCE = 0, INIT_PRODUCER_ID = 22, PATIENCE_MS = 50000, LETTERS = 50 };

struct writing {
    struct mock mock;
    struct producer *producer;
    unsigned reports[LETTERS + 1]; /* of each id */
    unsigned reported;
    unsigned acknowledged;
    bool answers;   /* a report with another letter, as the core does where a smaller one may be taken */
    bool answering; /* just now */
    bool renewed;   /* meanwhile */
};

static bool dead; /* for good, as far as librdkafka says */

rd_kafka_resp_err_t __real_rd_kafka_fatal_error(rd_kafka_t *client, char *why, size_t size);
rd_kafka_resp_err_t __wrap_rd_kafka_fatal_error(rd_kafka_t *client, char *why, size_t size);

rd_kafka_resp_err_t __wrap_rd_kafka_fatal_error(rd_kafka_t *client, char *why, size_t size) {
    return dead ? RD_KAFKA_RESP_ERR__FATAL : __real_rd_kafka_fatal_error(client, why, size);
}

static void write_letter(struct writing *writing, uint64_t id);

static void on_report(void *owner, uint64_t id, enum producer_outcome outcome, const char *why) {
    struct writing *writing = owner;
    (void)why;
    assert_in_range(id, 1, LETTERS);
    writing->reports[id]++;
    writing->reported++;
    writing->acknowledged += outcome == PRODUCER_ACKNOWLEDGED;
    if (!writing->answers || outcome != PRODUCER_TOO_LARGE)
        return;
    writing->answering = dead = true;
    write_letter(writing, id + 1);
    writing->answering = dead = false;
}

static void say(void *owner, int level, const char *sentence) {
    struct writing *writing = owner;
    (void)level, (void)sentence;
    writing->renewed = writing->renewed || writing->answering;
}

static void write_letter(struct writing *writing, uint64_t id) {
    static const struct header header = {{"sluss-reason", 12}, {"schema", 6}};
    producer_write(writing->producer, id, writing->mock.topic.data, SPAN("key"), SPAN("value"), &header, 1);
}

/* As the core does: another letter when the last was answered in vain. */
static void write_until_taken(struct writing *writing) {
    struct pollfd wait = {.fd = producer_descriptor(writing->producer), .events = POLLIN};
    uint64_t id = 0;
    for (int64_t until = mock_now_ms() + PATIENCE_MS; writing->acknowledged == 0 && mock_now_ms() < until;) {
        if (writing->reported == id && id < LETTERS)
            write_letter(writing, ++id);
        (void)poll(&wait, 1, 1000);
        producer_serve(writing->producer);
    }
    assert_int_equal(writing->acknowledged, 1);
    for (uint64_t i = 1; i <= id; i++)
        assert_int_equal(writing->reports[i], 1);
}

/* A producer that numbers its letters (librdkafka 2.5.3 and later) is dead for good when it may not: a new one is made,
 * for an operator may have given leave since. Older ones are not asked for the number. */
static void letters_are_taken_when_leave_is_given(void **state) {
    (void)state;
    struct writing writing = {.reported = 0};
    struct error error = {0};
    mock_begin(&writing.mock, SPAN("letters"));
    const struct kafka_property property[] = {{"bootstrap.servers", mock_servers(&writing.mock)}};
    const struct producer_handler handler = {.owner = &writing, .report = on_report};
    rd_kafka_mock_push_request_errors(writing.mock.cluster, INIT_PRODUCER_ID, 2,
                                      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
                                      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
    writing.producer = producer_create((struct kafka_properties){property, 1}, &handler, &error);
    assert_non_null(writing.producer);
    write_until_taken(&writing);
    producer_destroy(writing.producer, 0);
    mock_end(&writing.mock);
}

/* The report belongs to the client, which must not be ended while it is read. */
static void a_letter_in_answer_to_a_report_ends_no_client(void **state) {
    (void)state;
    struct writing writing = {.answers = true};
    struct error error = {0};
    mock_begin(&writing.mock, SPAN("answers"));
    const struct kafka_property property[] = {{"bootstrap.servers", mock_servers(&writing.mock)}};
    const struct producer_handler handler = {.owner = &writing, .report = on_report, .log = {&writing, say}};
    rd_kafka_mock_push_request_errors(writing.mock.cluster, PRODUCE, 2, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    writing.producer = producer_create((struct kafka_properties){property, 1}, &handler, &error);
    assert_non_null(writing.producer);
    struct pollfd wait = {.fd = producer_descriptor(writing.producer), .events = POLLIN};
    write_letter(&writing, 1);
    for (int64_t until = mock_now_ms() + PATIENCE_MS; writing.reported < 2 && mock_now_ms() < until;) {
        (void)poll(&wait, 1, 1000);
        producer_serve(writing.producer);
    }
    assert_false(writing.renewed);
    assert_int_equal(writing.reports[1], 1);
    assert_int_equal(writing.reports[2], 1);
    assert_int_equal(writing.acknowledged, 1);
    producer_destroy(writing.producer, 0);
    mock_end(&writing.mock);
}

/* A broker finds the batch too large in which they stood together: alone each of them is taken. */
static void company_makes_no_letter_too_large(void **state) {
    (void)state;
    struct writing writing = {.reported = 0};
    struct error error = {0};
    mock_begin(&writing.mock, SPAN("company"));
    const struct kafka_property property[] = {{"bootstrap.servers", mock_servers(&writing.mock)}};
    const struct producer_handler handler = {.owner = &writing, .report = on_report};
    rd_kafka_mock_push_request_errors(writing.mock.cluster, PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    writing.producer = producer_create((struct kafka_properties){property, 1}, &handler, &error);
    assert_non_null(writing.producer);
    struct pollfd wait = {.fd = producer_descriptor(writing.producer), .events = POLLIN};
    for (uint64_t id = 1; id <= LETTERS; id++)
        write_letter(&writing, id);
    for (int64_t until = mock_now_ms() + PATIENCE_MS; writing.reported < LETTERS && mock_now_ms() < until;) {
        (void)poll(&wait, 1, 1000);
        producer_serve(writing.producer);
    }
    assert_int_equal(writing.acknowledged, LETTERS);
    for (uint64_t id = 1; id <= LETTERS; id++)
        assert_int_equal(writing.reports[id], 1);
    producer_destroy(writing.producer, 0);
    mock_end(&writing.mock);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(letters_are_taken_when_leave_is_given),
                                       cmocka_unit_test(a_letter_in_answer_to_a_report_ends_no_client),
                                       cmocka_unit_test(company_makes_no_letter_too_large)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
