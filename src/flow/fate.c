/* Settling, dead letters, and the way to the platform. */
#include "flow/fate.h"

#include "flow/flow_private.h"

#include <stdlib.h>

enum {
    LONGEST_LETTER_PAUSE_MS = 60000 /* the dead-letter topic is tried at least every minute */
};

static struct group *group_of(const struct passage *passage) {
    return passage->home->group;
}

/* The end of an event: counted, its place in the partition settled, the next of its key goes on. */
static void settle(struct flow *flow, struct passage *passage, enum outcome outcome) {
    struct partition *home = passage->home;
    struct group *group = home->group;
    struct action *said = passage_report(flow, REPORT_SETTLED, passage);
    said->is.report.outcome = outcome;
    said->is.report.reason = passage->verdict.reason;
    group->counts.outcome[outcome]++;
    group->counts.unsettled--;
    home->exposed.settled += passage->started ? 1 : 0;
    home->exposed.since += passage->started ? 1 : 0;
    home->unsettled--;
    tracker_settle(&home->tracker, passage->slot);
    group_letter_ended(group, home->place, passage->event->offset, passage->event->offset + 1);
    list_remove(&passage->sibling);
    if (outcome == OUTCOME_DEAD_LETTERED)
        hold_dead(flow, passage);
    struct passage *next = passage->ordered ? lane_leave(&home->lanes, passage) : NULL;
    if (next != NULL && !PLANTED(KEY_FORGOTTEN) && group->phase == GROUP_RUNNING && next->state == PASSAGE_QUEUED)
        hold_admit(flow, next);
    partition_settled(home);
    partition_hungry(flow, home);
    passage_destroy(flow, passage);
}

static bool try_letter(struct flow *flow, struct passage *passage, const struct dead_letter_facts *facts) {
    const struct arena_mark mark = arena_mark(&passage->event->arena);
    passage_borrow(flow, passage, BUDGET_WRITE);
    bool made = dead_letter_make(&passage->letter, passage->event, facts);
    if (!made) {
        passage->letter.headers = NULL;
        arena_go_back(&passage->event->arena, mark);
    }
    passage_account(flow, passage);
    return made;
}

/* Where the one has no room for its letter: from the common memory to the lifeline, or back as soon as it finds a place
 * there. */
static bool changes_memory(struct flow *flow, struct passage *passage) {
    if (!passage->on_lifeline)
        return lifeline_take(flow, passage);
    if (passage->bytes >= budget_left(flow, BUDGET_WRITE))
        return false;
    lifeline_leave(flow, passage);
    return true;
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
    return try_letter(flow, passage, &facts) || (changes_memory(flow, passage) && try_letter(flow, passage, &facts));
}

static void write_letter(struct flow *flow, struct passage *passage) {
    if (!make_letter(flow, passage)) {
        passage_later(flow, passage, MEMORY_PAUSE_MS);
        return;
    }
    passage->letter.id = ++flow->last_id;
    passage->letter.topic = group_of(passage)->route->dead_letter;
    passage_open(flow, passage, PASSAGE_WRITTEN, passage->letter.id);
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

void fate_deliver(struct flow *flow, struct passage *passage) {
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
void fate_die(struct flow *flow, struct passage *passage, enum reason reason, const struct reply *reply) {
    for (struct passage *each = part(flow, passage); each != NULL; each = part_next(each)) {
        each->verdict = dead(flow, each, reason, reply);
        each->state = PASSAGE_QUEUED;
        if (each->ahead == NULL)
            passage_due(flow, each);
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
        dispatcher_join(flow, &flow->dispatchers[route->mapping.platform], passage);
}

/* An event may go through the stages before its turn, to join the batch in which the one ahead of it stands. Where that
 * comes to nothing, it waits as if it had not. */
static void start_early(struct flow *flow, struct passage *passage) {
    passage->state = PASSAGE_QUEUED;
    if (!batch_takes(passage->ahead->batch) || passage->verdict.kind == VERDICT_DEAD || passage->before != HELD_NOT)
        return;
    bool shaped = passage->stage == STAGE_DELIVER;
    struct verdict verdict;
    if (!shaped && stages_run(flow, passage, &verdict))
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
    if (!stages_run(flow, passage, &verdict)) {
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
        passage_failed(flow, passage);
        partition_tell(passage->home);
        passage->verdict = verdict;
        write_letter(flow, passage);
        break;
    case VERDICT_WAIT: /* only for a table that has not come yet */
    case VERDICT_RETRY:
        passage_later(flow, passage, MEMORY_PAUSE_MS);
        break;
    }
}

/* The epoch of this event is over: the answer frees its memory and changes nothing else (I7). */
void fate_bury(struct flow *flow, struct passage *passage) {
    ENSURE(passage->home == NULL, "an event is gone and still has a home (I7)");
    passage_report(flow, REPORT_STALE, passage);
    batch_leave(flow, passage);
    passage_destroy(flow, passage);
}

static void letter_failed(struct flow *flow, struct passage *passage) {
    struct group *group = group_of(passage);
    const struct retry_spec *retry = &group->route->retry;
    int64_t most_ms = retry->max_ms < LONGEST_LETTER_PAUSE_MS ? retry->max_ms : LONGEST_LETTER_PAUSE_MS;
    passage->letter_failures++;
    int64_t delay_ms = backoff_delay(retry->first_ms, most_ms, passage->letter_failures, 0, &flow->dice);
    group->letters_fail = true;
    group->letter_place = passage->event->place;
    group->letter_offset = passage->event->offset;
    passage_report(flow, REPORT_LETTER_FAILED, passage)->is.report.delay_ms = delay_ms;
    passage_later(flow, passage, delay_ms);
}

void fate_letter(struct flow *flow, uint64_t id, enum letter_outcome outcome) {
    struct passage *passage = pending_find(&flow->pending, id);
    if (passage == NULL || passage->letter.id != id || passage->open != id) {
        say_report(flow, REPORT_STALE, (struct place){0}, -1);
        return;
    }
    passage_close(flow, passage);
    if (passage->state == PASSAGE_GONE) {
        fate_bury(flow, passage);
        return;
    }
    struct group *group = group_of(passage);
    if (outcome == LETTER_ACKNOWLEDGED || (outcome == LETTER_FAILED && PLANTED(FAILED_LETTER))) {
        if (group->letters_fail)
            passage_report(flow, REPORT_LETTER_RECOVERED, passage);
        group->letters_fail = false;
        settle(flow, passage, OUTCOME_DEAD_LETTERED);
        return;
    }
    enum letter_omits before = passage->omits;
    if (outcome == LETTER_TOO_LARGE)
        passage->omits = PLANTED(LETTER_STAYS_LARGE) ? before : dead_letter_smaller(passage->event, before);
    for (int i = 0; i < OMITS_KEY && outcome == LETTER_TOO_LARGE && PLANTED(LETTER_OMITS_ALL); i++)
        passage->omits = dead_letter_smaller(passage->event, passage->omits);
    bool smaller = passage->omits != before;
    if (smaller)
        passage->letter.headers = NULL; /* another one */
    if (group->phase != GROUP_RUNNING)
        passage->state = PASSAGE_PARKED;
    else if (smaller)
        passage_due(flow, passage);
    else
        letter_failed(flow, passage);
}
