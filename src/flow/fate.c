/* What becomes of an event after each verdict, answer and report: settled, again later, dead letter. Judges no reply
 * itself. */
#include "flow/flow_private.h"

#include <stdlib.h>

enum {
    LONGEST_LETTER_PAUSE_MS = 60000, /* the dead-letter topic is tried at least every minute */
    MOST_DOUBTS = 2 /* so often in a row a batch is answered as if one of its events were bad: then it is divided */
};

static struct group *group_of(const struct passage *passage) {
    return passage->home->group;
}

void fate_due(struct flow *flow, struct passage *passage) {
    passage->state = PASSAGE_DUE;
    passage->since_ms = flow->now_ms;
    list_add_last(&flow->due, &passage->link);
}

void fate_later(struct flow *flow, struct passage *passage, int64_t delay_ms) {
    passage->state = PASSAGE_LATER;
    passage->since_ms = flow->now_ms;
    timers_set(&flow->timers, &passage->timer, flow->now_ms + delay_ms);
}

static struct action *report(struct flow *flow, enum report_kind kind, const struct passage *passage) {
    struct action *action = say_report(flow, kind, passage->event->place, passage->event->offset);
    action->is.report.platform = passage->request->platform;
    action->is.report.stage = passage->stage;
    action->is.report.status = passage->status;
    action->is.report.why = passage->why;
    action->is.report.attempts = passage->attempts;
    return action;
}

/* The end of an event: counted, its place in the partition settled, the next of its key goes on. */
static void settle(struct flow *flow, struct passage *passage, enum outcome outcome) {
    struct partition *home = passage->home;
    struct group *group = home->group;
    struct action *said = report(flow, REPORT_SETTLED, passage);
    said->is.report.outcome = outcome;
    said->is.report.reason = passage->verdict.reason;
    group->counts.outcome[outcome]++;
    group->counts.unsettled--;
    home->untold += passage->started ? 1 : 0;
    home->untold_since += passage->started ? 1 : 0;
    home->settled++;
    home->unsettled--;
    tracker_settle(&home->tracker, passage->slot);
    list_remove(&passage->sibling);
    if (outcome == OUTCOME_DEAD_LETTERED)
        hold_dead(flow, passage);
    struct passage *next = passage->ordered ? lane_leave(&home->lanes, passage) : NULL;
    if (next != NULL && !PLANTED(KEY_FORGOTTEN) && group->phase == GROUP_RUNNING && next->state == PASSAGE_QUEUED)
        hold_admit(flow, next);
    commit_settled(home);
    supply_hungry(flow, home);
    passage_destroy(flow, passage);
}

/* Under way: an answer with this id will come, also when the epoch is over by then. */
static void open_as(struct flow *flow, struct passage *passage, enum passage_state state, uint64_t id) {
    ENSURE(passage->open == 0, "an event has two actions under way (I2)");
    ENSURE(pending_put(&flow->pending, id, passage), "out of memory for what is under way");
    passage->open = id;
    passage->state = state;
    passage->since_ms = flow->now_ms;
    group_of(passage)->open++;
}

static void close_open(struct flow *flow, struct passage *passage) {
    pending_take(&flow->pending, passage->open);
    passage->open = 0;
    if (passage->home == NULL)
        return;
    group_of(passage)->open--;
    group_touch(flow, group_of(passage));
}

/* Made once, however often it must be written: it lives as long as the event. */
static bool make_letter(struct flow *flow, struct passage *passage) {
    const struct group *group = group_of(passage);
    if (passage->letter.headers != NULL && !PLANTED(LETTER_GROWS))
        return true;
    const struct dead_letter_facts facts = {.verdict = passage->verdict,
                                            .stage = passage->stage,
                                            .route = group->route->name,
                                            .topic = group->route->topics[passage->event->place.topic],
                                            .attempts = passage->attempts,
                                            .first_failed_wall_ms = passage->first_failed_wall_ms,
                                            .generation = flow->plan->generation,
                                            .omits = passage->omits};
    const struct arena_mark mark = arena_mark(&passage->event->arena);
    passage_borrow(flow, passage, BUDGET_WRITE);
    bool made = dead_letter_make(&passage->letter, passage->event, &facts);
    if (!made) {
        passage->letter.headers = NULL;
        arena_go_back(&passage->event->arena, mark);
    }
    passage_account(flow, passage);
    return made;
}

