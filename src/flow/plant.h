/* A plant is a bug put into the core on purpose, to test the tests. It is never set outside the simulator. */
#ifndef SLUSS_FLOW_PLANT_H
#define SLUSS_FLOW_PLANT_H

enum plant {
    PLANT_NONE,
    PLANT_STALE_REPLY,      /* a reply of an older epoch settles the event of this one */
    PLANT_COMMIT_BACKWARDS, /* a refused commit takes the commit before it for the truth */
    PLANT_COMMIT_PAST_GAP,  /* a commit jumps over unsettled events */
    PLANT_FAILED_LETTER,    /* a dead letter that was not acknowledged settles */
    PLANT_KEY_OVERLAP,      /* an event does not wait for the one before it of its key */
    PLANT_IGNORE_LOST       /* partitions that were lost are worked on */
};

#endif
