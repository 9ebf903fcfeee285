/* A name server that hangs: the threads of librdkafka that wait for it take part in nothing meanwhile, and must not
 * make us wait, too. */
#include "kafka/census.h"
#include "kafka/producer.h"
#include "kafka/teardown.h"

#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_S = 50, ENDED_WITHIN_MS = 30000 };

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER, counting = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t asked = PTHREAD_COND_INITIALIZER;
static unsigned questions;

/* In the place of libc's: it answers when the gate opens. */
int getaddrinfo(const char *restrict name, const char *restrict service, const struct addrinfo *restrict req,
                struct addrinfo **restrict pai) {
    (void)name, (void)service, (void)req, (void)pai;
    (void)pthread_mutex_lock(&counting);
    questions++;
    (void)pthread_cond_broadcast(&asked);
    (void)pthread_mutex_unlock(&counting);
    (void)pthread_mutex_lock(&gate);
    (void)pthread_mutex_unlock(&gate);
    return EAI_AGAIN;
}

static void wait_until_asked(unsigned more_than) {
    (void)pthread_mutex_lock(&counting);
    while (questions <= more_than)
        (void)pthread_cond_wait(&asked, &counting);
    (void)pthread_mutex_unlock(&counting);
}

static const struct kafka_property properties[] = {{"bootstrap.servers", "kafka.example.se:9092"}};

static int close_gate(void **state) {
    (void)state;
    (void)pthread_mutex_lock(&gate);
    (void)alarm(PATIENCE_S); /* ends the program, which fails, should anything wait for the gate */
    return 0;
}

/* What was left behind ends then by itself. */
static int open_gate(void **state) {
    (void)state;
    (void)alarm(0);
    (void)pthread_mutex_unlock(&gate);
    return rd_kafka_wait_destroyed(ENDED_WITHIN_MS);
}

static void on_report(void *owner, uint64_t id, enum producer_outcome outcome, const char *why) {
    (void)owner, (void)id, (void)outcome, (void)why;
}

static void a_producer_is_left_behind(void **state) {
    (void)state;
    const struct producer_handler handler = {.report = on_report};
    struct error error = {0};
    unsigned before = questions, left = teardown_left();
    struct producer *producer = producer_create((struct kafka_properties){properties, 1}, &handler, &error);
    assert_non_null(producer);
    const char *why;
    assert_int_equal(producer_probe(producer, "t", 100, &why), PRODUCER_NO_ANSWER); /* which makes it connect */
    wait_until_asked(before);
    producer_destroy(producer, 0);
    assert_int_equal(teardown_left(), left + 1);
}

static void a_census_counts_nothing(void **state) {
    (void)state;
    const struct span topic = SPAN("t");
    uint32_t partitions = 1;
    unsigned before = questions, left = teardown_left();
    (void)census_take((struct kafka_properties){properties, 1}, &topic, 1, 1000, &partitions);
    wait_until_asked(before);
    assert_int_equal(partitions, 0);
    assert_int_equal(teardown_left(), left + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_producer_is_left_behind, close_gate, open_gate),
        cmocka_unit_test_setup_teardown(a_census_counts_nothing, close_gate, open_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
