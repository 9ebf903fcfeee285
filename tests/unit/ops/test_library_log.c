/* The same news of many clients is one line a minute. */
#include "ops/library_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void the_same_news_has_one_essence(void **state) {
    (void)state;
    static const struct {
        const char *sentence, *essence;
    } rows[] = {
        {"librdkafka FAIL: [thrd:k1:9092/bootstrap]: k1:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection "
         "refused (after 0ms in state CONNECT)",
         "k1:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused "},
        {"k1:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused (after 7ms in state CONNECT, 1 identical "
         "error(s) suppressed)",
         "k1:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused "},
        {"group sluss.bygglov: 2/2 brokers are down", "2/2 brokers are down"},
        {"2/2 brokers are down", "2/2 brokers are down"},
        {"group sluss.bygglov: FindCoordinator response error: Broker: Group authorization failed",
         "group sluss.bygglov: FindCoordinator response error: Broker: Group authorization failed"},
        {"librdkafka SESSTMOUT: [thrd:main]: Consumer group session timed out after 10007 ms",
         "Consumer group session timed "
         "out after  ms"},
        {"a bracket ) without (its other", "a bracket ) without "},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = {0};
        library_log_essence(&out, rows[i].sentence);
        assert_string_equal(buf_text(&out), rows[i].essence);
        buf_finish(&out);
    }
}

static void once_a_minute(void **state) {
    (void)state;
    static struct library_log known;
    uint32_t again;
    int64_t within_ms;
    assert_true(library_log_ask(&known, "down", 0, &again, &within_ms));
    assert_int_equal(again, 0);
    for (int i = 0; i < 5; i++)
        assert_false(library_log_ask(&known, "down", LIBRARY_LOG_PERIOD_MS - 1, &again, &within_ms));
    assert_true(library_log_ask(&known, "another", 1, &again, &within_ms));
    assert_true(library_log_ask(&known, "down", LIBRARY_LOG_PERIOD_MS, &again, &within_ms));
    assert_int_equal(again, 5);
    assert_int_equal(within_ms, LIBRARY_LOG_PERIOD_MS);
    assert_false(library_log_ask(&known, "down", LIBRARY_LOG_PERIOD_MS + 1, &again, &within_ms));
    assert_true(library_log_ask(&known, "down", 3 * LIBRARY_LOG_PERIOD_MS, &again, &within_ms));
    assert_int_equal(again, 1);
}

static void the_oldest_makes_room(void **state) {
    (void)state;
    static struct library_log known;
    uint32_t again;
    int64_t within_ms;
    char essence[LIBRARY_LOG_LONGEST + 20];
    for (int i = 0; i <= LIBRARY_LOG_SENTENCES; i++) {
        (void)snprintf(essence, sizeof essence, "sentence %d", i);
        assert_true(library_log_ask(&known, essence, i, &again, &within_ms));
    }
    assert_true(library_log_ask(&known, "sentence 0", 100, &again, &within_ms));
    assert_false(library_log_ask(&known, "sentence 2", 100, &again, &within_ms));
    memset(essence, 'x', sizeof essence - 1);
    essence[sizeof essence - 1] = '\0';
    assert_true(library_log_ask(&known, essence, 101, &again, &within_ms));
    assert_false(library_log_ask(&known, essence, 102, &again, &within_ms)); /* cut alike */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_news_has_one_essence), cmocka_unit_test(once_a_minute),
                                       cmocka_unit_test(the_oldest_makes_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
