/* Tests of kafka/teardown: a client that ends, and one that never does. */
#include "kafka/teardown.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

void __real_rd_kafka_destroy_flags(rd_kafka_t *client, int flags);
void __wrap_rd_kafka_destroy_flags(rd_kafka_t *client, int flags);

/* As librdkafka may: it comes back when the gate opens. */
void __wrap_rd_kafka_destroy_flags(rd_kafka_t *client, int flags) {
    (void)pthread_mutex_lock(&gate);
    __real_rd_kafka_destroy_flags(client, flags);
    (void)pthread_mutex_unlock(&gate);
}

static rd_kafka_t *make_client(void) {
    char why[256];
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, rd_kafka_conf_new(), why, sizeof why);
    assert_non_null(client);
    return client;
}

static void a_client_that_ends_is_waited_for(void **state) {
    (void)state;
    assert_true(teardown_end(teardown_begin(make_client(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE, 30000)));
    assert_int_equal(teardown_left(), 0);
    assert_int_equal(rd_kafka_thread_cnt(), 0);
}

static void no_teardown_is_one_that_has_ended(void **state) {
    (void)state;
    assert_true(teardown_end(NULL));
}

static void a_client_that_does_not_end_is_left(void **state) {
    (void)state;
    (void)pthread_mutex_lock(&gate);
    assert_false(teardown_end(teardown_begin(make_client(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE, 50)));
    assert_int_equal(teardown_left(), 1);
    (void)pthread_mutex_unlock(&gate);
    assert_int_equal(rd_kafka_wait_destroyed(30000), 0); /* its thread goes on by itself */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_ends_is_waited_for),
        cmocka_unit_test(no_teardown_is_one_that_has_ended),
        cmocka_unit_test(a_client_that_does_not_end_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
