/* What becomes of an event after each verdict, answer and report: settled, again later, dead letter. Judges no reply
 * itself. */
#include "flow/flow_private.h"

#include <stdlib.h>

enum {
    MEMORY_PAUSE_MS = 1000,         /* memory or a table is short: the same again */
    LONGEST_LETTER_PAUSE_MS = 60000 /* the dead-letter topic is tried at least every minute */
};

static struct group *group_of(const struct passage *passage) {
    return passage->home->group;
}

void fate_due(struct flow *flow, struct passage *passage) {
    passage->state = PASSAGE_DUE;
    list_add_last(&flow->due, &passage->link);
}

void fate_later(struct flow *flow, struct passage *passage, int64_t delay_ms) {
    passage->state = PASSAGE_LATER;
    timers_set(&flow->timers, &passage->timer, flow->now_ms + delay_ms);
}

static struct action *report(struct flow *flow, enum report_kind kind, const struct passage *passage) {
    struct action *action = say_report(flow, kind, passage->event->place, passage->event->offset);
    action->is.report.platform = passage->request.platform;
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
    group->counts.started -= passage->started ? 1 : 0;
    home->settled++;
    home->unsettled--;
    tracker_settle(&home->tracker, passage->slot);
    list_remove(&passage->sibling);
    struct passage *next = passage->ordered ? lane_leave(&home->lanes, passage) : NULL;
    if (next != NULL && !PLANTED(KEY_FORGOTTEN) && group->phase == GROUP_RUNNING && next->state == PASSAGE_QUEUED)
        fate_due(flow, next);
    commit_dirty(home);
    if (list_is_empty(&home->hungry))
        list_add_last(&group->hungry, &home->hungry);
    group_touch(flow, group);
    passage_destroy(flow, passage);
}

