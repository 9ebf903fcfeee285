/* Wakes librdkafka where a partition's queue runs low. The thread that fetches from a broker sleeps for up to a second
 * once all its queues are full, and what is read meanwhile does not wake it (librdkafka 2.0); anything that is asked of
 * that broker does. From 2.2 on fetch.queue.backoff.ms says how long it sleeps. */
#include "kafka/consumer_private.h"

enum { NAMES_BACKOFF_FROM = 0x02020000, LOOKS = 4 /* at a queue, until as much was read as it holds */ };

bool nudge_by_property(void) {
    return rd_kafka_version() >= NAMES_BACKOFF_FROM;
}

/* As far as the last fetch knew. */
static bool more_waits(const struct consumer *consumer, const struct assigned_partition *partition, size_t ready) {
    int64_t low, high;
    rd_kafka_resp_err_t result = rd_kafka_get_watermark_offsets(
        consumer->client, consumer->topics[partition->place.topic].data, partition->place.partition, &low, &high);
    return result == RD_KAFKA_RESP_ERR_NO_ERROR && high - partition->next > (int64_t)ready;
}

void nudge_look(struct consumer *consumer, struct inlet *inlet, const struct assigned_partition *partition) {
    if (inlet->taken < consumer->queue.records / LOOKS && inlet->taken_bytes < consumer->queue.bytes / LOOKS)
        return;
    if (consumer->nudge != NULL || nudge_by_property())
        return;
    inlet->taken = 0;
    inlet->taken_bytes = 0;
    size_t ready = rd_kafka_queue_length(inlet->queue);
    bool shared = inlet != &partition->own; /* then others may have more */
    if (ready < consumer->queue.records / 2 && (shared || more_waits(consumer, partition, ready)))
        consumer->nudge = question_end(consumer->client, consumer->topics[partition->place.topic].data,
                                       partition->place.partition, consumer->wake);
}

void nudge_end(struct consumer *consumer) {
    rd_kafka_topic_partition_list_t *list = NULL;
    if (consumer->nudge != NULL)
        (void)question_finish(consumer->nudge, &list);
    if (list != NULL)
        rd_kafka_topic_partition_list_destroy(list);
    consumer->nudge = NULL;
}

void nudge_serve(struct consumer *consumer) {
    if (consumer->nudge != NULL && question_done(consumer->nudge))
        nudge_end(consumer);
}
