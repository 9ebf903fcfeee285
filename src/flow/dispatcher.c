/* The queue of a platform, its breaker and its limits. It looks past the first in the queue only to choose a probe. */
#include "flow/dispatcher.h"

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

bool dispatcher_init(struct flow *flow, struct dispatcher *dispatcher, uint32_t index) {
    dispatcher->spec = &flow->plan->platforms[index];
    dispatcher->index = index;
    pace_init(&dispatcher->pace, dispatcher->spec, 0);
    dispatcher->timer.kind = TIMER_DISPATCHER;
    list_init(&dispatcher->waiting);
    list_init(&dispatcher->again);
    list_init(&dispatcher->busy);
    return breaker_init(&dispatcher->breaker, &dispatcher->spec->breaker, 0) && timers_join(&flow->timers);
}

void dispatcher_finish(struct dispatcher *dispatcher) {
    breaker_finish(&dispatcher->breaker);
}

void dispatcher_touch(struct flow *flow, struct dispatcher *dispatcher) {
    if (list_is_empty(&dispatcher->busy))
        list_add_last(&flow->busy, &dispatcher->busy);
}

/* Of what waits at the platform that its route delivers to. */
static void count_ready(struct dispatcher *dispatcher, struct group *group, bool joins) {
    if (group->route->mapping.platform != dispatcher->index)
        return;
    group->ready += joins ? 1 : UINT32_MAX;
    if (group->ready == (joins ? 1 : 0))
        dispatcher->groups += joins ? 1 : UINT32_MAX;
}

void dispatcher_join(struct flow *flow, struct dispatcher *dispatcher, struct passage *passage) {
    passage->state = PASSAGE_WAITING;
    passage->since_ms = flow->now_ms;
    passage->turn = dispatcher->turns++;
    list_add_last(passage->request->attempt == 0 ? &dispatcher->waiting : &dispatcher->again, &passage->link);
    dispatcher->waiting_count++;
    count_ready(dispatcher, passage->home->group, true);
    dispatcher_touch(flow, dispatcher);
}

