/* Where it is heard, what it is told as, and joining anew. What a deletion means for the events is the core's. */
#include "kafka/gone.h"

#include "kafka/consumer_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A broker that knows a topic no more may say so for a moment only, and each time some events come again. */
enum { JOIN_ANEW_MS = 10000 };

/* Of a partition alone that is missing, a broker may only not have heard yet that it was added. */
static bool is_gone(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
}

/* "TOPIC [PARTITION]: ..." */
static bool names(const char *why, struct span topic, int32_t partition) {
    char begin[320];
    int size = snprintf(begin, sizeof begin, SPAN_FORMAT " [%" PRId32 "]: ", SPAN_ARGUMENT(topic), partition);
    return size > 0 && (size_t)size < sizeof begin && strncmp(why, begin, (size_t)size) == 0;
}

static struct assigned_partition *find_named(struct consumer *consumer, const char *why) {
    struct assignment *assignment = &consumer->assignment;
    for (size_t i = 0; i < assignment->count; i++)
        if (names(why, consumer->topics[assignment->partition[i].place.topic],
                  assignment->partition[i].place.partition))
            return &assignment->partition[i];
    return NULL;
}

/* From inside rd_kafka_consume_queue, which gives records and no such errors; of what is no longer read nobody cares.
 */
static void on_error(rd_kafka_t *client, int code, const char *why, void *owner) {
    struct consumer *consumer = owner;
    (void)client;
    struct assigned_partition *partition = is_gone((rd_kafka_resp_err_t)code) ? find_named(consumer, why) : NULL;
    if (partition != NULL)
        consumer->heard = partition->gone = true;
    else if (consumer->assignment.epoch != 0 && consumer->handler.log.say != NULL)
        consumer->handler.log.say(consumer->handler.log.owner, 4, why);
}

void gone_listen(rd_kafka_conf_t *conf, struct consumer *consumer) {
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_opaque(conf, consumer);
}

void gone_forget(struct consumer *consumer) {
    struct assignment *assignment = &consumer->assignment;
    for (size_t i = 0; i < assignment->count; i++)
        for (rd_kafka_message_t *message;
             (message = rd_kafka_consume_queue(assignment->partition[i].own.queue, 0)) != NULL;)
            rd_kafka_message_destroy(message);
    for (size_t i = 0; i < assignment->count; i++)
        assignment->partition[i].gone = false;
}

void gone_from_group(struct consumer *consumer, rd_kafka_resp_err_t code, const char *why) {
    for (uint32_t i = 0; is_gone(code) && i < consumer->topic_count; i++) {
        char name[320];
        (void)snprintf(name, sizeof name, ": " SPAN_FORMAT ": ", SPAN_ARGUMENT(consumer->topics[i]));
        if (strstr(why, name) != NULL && consumer->handler.topic_gone != NULL)
            consumer->handler.topic_gone(consumer->handler.owner, consumer->route, i);
    }
}

void gone_join_anew(struct consumer *consumer) {
    if (consumer->rejoin_ms == 0)
        consumer->rejoin_ms = consumer->now_ms + JOIN_ANEW_MS;
}

/* The handler may end the assignment. */
static void tell(struct consumer *consumer) {
    struct assignment *assignment = &consumer->assignment;
    uint32_t epoch = assignment->epoch;
    consumer->heard = false;
    for (size_t i = 0; assignment->epoch == epoch && i < assignment->count; i++) {
        struct assigned_partition *partition = &assignment->partition[i];
        if (!partition->gone)
            continue;
        partition->gone = false;
        partition->stopped = true;
        partition->credit_events = 0;
        gone_join_anew(consumer);
        consumer->handler.partition_error(consumer->handler.owner, partition->place, CONSUMER_GONE,
                                          "its topic is gone");
    }
}

/* Hardly ever: of most answers each error is looked at, and no more. */
static void note(struct consumer *consumer, const rd_kafka_topic_partition_t *refused) {
    struct assignment *assignment = &consumer->assignment;
    for (size_t i = 0; i < assignment->count; i++) {
        struct assigned_partition *partition = &assignment->partition[i];
        if (partition->place.partition == refused->partition &&
            span_equal(consumer->topics[partition->place.topic], span_of(refused->topic)))
            consumer->heard = partition->gone = true;
    }
}

void gone_from_commit(struct consumer *consumer, const rd_kafka_topic_partition_list_t *list) {
    for (int i = 0; i < list->cnt; i++)
        if (is_gone(list->elems[i].err))
            note(consumer, &list->elems[i]);
    if (consumer->heard)
        tell(consumer);
}

void gone_serve(struct consumer *consumer) {
    if (consumer->heard)
        tell(consumer);
    if (consumer->rejoin_ms == 0 || consumer->rejoin_ms > consumer->now_ms || consumer->closing)
        return;
    consumer->rejoin_ms = 0;
    consumer_say(consumer, 5, "a topic was gone: the group is joined anew, to read what there is now");
    struct error error = {0};
    if (!consumer_subscribe(consumer, &error))
        consumer_say(consumer, 3, error.text);
}

int64_t gone_due_ms(const struct consumer *consumer) {
    return consumer->rejoin_ms == 0 || consumer->closing ? INT64_MAX : consumer->rejoin_ms;
}
