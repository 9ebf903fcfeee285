/* The state machine of one platform. Knows keys as hashes only and no events. */
#include "deliver/breaker.h"

#include "base/bug.h"

#include <stdlib.h>

enum { LET_OTHERS_FIRST = 8 };

struct breaker_mark {
    int64_t at_ms;
    bool fault;
};

bool breaker_init(struct breaker *breaker, const struct breaker_spec *spec, int64_t now_ms) {
    *breaker = (struct breaker){.spec = spec, .state = PLATFORM_UP, .since_ms = now_ms};
    if (spec->of == 0)
        return true;
    breaker->marks = calloc(spec->of, sizeof *breaker->marks);
    return breaker->marks != NULL;
}

void breaker_finish(struct breaker *breaker) {
    free(breaker->marks);
    *breaker = (struct breaker){0};
}

int64_t breaker_up_time(const struct breaker *breaker, int64_t now_ms) {
    return breaker->up_ms + (breaker->state == PLATFORM_UP ? now_ms - breaker->since_ms : 0);
}

void breaker_slept(struct breaker *breaker, int64_t gap_ms) {
    if (breaker->state == PLATFORM_UP)
        breaker->up_ms -= gap_ms;
}

static void enter(struct breaker *breaker, enum platform_state state, int64_t now_ms) {
    breaker->up_ms = breaker_up_time(breaker, now_ms);
    if (state == PLATFORM_UP || breaker->state == PLATFORM_UP)
        breaker->since_ms = now_ms;
    breaker->state = state;
}

/* Up again: the past counts no more. */
static void enter_up(struct breaker *breaker, int64_t now_ms) {
    enter(breaker, PLATFORM_UP, now_ms);
    breaker->wait_ms = 0;
    breaker->row = 0;
    breaker->mark_at = breaker->mark_count = breaker->fault_count = 0;
    for (size_t i = 0; i < BREAKER_SUSPECTS; i++)
        breaker->suspect[i].used = false;
}

/* Down for `open`, twice as long after each failed probe, or for as long as the platform itself asked. */
static void enter_down(struct breaker *breaker, enum platform_state state, int64_t floor_ms, int64_t now_ms) {
    int64_t most = breaker->spec->max_open_ms;
    breaker->wait_ms = breaker->wait_ms == 0 ? breaker->spec->open_ms : breaker->wait_ms * 2;
    if (breaker->wait_ms > most)
        breaker->wait_ms = most;
    if (floor_ms > 0 && state == PLATFORM_HELD)
        breaker->wait_ms = 0;
    breaker->probe_ms = now_ms + (floor_ms > breaker->wait_ms ? floor_ms : breaker->wait_ms);
    enter(breaker, state, now_ms);
}

/* True when this key makes three of them within `within`, while the platform is down within the time of three more
 * probes: one or two events that are answered 500 for ever cannot keep it down, three can. */
static bool suspects_suffice(struct breaker *breaker, uint64_t key, int64_t now_ms) {
    size_t place = 0, count = 0;
    int64_t within_ms = breaker->spec->within_ms;
    if (breaker->state != PLATFORM_UP)
        within_ms += BREAKER_SUSPECTS * breaker->wait_ms;
    for (size_t i = 0; i < BREAKER_SUSPECTS; i++) {
        if (breaker->suspect[i].used && now_ms - breaker->suspect[i].at_ms > within_ms)
            breaker->suspect[i].used = false;
        bool same = breaker->suspect[i].used && breaker->suspect[i].key == key;
        bool place_same = breaker->suspect[place].used && breaker->suspect[place].key == key;
        bool older = !breaker->suspect[i].used ||
                     (breaker->suspect[place].used && breaker->suspect[i].at_ms < breaker->suspect[place].at_ms);
        if (same || (!place_same && older))
            place = i;
    }
    breaker->suspect[place].used = true;
    breaker->suspect[place].key = key;
    breaker->suspect[place].at_ms = now_ms;
    for (size_t i = 0; i < BREAKER_SUSPECTS; i++)
        count += breaker->suspect[i].used ? 1 : 0;
    return count == BREAKER_SUSPECTS;
}