void dispatcher_leave(struct flow *flow, struct dispatcher *dispatcher, struct passage *passage) {
    list_remove(&passage->link);
    dispatcher->waiting_count--;
    count_ready(dispatcher, passage->home->group, false);
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
static struct passage *choose_probe(const struct dispatcher *dispatcher) {
    struct passage *first = earlier(first_of(&dispatcher->waiting), first_of(&dispatcher->again)), *passage = first;
    struct passage *fresh = first_of(&dispatcher->waiting), *again = first_of(&dispatcher->again);
    for (size_t looked = 0; passage != NULL && looked < PROBE_CHOICE; looked++) {
        if (passage->blame != dispatcher->breaker.last_key)
            return passage;
        if (passage == fresh)
            fresh = next_of(&dispatcher->waiting, fresh);
        else
            again = next_of(&dispatcher->again, again);
        passage = earlier(fresh, again);
    }
    return first;
}

/* First come, first served; but repeated attempts leave room for first ones. With none of these waiting they take all
 * there is, so a budget never delays what would otherwise be idle. */
static struct passage *choose_next(const struct dispatcher *dispatcher) {
    struct passage *fresh = first_of(&dispatcher->waiting), *again = first_of(&dispatcher->again);
    if (fresh != NULL && !pace_has_room(&dispatcher->pace, true))
        again = NULL;
    return pace_has_room(&dispatcher->pace, false) ? earlier(fresh, again) : NULL;
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

static void send(struct flow *flow, struct dispatcher *dispatcher, struct passage *passage) {
    struct request *request = passage->request;
    dispatcher_leave(flow, dispatcher, passage);
    pace_take(&dispatcher->pace, request->attempt > 0, flow->now_ms);
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

/* The workers that share the platform: one of them probes at a time, so a probe is told as long as it may take. */
static void tell_workers(struct flow *flow, const struct dispatcher *dispatcher) {
    const struct breaker *breaker = &dispatcher->breaker;
    bool probed = breaker->state == PLATFORM_HALF_OPEN;
    if (probed && PLANTED(PROBE_UNTOLD))
        return;
    struct action *told = say(flow, ACTION_TELL_WORKERS);
    told->is.platform.platform = dispatcher->index;
    told->is.platform.state = probed ? breaker->down : breaker->state;
    told->is.platform.until_ms = probed ? flow->now_ms + dispatcher->spec->timeout_ms : breaker->probe_ms;
}

/* Told to log and metrics, and to the other workers. */
static struct action *tell_state(struct flow *flow, const struct dispatcher *dispatcher) {
    tell_workers(flow, dispatcher);
    struct action *said = say_report(flow, REPORT_PLATFORM, (struct place){0}, -1);
    said->is.report.platform = dispatcher->index;
    said->is.report.state = dispatcher->breaker.state;
    bool down = dispatcher->breaker.state == PLATFORM_OPEN || dispatcher->breaker.state == PLATFORM_HELD;
    said->is.report.delay_ms = down ? dispatcher->breaker.probe_ms - flow->now_ms : 0;
    return said;
}

static void serve_up(struct flow *flow, struct dispatcher *dispatcher) {
    for (struct passage *passage; (passage = choose_next(dispatcher)) != NULL;) {
        int64_t ready_ms = pace_ready_ms(&dispatcher->pace, flow->now_ms);
        if (ready_ms > flow->now_ms) {
            timers_set(&flow->timers, &dispatcher->timer, ready_ms);
            return;
        }
        send(flow, dispatcher, passage);
    }
}

/* Sends one request, when it is time for it. If the breaker is half open without a probe under way, the probe came back
 * only for a new token, and the next request is the probe. */
static void serve_probe(struct flow *flow, struct dispatcher *dispatcher) {
    bool down = dispatcher->breaker.state != PLATFORM_HALF_OPEN;
    struct passage *passage = down || dispatcher->probe == 0 ? choose_probe(dispatcher) : NULL;
    if (passage == NULL || !pace_has_room(&dispatcher->pace, false))
        return;
    int64_t ready_ms = pace_ready_ms(&dispatcher->pace, flow->now_ms);
    if (down && ready_ms < dispatcher->breaker.probe_ms)
        ready_ms = dispatcher->breaker.probe_ms;
    if (ready_ms > flow->now_ms) {
        timers_set(&flow->timers, &dispatcher->timer, ready_ms);
        return;
    }
    if (down) {
        breaker_probe(&dispatcher->breaker, flow->now_ms);
        tell_state(flow, dispatcher);
    } else
        tell_workers(flow, dispatcher); /* it takes longer than was told */
    send(flow, dispatcher, passage);
    dispatcher->probe = passage->open;
}

void dispatcher_serve(struct flow *flow, struct dispatcher *dispatcher) {
    switch (dispatcher->breaker.state) {
    case PLATFORM_UP:
        serve_up(flow, dispatcher);
        break;
    case PLATFORM_OPEN:
    case PLATFORM_HELD:
        serve_probe(flow, dispatcher);
        break;
    case PLATFORM_HALF_OPEN:
        if (PLANTED(PROBE_MANY))
            serve_up(flow, dispatcher);
        else
            serve_probe(flow, dispatcher);
        break;
    }
}

/* Whether the token is beyond doubt. A refused token is replaced once for each request, and not again and again where
 * every new token is refused: then the platform is held, and people hear of it. */
static bool is_fresh(const struct flow *flow, const struct dispatcher *dispatcher, const struct passage *passage,
                     const struct reply *reply) {
    if (PLANTED(RENEWS_FOR_EVER))
        return false;
    bool late =
        reply->token > dispatcher->worn && dispatcher->worn > 0 && flow->now_ms - dispatcher->worn_ms < FRESH_MS;
    return passage->request->renewed || late || PLANTED(NEVER_RENEWS);
}

struct judgement dispatcher_judge(const struct flow *flow, const struct dispatcher *dispatcher,
                                  const struct passage *passage, const struct reply *reply) {
    return is_fresh(flow, dispatcher, passage, reply) ? judge(dispatcher->spec, reply)
                                                      : judge_worn(dispatcher->spec, reply);
}

/* One for all requests that carried it. */
static void refresh(struct flow *flow, struct dispatcher *dispatcher, uint64_t number) {
    if (number <= dispatcher->worn)
        return;
    dispatcher->worn = number;
    dispatcher->worn_ms = flow->now_ms;
    struct action *said = say(flow, ACTION_REFRESH_TOKEN);
    said->is.token.platform = dispatcher->index;
    said->is.token.number = number;
}

static void keep_cause(struct dispatcher *dispatcher, const struct judgement *judgement, const struct reply *reply) {
    dispatcher->status = reply->kind == REPLY_ANSWERED ? reply->status : 0;
    dispatcher->fault = reply->fault;
    dispatcher->why = judgement->why;
    dispatcher->told = false;
    if (judgement->floor_for_all && reply->kind == REPLY_ANSWERED)
        dispatcher->why = "it asks us to wait (Retry-After)";
    if (reply->why.data == NULL)
        return;
    (void)snprintf(dispatcher->words, sizeof dispatcher->words, SPAN_FORMAT, SPAN_ARGUMENT(reply->why));
    dispatcher->why = dispatcher->words;
}

void dispatcher_judged(struct flow *flow, struct dispatcher *dispatcher, const struct passage *passage,
                       const struct judgement *judgement, const struct reply *reply) {
    pace_give_back(&dispatcher->pace, passage->request->attempt > 1);
    bool probe = dispatcher->probe != 0 && dispatcher->probe == reply->request;
    if (probe)
        dispatcher->probe = 0;
    if (judgement->kind == JUDGED_RENEW)
        refresh(flow, dispatcher, reply->token);
    else if (breaker_judged(&dispatcher->breaker, judgement, probe, passage->blame, flow->now_ms)) {
        if (judgement->mark != MARK_NONE) /* else it is down as before, for the same reason */
            keep_cause(dispatcher, judgement, reply);
        struct action *said = tell_state(flow, dispatcher);
        said->is.report.status = dispatcher->status;
        said->is.report.fault = dispatcher->fault;
        said->is.report.why = dispatcher->why;
    }
    dispatcher_touch(flow, dispatcher);
}

void dispatcher_told(struct flow *flow, struct dispatcher *dispatcher, enum platform_state state, int64_t until_ms) {
    if (PLANTED(TOLD_IGNORED) || !breaker_told(&dispatcher->breaker, state, until_ms, flow->now_ms))
        return;
    dispatcher->status = 0;
    dispatcher->fault = REPLY_FAULT_NONE;
    dispatcher->why = NULL;
    dispatcher->told = true;
    struct action *said = say_report(flow, REPORT_PLATFORM, (struct place){0}, -1);
    said->is.report.platform = dispatcher->index;
    said->is.report.state = state;
    dispatcher_touch(flow, dispatcher);
}

/* --- how much is of use to it --- */

uint32_t dispatcher_most_ready(const struct dispatcher *dispatcher) {
    return dispatcher->pace.most + READY_BEYOND_FLIGHT;
}

/* A route's part of a number of requests, divided among the routes whose events wait here. */
static uint32_t part_of(const struct dispatcher *dispatcher, const struct group *group, uint32_t requests,
                        uint32_t least) {
    uint32_t part = requests / (dispatcher->groups + (group->ready == 0 ? 1 : 0));
    return part < least ? least : part;
}

/* Enough of the route's events wait here: what can be taken soon, for more would only be memory that has gone cold when
 * its turn comes; one is enough where all routes together have that many. Or the platform has enough to do with others,
 * and the route has its part of that and more events queued behind, whose keys are not free yet. */
bool dispatcher_has_enough(const struct flow *flow, const struct group *group) {
    const struct dispatcher *dispatcher = &flow->dispatchers[group->route->mapping.platform];
    uint32_t most = dispatcher_most_ready(dispatcher);
    bool full = dispatcher->waiting_count >= most;
    if (group->ready > (full ? 0 : part_of(dispatcher, group, most, LEAST_READY)))
        return true;
    if (dispatcher->waiting_count <= dispatcher->pace.most ||
        group->ready + group->open <= part_of(dispatcher, group, dispatcher->pace.most, LEAST_PART))
        return false;
    uint64_t behind = group->counts.unsettled - group->ready - group->open;
    uint32_t together = group->route->batch.events > 1 ? group->route->batch.events : 1;
    return behind / together > MOST_BEHIND;
}
