/* A desk is where events wait for one platform: it lets through as many as breaker and pace allow. It never looks at
 * those that are not first in line, but for a probe's few. */
#include "flow/flow_private.h"

enum { PROBE_CHOICE = 16 }; /* so many are looked at for a probe of another key */

bool desk_init(struct flow *flow, struct desk *desk, uint32_t index) {
    desk->spec = &flow->plan->platforms[index];
    desk->index = index;
    desk->pace.most = desk->spec->max_in_flight;
    desk->timer.kind = TIMER_DESK;
    list_init(&desk->waiting);
    list_init(&desk->busy);
    return breaker_init(&desk->breaker, &desk->spec->breaker, 0) && timers_join(&flow->timers);
}

void desk_finish(struct desk *desk) {
    breaker_finish(&desk->breaker);
}

void desk_touch(struct flow *flow, struct desk *desk) {
    if (list_is_empty(&desk->busy))
        list_add_last(&flow->busy, &desk->busy);
}

void desk_join(struct flow *flow, struct desk *desk, struct passage *passage) {
    passage->state = PASSAGE_WAITING;
    list_add_last(&desk->waiting, &passage->link);
    desk->waiting_count++;
    passage->home->group->ready++;
    desk_touch(flow, desk);
}

void desk_leave(struct flow *flow, struct desk *desk, struct passage *passage) {
    list_remove(&passage->link);
    desk->waiting_count--;
    passage->home->group->ready--;
    group_touch(flow, passage->home->group);
}

/* Another key than the one that failed last, where there is one near the front: a single poisoned event must not speak
 * for the whole platform. */
static struct passage *choose_probe(const struct desk *desk) {
    size_t looked = 0;
    LIST_EACH(link, &desk->waiting) {
        struct passage *passage = LIST_OF(link, struct passage, link);
        if (passage->lane != desk->breaker.last_key)
            return passage;
        if (++looked == PROBE_CHOICE)
            break;
    }
    return LIST_OF(list_first(&desk->waiting), struct passage, link);
}

static void send(struct flow *flow, struct desk *desk, struct passage *passage) {
    desk_leave(flow, desk, passage);
    desk->pace.in_flight++;
    ENSURE(desk->pace.in_flight <= desk->pace.most, "more requests are in flight than max-in-flight");
    fate_send(flow, passage);
}

/* Told to log and metrics, and to the workers that share the platform. */
static struct action *tell_state(struct flow *flow, const struct desk *desk) {
    if (desk->breaker.state != PLATFORM_HALF_OPEN) {
        struct action *told = say(flow, ACTION_TELL_WORKERS);
        told->is.platform.platform = desk->index;
        told->is.platform.state = desk->breaker.state;
        told->is.platform.until_ms = desk->breaker.probe_ms;
    }
    struct action *said = say_report(flow, REPORT_PLATFORM, (struct place){0}, -1);
    said->is.report.platform = desk->index;
    said->is.report.state = desk->breaker.state;
    bool down = desk->breaker.state == PLATFORM_OPEN || desk->breaker.state == PLATFORM_HELD;
    said->is.report.delay_ms = down ? desk->breaker.probe_ms - flow->now_ms : 0;
    return said;
}

static void serve_up(struct flow *flow, struct desk *desk) {
    while (!list_is_empty(&desk->waiting) && pace_has_room(&desk->pace))
        send(flow, desk, LIST_OF(list_first(&desk->waiting), struct passage, link));
}

static void serve_down(struct flow *flow, struct desk *desk) {
    if (list_is_empty(&desk->waiting) || !pace_has_room(&desk->pace))
        return;
    if (flow->now_ms < desk->breaker.probe_ms) {
        timers_set(&flow->timers, &desk->timer, desk->breaker.probe_ms);
        return;
    }
    struct passage *passage = choose_probe(desk);
    breaker_probe(&desk->breaker, flow->now_ms);
    tell_state(flow, desk);
    send(flow, desk, passage);
    desk->probe = passage->open;
}

void desk_serve(struct flow *flow, struct desk *desk) {
    switch (desk->breaker.state) {
    case PLATFORM_UP:
        serve_up(flow, desk);
        break;
    case PLATFORM_OPEN:
    case PLATFORM_HELD:
        serve_down(flow, desk);
        break;
    case PLATFORM_HALF_OPEN:
        break;
    }
}

void desk_judged(struct flow *flow, struct desk *desk, const struct passage *passage, const struct judgement *judgement,
                 const struct reply *reply) {
    ENSURE(desk->pace.in_flight > 0, "an answer came and nothing was in flight");
    desk->pace.in_flight--;
    bool probe = desk->probe != 0 && desk->probe == reply->request;
    if (probe)
        desk->probe = 0;
    if (breaker_judged(&desk->breaker, judgement, probe, passage->lane, flow->now_ms)) {
        struct action *said = tell_state(flow, desk);
        said->is.report.status = reply->kind == REPLY_ANSWERED ? reply->status : 0;
        said->is.report.fault = reply->fault;
    }
    desk_touch(flow, desk);
}

void desk_told(struct flow *flow, struct desk *desk, enum platform_state state, int64_t until_ms) {
    if (!breaker_told(&desk->breaker, state, until_ms, flow->now_ms))
        return;
    struct action *said = say_report(flow, REPORT_PLATFORM, (struct place){0}, -1);
    said->is.report.platform = desk->index;
    said->is.report.state = state;
    desk_touch(flow, desk);
}
