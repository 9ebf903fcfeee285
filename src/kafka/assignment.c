/* Partitions, their queues and credit. Back-pressure is a queue that is not read: no pause, resume or seek, which purge
 * what was fetched, rewind or hang in librdkafka 2.0. */
#include "kafka/assignment.h"

#include <stdint.h>
#include <stdlib.h>

static uint32_t topic_index(const struct span *topics, uint32_t count, const char *name) {
    uint32_t at = 0;
    while (at < count && !span_equal(topics[at], span_of(name)))
        at++;
    return at;
}

bool assignment_begin(struct assignment *assignment, rd_kafka_t *client, const rd_kafka_topic_partition_list_t *list,
                      const struct span *topics, uint32_t topic_count, uint32_t route, uint32_t epoch, size_t most,
                      int wake, struct assignment *past) {
    static const uint64_t one = 1;
    *assignment = (struct assignment){0};
    assignment->partition = calloc((size_t)list->cnt + 1, sizeof *assignment->partition);
    assignment->alone = calloc((size_t)list->cnt + 1, sizeof(struct assigned_partition *));
    if (assignment->partition == NULL || assignment->alone == NULL) {
        free(assignment->partition);
        free(assignment->alone);
        *assignment = (struct assignment){0};
        return false;
    }
    assignment->epoch = epoch;
    assignment->topics = topics;
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *from = &list->elems[i];
        uint32_t topic = topic_index(topics, topic_count, from->topic);
        if (topic == topic_count)
            continue;
        struct assigned_partition *to = &assignment->partition[assignment->count++];
        to->place = (struct place){.route = route, .topic = topic, .partition = from->partition, .epoch = epoch};
        to->begin = RD_KAFKA_OFFSET_INVALID;
        to->next = -1;
        to->own.queue = rd_kafka_queue_get_partition(client, from->topic, from->partition);
        rd_kafka_queue_forward(to->own.queue, NULL);
        rd_kafka_queue_io_event_enable(to->own.queue, wake, &one, sizeof one);
    }
    if (!inlets_begin(assignment, client, most, wake)) {
        assignment_end(assignment, past);
        return false;
    }
    assignment_forget(past);
    return true;
}

void assignment_end(struct assignment *assignment, struct assignment *past) {
    if (assignment->partition == NULL)
        return;
    assignment_forget(past);
    inlets_end(assignment);
    for (size_t i = 0; i < assignment->count; i++) {
        if (assignment->partition[i].waiting != NULL) /* never given out: whoever comes next reads it */
            rd_kafka_message_destroy(assignment->partition[i].waiting);
        assignment->partition[i].waiting = NULL;
        rd_kafka_queue_io_event_enable(assignment->partition[i].own.queue, -1, NULL, 0);
    }
    free(assignment->alone);
    assignment->alone = NULL;
    *past = *assignment;
    *assignment = (struct assignment){0};
}

static void empty(rd_kafka_queue_t *queue) {
    for (rd_kafka_message_t *message; (message = rd_kafka_consume_queue(queue, 0)) != NULL;)
        rd_kafka_message_destroy(message);
}

void assignment_forget(struct assignment *past) {
    for (size_t i = 0; i < past->count; i++) {
        empty(past->partition[i].own.queue);
        rd_kafka_queue_destroy(past->partition[i].own.queue);
    }
    free(past->partition);
    *past = (struct assignment){0};
}

struct assigned_partition *assignment_find(struct assignment *assignment, struct place place) {
    if (assignment->epoch != place.epoch)
        return NULL;
    for (size_t i = 0; i < assignment->count; i++) {
        struct assigned_partition *one = &assignment->partition[i];
        if (one->place.partition == place.partition && one->place.topic == place.topic)
            return one;
    }
    return NULL;
}

bool assignment_is_decided(const struct assignment *assignment) {
    for (size_t i = 0; i < assignment->count; i++)
        if (!assignment->partition[i].decided)
            return false;
    return true;
}

rd_kafka_topic_partition_list_t *assignment_list(const struct assignment *assignment, const struct span *topics) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)assignment->count);
    for (size_t i = 0; i < assignment->count; i++) {
        const struct assigned_partition *one = &assignment->partition[i];
        if (!one->stopped)
            rd_kafka_topic_partition_list_add(list, topics[one->place.topic].data, one->place.partition)->offset =
                one->begin;
    }
    return list;
}