static void write_letter(struct flow *flow, struct passage *passage) {
    if (!make_letter(flow, passage)) {
        fate_later(flow, passage, MEMORY_PAUSE_MS);
        return;
    }
    passage->letter.id = ++flow->last_id;
    passage->letter.topic = group_of(passage)->route->dead_letter;
    open_as(flow, passage, PASSAGE_WRITTEN, passage->letter.id);
    say(flow, ACTION_WRITE_LETTER)->is.letter = &passage->letter;
}

/* The ways of a request's events part here. Each is taken from the chain, and the next is found by the chain's rest. */
static struct passage *part(struct flow *flow, struct passage *first) {
    if (first->batch != NULL)
        batch_dissolve(flow, first->batch);
    return first;
}

static struct passage *part_next(struct passage *passage) {
    struct passage *next = passage->along;
    passage->along = NULL;
    return next;
}

void fate_park(struct flow *flow, struct passage *passage) {
    for (struct passage *each = part(flow, passage); each != NULL; each = part_next(each))
        each->state = PASSAGE_PARKED;
}

static void deliver(struct flow *flow, struct passage *passage) {
    for (struct passage *each = part(flow, passage), *next; each != NULL; each = next) {
        next = part_next(each);
        settle(flow, each, OUTCOME_DELIVERED);
    }
}

static struct verdict dead(struct flow *flow, struct passage *passage, enum reason reason, const struct reply *reply) {
    passage_borrow(flow, passage, BUDGET_WRITE);
    struct span detail = dead_letter_detail(&passage->event->arena, reply, passage->why);
    passage_account(flow, passage);
    return (struct verdict){.kind = VERDICT_DEAD, .reason = reason, .detail = detail};
}

/* Each of the request's events becomes a dead letter: in order, where they are of one key. */
static void die(struct flow *flow, struct passage *passage, enum reason reason, const struct reply *reply) {
    for (struct passage *each = part(flow, passage); each != NULL; each = part_next(each)) {
        each->verdict = dead(flow, each, reason, reply);
        each->state = PASSAGE_QUEUED;
        if (each->ahead == NULL)
            fate_due(flow, each);
    }
}

/* Its request is shaped, or it is tried again. */
static void enter(struct flow *flow, struct passage *passage) {
    const struct route *route = group_of(passage)->route;
    if (passage->batch != NULL)
        batch_enter(flow, passage->batch);
    else if (route->batch.events > 0)
        batch_gather(flow, passage);
    else
        desk_join(flow, &flow->desks[route->mapping.platform], passage);
}

/* An event may go through the rooms before its turn, to join the batch in which the one ahead of it stands. Where that
 * comes to nothing, it waits as if it had not. */
static void start_early(struct flow *flow, struct passage *passage) {
    passage->state = PASSAGE_QUEUED;
    if (!batch_takes(passage->ahead->batch) || passage->verdict.kind == VERDICT_DEAD || passage->before != HELD_NOT)
        return;
    bool shaped = passage->stage == STAGE_DELIVER;
    struct verdict verdict;
    if (!shaped && passage_walk(flow, passage, &verdict))
        shaped = verdict.kind == VERDICT_PASS;
    if (shaped)
        batch_gather(flow, passage);
}

void fate_start(struct flow *flow, struct passage *passage) {
    if (passage->ahead != NULL) {
        start_early(flow, passage);
        return;
    }
    if (passage->verdict.kind == VERDICT_DEAD) {
        write_letter(flow, passage);
        return;
    }
    if (passage->stage == STAGE_DELIVER) {
        enter(flow, passage);
        return;
    }
    struct verdict verdict;
    if (!passage_walk(flow, passage, &verdict)) {
        list_add_last(&flow->cramped, &passage->link);
        return;
    }
    switch (verdict.kind) {
    case VERDICT_PASS:
        enter(flow, passage);
        break;
    case VERDICT_SKIP:
        passage->verdict = verdict;
        settle(flow, passage, verdict.reason == REASON_TOMBSTONE ? OUTCOME_FILTERED : OUTCOME_SKIPPED);
        break;
    case VERDICT_DEAD:
        passage->first_failed_wall_ms = flow->wall_ms;
        commit_tell(passage->home);
        passage->verdict = verdict;
        write_letter(flow, passage);
        break;
    case VERDICT_WAIT: /* only for a table that has not come yet */
    case VERDICT_RETRY:
        fate_later(flow, passage, MEMORY_PAUSE_MS);
        break;
    }
}

