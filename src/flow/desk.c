/* A desk is the dispatcher of one platform: events wait there, and it sends as many as the circuit breaker and the
 * limits of concurrency and rate (pace) allow, first come, first served. It looks past the first in line only to choose
 * a probe. */
#include "flow/flow_private.h"

#include <stdio.h>

enum {
    PROBE_CHOICE = 16,        /* so many are looked at for a probe of another key */
    FRESH_MS = 10000,         /* a token that is refused so soon after the one before was is not to blame */
    READY_BEYOND_FLIGHT = 64, /* events beyond max-in-flight that may wait for the platform */
    LEAST_READY = 4,          /* but of each of its routes at least so many */
    LEAST_PART = 4,           /* of what is in flight or waits, belongs to each route at least */
    MOST_BEHIND = 16          /* requests' worth of events that may be queued behind that */
};

bool desk_init(struct flow *flow, struct desk *desk, uint32_t index) {
    desk->spec = &flow->plan->platforms[index];
    desk->index = index;
    pace_init(&desk->pace, desk->spec, 0);
    desk->timer.kind = TIMER_DESK;
    list_init(&desk->waiting);
    list_init(&desk->again);
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

/* Of what waits at the platform that its route delivers to. */
static void count_ready(struct desk *desk, struct group *group, bool joins) {
    if (group->route->mapping.platform != desk->index)
        return;
    group->ready += joins ? 1 : UINT32_MAX;
    if (group->ready == (joins ? 1 : 0))
        desk->groups += joins ? 1 : UINT32_MAX;
}

void desk_join(struct flow *flow, struct desk *desk, struct passage *passage) {
    passage->state = PASSAGE_WAITING;
    passage->since_ms = flow->now_ms;
    passage->turn = desk->turns++;
    list_add_last(passage->request->attempt == 0 ? &desk->waiting : &desk->again, &passage->link);
    desk->waiting_count++;
    count_ready(desk, passage->home->group, true);
    desk_touch(flow, desk);
}

void desk_leave(struct flow *flow, struct desk *desk, struct passage *passage) {
    list_remove(&passage->link);
    desk->waiting_count--;
    count_ready(desk, passage->home->group, false);
    group_touch(flow, passage->home->group);
}

static struct passage *first_of(const struct list *list) {
    struct list *link = list_first(list);
    return link != NULL ? LIST_OF(link, struct passage, link) : NULL;
}

static struct passage *next_of(const struct list *list, struct passage *passage) {
    return passage->link.next != list ? LIST_OF(passage->link.next, struct passage, link) : NULL;
}

/* Who came first; either may be NULL. */
static struct passage *earlier(struct passage *one, struct passage *other) {
    if (one == NULL || other == NULL)
        return one == NULL ? other : one;
    return one->turn < other->turn ? one : other;
}

/* Prefers another key than the one that failed last, if there is one near the front: a single poisoned event must not
 * decide for the whole platform. */
static struct passage *choose_probe(const struct desk *desk) {
    struct passage *first = earlier(first_of(&desk->waiting), first_of(&desk->again)), *passage = first;
    struct passage *fresh = first_of(&desk->waiting), *again = first_of(&desk->again);
    for (size_t looked = 0; passage != NULL && looked < PROBE_CHOICE; looked++) {
        if (passage->blame != desk->breaker.last_key)
            return passage;
        if (passage == fresh)
            fresh = next_of(&desk->waiting, fresh);
        else
            again = next_of(&desk->again, again);
        passage = earlier(fresh, again);
    }
    return first;
}

/* First come, first served; but repeated attempts leave room for first ones. With none of these waiting they take all
 * there is, so a budget never delays what would otherwise be idle. */
static struct passage *choose_next(const struct desk *desk) {
    struct passage *fresh = first_of(&desk->waiting), *again = first_of(&desk->again);
    if (fresh != NULL && !pace_has_room(&desk->pace, true))
        again = NULL;
    return pace_has_room(&desk->pace, false) ? earlier(fresh, again) : NULL;
}

static void note_sent(struct flow *flow, struct passage *passage) {
    passage->attempts++;
    passage->home->group->counts.exposed += passage->started ? 0 : 1;
    tracker_sent(&passage->home->tracker, passage->slot);
    passage->started = true;
    if (passage->failed)
        passage_run_clock(flow, passage); /* it may have rested */
    if (passage->attempts > 1)
        partition_tell(passage->home);
}

static void send(struct flow *flow, struct desk *desk, struct passage *passage) {
    struct request *request = passage->request;
    desk_leave(flow, desk, passage);
    pace_take(&desk->pace, request->attempt > 0, flow->now_ms);
    request->id = ++flow->last_id;
    request->attempt++;
    request->once = passage->home->group->route->ambiguous != AMBIGUOUS_RETRY;
    for (size_t i = 0; PLANTED(NEW_ID) && request->attempt > 1 && i < request->header_count; i++)
        request->headers[i].value = SPAN("another");
    for (struct passage *each = passage; each != NULL; each = each->along)
        note_sent(flow, each);
    passage_open(flow, passage, PASSAGE_SENT, request->id);
    say(flow, ACTION_SEND_REQUEST)->is.request = request;
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
    for (struct passage *passage; (passage = choose_next(desk)) != NULL;) {
        int64_t ready_ms = pace_ready_ms(&desk->pace, flow->now_ms);
        if (ready_ms > flow->now_ms) {
            timers_set(&flow->timers, &desk->timer, ready_ms);
            return;
        }
        send(flow, desk, passage);
    }
}

/* Sends one request, when it is time for it. If the breaker is half open without a probe under way, the probe came back
 * only for a new token, and the next request is the probe. */
static void serve_probe(struct flow *flow, struct desk *desk) {
    bool down = desk->breaker.state != PLATFORM_HALF_OPEN;
    struct passage *passage = down || desk->probe == 0 ? choose_probe(desk) : NULL;
    if (passage == NULL || !pace_has_room(&desk->pace, false))
        return;
    int64_t ready_ms = pace_ready_ms(&desk->pace, flow->now_ms);
    if (down && ready_ms < desk->breaker.probe_ms)
        ready_ms = desk->breaker.probe_ms;
    if (ready_ms > flow->now_ms) {
        timers_set(&flow->timers, &desk->timer, ready_ms);
        return;
    }
    if (down) {
        breaker_probe(&desk->breaker, flow->now_ms);
        tell_state(flow, desk);
    }
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
        serve_probe(flow, desk);
        break;
    case PLATFORM_HALF_OPEN:
        if (PLANTED(PROBE_MANY))
            serve_up(flow, desk);
        else
            serve_probe(flow, desk);
        break;
    }
}