/* Under way: an answer with this id will come, also when the epoch is over by then. */
static void open_as(struct flow *flow, struct passage *passage, enum passage_state state, uint64_t id) {
    ENSURE(passage->open == 0, "an event has two actions under way (I2)");
    ENSURE(pending_put(&flow->pending, id, passage), "out of memory for what is under way");
    passage->open = id;
    passage->state = state;
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

static void write_letter(struct flow *flow, struct passage *passage) {
    struct group *group = group_of(passage);
    const struct dead_letter_facts facts = {.verdict = passage->verdict,
                                            .stage = passage->stage,
                                            .route = group->route->name,
                                            .topic = group->route->topics[passage->event->place.topic],
                                            .attempts = passage->attempts,
                                            .first_failed_wall_ms = passage->first_failed_wall_ms,
                                            .generation = flow->plan->generation,
                                            .without_value = passage->without_value};
    bool made = dead_letter_make(&passage->letter, passage->event, &facts);
    passage_account(flow, passage);
    if (!made) {
        fate_later(flow, passage, MEMORY_PAUSE_MS);
        return;
    }
    passage->letter.id = ++flow->last_id;
    passage->letter.topic = group->route->dead_letter;
    open_as(flow, passage, PASSAGE_WRITTEN, passage->letter.id);
    say(flow, ACTION_WRITE_LETTER)->is.letter = &passage->letter;
}

static void die(struct flow *flow, struct passage *passage, struct verdict verdict) {
    passage->verdict = verdict;
    fate_due(flow, passage);
}

/* The rooms make a multiple of what was read: near the limit only one event at a time may grow (I10). */
static bool memory_allows(struct flow *flow, struct passage *passage) {
    size_t most = flow->plan->memory_limit / 4 * 3;
    if (!passage->grown && flow->grown > 0 && flow->bytes + flow->reserved > most)
        return false;
    flow->grown += passage->grown ? 0 : 1;
    passage->grown = true;
    return true;
}

void fate_start(struct flow *flow, struct passage *passage) {
    struct desk *desk = &flow->desks[group_of(passage)->route->mapping.platform];
    if (passage->verdict.kind == VERDICT_DEAD) {
        write_letter(flow, passage);
        return;
    }
    if (passage->stage == STAGE_DELIVER) {
        desk_join(flow, desk, passage);
        return;
    }
    if (!memory_allows(flow, passage)) {
        list_add_last(&flow->cramped, &passage->link);
        return;
    }
    struct verdict verdict = passage_walk(flow, passage);
    switch (verdict.kind) {
    case VERDICT_PASS:
        passage->request.platform = desk->index;
        passage->request.place = passage->event->place;
        passage->request.offset = passage->event->offset;
        desk_join(flow, desk, passage);
        break;
    case VERDICT_SKIP:
        passage->verdict = verdict;
        settle(flow, passage, verdict.reason == REASON_TOMBSTONE ? OUTCOME_FILTERED : OUTCOME_SKIPPED);
        break;
    case VERDICT_DEAD:
        passage->first_failed_wall_ms = flow->wall_ms;
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
    passage->request.id = ++flow->last_id;
    passage->request.attempt = ++passage->attempts;
    passage->request.once = group->route->ambiguous != AMBIGUOUS_RETRY;
    for (size_t i = 0; PLANTED(NEW_ID) && passage->attempts > 1 && i < passage->request.header_count; i++)
        passage->request.headers[i].value = SPAN("another");
    group->counts.started += passage->started ? 0 : 1;
    passage->started = true;
    open_as(flow, passage, PASSAGE_SENT, passage->request.id);
    say(flow, ACTION_SEND_REQUEST)->is.request = &passage->request;
}

static struct verdict dead(struct passage *passage, enum reason reason, const struct reply *reply) {
    return (struct verdict){.kind = VERDICT_DEAD,
                            .reason = reason,
                            .detail = dead_letter_detail(&passage->event->arena, reply, passage->why)};
}

/* The event's own clock runs while its platform is up, from its first failure on. */
static bool patience_ended(struct flow *flow, struct passage *passage, const struct desk *desk) {
    int64_t up_ms = breaker_up_time(&desk->breaker, flow->now_ms);
    if (passage->first_failed_wall_ms < 0) {
        passage->first_failed_wall_ms = flow->wall_ms;
        passage->patience_from_ms = up_ms - passage->spent_ms;
    }
    return desk->breaker.state == PLATFORM_UP &&
           up_ms - passage->patience_from_ms >= group_of(passage)->route->retry.patience_ms;
}

static void again_later(struct flow *flow, struct passage *passage, const struct reply *reply, int64_t floor_ms) {
    const struct retry_spec *retry = &group_of(passage)->route->retry;
    passage->failures++;
    int64_t delay_ms = backoff_delay(retry->first_ms, retry->max_ms, passage->failures, floor_ms, &flow->dice);
    struct action *said = report(flow, REPORT_ATTEMPT_FAILED, passage);
    said->is.report.fault = reply->fault;
    said->is.report.delay_ms = delay_ms;
    fate_later(flow, passage, delay_ms);
    commit_dirty(passage->home); /* its attempts go into the map */
    group_touch(flow, group_of(passage));
}

static void carry_out(struct flow *flow, struct passage *passage, const struct reply *reply,
                      const struct judgement *judgement, struct desk *desk) {
    const struct route *route = group_of(passage)->route;
    bool ended =
        judgement->kind != JUDGED_SUCCESS && judgement->kind != JUDGED_ABORTED && patience_ended(flow, passage, desk);
    switch (judgement->kind) {
    case JUDGED_SUCCESS:
        settle(flow, passage, OUTCOME_DELIVERED);
        return;
    case JUDGED_ABORTED:
    case JUDGED_HOLD: /* the platform's state holds it from here on, not a backoff of its own */
        desk_join(flow, desk, passage);
        return;
    case JUDGED_REFUSED:
        if (PLANTED(REFUSED_SETTLES)) {
            settle(flow, passage, OUTCOME_DELIVERED);
            return;
        }
        if (++passage->refusals < route->refusals || PLANTED(REFUSED_FOR_EVER))
            break;
        die(flow, passage, dead(passage, REASON_REFUSED, reply));
        return;
    case JUDGED_PERMANENT:
        die(flow, passage, dead(passage, REASON_REFUSED, reply));
        return;
    case JUDGED_AMBIGUOUS:
        if (PLANTED(AMBIGUOUS_SETTLES)) {
            settle(flow, passage, OUTCOME_DELIVERED);
            return;
        }
        if (route->ambiguous == AMBIGUOUS_HOLD) {
            passage->state = PASSAGE_PARKED;
            report(flow, REPORT_KEY_HELD, passage)->is.report.fault = reply->fault;
        }
        if (route->ambiguous == AMBIGUOUS_DEAD_LETTER)
            die(flow, passage, dead(passage, REASON_AMBIGUOUS, reply));
        if (route->ambiguous != AMBIGUOUS_RETRY)
            return;
        break;
    case JUDGED_RETRY:
        break;
    }
    if (ended && judgement->kind != JUDGED_REFUSED)
        die(flow, passage, dead(passage, REASON_GAVE_UP, reply));
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

void fate_reply(struct flow *flow, const struct reply *reply) {
    struct passage *passage = pending_find(&flow->pending, reply->request);
    if (passage == NULL || passage->open != reply->request ||
        (passage->state != PASSAGE_SENT && passage->state != PASSAGE_GONE) || passage->letter.id == reply->request) {
        say_report(flow, REPORT_STALE, (struct place){0}, -1);
        return;
    }
    struct desk *desk = &flow->desks[passage->request.platform];
    struct judgement judgement = judge(desk->spec, reply);
    passage->status = reply->kind == REPLY_ANSWERED ? reply->status : 0;
    passage->why = judgement.why;
    close_open(flow, passage);
    desk_judged(flow, desk, passage, &judgement, reply);
    if (passage->state == PASSAGE_GONE) {
        struct passage *taken = PLANTED(STALE_REPLY) ? planted_stale(flow, passage) : NULL;
        bury(flow, passage);
        if (taken == NULL)
            return;
        close_open(flow, taken);
        pace_give_back(&desk->pace, taken->request.attempt > 1);
        passage = taken;
    }
    struct group *group = group_of(passage);
    if (judgement.kind == JUDGED_SUCCESS)
        group->counts.attempts_ok++;
    else if (judgement.kind != JUDGED_ABORTED)
        group->counts.attempts_failed++;
    if (group->phase != GROUP_RUNNING && judgement.kind != JUDGED_SUCCESS) {
        passage->state = PASSAGE_PARKED; /* the next owner tries again */
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
    bool smaller = outcome == LETTER_TOO_LARGE && !passage->without_value && passage->event->value.data != NULL;
    passage->without_value = passage->without_value || smaller;
    if (group->phase != GROUP_RUNNING)
        passage->state = PASSAGE_PARKED;
    else if (smaller)
        fate_due(flow, passage);
    else
        letter_failed(flow, passage);
}
