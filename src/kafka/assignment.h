/* An assignment is the partitions that the group has given us, from one rebalance to the next (an epoch), each with its
 * own credit. It does not talk to the group. */
#ifndef SLUSS_KAFKA_ASSIGNMENT_H
#define SLUSS_KAFKA_ASSIGNMENT_H

#include "event/event.h"
#include "kafka/inlet.h"

struct assigned_partition {
    struct place place;
    struct inlet own;     /* its queue, read only on credit */
    struct inlet *shared; /* to which that is forwarded, but when it is apart; NULL: none */
    bool apart;
    struct aside aside; /* likewise: its records from the shared one */
    uint64_t until;     /* likewise: when so many were read of that one, no more come */
    bool cut;           /* likewise: what comes behind those was lost for want of memory, and nothing may be read on */
    bool decided;       /* begin or stop was said */
    bool stopped;
    bool gone;     /* its topic, as librdkafka said, and the core was not told yet */
    int64_t begin; /* offset, or librdkafka's logical one */
    int64_t next;  /* offset behind the last record given out; -1 none yet */
    uint32_t credit_events;
    size_t credit_bytes;
    rd_kafka_message_t *waiting; /* read and not given out yet; NULL none */
    bool measured;               /* it was, and there was no credit for it then */
    size_t waiting_bytes;        /* that it takes, once it was measured */
};

struct assignment {
    uint32_t epoch; /* 0: none */
    const struct span *topics;
    struct assigned_partition *partition;
    size_t count;
    struct assigned_partition **alone; /* those whose own queue is read: that do not share, or are apart */
    size_t alone_count;
    struct inlet *inlet; /* shared */
    size_t inlet_count;  /* 0: each partition has its own */
    size_t turn;         /* where the next reading round begins, so that no partition starves */
    bool assigned;       /* librdkafka was told */
};

/* Takes the partitions' queues away from the main queue. Must happen before rd_kafka_assign, or their records would
 * come unasked. More than `most` of them share so many inlets; 0: none does. Forgets `past`. What the group's leader
 * gives us of topics that are not ours is left out. False when memory is short: then nothing was taken, and there is no
 * epoch. */
bool assignment_begin(struct assignment *assignment, rd_kafka_t *client, const rd_kafka_topic_partition_list_t *list,
                      const struct span *topics, uint32_t topic_count, uint32_t route, uint32_t epoch, size_t most,
                      int wake, struct assignment *past);

/* Nothing is read of it any more, before rd_kafka_assign(NULL). It becomes `past`, with its queues: what librdkafka
 * still puts into them refers to their partition, and where nobody takes it out again, to a client that never ends. */
void assignment_end(struct assignment *assignment, struct assignment *past);

/* Empties all its queues and gives them back, before rd_kafka_assign. Also those of partitions that are ours again: of
 * a topic that was gone in between they are others, into which nobody looks any more. */
void assignment_forget(struct assignment *past);

/* The partition of that place, or NULL (another epoch, not ours). */
struct assigned_partition *assignment_find(struct assignment *assignment, struct place place);

/* True when begin or stop was said for each. */
bool assignment_is_decided(const struct assignment *assignment);

/* The list for rd_kafka_assign: all that were not stopped, with their begin. The caller's. */
rd_kafka_topic_partition_list_t *assignment_list(const struct assignment *assignment, const struct span *topics);

#endif
