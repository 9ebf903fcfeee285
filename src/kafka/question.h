/* A question asks the broker what librdkafka can only ask with a blocking call, on a thread of its own: the first
 * record at or after a time, and what the group has committed. It reads no records. */
#ifndef SLUSS_KAFKA_QUESTION_H
#define SLUSS_KAFKA_QUESTION_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

struct question;

/* Each starts one; `wake` is written to when it has ended. NULL when no memory or thread could be had.
 *
 * Where in one partition the first record at or after `wall_ms` is; the partition's end where there is none. One that
 * fails takes a second at least. */
struct question *question_time(rd_kafka_t *client, const char *topic, int32_t partition, int64_t wall_ms, int wake);

/* Where in one partition the first record is that is still there. One that fails takes a second at least. */
struct question *question_low(rd_kafka_t *client, const char *topic, int32_t partition, int wake);

/* Where in one partition the next record will be. */
struct question *question_end(rd_kafka_t *client, const char *topic, int32_t partition, int wake);

/* What the client's own group has committed for the partitions of `list_take`, with metadata. Through the member's own
 * coordinator: ListConsumerGroupOffsets keeps one of its own, and keeps to it after it has moved (librdkafka 2.0). */
struct question *question_committed(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list_take, int wake);

/* True when it has ended. */
bool question_done(struct question *question);

/* Waits for the end, frees it, gives the answered list (offsets, metadata, an error a partition) to the caller to
 * destroy. On an error, which librdkafka's code names, *list_out is NULL: then ask again. */
rd_kafka_resp_err_t question_finish(struct question *question, rd_kafka_topic_partition_list_t **list_out);

#endif
