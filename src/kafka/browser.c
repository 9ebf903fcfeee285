/* Reading topics on librdkafka, with assigned partitions. */
#include "kafka/browser.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

struct browser {
    rd_kafka_t *client;
    rd_kafka_message_t *message; /* given out last */
};

static rd_kafka_conf_t *conf_create(const char *servers) {
    static const char *const fixed[][2] = {{"group.id", "sluss-browser"}, /* never joined: assign asks for a name */
                                           {"enable.auto.commit", "false"},
                                           {"auto.offset.reset", "earliest"},
                                           {"topic.metadata.refresh.interval.ms", "1000"},
                                           {"log_level", "0"},
                                           {"fetch.wait.max.ms", "100"}};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool good = rd_kafka_conf_set(conf, "bootstrap.servers", servers, NULL, 0) == RD_KAFKA_CONF_OK;
    for (size_t i = 0; good && i < sizeof fixed / sizeof *fixed; i++)
        good = rd_kafka_conf_set(conf, fixed[i][0], fixed[i][1], NULL, 0) == RD_KAFKA_CONF_OK;
    if (good)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

static bool assign(rd_kafka_t *client, const char *const topics[], int partitions, struct error *error) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (; *topics != NULL; topics++)
        for (int32_t partition = 0; partition < partitions; partition++)
            rd_kafka_topic_partition_list_add(list, *topics, partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_resp_err_t result = rd_kafka_assign(client, list);
    rd_kafka_topic_partition_list_destroy(list);
    return result == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(error, "cannot read the topics: %s", rd_kafka_err2str(result));
}

struct browser *browser_create(const char *servers, const char *const topics[], int partitions, struct error *error) {
    char why[256] = "its configuration was refused";
    struct browser *browser = calloc(1, sizeof *browser);
    rd_kafka_conf_t *conf = browser != NULL ? conf_create(servers) : NULL;
    if (conf != NULL)
        browser->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (conf != NULL && browser->client == NULL)
        rd_kafka_conf_destroy(conf);
    if (browser == NULL)
        (void)error_memory(error);
    else if (browser->client == NULL)
        (void)error_set(error, "cannot make a Kafka consumer: %s", why);
    else if (rd_kafka_poll_set_consumer(browser->client) == RD_KAFKA_RESP_ERR_NO_ERROR &&
             assign(browser->client, topics, partitions, error))
        return browser;
    browser_destroy(browser);
    return NULL;
}

static void drop(struct browser *browser) {
    if (browser->message != NULL)
        rd_kafka_message_destroy(browser->message);
    browser->message = NULL;
}

bool browser_next(struct browser *browser, struct browser_record *record) {
    do {
        drop(browser);
        browser->message = rd_kafka_consumer_poll(browser->client, 0);
    } while (browser->message != NULL && browser->message->err != RD_KAFKA_RESP_ERR_NO_ERROR);
    const rd_kafka_message_t *message = browser->message;
    if (message == NULL)
        return false;
    *record =
        (struct browser_record){rd_kafka_topic_name(message->rkt), message->partition, message->offset,
                                span_make(message->key, message->key_len), span_make(message->payload, message->len)};
    return true;
}

struct span browser_header(const struct browser *browser, const char *name) {
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    if (browser->message == NULL ||
        rd_kafka_message_headers(browser->message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return SPAN_NONE;
    return span_make(value, size);
}

void browser_destroy(struct browser *browser) {
    if (browser == NULL)
        return;
    drop(browser);
    if (browser->client != NULL) {
        (void)rd_kafka_consumer_close(browser->client);
        rd_kafka_destroy(browser->client);
    }
    free(browser);
}
