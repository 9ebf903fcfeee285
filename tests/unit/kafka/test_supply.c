/* Tests of kafka/supply on queues of their own: what an error in place of a record leads to. */
#include "kafka/consumer_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/queues.h"

static void on_error(void *owner, struct place place, enum consumer_end end, const char *why) {
    (void)place, (void)why;
    *(int *)owner = (int)end;
}

/* Whoever says it: the log promises that its group is joined anew. Others stand still until an operator acts. */
static void a_topic_that_is_gone_lets_join_anew(void **state) {
    static const struct {
        rd_kafka_resp_err_t error;
        enum consumer_end end;
    } rows[] = {{RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, CONSUMER_GONE},
                {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, CONSUMER_GONE},
                {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, CONSUMER_OUT_OF_RANGE},
                {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, CONSUMER_UNREADABLE}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int heard = -1;
        struct assignment past = {0};
        struct consumer consumer = {.wake = -1,
                                    .topics = queues_topics,
                                    .topic_count = QUEUES_TOPICS,
                                    .handler = {.owner = &heard, .partition_error = on_error}};
        const struct place place = {.epoch = 1};
        queues_begin(1);
        (void)queues_write(0, &(struct queues_entry){.error = rows[i].error});
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        (void)rd_kafka_topic_partition_list_add(list, queues_topics[0].data, 0);
        assert_true(
            assignment_begin(&consumer.assignment, NULL, list, queues_topics, QUEUES_TOPICS, 0, 1, 0, 1, &past));
        rd_kafka_topic_partition_list_destroy(list);
        consumer_begin_offset(&consumer, place, 0);
        consumer_grant(&consumer, place, 1, 100);
        assert_int_equal(queues_fetch(0, 1), 1);
        (void)consumer_serve(&consumer, 1000, false, 1);
        assert_int_equal(heard, rows[i].end);
        assert_int_equal(consumer_due_ms(&consumer) < INT64_MAX, rows[i].end == CONSUMER_GONE);
        assignment_end(&consumer.assignment, &past);
        assignment_forget(&past);
        free(consumer.header);
        assert_int_equal(queues_alive(), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_topic_that_is_gone_lets_join_anew)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
