/* The inside of a consumer, shared by its files: consumer.c (life and orders), membership.c (what the group and the
 * broker say), supply.c (records within credit), nudge.c (librdkafka fetches in time), gone.c (topics that are
 * deleted). */
#ifndef SLUSS_KAFKA_CONSUMER_PRIVATE_H
#define SLUSS_KAFKA_CONSUMER_PRIVATE_H

#include "kafka/assignment.h"
#include "kafka/consumer.h"
#include "kafka/gone.h"
#include "kafka/question.h"
#include "kafka/teardown.h"

/* A question that is out, and what it was about. */
struct pending_question {
    struct pending_question *next;
    struct question *question;
    struct place place; /* the partition whose beginning a time decides; for what is committed only its epoch counts */
    int64_t wall_ms;
    rd_kafka_resp_err_t failed; /* where a partition begins: why it was answered in vain before; said once */
    int64_t offset, from;       /* `back`: where it begins at the latest, and at best */
    bool committed;
    bool back;
};

/* What librdkafka may hold in an inlet: so many records or so many bytes, whichever comes first, and one fetch more,
 * for a queue that is just not full is fetched for. */
struct queue_limits {
    size_t records, bytes, fetch;
};

struct consumer {
    uint32_t route;
    uint32_t epoch; /* the last one given */
    uint32_t empty; /* the epoch in which the group gives us nothing; 0 it gives us something, or was not asked yet */
    char *group;
    const struct span *topics;
    uint32_t topic_count;
    struct consumer_handler handler;
    size_t largest; /* record that is read whole; 0 any */
    struct arena_stock *stock;
    struct header *header; /* room for one record's headers; NULL none yet */
    size_t header_room;
    rd_kafka_t *client;
    rd_kafka_queue_t *news;    /* the group's: rebalances, errors, logs */
    rd_kafka_queue_t *answers; /* to our commits */
    struct assignment assignment;
    struct assignment past;        /* the one before: only its queues count, until they are empty for good */
    struct consumer_offset *entry; /* room for one answer about all partitions of the epoch */
    struct pending_question *questions;
    struct queue_limits queue;
    size_t inlets; /* that partitions may have; more of them share; 0 any */
    int64_t now_ms;
    int64_t rejoin_ms;         /* when the group is joined anew; 0 it is not */
    struct question *nudge;    /* asked only to wake librdkafka; NULL none */
    uint32_t refused;          /* epoch of a commit that librdkafka refused at once; 0 none */
    uint32_t unasked;          /* epoch whose committed offsets could not be asked for; 0 none */
    struct teardown *teardown; /* its client's; NULL not yet, or gone */
    int wake;
    bool heard;  /* of a partition that is gone, and the core was not told yet */
    bool joined; /* once */
    bool inside; /* now */
    bool closing;
};

/* Says something that is no event's business, with the group's name. */
void consumer_say(const struct consumer *consumer, int level, const char *what);

/* Joins the group, or, where that was done before, joins it anew. False with a sentence. */
bool consumer_subscribe(struct consumer *consumer, struct error *error);

/* Forgets the assignment and tells librdkafka. */
void consumer_unassign(struct consumer *consumer);

/* Serves what the group says, and the results of commits. */
void membership_serve(struct consumer *consumer);

/* Tells the core what is committed; NULL when nobody could say. */
void membership_committed(struct consumer *consumer, uint32_t epoch, const rd_kafka_topic_partition_list_t *list);

/* Nudges librdkafka to fetch: when a good part of an inlet's queue has been read, the queue runs low and the partition
 * has more, asks its broker a question, which wakes the thread that fetches. */
void nudge_look(struct consumer *consumer, struct inlet *inlet, const struct assigned_partition *partition);
void nudge_serve(struct consumer *consumer);
void nudge_end(struct consumer *consumer);

/* Whether this librdkafka has a property for that thread's sleep, so that no nudge is needed. */
bool nudge_by_property(void);

/* Gives out at most `most` records within credit; true when there are more at once. */
bool supply_serve(struct consumer *consumer, size_t most);

#endif
