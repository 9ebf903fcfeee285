/* A time query asks the broker for the first record at or after a time, on a thread of its own: librdkafka has only a
 * blocking call for it. It reads no records. */
#ifndef SLUSS_KAFKA_TIME_QUERY_H
#define SLUSS_KAFKA_TIME_QUERY_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

struct time_query;

/* Starts the question for one partition; `wake` is written to when the answer is there. NULL when no thread could be
 * had. */
struct time_query *time_query_start(rd_kafka_t *client, const char *topic, int32_t partition, int64_t wall_ms,
                                    int wake);

/* True when it has ended. */
bool time_query_done(struct time_query *query);

/* Waits for the end, frees it. False when the broker did not answer: then ask again. */
bool time_query_finish(struct time_query *query, int64_t *offset);

#endif
