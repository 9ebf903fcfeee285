/* The marks of a partition. Who looks at them is said where they are: credit.c and commit.c. */
#include "flow/partition.h"

#include "flow/flow_private.h"

void partition_hungry(struct flow *flow, struct partition *partition) {
    if (list_is_empty(&partition->hungry))
        list_add_last(&partition->group->hungry, &partition->hungry);
    group_touch(flow, partition->group);
}

void partition_dirty(struct partition *partition) {
    if (list_is_empty(&partition->dirty))
        list_add_last(&partition->group->dirty, &partition->dirty);
}

/* Exposure counts from what is acknowledged: so that reading does not stand still for the sake of a pause, a commit
 * that half of it waits for comes at once. */
void partition_settled(struct partition *partition) {
    const struct tracker *tracker = &partition->tracker;
    partition_dirty(partition);
    if ((tracker->passed - partition->committed.covers) * 2 >= tracker->exposure)
        partition->group->hurried = true;
}

void partition_tell(struct partition *partition) {
    partition->telling = !PLANTED(TRIES_UNTOLD);
}
