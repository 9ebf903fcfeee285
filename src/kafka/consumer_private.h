/* The inside of a consumer, shared by its files: consumer.c (life and orders), membership.c (what the group and the
 * broker say), supply.c (records within credit). */
#ifndef SLUSS_KAFKA_CONSUMER_PRIVATE_H
#define SLUSS_KAFKA_CONSUMER_PRIVATE_H

#include "kafka/assignment.h"
#include "kafka/consumer.h"
#include "kafka/time_query.h"

struct pending_time {
    struct pending_time *next;
    struct time_query *query;
    struct place place;
    int64_t wall_ms;
};

struct consumer {
    uint32_t route;
    uint32_t epoch; /* the last one given */
    char *group;
    const struct span *topics;
    uint32_t topic_count;
    struct consumer_handler handler;
    rd_kafka_t *client;
    rd_kafka_queue_t *news;    /* the group's: rebalances, errors, logs */
    rd_kafka_queue_t *answers; /* to our own questions: committed offsets, commits */
    struct assignment assignment;
    struct consumer_offset *entry; /* room for one answer about all partitions of the epoch */
    struct pending_time *times;
    uint32_t refused; /* epoch of a commit that librdkafka refused at once; 0 none */
    int wake;
    bool joined;
    bool closing;
};

/* Says something that is no event's business, with the group's name. */
void consumer_say(const struct consumer *consumer, int level, const char *what);

/* Forgets the assignment and tells librdkafka. */
void consumer_unassign(struct consumer *consumer);

/* Serves what the group says, and the answers to our questions. */
void membership_serve(struct consumer *consumer);

/* Gives out at most `most` records within credit; true when there are more at once. */
bool supply_serve(struct consumer *consumer, size_t most);

#endif
