/* An inlet is a queue of librdkafka's that records are read from: a partition's own, or one that several partitions
 * share. Librdkafka fetches for a partition as long as the queue that its records go to is below its limits, and at
 * least a whole batch of its producer's: so what it reads ahead is bounded by how many such queues there are. It gives
 * nothing out.
 *
 * A shared inlet keeps each partition's order. The record at its head waits for its partition's credit, and all behind
 * it wait too. Where that takes long and others could go on, the partition is set apart: its queue is its own again,
 * what is left of it in the inlet is put aside in order as the inlet is read, and read before that queue. When all of
 * that was given it shares the inlet again. */
#ifndef SLUSS_KAFKA_INLET_H
#define SLUSS_KAFKA_INLET_H

#include "event/event.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assigned_partition;
struct assignment;

struct inlet {
    rd_kafka_queue_t *queue;
    bool idle;    /* found empty since the last wake */
    size_t taken; /* records given, and their bytes, since it was looked at */
    size_t taken_bytes;
    /* Only of a shared one: */
    struct assigned_partition *head; /* a record of it was read and waits to be given out; NULL none */
    struct assigned_partition *last; /* whose record was read last; NULL none */
    int64_t since_ms, look_ms;       /* when the head began to wait, and when it shall be looked at */
    uint64_t passed;                 /* records read */
    uint64_t horizon;                /* when so many are, nothing of those that are apart is left in it */
};

/* Records that were read before their turn, oldest first. */
struct aside {
    rd_kafka_message_t **message;
    size_t begin, count, room;
};

enum inlet_found {
    INLET_EMPTY,
    INLET_MOVED, /* nothing to give, but what was put aside, or waits in its own queue, may be read now */
    INLET_RECORD
};

/* Before rd_kafka_assign: makes so many inlets for the assignment's partitions, where there are more of these; 0: any.
 * False when memory is short. */
bool inlets_begin(struct assignment *assignment, rd_kafka_t *client, size_t most, int wake);

/* What comes from now on goes to the partitions' own queues; what was read and not given, and the inlets, are gone. */
void inlets_end(struct assignment *assignment);

/* The inlet that the partition's records come by now. */
struct inlet *inlet_of(struct assigned_partition *partition);

/* Reads the next record of a shared one that has no head, or one that was stopped: its partition becomes the head, and
 * it waits there. */
enum inlet_found inlet_read(struct assignment *assignment, struct inlet *inlet);

/* Whether nothing of the partition comes by a shared one any more, so that its own queue may be read. */
bool inlet_is_left(const struct assigned_partition *partition);

/* Takes the next record of a partition that does not share, or is apart; NULL: there is none now, or (`cut`) there is
 * no memory to go on. */
rd_kafka_message_t *inlet_take_own(struct assigned_partition *partition);

/* The record at the head was measured, and waits for credit. */
void inlet_block(struct inlet *inlet, int64_t now_ms);

/* When a head may have waited long: inlets_relieve is due. INT64_MAX never. */
int64_t inlets_due_ms(const struct assignment *assignment);

/* What the core says of a partition: whether it would get credit if it asked for it, and whether before others. */
struct inlet_room {
    bool (*of)(void *owner, struct place place);    /* NULL: each would */
    bool (*first)(void *owner, struct place place); /* NULL: nobody */
    void *owner;
};

/* Sets heads apart that have waited long. Not where the route wants no more events now (`hungry`), for then all wait
 * for the same; nor where nobody behind it has credit, or would get some that it itself would not: who stands behind
 * cannot ask. What is apart takes memory: one that would get credit but for want of that waits very long, and only less
 * long where somebody behind it would get some before it. */
void inlets_relieve(struct assignment *assignment, int64_t now_ms, bool hungry, struct inlet_room room);

/* Those that are apart, have credit and nothing left aside share again. */
void inlets_join(struct assignment *assignment);

#endif
