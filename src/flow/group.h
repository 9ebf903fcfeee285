/* A group is one route's share of its Kafka consumer group: the partitions that are assigned to us, in one epoch after
 * the other. It reads, delivers and commits nothing itself. Private to flow. */
#ifndef SLUSS_FLOW_GROUP_H
#define SLUSS_FLOW_GROUP_H

#include "flow/action.h"
#include "flow/flow.h"
#include "flow/partition.h"
#include "flow/timer.h"

enum group_phase {
    GROUP_IDLE,     /* no assignment */
    GROUP_RUNNING,  /* reading and delivering */
    GROUP_DRAINING, /* nothing is started; requests and letters under way may end */
    GROUP_CLOSING   /* the final commit is under way */
};

/* Owns its partitions and what they are committed with; all of these of one epoch. */
struct group {
    const struct route *route;
    uint32_t index; /* of the route in the plan */
    uint32_t epoch; /* the last one, also when it is over */
    enum group_phase phase;
    struct partition *partitions; /* by topic, then partition */
    uint32_t count;
    struct route_counts counts;
    struct list touched;   /* in flow->touched: is tended at the end of the step */
    struct timer pause;    /* until it may commit, or ask for committed offsets, again */
    struct timer deadline; /* of its drain, or of its final commit */

    /* Reading: credit.h. */
    struct list hungry;   /* partitions that may want credit */
    struct list starving; /* in flow->starving: wants credit, memory is short */
    uint32_t credit;      /* of all its partitions: events granted and not read yet */
    bool ask_again;       /* for the committed offsets, after the pause */

    /* Under way. */
    struct list batches; /* that take further events, the oldest first */
    uint32_t made;       /* batches whose request is made */
    uint32_t grown;      /* events that the stages have begun with, and that wait for no operator */
    uint32_t ready;      /* events that wait for the platform they are delivered to */
    uint32_t open;       /* requests and letters, of this epoch */

    /* Commits: commit.h. */
    struct list dirty;      /* partitions that may have something to commit */
    struct reached *before; /* of the epoch or core before, until the next begins; by topic, then partition */
    uint32_t before_count;
    struct commit_entry *entries;  /* room for all partitions, */
    char (*maps)[OFFSET_MAP_SIZE]; /* and for their maps */
    int64_t commit_from_ms;        /* not before */
    bool committing;               /* one commit is under way (I6) */
    bool hurried;                  /* half of an exposure waits for a commit: it does not wait for its pause */
    bool faltering;                /* the last commit was refused: its pause is kept */
    bool fenced;                   /* the group refused the last commit: it will say what is next */
    bool without_metadata;         /* the broker takes no maps */

    /* The dead-letter topic: it did not take the letter of this event, which is not settled yet. */
    bool letters_fail;
    struct place letter_place;
    int64_t letter_offset;
};

/* False when memory is short. */
bool group_init(struct flow *flow, struct group *group, uint32_t index);

/* It is tended at the end of this step. */
void group_touch(struct flow *flow, struct group *group);

/* NULL: not of this epoch. */
struct partition *group_partition(struct group *group, struct place place);

/* Puts its partitions into the order in which they are found. */
void group_sort(struct group *group);

/* What the group acknowledged is known to us as long as we hold the partition, from one epoch to the next: remembered
 * where one ends (bug() when memory is short), recalled (-1 nothing) and forgotten where the next begins. */
void group_remember(struct group *group);
int64_t group_recall(const struct group *group, const struct place *place);
void group_forget(struct group *group);

/* Of a topic that is gone. */
void group_forget_topic(struct group *group, uint32_t topic);

/* Likewise remembers what another core knew that had the route before. */
void group_inherit(struct group *group, const struct reached *entry, size_t count);

/* Lists what is remembered, or is known of its partitions now: at most `most`. Returns how many there are. */
size_t group_reached(const struct group *group, struct reached *list, size_t most);

/* The events from..to-1 of a partition are settled: none of them waits for the dead-letter topic any more. */
void group_letter_ended(struct group *group, struct place place, int64_t from, int64_t to);

/* bug() when its counts do not add up (I12). */
void group_check(const struct group *group);

#endif
