/* An action is one thing that the shell must now do, or report. Actions are performed in order and never refused: what
 * comes of one is an input. */
#ifndef SLUSS_FLOW_ACTION_H
#define SLUSS_FLOW_ACTION_H

#include "event/request.h"
#include "event/verdict.h"
#include "flow/input.h"
#include "settle/dead_letter.h"
#include "settle/offset_map.h"

enum action_kind {
    ACTION_READ_COMMITTED,  /* of all partitions of the epoch; answered by COMMITTED */
    ACTION_BEGIN_PARTITION, /* read from `offset`, the earliest, or the first record at or after a time */
    ACTION_STOP_PARTITION,  /* do not read it (any more): `why` */
    ACTION_GRANT_CREDIT,    /* so many more events and bytes may be read from the partition */
    ACTION_SEND_REQUEST,    /* answered by one REPLY */
    ACTION_ABORT_REQUEST,   /* answered by a REPLY too (ABORTED, or what had come already) */
    ACTION_WRITE_LETTER,    /* answered by LETTER; the shell copies the bytes */
    ACTION_COMMIT,          /* answered by COMMIT_RESULT; one in flight per route */
    ACTION_HAND_BACK,       /* the route's partitions may be unassigned now */
    ACTION_REFRESH_TOKEN,   /* the platform refuses this token: what is sent from now on needs a later one */
    ACTION_TELL_WORKERS,    /* platform state */
    ACTION_WAKE_AT,         /* a TIMER is wanted at this time; replaces the one before */
    ACTION_REPORT,          /* for log and metrics */
    ACTION_STOPPED          /* all is done: exit status 0 or 75 */
};

enum begin_kind { BEGIN_OFFSET, BEGIN_EARLIEST, BEGIN_TIME };

/* How one event ended. */
enum outcome {
    OUTCOME_DELIVERED,
    OUTCOME_DEAD_LETTERED,
    OUTCOME_FILTERED,
    OUTCOME_SKIPPED,
    OUTCOME_RELEASED,
    OUTCOME_COUNT
};

const char *outcome_name(enum outcome outcome);

/* What is worth telling people; `place` and `offset` say where, and for which platform or route. */
enum report_kind {
    REPORT_SETTLED,           /* outcome, reason, stage, status: an event's end */
    REPORT_ATTEMPT_FAILED,    /* it will be tried again: status or transport fault, delay_ms */
    REPORT_DIVIDED,           /* a batch of `count` events was answered as if one were bad: it goes on in halves */
    REPORT_KEY_HELD,          /* the event and its key wait for an operator: held, first */
    REPORT_KEY_DEAD,          /* its event was dead-lettered: later ones will be held, or follow */
    REPORT_KEY_RELEASED,      /* by an operator: reason NONE to be sent, FOLLOWED to the dead letters */
    REPORT_KEYS_FORGOTTEN,    /* count of dead keys that are not remembered any more: their events go on */
    REPORT_PLATFORM,          /* its state changed: state, status or fault, delay_ms until the probe */
    REPORT_LETTER_FAILED,     /* the dead-letter topic does not take letters: delay_ms until the next try */
    REPORT_LETTER_RECOVERED,  /* it does again */
    REPORT_COMMIT_FAILED,     /* error; tried again unless fenced */
    REPORT_COMMITTED_LOWER,   /* the group says an offset below this one, which it had acknowledged to us: `first` */
    REPORT_PARTITION_STOPPED, /* out of range, start = "stop", ...: an operator must act */
    REPORT_PARTITION_GONE,    /* its topic is deleted: nothing of it is committed any more */
    REPORT_COMMITTED_LOST, /* likewise: nothing is committed, says the group, which had acknowledged `offset` to us */
    REPORT_KNOWN,          /* read again; the offset map knows that it is settled */
    REPORT_MAP_FOREIGN,    /* what stands beside the committed offset is no map of ours: dropped */
    REPORT_STALE,          /* an input of an older epoch changed nothing */
    REPORT_REWOUND,        /* a record at or below the last read was dropped */
    REPORT_RELEASED,       /* a route's partitions were handed back: count of unsettled events */
    REPORT_STALLED         /* inputs lay too far apart: nothing is started for delay_ms (I9) */
};

struct commit_entry {
    uint32_t topic;
    int32_t partition;
    int64_t offset;       /* next to read */
    struct span metadata; /* data NULL: none */
};

struct action {
    enum action_kind kind;
    union {
        struct {
            uint32_t route;
            uint32_t epoch;
        } group; /* READ_COMMITTED, HAND_BACK */
        struct {
            struct place place;
            enum begin_kind kind;
            int64_t offset;  /* BEGIN_OFFSET */
            int64_t from;    /* BEGIN_OFFSET: read from here on, or the earliest up to `offset` that is still there */
            int64_t wall_ms; /* BEGIN_TIME */
        } begin;
        struct {
            struct place place;
            const char *why; /* static text */
        } stop;
        struct {
            struct place place;
            uint32_t events;
            size_t bytes; /* as event_size counts them */
        } credit;
        const struct request *request; /* SEND_REQUEST */
        uint64_t abort;                /* the request's id */
        const struct letter *letter;   /* WRITE_LETTER */
        struct {
            uint32_t route;
            uint32_t epoch;
            const struct commit_entry *entry;
            size_t count;
        } commit;
        struct {
            uint32_t platform;
            enum platform_state state;
            int64_t until_ms;
        } platform;
        struct {
            uint32_t platform;
            uint64_t number; /* as in replies */
        } token;             /* REFRESH_TOKEN */
        int64_t wake_at_ms;
        struct {
            enum report_kind kind;
            struct place place;
            int64_t offset; /* -1: of the route, partition or platform as a whole */
            uint32_t platform;
            enum outcome outcome;
            enum reason reason;
            enum stage stage;
            int status; /* HTTP, 0 none */
            enum reply_fault fault;
            enum platform_state state;
            enum commit_error commit_error;
            uint32_t attempts;
            uint32_t count;
            int64_t delay_ms;
            enum held held;
            int64_t first;   /* the offset of the key's first dead letter; -1 unknown */
            const char *why; /* what decided beside status and fault; NULL nothing */
        } report;
        int stopped; /* exit status */
    } is;
};

/* Everything a step wants done, in order. What actions point to is borrowed from the core until the next flow_step,
 * except a request, which lives until its REPLY was taken. Start with `struct actions actions = {0};`; reused from step
 * to step. */
struct actions {
    struct action *list;
    size_t count;
    size_t capacity;
};

void actions_finish(struct actions *actions);

#endif
