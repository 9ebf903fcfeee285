/* A plant is a bug put into the core on purpose, to test the simulator. It is compiled only into the simulator's own
 * build of the core (SLUSS_PLANTED): everywhere else no plant is ever set. */
#ifndef SLUSS_FLOW_PLANT_H
#define SLUSS_FLOW_PLANT_H

#include <stdbool.h>

/* One a line: its name, and what it is called on the command line. */
/* clang-format off */
#define PLANTS(each) \
    each(STALE_REPLY, "stale-reply")                  /* a reply of an older epoch settles the event of this one */ \
    each(STALE_COMMIT_RESULT, "stale-commit-result")  /* a commit result of an older epoch is believed */ \
    each(COMMIT_BACKWARDS, "commit-backwards")        /* a refused commit takes the one before it for the truth */ \
    each(COMMIT_PAST_GAP, "commit-past-gap")          /* a commit jumps over unsettled events */ \
    each(REACHED_FORGOTTEN, "reached-forgotten")      /* "nothing committed" is believed of what we committed */ \
    each(REACHED_OUTLIVES, "reached-outlives")        /* a late commit of a topic that is gone counts for the next */ \
    each(GONE_UNHEARD, "gone-unheard")                /* what a topic had committed outlives its end */ \
    each(HERITAGE_IGNORED, "heritage-ignored")        /* what was committed before a reload is not remembered */ \
    each(COMMIT_OUT_OF_RANGE, "commit-out-of-range")  /* a partition that is out of range is committed on */ \
    each(TWO_COMMITS, "two-commits")                  /* a commit does not wait for the one under way */ \
    each(MAP_FORGOTTEN, "map-forgotten")              /* a commit's map leaves out what is settled above it */ \
    each(REFUSALS_FORGOTTEN, "refusals-forgotten")    /* a commit's map leaves out how often events were refused */ \
    each(TRIES_UNTOLD, "tries-untold")                /* a commit's map does not look for what was tried */ \
    each(MAP_IGNORED, "map-ignored")                  /* what the map calls settled is delivered again */ \
    each(FAILED_LETTER, "failed-letter")              /* a dead letter that was not acknowledged settles */ \
    each(LETTER_GROWS, "letter-grows")                /* a dead letter takes memory anew each time it is written */ \
    each(LETTER_OMITS_ALL, "letter-omits-all")        /* one that is too large leaves out all that it can at once */ \
    each(LETTER_STAYS_LARGE, "letter-stays-large")    /* one that is too large is written again as it was */ \
    each(OMITTED_TOMBSTONE, "omitted-tombstone")      /* a value that was left out counts as none */ \
    each(REFUSED_SETTLES, "refused-settles")          /* an event that was refused counts as delivered */ \
    each(REFUSED_FOR_EVER, "refused-for-ever")        /* an event that is refused is tried without end */ \
    each(AMBIGUOUS_SETTLES, "ambiguous-settles")      /* no answer counts as delivered */ \
    each(NEW_ID, "new-id")                            /* each attempt carries an id of its own */ \
    each(KEY_OVERLAP, "key-overlap")                  /* an event does not wait for the one before it of its key */ \
    each(KEY_FORGOTTEN, "key-forgotten")              /* the next event of a key is not woken */ \
    each(BATCH_CHANGES, "batch-members-change")       /* a batch that was not answered well comes again in halves */ \
    each(BATCH_KEY_OVERLAP, "batch-key-overlap")      /* the halves of a batch share a key */ \
    each(BATCH_LOSES_ONE, "batch-division-loses-one") /* a division forgets the last event */ \
    each(BATCH_COSTS_ALL, "batch-refusal-costs-all")  /* a refused batch uses up an attempt of each event */ \
    each(BATCH_TAKES_LATE, "batch-takes-late")        /* a key goes on in another batch than that ahead of it */ \
    each(BATCH_NEVER_CLOSES, "batch-never-closes")    /* a batch that is not full waits for ever */ \
    each(HOLD_FORGOTTEN, "hold-forgotten")            /* a key goes on behind its dead letter */ \
    each(HELD_UNTOLD, "held-untold")                  /* a commit's map leaves out what is held */ \
    each(HELD_MAP_IGNORED, "held-map-ignored")        /* what the map calls held is sent after a restart */ \
    each(DOUBT_UNTOLD, "doubt-untold")                /* a map leaves out what a drain broke off, or waits for a letter */ \
    each(UNSENT_DOUBTED, "unsent-doubted")            /* what a drain broke off before it was sent counts as sent */ \
    each(DOUBT_SENT, "doubt-sent")                    /* what the map calls in doubt is sent, not dead-lettered */ \
    each(OUTAGE_COUNTS, "outage-counts")              /* an event's patience runs while its platform is down */ \
    each(SLEEP_COUNTS, "sleep-counts")                /* it runs while the machine is suspended */ \
    each(HOLD_COUNTS, "hold-counts")                  /* it runs while an operator is waited for */ \
    each(RELEASE_SENDS_TWICE, "release-sends-twice")  /* a release lets go what is under way */ \
    each(DEAD_KEY_UNTOLD, "dead-key-untold")          /* a commit's map leaves out which keys are dead */ \
    each(FOLLOW_OUT_OF_ORDER, "follow-out-of-order")  /* a follower does not wait for its turn */ \
    each(PROBE_MANY, "probe-many")                    /* a platform that is half open gets everything at once */ \
    each(PROBE_UNTOLD, "probe-untold")                /* a probe is not told to the other workers */ \
    each(RENEWS_FOR_EVER, "renews-for-ever")          /* a fresh token that is refused is replaced, again and again */ \
    each(NEVER_RENEWS, "never-renews")                /* a token that is refused holds the platform at once */ \
    each(TOKEN_COSTS, "token-costs-attempt")          /* a request without a good token is an attempt of the event */ \
    each(IGNORE_LOST, "ignore-lost")                  /* partitions that were lost are worked on */ \
    each(DRAIN_STARTS, "drain-starts")                /* a drain goes on to start events */ \
    each(DRAIN_READS, "drain-reads")                  /* a record that comes in a drain is taken in */ \
    each(DRAIN_SHORT, "drain-short")                  /* what is under way gets no time to end */ \
    each(COMMIT_BEFORE_ABORT, "commit-before-abort")  /* the final commit comes before the last requests are aborted */ \
    each(FINAL_COMMIT_SKIPPED, "final-commit-skipped") /* partitions are handed back without it */ \
    each(FINAL_COMMIT_ONCE, "final-commit-once")      /* a final commit that is refused for a moment is given up */ \
    each(STOP_SAYS_DONE, "stop-says-done")            /* exit status 0 although the final commit failed */ \
    each(STOPPED_EARLY, "stopped-early")              /* done is said while a final commit is under way */ \
    each(HOLD_OUTLIVES, "hold-outlives")              /* what was held stays so under a configuration that holds nothing */ \
    each(TOLD_IGNORED, "told-ignored")                /* what another worker says of a platform is not believed */ \
    each(FENCE_IGNORED, "fence-ignored")              /* after a stall work goes on at once */ \
    each(NO_LIFELINE, "no-lifeline")                  /* no platform has memory of its own */ \
    each(OUTGROWN_DIES, "outgrown-dies")              /* what a lifeline is too small for is too large */ \
    each(MEMORY_IGNORED, "memory-ignored")            /* reading goes on at the limit */ \
    each(WINDOW_IGNORED, "window-ignored")            /* more is read than the window has room for */ \
    each(WINDOW_FROM_BASE, "window-from-base")        /* exposure counts from what is settled, not from the commit */
/* clang-format on */

#ifdef SLUSS_PLANTED
#define PLANT_NUMBER(name, word) PLANT_##name,
enum plant { PLANT_NONE, PLANTS(PLANT_NUMBER) PLANT_COUNT };
extern enum plant plant_set; /* the simulator's */
#define PLANTED(name) (plant_set == PLANT_##name)
#define PLANTED_ANY   (plant_set != PLANT_NONE)
#else
#define PLANTED(name) false
#define PLANTED_ANY   false
#endif

#endif
