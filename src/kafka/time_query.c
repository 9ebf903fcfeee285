/* One blocking question on one short thread. */
#include "kafka/time_query.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_WITHIN_MS = 10000 };

struct time_query {
    pthread_t thread;
    rd_kafka_t *client;
    char *topic;
    int32_t partition;
    int64_t wall_ms;
    int wake;
    int64_t offset;
    bool answered;
    atomic_bool done;
};

/* The end is read before the question: where no record is new enough, reading begins at that end, so a record that
 * comes between the two is not passed over. */
static bool ask(struct time_query *query) {
    int64_t low, high;
    if (rd_kafka_query_watermark_offsets(query->client, query->topic, query->partition, &low, &high,
                                         ANSWER_WITHIN_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *one = rd_kafka_topic_partition_list_add(list, query->topic, query->partition);
    one->offset = query->wall_ms;
    bool answered = rd_kafka_offsets_for_times(query->client, list, ANSWER_WITHIN_MS) == RD_KAFKA_RESP_ERR_NO_ERROR &&
                    one->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    query->offset = one->offset >= 0 ? one->offset : high;
    rd_kafka_topic_partition_list_destroy(list);
    return answered;
}

static void *run(void *argument) {
    struct time_query *query = argument;
    query->answered = ask(query);
    int wake = query->wake;
    atomic_store(&query->done, true);
    static const uint64_t one = 1;
    ssize_t written = write(wake, &one, sizeof one);
    (void)written; /* full means that a wake is pending already */
    return NULL;
}

struct time_query *time_query_start(rd_kafka_t *client, const char *topic, int32_t partition, int64_t wall_ms,
                                    int wake) {
    struct time_query *query = calloc(1, sizeof *query);
    if (query == NULL)
        return NULL;
    *query = (struct time_query){
        .client = client, .topic = strdup(topic), .partition = partition, .wall_ms = wall_ms, .wake = wake};
    if (query->topic != NULL && pthread_create(&query->thread, NULL, run, query) == 0)
        return query;
    free(query->topic);
    free(query);
    return NULL;
}

bool time_query_done(struct time_query *query) {
    return atomic_load(&query->done);
}

bool time_query_finish(struct time_query *query, int64_t *offset) {
    (void)pthread_join(query->thread, NULL);
    bool answered = query->answered;
    *offset = query->offset;
    free(query->topic);
    free(query);
    return answered;
}
