/* Metadata of single topics through a client of its own, which ends with the census. */
#include "kafka/census.h"

#include "kafka/teardown.h"

#include <stdint.h>

static rd_kafka_t *make_client(struct kafka_properties properties) {
    static const struct kafka_property fixed[] = {{"allow.auto.create.topics", "false"}, {"log.queue", "true"}};
    struct error error;
    char why[256];
    rd_kafka_conf_t *conf = kafka_conf_create((struct kafka_properties){NULL, 0}, properties,
                                              (struct kafka_properties){fixed, 2}, false, &error);
    rd_kafka_t *client = conf == NULL ? NULL : rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (conf != NULL && client == NULL)
        rd_kafka_conf_destroy(conf);
    return client;
}

/* False when no broker has answered: then the next topic would wait as long. */
static bool count_partitions(rd_kafka_t *client, const char *topic, int within_ms, uint32_t *partitions,
                             uint32_t *brokers) {
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code =
        handle == NULL ? rd_kafka_last_error() : rd_kafka_metadata(client, 0, handle, &metadata, within_ms);
    bool answered = code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata != NULL;
    if (answered)
        *brokers = (uint32_t)metadata->broker_cnt;
    if (answered && metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR)
        *partitions = (uint32_t)metadata->topics[0].partition_cnt;
    if (metadata != NULL)
        rd_kafka_metadata_destroy(metadata);
    if (handle != NULL)
        rd_kafka_topic_destroy(handle);
    return answered;
}

uint32_t census_take(struct kafka_properties properties, const struct span *topics, size_t count, int within_ms,
                     uint32_t *partitions) {
    rd_kafka_t *client = make_client(properties);
    bool answered = client != NULL;
    uint32_t brokers = 0;
    for (size_t i = 0; i < count; i++) {
        partitions[i] = 0;
        if (answered)
            answered = count_partitions(client, topics[i].data, within_ms, &partitions[i], &brokers);
    }
    if (client != NULL)
        (void)teardown_end(teardown_begin(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE, within_ms));
    return brokers;
}
