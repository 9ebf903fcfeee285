/* What librdkafka is told, of what Sluss, the user and the code want. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kafka/client.h"

#include <pthread.h>
#include <sys/prctl.h>

static pthread_mutex_t noting = PTHREAD_MUTEX_INITIALIZER;

/* The value of a property after the defaults "reconnect.backoff.max.ms = 1000" and these of the user. */
static void expect(const struct kafka_property *user, size_t count, const char *name, const char *expected) {
    const struct kafka_property most[] = {{KAFKA_RECONNECT_MOST, "1000"}, {"client.id", "sluss"}};
    const struct kafka_property fixed[] = {{"log.queue", "true"}};
    struct error error = {0};
    char value[64];
    size_t size = sizeof value;
    rd_kafka_conf_t *conf =
        kafka_conf_create((struct kafka_properties){most, 2}, (struct kafka_properties){user, count},
                          (struct kafka_properties){fixed, 1}, false, &error);
    assert_non_null(conf);
    assert_int_equal(rd_kafka_conf_get(conf, name, value, &size), RD_KAFKA_CONF_OK);
    assert_string_equal(value, expected);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, value, sizeof value);
    assert_non_null(client);
    rd_kafka_destroy(client);
}

static void a_default_gives_way_to_the_user(void **state) {
    (void)state;
    const struct kafka_property user[] = {{KAFKA_RECONNECT_MOST, "3000"}, {"client.id", "mine"}};
    expect(NULL, 0, KAFKA_RECONNECT_MOST, "1000");
    expect(NULL, 0, "client.id", "sluss");
    expect(user, 2, KAFKA_RECONNECT_MOST, "3000");
    expect(user, 2, "client.id", "mine");
}

/* librdkafka starts with no longest wait below the first. */
static void a_long_first_wait_of_the_user_keeps_the_longest_of_librdkafka(void **state) {
    (void)state;
    const struct kafka_property user[] = {{"reconnect.backoff.ms", "5000"}};
    expect(user, 1, KAFKA_RECONNECT_MOST, "10000");
    expect(user, 1, "client.id", "sluss");
}

/* How long the waits of a client's threads may last beyond their end. */
struct slack {
    int threads, least_ns;
};

static rd_kafka_resp_err_t note_slack(rd_kafka_t *client, rd_kafka_thread_type_t type, const char *name, void *owner) {
    (void)client, (void)type, (void)name;
    struct slack *slack = owner;
    int own = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    (void)pthread_mutex_lock(&noting);
    slack->least_ns = slack->threads == 0 || own < slack->least_ns ? own : slack->least_ns;
    slack->threads++;
    (void)pthread_mutex_unlock(&noting);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t see_threads(rd_kafka_t *client, const rd_kafka_conf_t *conf, void *owner, char *why,
                                       size_t room) {
    (void)conf, (void)why, (void)room;
    return rd_kafka_interceptor_add_on_thread_start(client, "slack", note_slack, owner);
}

/* Else the main thread looks at the clock for up to a millisecond before each of its timers. */
static void threads_of_a_consumer_wait_rather_too_long_than_look_at_the_clock(void **state) {
    (void)state;
    const struct kafka_property user[] = {{"bootstrap.servers", "127.0.0.1:1"}, {"group.id", "g"}};
    struct error error = {0};
    struct slack slack = {0};
    char why[256];
    rd_kafka_conf_t *conf = kafka_conf_create((struct kafka_properties){NULL, 0}, (struct kafka_properties){user, 2},
                                              (struct kafka_properties){NULL, 0}, false, &error);
    assert_non_null(conf);
    assert_int_equal(rd_kafka_conf_interceptor_add_on_new(conf, "slack", see_threads, &slack),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    int own = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    rd_kafka_t *client = kafka_consumer_create(conf, why, sizeof why);
    assert_non_null(client);
    rd_kafka_destroy(client);
    assert_true(slack.threads >= 2); /* the main one, the broker's */
    assert_true(slack.least_ns >= 1000000);
    assert_int_equal(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), own); /* ours is as it was */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_default_gives_way_to_the_user),
        cmocka_unit_test(a_long_first_wait_of_the_user_keeps_the_longest_of_librdkafka),
        cmocka_unit_test(threads_of_a_consumer_wait_rather_too_long_than_look_at_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
