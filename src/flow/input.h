/* An input is one thing that happened, told to the core with its time: a record, an answer, an assignment, a timer. It
 * is not a decision: those are actions. */
#ifndef SLUSS_FLOW_INPUT_H
#define SLUSS_FLOW_INPUT_H

#include "event/event.h"
#include "event/reply.h"
#include "flow/plan.h"

enum input_kind {
    INPUT_REACHED,         /* before the first ASSIGNED: what was committed while another core had this route */
    INPUT_ASSIGNED,        /* the group gave us partitions: all of this route's, at once */
    INPUT_REVOKED,         /* the group wants them back; `hand back` answers */
    INPUT_LOST,            /* they are gone already; `hand back` answers at once */
    INPUT_COMMITTED,       /* the answer to `read committed` */
    INPUT_EVENT,           /* a record was read, within credit */
    INPUT_WANTED,          /* the next record of a partition takes more credit than there is */
    INPUT_PARTITION_ERROR, /* a partition cannot be read on */
    INPUT_TOPIC_GONE,      /* a topic is deleted, whoever had its partitions */
    INPUT_COMMIT_RESULT,   /* the answer to `commit` */
    INPUT_REPLY,           /* the answer to `send request` (also after `abort request`) */
    INPUT_LETTER,          /* the answer to `write dead letter` */
    INPUT_TABLE,           /* a lookup's table was read anew */
    INPUT_PLATFORM,        /* another worker saw a platform open, held or up */
    INPUT_RELEASE,         /* an operator lets go what is held */
    INPUT_TIMER,           /* nothing happened: time passed */
    INPUT_STOP             /* end: drain, commit, `stopped`; the second one ends the drain at once */
};

/* What the group had stored for a partition. */
struct committed {
    uint32_t topic;
    int32_t partition;
    bool failed;          /* it could not be read: asked again */
    int64_t offset;       /* next to read; -1: never committed */
    struct span metadata; /* offset map; borrowed for the call */
};

/* What a group had acknowledged to this process of a partition. */
struct reached {
    uint32_t topic;
    int32_t partition;
    int64_t offset; /* next to read */
};

enum commit_error {
    COMMIT_DONE,
    COMMIT_RETRY,     /* coordinator loading or moved, timed out, group rebalancing: computed anew and sent again */
    COMMIT_FENCED,    /* generation, member or epoch is no longer ours: wait for what the group says next */
    COMMIT_TOO_LARGE, /* the metadata */
    COMMIT_FAILED     /* anything else: said aloud, tried again */
};

enum partition_error {
    PARTITION_OUT_OF_RANGE, /* the committed offset is gone: stops until an operator decides */
    PARTITION_GONE,         /* the topic is deleted: one that is made anew has other events under the same offsets */
    PARTITION_UNAVAILABLE   /* not authorised ... : stops, said aloud */
};

/* Where an operator lets events go. */
enum release_to { RELEASE_SEND, RELEASE_DEAD_LETTER };

enum letter_outcome { LETTER_ACKNOWLEDGED, LETTER_TOO_LARGE, LETTER_FAILED };

struct input {
    enum input_kind kind;
    int64_t now_ms;  /* CLOCK_BOOTTIME; never goes back; at least one input a second */
    int64_t wall_ms; /* the calendar: only for dead letters and signatures */
    union {
        struct {
            uint32_t route;
            const struct reached *entry; /* borrowed for the call; of one partition the highest counts */
            size_t count;
        } reached;
        struct {
            uint32_t route;
            uint32_t epoch;            /* higher than any before for this route */
            const struct place *place; /* ASSIGNED: borrowed for the call */
            size_t count;
        } group; /* ASSIGNED, REVOKED, LOST */
        struct {
            uint32_t route;
            uint32_t epoch;
            const struct committed *entry; /* borrowed for the call */
            size_t count;
        } committed;
        struct event *event; /* taken: the core frees it */
        struct {
            struct place place;
            size_t bytes; /* event_size of the record */
        } wanted;
        struct {
            struct place place;
            enum partition_error error;
        } partition;
        struct {
            uint32_t route;
            uint32_t topic;
        } topic;
        struct {
            uint32_t route;
            uint32_t epoch;
            enum commit_error error; /* the worst of its partitions */
        } commit;
        struct reply *reply; /* taken */
        struct {
            uint64_t id;
            enum letter_outcome outcome;
        } letter;
        struct {
            uint32_t lookup;
            struct lookup_table *table; /* its reference is taken */
        } table;
        struct {
            uint32_t platform;
            enum platform_state state;
            int64_t until_ms; /* OPEN and HELD: when it may be probed, or a probe is answered */
        } platform;
        struct {
            uint32_t route;
            uint32_t topic;
            int32_t partition;
            int64_t offset; /* of the waiting event, or of its key's first or last dead letter; -1: all of the route */
            enum release_to to;
        } release;
    } is;
};

#endif
