/* librdkafka's mock cluster with one broker. Other processes may use it too. */
#include "kafka/sandbox.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

struct sandbox {
    rd_kafka_t *client; /* the mock cluster lives in a client's threads */
    rd_kafka_mock_cluster_t *cluster;
};

/* The mock warns of every topic that it creates; that is its purpose here. */
static void be_quiet(const rd_kafka_t *client, int level, const char *facility, const char *text) {
    (void)client, (void)level, (void)facility, (void)text;
}

struct sandbox *sandbox_create(struct error *error) {
    char why[256] = "out of memory";
    struct sandbox *sandbox = calloc(1, sizeof *sandbox);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, be_quiet);
    if (sandbox != NULL)
        sandbox->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (sandbox == NULL || sandbox->client == NULL)
        rd_kafka_conf_destroy(conf);
    else
        sandbox->cluster = rd_kafka_mock_cluster_new(sandbox->client, 1);
    if (sandbox != NULL && sandbox->cluster != NULL)
        return sandbox;
    (void)error_set(error, "the sandbox broker did not start: %s", why);
    sandbox_destroy(sandbox);
    return NULL;
}

const char *sandbox_servers(const struct sandbox *sandbox) {
    return rd_kafka_mock_cluster_bootstraps(sandbox->cluster);
}

void sandbox_destroy(struct sandbox *sandbox) {
    if (sandbox == NULL)
        return;
    if (sandbox->cluster != NULL)
        rd_kafka_mock_cluster_destroy(sandbox->cluster);
    if (sandbox->client != NULL)
        rd_kafka_destroy(sandbox->client);
    free(sandbox);
}
