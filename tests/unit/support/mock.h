/* A broker in memory of librdkafka, with one topic, for the tests of kafka/. Not a test. Included behind cmocka. */
#ifndef SUPPORT_MOCK_H
#define SUPPORT_MOCK_H

#include "base/span.h"

#include <librdkafka/rdkafka_mock.h>
#include <stdint.h>
#include <time.h>

struct mock {
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
    struct span topic;
};

static inline void mock_begin_with(struct mock *mock, struct span topic, int partitions) {
    char why[256];
    mock->topic = topic;
    mock->host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why);
    assert_non_null(mock->host);
    mock->cluster = rd_kafka_mock_cluster_new(mock->host, 1);
    assert_non_null(mock->cluster);
    (void)rd_kafka_mock_topic_create(mock->cluster, topic.data, partitions, 1);
}

static inline void mock_begin(struct mock *mock, struct span topic) {
    mock_begin_with(mock, topic, 1);
}

static inline void mock_end(struct mock *mock) {
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->host);
}

static inline const char *mock_servers(const struct mock *mock) {
    return rd_kafka_mock_cluster_bootstraps(mock->cluster);
}

static inline int64_t mock_now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
