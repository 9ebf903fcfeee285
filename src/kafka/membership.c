/* What the group and the broker say: rebalances, errors, committed offsets, the results of commits. Reads no records.
 */
#include "kafka/consumer_private.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void consumer_unassign(struct consumer *consumer) {
    assignment_end(&consumer->assignment, &consumer->past);
    (void)rd_kafka_assign(consumer->client, NULL);
}

/* The group is sound and others read all there is: that is no waiting. */
static void tell_nothing(struct consumer *consumer) {
    consumer->empty = ++consumer->epoch;
    consumer->handler.assigned(consumer->handler.owner, consumer->route, consumer->epoch, NULL, 0);
}

static void on_assign(struct consumer *consumer, const rd_kafka_topic_partition_list_t *list) {
    assignment_end(&consumer->assignment, &consumer->past);
    consumer->joined = true;
    consumer->empty = 0;
    if (consumer->closing) {
        (void)rd_kafka_assign(consumer->client, NULL);
        return;
    }
    if (list == NULL || list->cnt == 0) {
        (void)rd_kafka_assign(consumer->client, list);
        tell_nothing(consumer);
        return;
    }
    consumer->epoch++;
    struct place *place = calloc((size_t)list->cnt, sizeof *place);
    free(consumer->entry);
    consumer->entry = calloc((size_t)list->cnt, sizeof *consumer->entry);
    if (place == NULL || consumer->entry == NULL ||
        !assignment_begin(&consumer->assignment, consumer->client, list, consumer->topics, consumer->topic_count,
                          consumer->route, consumer->epoch, consumer->inlets, consumer->wake, &consumer->past)) {
        /* Nothing is read, the group goes on with heartbeats; the next rebalance tries again. */
        (void)rd_kafka_assign(consumer->client, NULL);
        free(place);
        return;
    }
    if (consumer->assignment.count < (size_t)list->cnt)
        consumer_say(consumer, 4,
                     "the group's leader gave us partitions of topics that the route does not read: they are not read "
                     "here: find out who else is a member of the group");
    if (consumer->assignment.count == 0) {
        consumer_unassign(consumer);
        free(place);
        tell_nothing(consumer);
        return;
    }
    gone_forget(consumer);
    for (size_t i = 0; i < consumer->assignment.count; i++)
        place[i] = consumer->assignment.partition[i].place;
    consumer->handler.assigned(consumer->handler.owner, consumer->route, consumer->epoch, place,
                               consumer->assignment.count);
    free(place);
}

static void on_rebalance(struct consumer *consumer, rd_kafka_event_t *event) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    consumer->inside = rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    consumer->rejoin_ms = 0;
    if (consumer->inside) {
        on_assign(consumer, list);
        return;
    }
    /* Asked before anything is unassigned: that would forget it. */
    bool lost = rd_kafka_assignment_lost(consumer->client) != 0;
    uint32_t empty = consumer->empty;
    consumer->empty = 0;
    if (consumer->closing || consumer->assignment.epoch == 0) {
        consumer_unassign(consumer);
        if (!consumer->closing && empty != 0) /* there is nothing to drain or commit */
            consumer->handler.revoked(consumer->handler.owner, consumer->route, empty, true);
    } else
        consumer->handler.revoked(consumer->handler.owner, consumer->route, consumer->assignment.epoch, lost);
}

void consumer_say(const struct consumer *consumer, int level, const char *what) {
    char sentence[640];
    (void)snprintf(sentence, sizeof sentence, "group %s: %s", consumer->group, what);
    if (consumer->handler.log.say != NULL)
        consumer->handler.log.say(consumer->handler.log.owner, level, sentence);
}

static void on_error(struct consumer *consumer, rd_kafka_event_t *event) {
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    char why[256];
    if (rd_kafka_event_error_is_fatal(event) || code == RD_KAFKA_RESP_ERR__FATAL) {
        (void)rd_kafka_fatal_error(consumer->client, why, sizeof why);
        consumer->handler.fatal(consumer->handler.owner, consumer->route, why);
        return;
    }
    /* All brokers down is information: the library goes on trying, and so do we. It is no news of the group's. */
    bool of_brokers = code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
                      code == RD_KAFKA_RESP_ERR__RESOLVE || code == RD_KAFKA_RESP_ERR__SSL;
    if (of_brokers && consumer->handler.log.say != NULL) {
        consumer->handler.log.say(consumer->handler.log.owner, 4, rd_kafka_event_error_string(event));
        return;
    }
    consumer_say(consumer, code == RD_KAFKA_RESP_ERR__AUTHENTICATION ? 3 : 4, rd_kafka_event_error_string(event));
    gone_from_group(consumer, code, rd_kafka_event_error_string(event));
}

