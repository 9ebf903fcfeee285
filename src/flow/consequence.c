/* Carries out what was judged. In a drain nothing more is decided, only noted for the last map. */
#include "flow/consequence.h"

#include "flow/flow_private.h"

enum {
    MOST_DOUBTS = 2 /* answers in a row as if one of its events were bad, after which a batch is divided */
};

static struct group *group_of(const struct passage *passage) {
    return passage->home->group;
}

/* The event's own clock runs while its platform is up, from its first failure on. */
static bool patience_ended(struct flow *flow, struct passage *passage, const struct dispatcher *dispatcher) {
    int64_t patience_ms = group_of(passage)->route->retry.patience_ms;
    bool ended = false;
    for (struct passage *each = passage; each != NULL; each = each->along) {
        if (!each->clocked) {
            each->failed = true;
            passage_failed(flow, each);
            partition_tell(each->home);
            passage_run_clock(flow, each);
        }
        ended = ended || passage_spent_ms(flow, each) >= patience_ms;
    }
    return dispatcher->breaker.state == PLATFORM_UP && ended;
}

static void again_later(struct flow *flow, struct passage *passage, const struct reply *reply, int64_t floor_ms) {
    const struct retry_spec *retry = &group_of(passage)->route->retry;
    uint32_t failures = 0, count = 0;
    for (struct passage *each = passage; each != NULL; each = each->along, count++) {
        failures = ++each->failures > failures ? each->failures : failures;
        partition_dirty(each->home); /* its attempts go into the map */
    }
    int64_t delay_ms = backoff_delay(retry->first_ms, retry->max_ms, failures, floor_ms, &flow->dice);
    struct action *said = passage_report(flow, REPORT_ATTEMPT_FAILED, passage);
    said->is.report.fault = reply->fault;
    said->is.report.delay_ms = delay_ms;
    said->is.report.count = count;
    passage_later(flow, passage, delay_ms);
    group_touch(flow, group_of(passage));
}

/* Something is wrong with one of the events of a batch. If the platform refused it, the halves are sent at once and the
 * attempt does not count for the events: only the one that is to blame shall use up attempts. Otherwise the attempt
 * counts, and the halves wait like anything that failed. */
static void divide(struct flow *flow, struct batch *batch, const struct reply *reply, bool refused) {
    struct action *said = passage_report(flow, REPORT_DIVIDED, batch->first);
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
static bool must_divide(struct batch *batch, const struct judgement *judgement, const struct dispatcher *dispatcher,
                        bool ended) {
    bool doubtful = judgement->kind == JUDGED_RETRY && judgement->mark == MARK_SUSPECT;
    ended = ended || PLANTED(BATCH_CHANGES);
    batch->doubts = doubtful ? batch->doubts + 1 : 0;
    if (batch->count < 2)
        return false;
    return is_refusal(judgement) || ended || (batch->doubts >= MOST_DOUBTS && dispatcher->breaker.state == PLATFORM_UP);
}

/* May have been applied, and the route wants no second sending. Dividing would be one: each event of a batch shares its
 * fate. */
static void leave_in_doubt(struct flow *flow, struct passage *passage, const struct reply *reply) {
    if (group_of(passage)->route->ambiguous == AMBIGUOUS_DEAD_LETTER) {
        hold_doubtful(passage); /* until its letter is written */
        for (struct passage *each = passage; each != NULL; each = each->along)
            partition_dirty(each->home);
        fate_die(flow, passage, REASON_AMBIGUOUS, reply);
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
                      const struct judgement *judgement, struct dispatcher *dispatcher) {
    const struct route *route = group_of(passage)->route;
    bool many = passage->along != NULL, refusal = is_refusal(judgement);
    if (judgement->kind == JUDGED_SUCCESS || (judgement->kind == JUDGED_REFUSED && PLANTED(REFUSED_SETTLES)) ||
        (judgement->kind == JUDGED_AMBIGUOUS && PLANTED(AMBIGUOUS_SETTLES))) {
        fate_deliver(flow, passage);
        return;
    }
    if (judgement->spared) {
        spare(passage);
        dispatcher_join(flow, dispatcher, passage);
        return;
    }
    bool ended = judgement->kind != JUDGED_ABORTED && !(many && refusal) && patience_ended(flow, passage, dispatcher);
    if (judgement->kind == JUDGED_ABORTED || judgement->kind == JUDGED_HOLD) {
        dispatcher_join(flow, dispatcher,
                        passage); /* the platform's state holds it from here on, not a backoff of its own */
        return;
    }
    if (judgement->kind == JUDGED_AMBIGUOUS && route->ambiguous != AMBIGUOUS_RETRY) {
        leave_in_doubt(flow, passage, reply);
        return;
    }
    if (passage->batch != NULL && must_divide(passage->batch, judgement, dispatcher, ended)) {
        divide(flow, passage->batch, reply, refusal);
        return;
    }
    bool last = judgement->kind == JUDGED_REFUSED && ++passage->refusals >= route->refusals;
    if (judgement->kind == JUDGED_PERMANENT || (last && !PLANTED(REFUSED_FOR_EVER)))
        fate_die(flow, passage, REASON_REFUSED, reply);
    else if (ended && judgement->kind != JUDGED_REFUSED)
        fate_die(flow, passage, REASON_GAVE_UP, reply);
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

/* In a drain nothing is decided any more; but what the attempt was goes into the last map. */
static void note_failed(struct flow *flow, struct passage *passage, const struct judgement *judgement,
                        const struct dispatcher *dispatcher) {
    bool refusal = is_refusal(judgement);
    if (judgement->spared)
        spare(passage);
    if (judgement->spared || judgement->kind == JUDGED_ABORTED || judgement->kind == JUDGED_HOLD)
        return;
    if (passage->along == NULL || !refusal)
        (void)patience_ended(flow, passage, dispatcher);
    for (struct passage *each = passage; each != NULL && passage->along != NULL && refusal; each = each->along)
        each->attempts--; /* which of them is refused nobody knows */
    passage->refusals += passage->along == NULL && judgement->kind == JUDGED_REFUSED ? 1 : 0;
}

void consequence_take(struct flow *flow, const struct reply *reply) {
    struct passage *passage = pending_find(&flow->pending, reply->request);
    if (passage == NULL || passage->open != reply->request ||
        (passage->state != PASSAGE_SENT && passage->state != PASSAGE_GONE) || passage->letter.id == reply->request) {
        say_report(flow, REPORT_STALE, (struct place){0}, -1);
        return;
    }
    struct dispatcher *dispatcher = &flow->dispatchers[passage->request->platform];
    struct judgement judgement = dispatcher_judge(flow, dispatcher, passage, reply);
    passage_close(flow, passage);
    dispatcher_judged(flow, dispatcher, passage, &judgement, reply);
    passage->request->renewed = judgement.kind == JUDGED_RENEW;
    if (passage->state == PASSAGE_GONE) {
        struct passage *taken = PLANTED(STALE_REPLY) ? planted_stale(flow, passage) : NULL;
        fate_bury(flow, passage);
        if (taken == NULL)
            return;
        passage_close(flow, taken);
        pace_give_back(&dispatcher->pace, taken->request->attempt > 1);
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
        note_failed(flow, passage, &judgement, dispatcher);
        if (reply->kind == REPLY_AMBIGUOUS || reply->kind == REPLY_ABORTED || judgement.kind == JUDGED_AMBIGUOUS)
            hold_doubtful(passage);
        else
            hold_undoubted(passage);
        fate_park(flow, passage); /* the next owner tries again */
        return;
    }
    carry_out(flow, passage, reply, &judgement, dispatcher);
}
