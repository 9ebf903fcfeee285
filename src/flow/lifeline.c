/* Who stands on a lifeline, and the sum of what is held there. What is accounted at all is the flow's and the passage's
 * word. */
#include "flow/lifeline.h"

#include "flow/flow_private.h"

static struct lifeline *of_group(struct flow *flow, uint32_t route) {
    return &flow->dispatchers[flow->plan->routes[route].mapping.platform].lifeline;
}

static struct lifeline *of_passage(struct flow *flow, const struct passage *passage) {
    return of_group(flow, passage->event->place.route);
}

/* A batch on it has no other event. */
static size_t held_by(const struct passage *passage) {
    return passage->bytes + (passage->batch != NULL && passage->batch->on_lifeline ? passage->batch->bytes : 0);
}

/* What comes back on it is of use to whoever waits for memory. */
static void move_down(struct flow *flow, struct lifeline *lifeline) {
    struct passage *passage = lifeline->passage;
    flow->on_lifelines -= held_by(passage);
    passage->on_lifeline = false;
    if (passage->batch != NULL)
        passage->batch->on_lifeline = false;
    lifeline->passage = NULL;
    flow->relieved = true;
}

/* One that waits for its time, for an operator, or for the answer to what is over, keeps it only as long as there is no
 * other memory. */
static bool is_free(struct flow *flow, struct lifeline *lifeline) {
    const struct passage *passage = lifeline->passage;
    if (lifeline->lent != NULL || passage == NULL)
        return lifeline->lent == NULL;
    bool rests = passage->state == PASSAGE_LATER || passage->state == PASSAGE_PARKED || passage->state == PASSAGE_GONE;
    if (!rests || held_by(passage) > budget_left(flow, BUDGET_READ_ALONE))
        return false;
    move_down(flow, lifeline);
    return true;
}

bool lifeline_lend(struct flow *flow, struct partition *partition, size_t whole, size_t more) {
    struct lifeline *lifeline = of_group(flow, partition->group->index);
    if (whole > budget_of_lifeline(lifeline->most, BUDGET_READ_FIRST) || !is_free(flow, lifeline))
        return false;
    lifeline->lent = partition;
    lifeline->lent_bytes = more;
    flow->on_lifelines += more;
    return true;
}

void lifeline_forget(struct flow *flow, const struct partition *partition) {
    struct lifeline *lifeline = of_group(flow, partition->group->index);
    if (lifeline->lent != partition)
        return;
    flow->on_lifelines -= lifeline->lent_bytes;
    lifeline->lent = NULL;
    lifeline->lent_bytes = 0;
    flow->relieved = true;
}

static void stand(struct flow *flow, struct lifeline *lifeline, struct passage *passage) {
    lifeline->passage = passage;
    passage->on_lifeline = true;
    flow->on_lifelines += passage->bytes;
}

void lifeline_board(struct flow *flow, struct passage *passage) {
    struct lifeline *lifeline = of_passage(flow, passage);
    if (lifeline->lent != passage->home)
        return;
    lifeline_forget(flow, passage->home);
    stand(flow, lifeline, passage);
}

bool lifeline_take(struct flow *flow, struct passage *passage) {
    struct lifeline *lifeline = of_passage(flow, passage);
    if (passage->on_lifeline)
        return true;
    if (passage->bytes >= budget_of_lifeline(lifeline->most, BUDGET_WRITE) || !is_free(flow, lifeline))
        return false;
    stand(flow, lifeline, passage);
    return true;
}

size_t lifeline_left(const struct flow *flow, const struct passage *passage, enum budget what) {
    uint32_t platform = flow->plan->routes[passage->event->place.route].mapping.platform;
    size_t most = passage->on_lifeline ? budget_of_lifeline(flow->dispatchers[platform].lifeline.most, what) : 0;
    size_t used = held_by(passage);
    return most > used ? most - used : 0;
}

void lifeline_leave(struct flow *flow, struct passage *passage) {
    if (passage->on_lifeline)
        move_down(flow, of_passage(flow, passage));
}

void lifeline_return(struct flow *flow, struct passage *passage) {
    bool relieved = flow->relieved;
    lifeline_leave(flow, passage);
    flow->relieved = relieved;
}
