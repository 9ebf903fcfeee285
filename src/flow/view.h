/* A view is what an operator may see of the core at one moment: what each route, partition and platform does, and why
 * what waits is waiting. It holds no value and no key of an event, and changes nothing. */
#ifndef SLUSS_FLOW_VIEW_H
#define SLUSS_FLOW_VIEW_H

#include "flow/flow.h"
#include "settle/offset_map.h"

enum { VIEW_WAITS = 20 };     /* of each route so many are shown: those that wait longest */
enum { VIEW_WHY_SIZE = 128 }; /* of a platform's state: longer words are cut */

/* What an event waits for; view_wait_words has them as text, in the trace's words. */
enum view_wait_kind {
    VIEW_STALLED,   /* the stall fence */
    VIEW_MEMORY,    /* memory is short */
    VIEW_GATHERS,   /* its batch: for further events */
    VIEW_PACE,      /* max-in-flight or rate of its platform, which is up */
    VIEW_PLATFORM,  /* its platform, which is not */
    VIEW_SENT,      /* the answer to its request */
    VIEW_AGAIN,     /* its next attempt */
    VIEW_LETTER,    /* the report of its dead letter */
    VIEW_NO_LETTER, /* the dead-letter topic: again later */
    VIEW_AMBIGUOUS, /* an operator: it may have been delivered */
    VIEW_DEAD_KEY,  /* an operator: it is held behind a dead letter */
    VIEW_DRAIN      /* the next owner: its partition is handed back */
};

/* The first event of a key, or one without order. */
struct view_wait {
    struct place place;
    int64_t offset;
    uint32_t key;    /* short keyed hash of what orders it; 0: nothing does */
    uint32_t behind; /* events of its key that wait behind it */
    enum view_wait_kind kind;
    int64_t read_ms;  /* waits since then */
    int64_t since_ms; /* for this reason since then */
    int64_t next_ms;  /* the next try; -1 unknown */
    int64_t first;    /* DEAD_KEY: offset of its key's first dead letter; -1 unknown */
    uint32_t attempts;
    int status; /* of the last attempt; 0 none */
    enum reply_fault fault;
};

enum view_phase { VIEW_IDLE, VIEW_RUNNING, VIEW_DRAINING }; /* no assignment, working, handing back */

struct view_route {
    enum view_phase phase; /* the best of all workers */
    struct route_counts counts;
    uint32_t dead_keys; /* behind whose dead letters later events are held, or follow */
    /* Thousandths of an event a second, over so long; 0 unknown. The shell's to fill in, as it has the time. */
    int64_t rate_over_ms;
    uint64_t consumed_rate, settled_rate;
    bool letters_fail; /* the dead-letter topic took none lately */
    uint64_t waiting;  /* keys, and events without order, that wait for something */
    uint32_t wait_count;
    struct view_wait wait[VIEW_WAITS]; /* the longest first */
};

enum view_reading { VIEW_ASKED, VIEW_READS, VIEW_STOPPED };

struct view_partition {
    struct place place;
    enum view_reading state;
    const char *why;   /* STOPPED; static */
    int64_t base;      /* lowest unsettled offset; -1 unknown, as all below */
    int64_t next;      /* to be read */
    int64_t committed; /* acknowledged, if need be in the epoch before */
    int64_t lag;       /* behind `next`; the shell's to fill in */
    uint64_t unsettled;
    uint32_t window, used;      /* events from `base` on that may be read, and are */
    uint64_t exposure, exposed; /* events without an acknowledged commit: likewise */
};

struct view_platform {
    enum platform_state state; /* the worst of all workers */
    int64_t since_ms;
    int64_t probe_ms; /* when it is probed at the earliest; -1 it is up */
    int status;       /* what brought it here: of an answer; 0 none */
    enum reply_fault fault;
    char why[VIEW_WHY_SIZE]; /* "" nothing */
    bool told;               /* by another worker */
    uint32_t in_flight;
    uint64_t waiting;
};

struct view {
    const struct plan *plan; /* the names */
    int64_t now_ms;
    struct view_route *route;
    struct view_platform *platform;
    struct view_partition *partition; /* of all routes */
    size_t partition_count, partition_capacity;
    uint32_t flows; /* added so far */
    bool failed;    /* memory was short */
};

/* For this plan's routes and platforms. NULL when memory is short. */
struct view *view_create(const struct plan *plan);
void view_destroy(struct view *view);

/* Adds what this core sees, between two of its steps; several cores have each their part of the routes. */
void view_add(struct view *view, const struct flow *flow);

const char *view_wait_words(enum view_wait_kind kind);

#endif