/* Whether the token is beyond doubt. A refused token is replaced once for each request, and not again and again where
 * every new token is refused: then the platform is held, and people hear of it. */
static bool is_fresh(const struct flow *flow, const struct desk *desk, const struct passage *passage,
                     const struct reply *reply) {
    if (PLANTED(RENEWS_FOR_EVER))
        return false;
    bool late = reply->token > desk->worn && desk->worn > 0 && flow->now_ms - desk->worn_ms < FRESH_MS;
    return passage->request->renewed || late || PLANTED(NEVER_RENEWS);
}

struct judgement desk_judge(const struct flow *flow, const struct desk *desk, const struct passage *passage,
                            const struct reply *reply) {
    return is_fresh(flow, desk, passage, reply) ? judge(desk->spec, reply) : judge_worn(desk->spec, reply);
}

/* One for all requests that carried it. */
static void refresh(struct flow *flow, struct desk *desk, uint64_t number) {
    if (number <= desk->worn)
        return;
    desk->worn = number;
    desk->worn_ms = flow->now_ms;
    struct action *said = say(flow, ACTION_REFRESH_TOKEN);
    said->is.token.platform = desk->index;
    said->is.token.number = number;
}

static void keep_cause(struct desk *desk, const struct judgement *judgement, const struct reply *reply) {
    desk->status = reply->kind == REPLY_ANSWERED ? reply->status : 0;
    desk->fault = reply->fault;
    desk->why = judgement->why;
    desk->told = false;
    if (reply->why.data == NULL)
        return;
    (void)snprintf(desk->words, sizeof desk->words, SPAN_FORMAT, SPAN_ARGUMENT(reply->why));
    desk->why = desk->words;
}

void desk_judged(struct flow *flow, struct desk *desk, const struct passage *passage, const struct judgement *judgement,
                 const struct reply *reply) {
    pace_give_back(&desk->pace, passage->request->attempt > 1);
    bool probe = desk->probe != 0 && desk->probe == reply->request;
    if (probe)
        desk->probe = 0;
    if (judgement->kind == JUDGED_RENEW)
        refresh(flow, desk, reply->token);
    else if (breaker_judged(&desk->breaker, judgement, probe, passage->blame, flow->now_ms)) {
        if (judgement->mark != MARK_NONE) /* else it is down as before, for the same reason */
            keep_cause(desk, judgement, reply);
        struct action *said = tell_state(flow, desk);
        said->is.report.status = desk->status;
        said->is.report.fault = desk->fault;
        said->is.report.why = desk->why;
    }
    desk_touch(flow, desk);
}

void desk_told(struct flow *flow, struct desk *desk, enum platform_state state, int64_t until_ms) {
    if (PLANTED(TOLD_IGNORED) || !breaker_told(&desk->breaker, state, until_ms, flow->now_ms))
        return;
    desk->status = 0;
    desk->fault = REPLY_FAULT_NONE;
    desk->why = NULL;
    desk->told = true;
    struct action *said = say_report(flow, REPORT_PLATFORM, (struct place){0}, -1);
    said->is.report.platform = desk->index;
    said->is.report.state = state;
    desk_touch(flow, desk);
}

/* --- how much is of use to it --- */

uint32_t desk_appetite(const struct desk *desk) {
    return desk->pace.most + READY_BEYOND_FLIGHT;
}

/* A route's part of a number of requests, divided among the routes whose events wait here. */
static uint32_t part_of(const struct desk *desk, const struct group *group, uint32_t requests, uint32_t least) {
    uint32_t part = requests / (desk->groups + (group->ready == 0 ? 1 : 0));
    return part < least ? least : part;
}

/* Enough of the route's events wait here: what can be taken soon, for more would only be memory that has gone cold when
 * its turn comes. Or the platform has enough to do with others, and the route has its part of that and more events
 * queued behind, whose keys are not free yet. */
bool desk_is_sated(const struct flow *flow, const struct group *group) {
    const struct desk *desk = &flow->desks[group->route->mapping.platform];
    if (group->ready > part_of(desk, group, desk_appetite(desk), LEAST_READY))
        return true;
    if (desk->waiting_count <= desk->pace.most ||
        group->ready + group->open <= part_of(desk, group, desk->pace.most, LEAST_PART))
        return false;
    uint64_t behind = group->counts.unsettled - group->ready - group->open;
    uint32_t together = group->route->batch.events > 1 ? group->route->batch.events : 1;
    return behind / together > MOST_BEHIND;
}
