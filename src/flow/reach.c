/* Looks at the groups; the rules of holding are hold.c's. */
#include "flow/reach.h"

#include "flow/flow_private.h"
#include "flow/share.h"

/* What the reader before us knew to be tried, in doubt or dead, and was not met here yet. */
static bool has_unmet(const struct partition *partition) {
    const struct offset_map *known = partition->found.map;
    if (known == NULL)
        return false;
    for (uint32_t i = 0; i < known->tries; i++)
        if (known->tried[i].offset >= partition->tracker.next)
            return true;
    for (uint32_t i = 0; i < known->doubts; i++)
        if (known->base + i >= partition->tracker.next && offset_map_doubts(known, known->base + i))
            return true;
    for (uint32_t i = 0; i < known->dead_count; i++)
        if (known->dead[i].last >= partition->seen)
            return true;
    return false;
}

/* `offset`: of one event; -1: whatever is held in the partition. */
static struct reach reach_of(const struct partition *partition, int64_t offset) {
    struct reach reach = {.moves = partition->state == PARTITION_ASKED};
    reach.unread =
        !reach.moves && partition->state == PARTITION_READING &&
        (partition->found.lost > 0 || (offset >= 0 ? offset >= partition->tracker.next : has_unmet(partition)));
    reach.here = !reach.moves && !reach.unread;
    return reach;
}

struct reach flow_reach(const struct flow *flow, const struct input *input) {
    const struct group *group = &flow->groups[input->is.release.route];
    bool one = input->is.release.offset >= 0;
    struct reach reach = {.here = false};
    if (!share_reads(flow->plan, group->index, flow->plan->worker))
        return (struct reach){.here = false};
    if (group->phase != GROUP_RUNNING)
        return (struct reach){.moves = true};
    for (uint32_t i = 0; i < group->count; i++) {
        const struct place place = group->partitions[i].place;
        if (!one || (place.topic == input->is.release.topic && place.partition == input->is.release.partition))
            reach_add(&reach, reach_of(&group->partitions[i], input->is.release.offset));
    }
    reach.here = one ? reach.here : !reach.unread && !reach.moves;
    return reach;
}