void fate_send(struct flow *flow, struct passage *passage) {
    struct group *group = group_of(passage);
    struct request *request = passage->request;
    request->id = ++flow->last_id;
    request->attempt++;
    request->once = group->route->ambiguous != AMBIGUOUS_RETRY;
    for (size_t i = 0; PLANTED(NEW_ID) && request->attempt > 1 && i < request->header_count; i++)
        request->headers[i].value = SPAN("another");
    for (struct passage *each = passage; each != NULL; each = each->along) {
        each->attempts++;
        group->counts.exposed += each->started ? 0 : 1;
        tracker_sent(&each->home->tracker, each->slot);
        each->started = true;
        if (each->first_failed_wall_ms >= 0)
            passage_run_clock(flow, each); /* it may have rested */
        if (each->attempts > 1)
            commit_tell(each->home);
    }
    open_as(flow, passage, PASSAGE_SENT, request->id);
    say(flow, ACTION_SEND_REQUEST)->is.request = request;
}

/* The event's own clock runs while its platform is up, from its first failure on. */
static bool patience_ended(struct flow *flow, struct passage *passage, const struct desk *desk) {
    int64_t patience_ms = group_of(passage)->route->retry.patience_ms;
    bool ended = false;
    for (struct passage *each = passage; each != NULL; each = each->along) {
        if (!each->clocked) {
            each->first_failed_wall_ms = flow->wall_ms;
            commit_tell(each->home);
            passage_run_clock(flow, each);
        }
        ended = ended || passage_spent_ms(flow, each) >= patience_ms;
    }
    return desk->breaker.state == PLATFORM_UP && ended;
}

static void again_later(struct flow *flow, struct passage *passage, const struct reply *reply, int64_t floor_ms) {
    const struct retry_spec *retry = &group_of(passage)->route->retry;
    uint32_t failures = 0, count = 0;
    for (struct passage *each = passage; each != NULL; each = each->along, count++) {
        failures = ++each->failures > failures ? each->failures : failures;
        commit_dirty(each->home); /* its attempts go into the map */
    }
    int64_t delay_ms = backoff_delay(retry->first_ms, retry->max_ms, failures, floor_ms, &flow->dice);
    struct action *said = report(flow, REPORT_ATTEMPT_FAILED, passage);
    said->is.report.fault = reply->fault;
    said->is.report.delay_ms = delay_ms;
    said->is.report.count = count;
    fate_later(flow, passage, delay_ms);
    group_touch(flow, group_of(passage));
}

/* Something is wrong with one of the events of a batch. Refused: the halves go at once, and it was no attempt of the
 * events: that is for the one that is found. Else they go on as what was tried. */
static void divide(struct flow *flow, struct batch *batch, const struct reply *reply, bool refused) {
    struct action *said = report(flow, REPORT_DIVIDED, batch->first);
    said->is.report.fault = reply->fault;
    said->is.report.count = batch->count;
    for (struct passage *each = batch->first; each != NULL; each = each->along)
        each->attempts -= refused ? 1 : 0;
    for (struct passage *each = batch->first; each != NULL && PLANTED(BATCH_COSTS_ALL); each = each->along)
        each->refusals += refused ? 1 : 0;
    struct batch *half[2];
    batch_divide(flow, batch, half);
    for (size_t i = 0; i < 2 && half[i] != NULL; i++)
        if (refused)
            batch_enter(flow, half[i]);
        else
            again_later(flow, half[i]->first, reply, 0);
}

static bool is_refusal(const struct judgement *judgement) {
    return judgement->kind == JUDGED_REFUSED || judgement->kind == JUDGED_PERMANENT;
}

/* Whether a batch as a whole is not worth another try: it is refused, its patience is over, or it is answered again and
 * again as if one event in it were bad, while others get through. One that may have been applied stays whole and keeps
 * its id as long as there is patience: so the platform can know it again. */
static bool must_divide(struct batch *batch, const struct judgement *judgement, const struct desk *desk, bool ended) {
    bool doubtful = judgement->kind == JUDGED_RETRY && judgement->mark == MARK_SUSPECT;
    ended = ended || PLANTED(BATCH_CHANGES);
    batch->doubts = doubtful ? batch->doubts + 1 : 0;
    if (batch->count < 2)
        return false;
    return is_refusal(judgement) || ended || (batch->doubts >= MOST_DOUBTS && desk->breaker.state == PLATFORM_UP);
}

