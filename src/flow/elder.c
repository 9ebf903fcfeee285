/* Choosing the elder, and when it steps down: so that neither the largest starves beside steady traffic, nor the others
 * for its sake, while a platform that is down or an operator holds what it needs. */
#include "flow/elder.h"

#include "flow/flow_private.h"

enum {
    PATIENCE_MS = 1000,       /* so long it waits like all others */
    LOOK_MS = 100,            /* so often somebody is looked for, */
    LOOKED_AT = 16,           /* among so many groups */
    LONGEST_REIGN_MS = 30000, /* as long as most platforms take for an answer */
    LONGEST_PAUSE_MS = 60000  /* from one that got nothing to the next */
};

static bool is_up(const struct flow *flow, const struct group *group) {
    return flow->dispatchers[group->route->mapping.platform].breaker.state == PLATFORM_UP;
}

/* An answer of a platform that is up, or of the dead-letter topic while that takes letters. */
static bool comes_back(const struct flow *flow) {
    size_t requests = 0;
    for (uint32_t i = 0; i < flow->plan->platform_count; i++) {
        const struct dispatcher *dispatcher = &flow->dispatchers[i];
        if (dispatcher->breaker.state == PLATFORM_UP && dispatcher->pace.in_flight > 0)
            return true;
        requests += dispatcher->pace.in_flight;
    }
    bool fail = false;
    for (uint32_t i = 0; i < flow->plan->route_count; i++)
        fail = fail || flow->groups[i].letters_fail;
    return !fail && flow->pending.count > requests;
}

static struct partition *waits_too_long(const struct flow *flow, const struct group *group) {
    for (struct list *link = group->hungry.next; link != &group->hungry; link = link->next) {
        struct partition *partition = LIST_OF(link, struct partition, hungry);
        if (partition->next.waits && flow->now_ms - partition->next.since_ms >= PATIENCE_MS)
            return partition;
    }
    return NULL;
}

/* One whose platform is up: else its event would only be more that stays. And one whose route reads: it would step down
 * at once, and be found again before all others. */
static struct partition *choose(const struct flow *flow) {
    size_t looked = 0;
    for (struct list *link = flow->starving.next; link != &flow->starving && looked < LOOKED_AT; link = link->next) {
        const struct group *group = LIST_OF(link, struct group, starving);
        bool reads = is_up(flow, group) && !dispatcher_has_enough(flow, group);
        struct partition *found = reads ? waits_too_long(flow, group) : NULL;
        if (found != NULL)
            return found;
        looked++;
    }
    return NULL;
}

void elder_look(struct flow *flow) {
    struct elder *elder = &flow->elder;
    if (elder->partition == NULL && flow->now_ms >= elder->from_ms) {
        elder->from_ms = flow->now_ms + LOOK_MS;
        elder->partition = choose(flow);
        elder->since_ms = flow->now_ms;
    }
    if (elder->partition != NULL)
        group_touch(flow, elder->partition->group);
}

bool elder_is_before(const struct flow *flow, const struct partition *partition) {
    const struct partition *elder = flow->elder.partition;
    return elder != NULL && elder != partition && comes_back(flow);
}

static void step_down(struct flow *flow) {
    flow->elder.partition = NULL;
    flow->relieved = true; /* who stood back may ask again */
}

/* As long as the others went on before, at first as long as it had waited itself: so they have half of the time at
 * least, however long the answers take that would give it what it needs. */
static int64_t longest_reign(const struct elder *elder) {
    int64_t most_ms = elder->pause_ms < PATIENCE_MS ? PATIENCE_MS : elder->pause_ms;
    return most_ms < LONGEST_REIGN_MS ? most_ms : LONGEST_REIGN_MS;
}

void elder_asked(struct flow *flow, bool served) {
    struct elder *elder = &flow->elder;
    bool reigns = comes_back(flow) && flow->now_ms - elder->since_ms < longest_reign(elder);
    if (!served && reigns)
        return;
    elder->pause_ms = served ? 0 : elder->pause_ms == 0 ? PATIENCE_MS : elder->pause_ms * 2;
    if (elder->pause_ms > LONGEST_PAUSE_MS)
        elder->pause_ms = LONGEST_PAUSE_MS;
    elder->from_ms = flow->now_ms + elder->pause_ms;
    elder->partition->next.since_ms = flow->now_ms; /* the next time it is another one */
    step_down(flow);
}

void elder_forget(struct flow *flow, const struct partition *partition) {
    if (flow->elder.partition == partition)
        step_down(flow);
}
