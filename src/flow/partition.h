/* A partition is one partition of a topic while it is assigned to us: what was read of it, what is settled and
 * committed, and what it waits for. It marks what must be looked at again and leaves it to others. Private to flow. */
#ifndef SLUSS_FLOW_PARTITION_H
#define SLUSS_FLOW_PARTITION_H

#include "base/list.h"
#include "event/event.h"
#include "flow/dead_key.h"
#include "flow/lane.h"
#include "settle/offset_map.h"
#include "settle/tracker.h"

struct flow;
struct group;

enum partition_state {
    PARTITION_ASKED,   /* its committed offset is not known yet */
    PARTITION_READING, /* on credit */
    PARTITION_STOPPED  /* until an operator acts; events under way go on */
};

/* Flow control: how many records and bytes (event_size) of them. */
struct credit {
    uint32_t events;
    size_t bytes;
};

/* A commit: up to where, and what it covers by that and by the offset map beside it. */
struct commit_point {
    int64_t offset;       /* next to read; -1 none */
    uint64_t covers;      /* how many of the events that the tracker has passed */
    uint32_t map;         /* hash of the map; 0 none */
    uint32_t map_settled; /* how many settled events the map names; of attempts it may know less than we do */
};

struct partition {
    struct group *group;
    struct place place;
    enum partition_state state;
    const char *why; /* STOPPED; static */
    struct tracker tracker;
    struct lanes lanes;
    struct dead_keys dead_keys;
    struct list passages; /* unsettled, in order of offsets */
    uint64_t unsettled;   /* how many they are */
    struct list hungry;   /* in group->hungry: may want credit */
    struct list dirty;    /* in group->dirty: has something to commit */

    /* What may be read of it: credit.c. */
    struct credit credit; /* granted and not read yet */
    struct credit few;    /* it asks for more credit when it has no more of either than this */
    struct {
        bool waits;       /* for credit */
        size_t bytes;     /* that it takes */
        int64_t since_ms; /* it waits since then, or since it was the elder without success */
    } next;               /* record */
    int64_t seen;         /* the offset after the last record that was read */

    /* What is committed: commit.c. */
    struct commit_point committed; /* acknowledged in this epoch */
    int64_t reached; /* the last that the group acknowledged to us or told us, also in the epoch before; -1 none */
    struct commit_point committing; /* under way */
    int64_t refused;                /* the last offset that was; what to commit is always computed again */
    bool foreign;                   /* what we have read is no longer in the log: nothing of it is committed */
    bool telling; /* some unsettled passage may have something for the map: attempts, or that it is held */
    struct {
        uint32_t settled; /* and sent, and covered by no acknowledged commit */
        uint32_t since;   /* of them, settled since the commit under way was made */
        uint32_t still;   /* that it will not cover either: its map has no room for them, or there is none */
    } exposed;            /* events that would be delivered again after a crash (I5) */

    /* What whoever read it before us had committed, as we found it. */
    struct {
        int64_t offset;         /* records below it are read only to find dead keys */
        struct offset_map *map; /* NULL none */
        uint32_t lost;          /* dead keys of the map whose records lie below the offset and were not met yet */
    } found;
};

/* It may want credit: asks for it at the end of the step. */
void partition_hungry(struct flow *flow, struct partition *partition);

/* There may be something to commit, or to say beside the committed offset. */
void partition_dirty(struct partition *partition);

/* Likewise: an event more is settled, and its base may have moved. */
void partition_settled(struct partition *partition);

/* Some unsettled passage has something that its map must say: what was tried, or is held. */
void partition_tell(struct partition *partition);

#endif