/* May have been applied, and the route wants no second sending. Dividing would be one: each event of a batch shares its
 * fate. */
static void leave_in_doubt(struct flow *flow, struct passage *passage, const struct reply *reply) {
    if (group_of(passage)->route->ambiguous == AMBIGUOUS_DEAD_LETTER) {
        hold_doubtful(passage); /* until its letter is written */
        for (struct passage *each = passage; each != NULL; each = each->along)
            commit_dirty(each->home);
        die(flow, passage, REASON_AMBIGUOUS, reply);
        return;
    }
    for (struct passage *each = passage; each != NULL; each = each->along)
        hold_park(flow, each, HELD_AMBIGUOUS, -1);
    fate_park(flow, passage);
}

/* It was no attempt, so it costs none: the same one comes again. */
static void spare(struct passage *passage) {
    if (PLANTED(TOKEN_COSTS))
        return;
    passage->request->attempt--;
    for (struct passage *each = passage; each != NULL; each = each->along)
        each->attempts--;
}

static void carry_out(struct flow *flow, struct passage *passage, const struct reply *reply,
                      const struct judgement *judgement, struct desk *desk) {
    const struct route *route = group_of(passage)->route;
    bool many = passage->along != NULL, refusal = is_refusal(judgement);
    if (judgement->kind == JUDGED_SUCCESS || (judgement->kind == JUDGED_REFUSED && PLANTED(REFUSED_SETTLES)) ||
        (judgement->kind == JUDGED_AMBIGUOUS && PLANTED(AMBIGUOUS_SETTLES))) {
        deliver(flow, passage);
        return;
    }
    if (judgement->spared) {
        spare(passage);
        desk_join(flow, desk, passage);
        return;
    }
    bool ended = judgement->kind != JUDGED_ABORTED && !(many && refusal) && patience_ended(flow, passage, desk);
    if (judgement->kind == JUDGED_ABORTED || judgement->kind == JUDGED_HOLD) {
        desk_join(flow, desk, passage); /* the platform's state holds it from here on, not a backoff of its own */
        return;
    }
    if (judgement->kind == JUDGED_AMBIGUOUS && route->ambiguous != AMBIGUOUS_RETRY) {
        leave_in_doubt(flow, passage, reply);
        return;
    }
    if (passage->batch != NULL && must_divide(passage->batch, judgement, desk, ended)) {
        divide(flow, passage->batch, reply, refusal);
        return;
    }
    bool last = judgement->kind == JUDGED_REFUSED && ++passage->refusals >= route->refusals;
    if (judgement->kind == JUDGED_PERMANENT || (last && !PLANTED(REFUSED_FOR_EVER)))
        die(flow, passage, REASON_REFUSED, reply);
    else if (ended && judgement->kind != JUDGED_REFUSED)
        die(flow, passage, REASON_GAVE_UP, reply);
    else
        again_later(flow, passage, reply, judgement->floor_ms);
}

/* Bugs that are planted may take an old answer for a new one. */
static struct passage *planted_stale(struct flow *flow, const struct passage *gone) {
    size_t position = 0;
    for (struct passage *other; (other = pending_next(&flow->pending, &position)) != NULL;)
        if (other->state == PASSAGE_SENT && other->event->offset == gone->event->offset &&
            other->event->place.partition == gone->event->place.partition &&
            other->event->place.route == gone->event->place.route)
            return other;
    return NULL;
}

/* The epoch of this event is over: the answer frees its memory and changes nothing else (I7). */
static void bury(struct flow *flow, struct passage *passage) {
    ENSURE(passage->home == NULL, "an event is gone and still has a home (I7)");
    report(flow, REPORT_STALE, passage);
    passage_destroy(flow, passage);
}

/* In a drain nothing is decided any more; but what the attempt was goes into the last map. */
static void note_failed(struct flow *flow, struct passage *passage, const struct judgement *judgement,
                        const struct desk *desk) {
    bool refusal = is_refusal(judgement);
    if (judgement->spared)
        spare(passage);
    if (judgement->spared || judgement->kind == JUDGED_ABORTED || judgement->kind == JUDGED_HOLD)
        return;
    if (passage->along == NULL || !refusal)
        (void)patience_ended(flow, passage, desk);
    for (struct passage *each = passage; each != NULL && passage->along != NULL && refusal; each = each->along)
        each->attempts--; /* which of them is refused nobody knows */
    passage->refusals += passage->along == NULL && judgement->kind == JUDGED_REFUSED ? 1 : 0;
}

