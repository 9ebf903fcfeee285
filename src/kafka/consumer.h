/* A consumer reads one route's topics as a member of its consumer group, and only as much as it was granted credit for.
 * It decides nothing. */
#ifndef SLUSS_KAFKA_CONSUMER_H
#define SLUSS_KAFKA_CONSUMER_H

#include "event/event.h"
#include "kafka/client.h"

struct consumer;

/* What the group stored for a partition, or shall store. */
struct consumer_offset {
    uint32_t topic;
    int32_t partition;
    bool failed;          /* reading it failed */
    int64_t offset;       /* next to read; -1: nothing stored */
    struct span metadata; /* data NULL: none; text without NUL */
};

enum consumer_commit {
    CONSUMER_COMMITTED,
    CONSUMER_COMMIT_RETRY,
    CONSUMER_COMMIT_FENCED,
    CONSUMER_COMMIT_TOO_LARGE,
    CONSUMER_COMMIT_FAILED
};

/* Why a partition cannot be read on. */
enum consumer_end {
    CONSUMER_OUT_OF_RANGE, /* the log does not have the next offset */
    CONSUMER_GONE,         /* there is no such topic or partition (any more) */
    CONSUMER_UNREADABLE    /* not allowed, no memory, ... */
};

/* What happened, told from inside consumer_serve. A group that gives us no partition assigns 0 of them. Spans and
 * arrays are borrowed for the call; an event is the receiver's. */
struct consumer_handler {
    void *owner;
    void (*assigned)(void *owner, uint32_t route, uint32_t epoch, const struct place *place, size_t count);
    void (*revoked)(void *owner, uint32_t route, uint32_t epoch, bool lost);
    void (*committed)(void *owner, uint32_t route, uint32_t epoch, const struct consumer_offset *entry, size_t count);
    void (*event)(void *owner, struct event *event);
    /* Whether the route wants more events now, so that who gets no credit waits for something of its own. May be NULL:
     * it does. */
    bool (*hungry)(void *owner, uint32_t route);
    /* Whether the partition would get credit then if it asked for it: else only what comes of it gives it any. May be
     * NULL: it would. */
    bool (*room)(void *owner, struct place place);
    /* Whether it would get it before others, for it holds nothing. May be NULL: it would not. */
    bool (*first)(void *owner, struct place place);
    /* A record waits for more credit than there is; said once of each. May be NULL. */
    void (*wanted)(void *owner, struct place place, size_t bytes);
    void (*partition_error)(void *owner, struct place place, enum consumer_end end, const char *why);
    /* The group finds no such topic, whoever had its partitions. May be NULL. */
    void (*topic_gone)(void *owner, uint32_t route, uint32_t topic);
    void (*commit_result)(void *owner, uint32_t route, uint32_t epoch, enum consumer_commit result, const char *why);
    void (*fatal)(void *owner, uint32_t route, const char *why);
    struct kafka_log log;
};

struct consumer_spec {
    uint32_t route;
    const char *group;
    const struct span *topics;
    uint32_t topic_count;
    struct kafka_properties properties; /* the user's */
    size_t queue_bytes;                 /* memory that a queue of librdkafka's may take */
    size_t inlets;                      /* so many queues at most: more partitions share them; 0 any */
    size_t largest;                     /* bytes: of a larger record the value is left out; 0 of none */
    uint32_t consumers;                 /* of the whole process: the more, the longer a broker may wait for a fetch */
    struct arena_stock *stock;          /* for its events; may be NULL */
    struct consumer_handler handler;
};

/* Joins the group. NULL with a sentence. The spec's strings must outlive the consumer. */
struct consumer *consumer_create(const struct consumer_spec *spec, struct error *error);

/* Readable when there is news to serve. */
int consumer_descriptor(const struct consumer *consumer);

/* Serves what has come, never blocks: where it has `called` (its descriptor is readable; in vain does no harm) the
 * group's news and answers, then events within credit, at most `most` of them. True when there is more to read at once.
 * To be called for within max.poll.interval.ms, also in vain. */
bool consumer_serve(struct consumer *consumer, int64_t now_ms, bool called, size_t most);

/* When it shall be served though nothing has come; INT64_MAX never. */
int64_t consumer_due_ms(const struct consumer *consumer);

/* What the core asks; calls about an epoch that is gone do nothing. Answers come from consumer_serve. */
void consumer_read_committed(struct consumer *consumer, uint32_t epoch);
void consumer_begin_offset(struct consumer *consumer, struct place place, int64_t offset);
/* From `from` on, or from the first record that is still there, but not behind `offset`. */
void consumer_begin_back(struct consumer *consumer, struct place place, int64_t offset, int64_t from);
void consumer_begin_earliest(struct consumer *consumer, struct place place);
void consumer_begin_time(struct consumer *consumer, struct place place, int64_t wall_ms);
void consumer_stop_partition(struct consumer *consumer, struct place place);
void consumer_grant(struct consumer *consumer, struct place place, uint32_t events, size_t bytes);
void consumer_commit(struct consumer *consumer, uint32_t epoch, const struct consumer_offset *entry, size_t count);
void consumer_hand_back(struct consumer *consumer, uint32_t epoch);

/* Lag: records behind `next` in a partition by the last fetch's high watermark; -1 unknown. Never asks the broker. */
int64_t consumer_lag(struct consumer *consumer, uint32_t topic, int32_t partition);

/* True once the group has given its first assignment, be it empty. */
bool consumer_joined(const struct consumer *consumer);

/* True from an assignment, be it empty, until it is taken back or lost. */
bool consumer_inside(const struct consumer *consumer);

/* The assigned partitions of the current epoch, for lag. */
size_t consumer_partitions(const struct consumer *consumer);
struct place consumer_partition(const struct consumer *consumer, size_t index);

/* Leaves the group: starts, then true once it is left (serve meanwhile). Then destroy. */
void consumer_close(struct consumer *consumer);
bool consumer_closed(struct consumer *consumer);

/* Begins to end librdkafka's threads: nothing is asked of it any more but to be destroyed. */
void consumer_end(struct consumer *consumer);

/* Ends it, and blocks for librdkafka's threads as long as teardown.h waits: those that do not end are left, and the
 * log says so. NULL is fine. */
void consumer_destroy(struct consumer *consumer);

#endif
