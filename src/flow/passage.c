/* The life of a passage, its memory and its clock. Nothing here decides what becomes of it. */
#include "flow/passage.h"

#include "flow/flow_private.h"

void passage_borrow(struct flow *flow, struct passage *passage, enum budget what) {
    struct arena *arena = &passage->event->arena;
    arena->limit = arena->bytes + (passage->on_lifeline ? lifeline_left(flow, passage, what) : budget_left(flow, what));
    arena->full = false;
}

void passage_account(struct flow *flow, struct passage *passage) {
    bool batches = passage->home->group->route->batch.events > 0; /* it brings the batch that it may stand in */
    size_t bytes = passage->event->arena.bytes + (batches ? sizeof(struct batch) : 0);
    passage->event->arena.limit = 0;
    flow->bytes += bytes - passage->bytes;
    flow->on_lifelines += passage->on_lifeline ? bytes - passage->bytes : 0;
    passage->bytes = bytes;
}

struct passage *passage_create(struct flow *flow, struct partition *home, struct event *event) {
    /* No more than was reserved for it. */
    event->arena.limit = budget_cost(1, event_size(event->key, event->value, event->headers, event->header_count)) -
                         sizeof(struct batch);
    struct passage *passage = arena_take_zero(&event->arena, 1, sizeof *passage);
    event->arena.limit = 0;
    if (passage == NULL)
        passage = arena_take_zero(&event->arena, 1, sizeof *passage);
    if (passage == NULL || !timers_join(&flow->timers))
        return NULL;
    passage->event = event;
    passage->home = home;
    passage->timer.kind = TIMER_PASSAGE;
    passage->request = &passage->own;
    passage->company = UINT32_MAX;
    passage->read_ms = passage->since_ms = flow->now_ms;
    passage->first_failed_wall_ms = passage->held_first = -1;
    passage_account(flow, passage);
    lifeline_board(flow, passage);
    passage->bare = arena_mark(&event->arena);
    return passage;
}

static void count_grown(struct flow *flow, const struct passage *passage, int32_t change) {
    flow->groups[passage->event->place.route].grown += (uint32_t)change;
    flow->grown += (uint32_t)change;
}

void passage_grows(struct flow *flow, struct passage *passage, bool grown) {
    count_grown(flow, passage, (grown ? 1 : 0) - (passage->grown ? 1 : 0));
    passage->grown = grown;
}

void passage_rests(struct flow *flow, const struct passage *passage, bool rests) {
    if (passage->grown)
        count_grown(flow, passage, rests ? -1 : 1);
    flow->resting += rests ? 1 : UINT32_MAX;
}

void passage_destroy(struct flow *flow, struct passage *passage) {
    timers_clear(&flow->timers, &passage->timer);
    timers_leave(&flow->timers);
    ENSURE(passage->batch == NULL, "an event is gone and still stands in a batch");
    lifeline_leave(flow, passage);
    if (passage->held != HELD_NOT)
        passage_rests(flow, passage, false);
    passage_grows(flow, passage, false);
    flow->relieved = true;
    ENSURE(flow->bytes >= passage->bytes, "more bytes were given back than accounted (I10)");
    flow->bytes -= passage->bytes;
    event_destroy(passage->event);
}

/* --- how it goes on --- */

void passage_due(struct flow *flow, struct passage *passage) {
    passage->state = PASSAGE_DUE;
    passage->since_ms = flow->now_ms;
    list_add_last(&flow->due, &passage->link);
}

void passage_later(struct flow *flow, struct passage *passage, int64_t delay_ms) {
    passage->state = PASSAGE_LATER;
    passage->since_ms = flow->now_ms;
    timers_set(&flow->timers, &passage->timer, flow->now_ms + delay_ms);
}

struct action *passage_report(struct flow *flow, enum report_kind kind, const struct passage *passage) {
    struct action *action = say_report(flow, kind, passage->event->place, passage->event->offset);
    action->is.report.platform = passage->request->platform;
    action->is.report.stage = passage->stage;
    action->is.report.status = passage->status;
    action->is.report.why = passage->why;
    action->is.report.attempts = passage->attempts;
    return action;
}

void passage_failed(const struct flow *flow, struct passage *passage) {
    if (passage->first_failed_wall_ms < 0)
        passage->first_failed_wall_ms = flow->wall_ms;
}

void passage_open(struct flow *flow, struct passage *passage, enum passage_state state, uint64_t id) {
    ENSURE(passage->open == 0, "an event has two actions under way (I2)");
    ENSURE(pending_put(&flow->pending, id, passage), "out of memory for what is under way");
    passage->open = id;
    passage->state = state;
    passage->since_ms = flow->now_ms;
    passage->home->group->open++;
}

void passage_close(struct flow *flow, struct passage *passage) {
    pending_take(&flow->pending, passage->open);
    passage->open = 0;
    if (passage->home == NULL)
        return;
    passage->home->group->open--;
    group_touch(flow, passage->home->group);
}

/* --- its patience --- */

static int64_t up_time(const struct flow *flow, const struct passage *passage) {
    const struct route *route = passage->home->group->route;
    if (PLANTED(OUTAGE_COUNTS))
        return flow->now_ms;
    return breaker_up_time(&flow->dispatchers[route->mapping.platform].breaker, flow->now_ms);
}

int64_t passage_spent_ms(const struct flow *flow, const struct passage *passage) {
    return passage->clocked ? up_time(flow, passage) - passage->patience_from_ms : passage->spent_ms;
}

void passage_run_clock(const struct flow *flow, struct passage *passage) {
    if (!passage->clocked)
        passage->patience_from_ms = up_time(flow, passage) - passage->spent_ms;
    passage->clocked = true;
}

void passage_rest_clock(const struct flow *flow, struct passage *passage) {
    passage->spent_ms = passage_spent_ms(flow, passage);
    passage->clocked = false;
}