void fate_reply(struct flow *flow, const struct reply *reply) {
    struct passage *passage = pending_find(&flow->pending, reply->request);
    if (passage == NULL || passage->open != reply->request ||
        (passage->state != PASSAGE_SENT && passage->state != PASSAGE_GONE) || passage->letter.id == reply->request) {
        say_report(flow, REPORT_STALE, (struct place){0}, -1);
        return;
    }
    struct desk *desk = &flow->desks[passage->request->platform];
    struct judgement judgement = desk_judge(flow, desk, passage, reply);
    close_open(flow, passage);
    desk_judged(flow, desk, passage, &judgement, reply);
    passage->request->renewed = judgement.kind == JUDGED_RENEW;
    if (passage->state == PASSAGE_GONE) {
        struct passage *taken = PLANTED(STALE_REPLY) ? planted_stale(flow, passage) : NULL;
        bury(flow, passage);
        if (taken == NULL)
            return;
        close_open(flow, taken);
        pace_give_back(&desk->pace, taken->request->attempt > 1);
        passage = taken;
    }
    for (struct passage *each = passage; each != NULL; each = each->along) {
        each->status = reply->kind == REPLY_ANSWERED ? reply->status : 0;
        each->fault = reply->fault;
        each->why = judgement.why;
    }
    struct group *group = group_of(passage);
    if (judgement.kind == JUDGED_SUCCESS)
        group->counts.attempts_ok++;
    else if (judgement.kind != JUDGED_ABORTED && !judgement.spared)
        group->counts.attempts_failed++;
    if (group->phase != GROUP_RUNNING && judgement.kind != JUDGED_SUCCESS) {
        note_failed(flow, passage, &judgement, desk);
        if (reply->kind == REPLY_AMBIGUOUS || reply->kind == REPLY_ABORTED || judgement.kind == JUDGED_AMBIGUOUS)
            hold_doubtful(passage);
        else
            hold_undoubted(passage);
        fate_park(flow, passage); /* the next owner tries again */
        return;
    }
    carry_out(flow, passage, reply, &judgement, desk);
}

static void letter_failed(struct flow *flow, struct passage *passage) {
    struct group *group = group_of(passage);
    const struct retry_spec *retry = &group->route->retry;
    int64_t most_ms = retry->max_ms < LONGEST_LETTER_PAUSE_MS ? retry->max_ms : LONGEST_LETTER_PAUSE_MS;
    passage->letter_failures++;
    int64_t delay_ms = backoff_delay(retry->first_ms, most_ms, passage->letter_failures, 0, &flow->dice);
    group->letters_fail = true;
    report(flow, REPORT_LETTER_FAILED, passage)->is.report.delay_ms = delay_ms;
    fate_later(flow, passage, delay_ms);
}

void fate_letter(struct flow *flow, uint64_t id, enum letter_outcome outcome) {
    struct passage *passage = pending_find(&flow->pending, id);
    if (passage == NULL || passage->letter.id != id || passage->open != id) {
        say_report(flow, REPORT_STALE, (struct place){0}, -1);
        return;
    }
    close_open(flow, passage);
    if (passage->state == PASSAGE_GONE) {
        bury(flow, passage);
        return;
    }
    struct group *group = group_of(passage);
    if (outcome == LETTER_ACKNOWLEDGED || (outcome == LETTER_FAILED && PLANTED(FAILED_LETTER))) {
        if (group->letters_fail)
            report(flow, REPORT_LETTER_RECOVERED, passage);
        group->letters_fail = false;
        settle(flow, passage, OUTCOME_DEAD_LETTERED);
        return;
    }
    enum letter_omits before = passage->omits;
    if (outcome == LETTER_TOO_LARGE)
        passage->omits = dead_letter_smaller(passage->event, before);
    bool smaller = passage->omits != before;
    if (smaller)
        passage->letter.headers = NULL; /* another one */
    if (group->phase != GROUP_RUNNING)
        passage->state = PASSAGE_PARKED;
    else if (smaller)
        fate_due(flow, passage);
    else
        letter_failed(flow, passage);
}