/* Writes the attempt into the ring; true when `share` percent of the last `of` within `within` were faults. */
static bool share_reached(struct breaker *breaker, bool fault, int64_t now_ms) {
    const struct breaker_spec *spec = breaker->spec;
    if (spec->of == 0)
        return false;
    struct breaker_mark *mark = &breaker->marks[breaker->mark_at];
    if (breaker->mark_count == spec->of)
        breaker->fault_count -= mark->fault ? 1 : 0;
    else
        breaker->mark_count++;
    *mark = (struct breaker_mark){.at_ms = now_ms, .fault = fault};
    breaker->fault_count += fault ? 1 : 0;
    breaker->mark_at = (breaker->mark_at + 1) % spec->of;
    if (!fault || breaker->mark_count < spec->of)
        return false;
    int64_t oldest_ms = breaker->marks[breaker->mark_at].at_ms;
    return now_ms - oldest_ms <= spec->within_ms &&
           (uint64_t)breaker->fault_count * 100 >= (uint64_t)spec->share * spec->of;
}

/* While up: counts the attempt; true when the platform must go down. */
static bool counts_as_down(struct breaker *breaker, enum judgement_mark mark, uint64_t key, int64_t now_ms) {
    bool fault = mark == MARK_FAULT || (mark == MARK_SUSPECT && suspects_suffice(breaker, key, now_ms));
    if (fault)
        breaker->row++;
    else if (mark == MARK_GOOD)
        breaker->row = 0;
    bool shared = share_reached(breaker, fault, now_ms);
    return fault && (shared || breaker->row >= breaker->spec->failures);
}

/* A probe that the platform itself failed keeps it down; any other end of it is a sign of life. */
static bool probe_failed(struct breaker *breaker, enum judgement_mark mark, uint64_t key, int64_t now_ms) {
    return mark == MARK_FAULT || (mark == MARK_SUSPECT && suspects_suffice(breaker, key, now_ms));
}

bool breaker_judged(struct breaker *breaker, const struct judgement *judgement, bool probe, uint64_t key,
                    int64_t now_ms) {
    bool failed = judgement->mark != MARK_GOOD && judgement->mark != MARK_NONE;
    if (failed)
        breaker->last_key = key;
    bool hold = judgement->kind == JUDGED_HOLD || judgement->floor_for_all;
    int64_t floor_ms = judgement->floor_for_all ? judgement->floor_ms : 0;
    switch (breaker->state) {
    case PLATFORM_UP:
        if (judgement->mark == MARK_NONE) /* it was no attempt */
            return false;
        if (!counts_as_down(breaker, judgement->mark, key, now_ms) && !hold)
            return false;
        enter_down(breaker, hold ? PLATFORM_HELD : PLATFORM_OPEN, floor_ms, now_ms);
        return true;
    case PLATFORM_HALF_OPEN:
        if (!probe)
            return false;
        if (judgement->mark == MARK_NONE) {
            breaker_unprobe(breaker, now_ms);
            return true;
        }
        if (probe_failed(breaker, judgement->mark, key, now_ms))
            enter_down(breaker, hold ? PLATFORM_HELD : PLATFORM_OPEN, floor_ms, now_ms);
        else
            enter_up(breaker, now_ms);
        return true;
    case PLATFORM_OPEN:
    case PLATFORM_HELD:
        break;
    }
    if (floor_ms > 0 && now_ms + floor_ms > breaker->probe_ms)
        breaker->probe_ms = now_ms + floor_ms;
    if (!hold || breaker->state == PLATFORM_HELD)
        return false;
    enter(breaker, PLATFORM_HELD, now_ms);
    return true;
}

void breaker_probe(struct breaker *breaker, int64_t now_ms) {
    ENSURE(breaker->state == PLATFORM_OPEN || breaker->state == PLATFORM_HELD,
           "a platform was probed that is not down");
    breaker->down = breaker->state;
    enter(breaker, PLATFORM_HALF_OPEN, now_ms);
}

void breaker_unprobe(struct breaker *breaker, int64_t now_ms) {
    if (breaker->state != PLATFORM_HALF_OPEN)
        return;
    breaker->probe_ms = now_ms;
    enter(breaker, breaker->down, now_ms);
}

bool breaker_told(struct breaker *breaker, enum platform_state state, int64_t until_ms, int64_t now_ms) {
    switch (state) {
    case PLATFORM_UP:
        if (breaker->state != PLATFORM_OPEN && breaker->state != PLATFORM_HELD)
            return false;
        enter_up(breaker, now_ms);
        return true;
    case PLATFORM_OPEN:
    case PLATFORM_HELD:
        until_ms += breaker->spec->open_ms / LET_OTHERS_FIRST;
        if (breaker->state != PLATFORM_HALF_OPEN && until_ms > breaker->probe_ms)
            breaker->probe_ms = until_ms;
        if (breaker->state != PLATFORM_UP)
            return false;
        breaker->probe_ms = until_ms;
        breaker->wait_ms = breaker->spec->open_ms;
        enter(breaker, state, now_ms);
        return true;
    case PLATFORM_HALF_OPEN:
        break;
    }
    return false;
}
