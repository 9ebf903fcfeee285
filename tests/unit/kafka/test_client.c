/* What librdkafka is told, of what Sluss, the user and the code want. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kafka/client.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_default_gives_way_to_the_user),
        cmocka_unit_test(a_long_first_wait_of_the_user_keeps_the_longest_of_librdkafka),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
