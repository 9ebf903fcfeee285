/* Tests of kafka/census on a broker in memory. */
#include "kafka/census.h"

#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { WITHIN_MS = 10000 };

static void counts_the_partitions_of_each_topic(void **state) {
    (void)state;
    char why[256];
    rd_kafka_t *host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why);
    assert_non_null(host);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(host, 2);
    assert_int_equal(rd_kafka_mock_topic_create(cluster, "one", 1, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_mock_topic_create(cluster, "many", 23, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
    const struct kafka_property property[] = {{"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster)},
                                              {"session.timeout.ms", "6000"},
                                              {"linger.ms", "5"}};
    const struct span topics[] = {SPAN("many"), SPAN("one"), SPAN("many")};
    uint32_t partitions[3] = {7, 7, 7};
    assert_int_equal(census_take((struct kafka_properties){property, 3}, topics, 3, WITHIN_MS, partitions), 2);
    assert_int_equal(partitions[0], 23);
    assert_int_equal(partitions[1], 1);
    assert_int_equal(partitions[2], 23);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
}

static void knows_nothing_without_a_broker(void **state) {
    (void)state;
    const struct kafka_property nobody[] = {{"bootstrap.servers", "127.0.0.1:1"}};
    const struct kafka_property wrong[] = {{"no.such.property", "1"}};
    const struct span topics[] = {SPAN("one"), SPAN("many")};
    uint32_t partitions[2] = {7, 7};
    assert_int_equal(census_take((struct kafka_properties){nobody, 1}, topics, 2, 50, partitions), 0);
    assert_int_equal(partitions[0] + partitions[1], 0);
    partitions[0] = partitions[1] = 7;
    assert_int_equal(census_take((struct kafka_properties){wrong, 1}, topics, 2, WITHIN_MS, partitions), 0);
    assert_int_equal(partitions[0] + partitions[1], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_the_partitions_of_each_topic),
                                       cmocka_unit_test(knows_nothing_without_a_broker)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
