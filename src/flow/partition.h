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

struct partition {
    struct group *group;
    struct place place;
    enum partition_state state;
    const char *why; /* STOPPED; static */
    struct tracker tracker;
    struct lanes lanes;
    struct dead_keys dead_keys;
    struct list passages; /* unsettled, in order of offsets */
    struct list hungry;   /* in group->hungry: may want credit */
    struct list dirty;    /* in group->dirty: has something to commit */
    uint32_t credit;      /* granted and not read yet */
    size_t credit_bytes;  /* likewise, as accounted */
    uint32_t few_events;  /* it asks for more credit when it has no more of either than this */
    size_t few_bytes;
    bool wants;               /* its next record waits for credit */
    size_t wanted;            /* and takes so many bytes of it */
    int64_t wanted_ms;        /* since then, or since it was the elder without success */
    int64_t committed;        /* acknowledged in this epoch; -1 none */
    int64_t committing;       /* under way; -1 none */
    uint64_t covered;         /* how many of the tracker's passed events `committed` covers */
    uint64_t covering;        /* likewise, under way */
    int64_t refused;          /* the last offset that was; what to commit is always computed again */
    uint32_t mapped;          /* hash of the map that was committed with it; 0 none */
    uint32_t mapping;         /* likewise, under way */
    uint32_t mapped_settled;  /* how many settled events that map names; of attempts it may know less than we do */
    uint32_t mapping_settled; /* likewise, under way */
    uint32_t untold;          /* events sent and settled that no acknowledged commit covers: duplicates after a crash */
    uint32_t untold_since;    /* of them, settled since the commit under way was made */
    uint32_t
        untold_by; /* those that this commit will not cover either: its map has no room for them, or there is none */
    bool telling;  /* some unsettled passage may have something for the map: attempts, or that it is held */
    bool foreign;  /* what we have read is no longer in the log: nothing of it is committed */
    struct offset_map *known; /* the map that we found beside the committed offset; NULL none */
    int64_t begin;            /* the committed offset that we found; records below it are read only to find dead keys */
    int64_t seen;             /* the offset after the last record that was read */
    uint32_t lost;            /* dead keys of the found map whose records lie below it and were not met yet */
    uint64_t consumed;
    uint64_t settled;
    uint64_t unsettled;
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
