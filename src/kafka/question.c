/* One blocking question on one short thread. Decides nothing: its consumer does. */
#include "kafka/question.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { TIME_WITHIN_MS = 10000, COMMITTED_WITHIN_MS = 5000, END_WITHIN_MS = 1000, AGAIN_MS = 1000 };

struct question {
    pthread_t thread;
    rd_kafka_t *client;
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t (*ask)(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list);
    rd_kafka_resp_err_t result;
    int wake;
    atomic_bool done;
};

/* What fails is asked again at once, and some brokers refuse at once too. */
static rd_kafka_resp_err_t take_time(rd_kafka_resp_err_t result) {
    if (result != RD_KAFKA_RESP_ERR_NO_ERROR)
        (void)poll(NULL, 0, AGAIN_MS);
    return result;
}

/* The end is read before the question: where no record is new enough, reading begins at that end, so a record that
 * comes between the two is not passed over. */
static rd_kafka_resp_err_t ask_time(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list) {
    rd_kafka_topic_partition_t *one = &list->elems[0];
    int64_t low, high;
    rd_kafka_resp_err_t result =
        rd_kafka_query_watermark_offsets(client, one->topic, one->partition, &low, &high, TIME_WITHIN_MS);
    if (result == RD_KAFKA_RESP_ERR_NO_ERROR)
        result = rd_kafka_offsets_for_times(client, list, TIME_WITHIN_MS);
    if (result == RD_KAFKA_RESP_ERR_NO_ERROR)
        result = one->err;
    if (result == RD_KAFKA_RESP_ERR_NO_ERROR && one->offset < 0)
        one->offset = high;
    return take_time(result);
}

static rd_kafka_resp_err_t ask_low(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list) {
    int64_t high;
    return take_time(rd_kafka_query_watermark_offsets(client, list->elems[0].topic, list->elems[0].partition,
                                                      &list->elems[0].offset, &high, COMMITTED_WITHIN_MS));
}

static rd_kafka_resp_err_t ask_end(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list) {
    return rd_kafka_offsets_for_times(client, list, END_WITHIN_MS);
}

static rd_kafka_resp_err_t ask_committed(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list) {
    return rd_kafka_committed(client, list, COMMITTED_WITHIN_MS);
}

static void *run(void *argument) {
    static const uint64_t one = 1;
    struct question *question = argument;
    question->result = question->ask(question->client, question->list);
    int wake = question->wake;
    atomic_store(&question->done, true);
    ssize_t written = write(wake, &one, sizeof one);
    (void)written; /* full means that a wake is pending already */
    return NULL;
}

static struct question *start(struct question asked) {
    struct question *question = calloc(1, sizeof *question);
    if (question != NULL) {
        *question = asked;
        if (pthread_create(&question->thread, NULL, run, question) == 0)
            return question;
    }
    free(question);
    rd_kafka_topic_partition_list_destroy(asked.list);
    return NULL;
}

struct question *question_time(rd_kafka_t *client, const char *topic, int32_t partition, int64_t wall_ms, int wake) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = wall_ms;
    return start((struct question){.client = client, .list = list, .ask = ask_time, .wake = wake});
}

struct question *question_low(rd_kafka_t *client, const char *topic, int32_t partition, int wake) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition);
    return start((struct question){.client = client, .list = list, .ask = ask_low, .wake = wake});
}

struct question *question_end(rd_kafka_t *client, const char *topic, int32_t partition, int wake) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = RD_KAFKA_OFFSET_END;
    return start((struct question){.client = client, .list = list, .ask = ask_end, .wake = wake});
}

struct question *question_committed(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list_take, int wake) {
    return start((struct question){.client = client, .list = list_take, .ask = ask_committed, .wake = wake});
}

bool question_done(struct question *question) {
    return atomic_load(&question->done);
}

rd_kafka_resp_err_t question_finish(struct question *question, rd_kafka_topic_partition_list_t **list_out) {
    (void)pthread_join(question->thread, NULL);
    rd_kafka_resp_err_t result = question->result;
    *list_out = NULL;
    if (result == RD_KAFKA_RESP_ERR_NO_ERROR)
        *list_out = question->list;
    else
        rd_kafka_topic_partition_list_destroy(question->list);
    free(question);
    return result;
}
