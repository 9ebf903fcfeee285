/* Tests of daemon/probe: nobody waits for a broker that does not answer. */
#include "daemon/probe.h"
#include "kafka/teardown.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_S = 50, ENDED_WITHIN_MS = 30000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static unsigned asked;
static bool answers;
static bool stands, passes = true; /* somebody is about to name a topic, and may */
static unsigned misnamed;

rd_kafka_resp_err_t __wrap_rd_kafka_metadata(rd_kafka_t *client, int all, rd_kafka_topic_t *topic,
                                             const struct rd_kafka_metadata **metadata, int timeout_ms);

/* As librdkafka's: it comes back when a broker answers, or when time is up, which is not here. */
rd_kafka_resp_err_t __wrap_rd_kafka_metadata(rd_kafka_t *client, int all, rd_kafka_topic_t *topic,
                                             const struct rd_kafka_metadata **metadata, int timeout_ms) {
    (void)client, (void)all, (void)topic, (void)metadata, (void)timeout_ms;
    (void)pthread_mutex_lock(&mutex);
    asked++;
    (void)pthread_cond_broadcast(&turned);
    while (!answers)
        (void)pthread_cond_wait(&turned, &mutex);
    (void)pthread_mutex_unlock(&mutex);
    return RD_KAFKA_RESP_ERR__TIMED_OUT;
}

rd_kafka_topic_t *__real_rd_kafka_topic_new(rd_kafka_t *client, const char *name, rd_kafka_topic_conf_t *conf);
rd_kafka_topic_t *__wrap_rd_kafka_topic_new(rd_kafka_t *client, const char *name, rd_kafka_topic_conf_t *conf);

/* Before the name is read a thread may stand for as long as the machine has others to run. */
rd_kafka_topic_t *__wrap_rd_kafka_topic_new(rd_kafka_t *client, const char *name, rd_kafka_topic_conf_t *conf) {
    (void)pthread_mutex_lock(&mutex);
    stands = true;
    (void)pthread_cond_broadcast(&turned);
    while (!passes)
        (void)pthread_cond_wait(&turned, &mutex);
    misnamed += strcmp(name, "t.dlq") == 0 ? 0 : 1;
    (void)pthread_mutex_unlock(&mutex);
    return __real_rd_kafka_topic_new(client, name, conf);
}

static void wait_until_it_stands(void) {
    (void)pthread_mutex_lock(&mutex);
    while (!stands)
        (void)pthread_cond_wait(&turned, &mutex);
    (void)pthread_mutex_unlock(&mutex);
}

static void let(bool pass) {
    (void)pthread_mutex_lock(&mutex);
    passes = pass;
    stands = false;
    (void)pthread_cond_broadcast(&turned);
    (void)pthread_mutex_unlock(&mutex);
}

static void wait_until_asked(void) {
    (void)pthread_mutex_lock(&mutex);
    while (asked == 0)
        (void)pthread_cond_wait(&turned, &mutex);
    (void)pthread_mutex_unlock(&mutex);
}

static void answer(void) {
    (void)pthread_mutex_lock(&mutex);
    answers = true;
    (void)pthread_cond_broadcast(&turned);
    (void)pthread_mutex_unlock(&mutex);
}

static const struct kafka_property properties[] = {{"bootstrap.servers", "127.0.0.1:1"}};

static struct probe *make(const struct plan *plan, int done) {
    struct error error = {0};
    struct probe *probe = probe_create(plan, (struct kafka_properties){properties, 1}, done, &error);
    assert_non_null(probe);
    return probe;
}

static void one_that_waits_for_an_answer_is_left(void **state) {
    (void)state;
    (void)alarm(PATIENCE_S); /* ends the program, which fails, should anything wait for the answer */
    int done = eventfd(0, EFD_CLOEXEC);
    struct route *routes = calloc(2, sizeof *routes);
    assert_non_null(routes);
    routes[0].dead_letter = routes[1].dead_letter = SPAN("t.dlq");
    const struct plan plan = {.routes = routes, .route_count = 2};
    struct probe *probe = make(&plan, done);
    wait_until_asked();
    assert_false(probe_ended(probe));
    probe_end(probe);
    assert_true(probe_ended(probe));
    probe_destroy(probe);
    assert_int_equal(teardown_left(), 1);
    free(routes); /* a configuration that is over */
    (void)close(done);
    answer();
    while (teardown_left() > 0) /* its thread ends by itself */
        (void)usleep(1000);
    assert_int_equal(rd_kafka_wait_destroyed(ENDED_WITHIN_MS), 0);
    assert_int_equal(asked, 1);
    (void)alarm(0);
}

static void one_that_is_left_has_the_name_that_it_asks_for(void **state) {
    (void)state;
    (void)alarm(PATIENCE_S);
    int done = eventfd(0, EFD_CLOEXEC);
    char name[] = "t.dlq";
    struct route route = {.dead_letter = {name, sizeof name - 1}};
    const struct plan plan = {.routes = &route, .route_count = 1};
    answer();
    let(false);
    struct probe *probe = make(&plan, done);
    wait_until_it_stands();
    probe_end(probe);
    assert_true(probe_ended(probe));
    probe_destroy(probe);
    assert_int_equal(teardown_left(), 1);
    memset(name, 'x', sizeof name - 1); /* a configuration that is over */
    route.dead_letter = SPAN_NONE;
    (void)close(done);
    let(true);
    while (teardown_left() > 0)
        (void)usleep(1000);
    assert_int_equal(misnamed, 0);
    (void)alarm(0);
}

static void one_that_was_answered_ends(void **state) {
    (void)state;
    int done = eventfd(0, EFD_CLOEXEC);
    uint64_t ended;
    struct route route = {.dead_letter = SPAN("t.dlq")};
    const struct plan plan = {.routes = &route, .route_count = 1};
    answer();
    struct probe *probe = make(&plan, done);
    while (probe_no_answer(probe) == NULL)
        (void)usleep(1000);
    probe_end(probe);
    assert_int_equal(read(done, &ended, sizeof ended), sizeof ended);
    assert_true(probe_ended(probe));
    probe_destroy(probe);
    assert_int_equal(teardown_left(), 0);
    (void)close(done);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_waits_for_an_answer_is_left),
        cmocka_unit_test(one_that_is_left_has_the_name_that_it_asks_for),
        cmocka_unit_test(one_that_was_answered_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