static void serve_news(struct consumer *consumer) {
    rd_kafka_event_t *event;
    while ((event = rd_kafka_queue_poll(consumer->news, 0)) != NULL) {
        switch (rd_kafka_event_type(event)) {
        case RD_KAFKA_EVENT_REBALANCE:
            on_rebalance(consumer, event);
            break;
        case RD_KAFKA_EVENT_ERROR:
            on_error(consumer, event);
            break;
        case RD_KAFKA_EVENT_LOG:
            kafka_log_event(&consumer->handler.log, event);
            break;
        default: /* leftover records while closing: they were never given out */
            break;
        }
        rd_kafka_event_destroy(event);
    }
}

void membership_committed(struct consumer *consumer, uint32_t epoch, const rd_kafka_topic_partition_list_t *list) {
    struct assignment *assignment = &consumer->assignment;
    if (assignment->epoch != epoch)
        return;
    struct consumer_offset *entry = consumer->entry;
    for (size_t i = 0; i < assignment->count; i++) {
        struct place place = assignment->partition[i].place;
        const rd_kafka_topic_partition_t *found =
            list == NULL
                ? NULL
                : rd_kafka_topic_partition_list_find(list, consumer->topics[place.topic].data, place.partition);
        entry[i] = (struct consumer_offset){.topic = place.topic, .partition = place.partition, .offset = -1};
        entry[i].failed = found == NULL || found->err != RD_KAFKA_RESP_ERR_NO_ERROR;
        if (!entry[i].failed && found->offset >= 0)
            entry[i].offset = found->offset;
        if (!entry[i].failed && found->metadata_size > 0)
            entry[i].metadata = span_make(found->metadata, found->metadata_size);
    }
    consumer->handler.committed(consumer->handler.owner, consumer->route, epoch, entry, assignment->count);
}

/* A member of an older generation is told so (ILLEGAL_GENERATION). REBALANCE_IN_PROGRESS says that the group is between
 * two generations for a moment: librdkafka does not send the commit again by itself, the same may be taken soon. */
static enum consumer_commit judge_commit(rd_kafka_resp_err_t code) {
    switch ((int)code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR__NO_OFFSET:
        return CONSUMER_COMMITTED;
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
        return CONSUMER_COMMIT_FENCED;
    case RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE:
        return CONSUMER_COMMIT_TOO_LARGE;
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
        return CONSUMER_COMMIT_RETRY;
    default:
        return CONSUMER_COMMIT_FAILED;
    }
}

/* A commit is only as good as its worst partition. */
static void on_commit(struct consumer *consumer, rd_kafka_event_t *event) {
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    enum consumer_commit worst = judge_commit(code);
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    for (int i = 0; list != NULL && i < list->cnt; i++) {
        enum consumer_commit one = judge_commit(list->elems[i].err);
        if (one > worst) {
            worst = one;
            code = list->elems[i].err;
        }
    }
    uint32_t epoch = (uint32_t)(uintptr_t)rd_kafka_event_opaque(event);
    if (list != NULL && epoch == consumer->assignment.epoch)
        gone_from_commit(consumer, list); /* first, or what is of a topic that is gone would be committed again */
    consumer->handler.commit_result(consumer->handler.owner, consumer->route, epoch, worst, rd_kafka_err2str(code));
}

static void serve_answers(struct consumer *consumer) {
    if (consumer->refused != 0) {
        uint32_t epoch = consumer->refused;
        consumer->refused = 0;
        consumer->handler.commit_result(consumer->handler.owner, consumer->route, epoch, CONSUMER_COMMIT_FAILED,
                                        "librdkafka refused the commit");
    }
    rd_kafka_event_t *event;
    while ((event = rd_kafka_queue_poll(consumer->answers, 0)) != NULL) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT)
            on_commit(consumer, event);
        rd_kafka_event_destroy(event);
    }
}

void membership_serve(struct consumer *consumer) {
    serve_news(consumer);
    serve_answers(consumer);
}
