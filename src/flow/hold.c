/* Dead keys and held events; at the end, releasing them. */
#include "flow/hold.h"

#include "flow/flow_private.h"

static const struct route *route_of(const struct passage *passage) {
    return passage->home->group->route;
}

static void forgot(struct flow *flow, const struct partition *partition, int64_t offset, uint32_t count) {
    if (count > 0)
        say_report(flow, REPORT_KEYS_FORGOTTEN, partition->place, offset)->is.report.count = count;
}

static struct dead_key *add_key(struct flow *flow, struct partition *home, struct dead_key key) {
    struct dead_key forgotten;
    size_t before = dead_keys_bytes(&home->dead_keys);
    if (dead_key_add(&home->dead_keys, key, budget_left(flow, BUDGET_WRITE), &forgotten))
        forgot(flow, home, forgotten.first, 1);
    flow->bytes += dead_keys_bytes(&home->dead_keys) - before;
    return dead_key_find(&home->dead_keys, key.lane);
}

/* What the last map beside the commit could not say. */
static uint32_t count_forgotten(const struct partition *partition) {
    const struct dead_keys *keys = &partition->dead_keys;
    uint32_t told = 0;
    for (uint32_t i = 0; i < keys->count && !partition->group->without_metadata; i++)
        told += keys->list[i].last >= partition->committed.offset - OFFSET_MAP_BACK ? 1 : 0;
    return keys->count - (told < OFFSET_MAP_DEAD ? told : OFFSET_MAP_DEAD);
}

static bool route_keeps(const struct partition *partition) {
    return partition->group->route->after_letter != AFTER_CONTINUE;
}

void hold_looked_back(struct flow *flow, struct partition *partition) {
    forgot(flow, partition, -1, partition->found.lost); /* the broker has them no more */
    partition->found.lost = 0;
}

int64_t hold_look_back(struct partition *partition) {
    const struct offset_map *known = partition->found.map;
    int64_t from = partition->found.offset;
    if (known == NULL || !route_keeps(partition))
        return from;
    for (uint32_t i = 0; i < known->dead_count; i++)
        partition->found.lost += known->dead[i].last < from ? 1 : 0;
    return known->dead_count > 0 && known->dead[known->dead_count - 1].last < from
               ? known->dead[known->dead_count - 1].last
               : from;
}

void hold_recall(struct flow *flow, struct partition *partition, struct event *event) {
    const struct offset_dead *dead = partition->found.map != NULL && route_keeps(partition)
                                         ? offset_map_dead(partition->found.map, event->offset)
                                         : NULL;
    if (dead == NULL) {
        event_destroy(event);
        return;
    }
    partition->found.lost -= event->offset < partition->found.offset ? 1 : 0;
    struct passage *passage = passage_create(flow, partition, event);
    ENSURE(passage != NULL, "out of memory for an event");
    stages_order(flow, passage);
    struct dead_key *key = passage->ordered ? dead_key_find(&partition->dead_keys, passage->lane) : NULL;
    if (key != NULL && key->last < dead->last) /* what were two keys is one by an order that changed */
        key->last = dead->last;
    if (passage->ordered && key == NULL) {
        (void)add_key(flow, partition, (struct dead_key){passage->lane, dead->first, dead->last, -1, flow->now_ms});
        say_report(flow, REPORT_KEY_DEAD, event->place, event->offset);
    }
    passage_destroy(flow, passage);
}

void hold_forget(struct flow *flow, struct partition *partition) {
    forgot(flow, partition, -1, count_forgotten(partition));
    flow->bytes -= dead_keys_bytes(&partition->dead_keys);
    dead_keys_finish(&partition->dead_keys);
}

void hold_dead(struct flow *flow, struct passage *passage) {
    struct partition *home = passage->home;
    if (!passage->ordered || route_of(passage)->after_letter == AFTER_CONTINUE)
        return;
    int64_t offset = passage->event->offset;
    struct dead_key *key = dead_key_find(&home->dead_keys, passage->lane);
    if (key != NULL)
        key->last = offset;
    if (key != NULL || passage->verdict.reason == REASON_FOLLOWED) /* a follower never kills what was released */
        return;
    (void)add_key(flow, home, (struct dead_key){passage->lane, offset, offset, -1, flow->now_ms});
    say_report(flow, REPORT_KEY_DEAD, passage->event->place, offset);
}

void hold_park(struct flow *flow, struct passage *passage, enum held why, int64_t first) {
    passage->state = PASSAGE_PARKED;
    if (!PLANTED(HOLD_COUNTS))
        passage_rest_clock(flow, passage);
    if (passage->held == HELD_NOT)
        passage_rests(flow, passage, true);
    passage->held = why;
    passage->held_first = first;
    partition_tell(passage->home);
    passage->since_ms = flow->now_ms;
    passage->home->group->counts.held++;
    struct action *said = say_report(flow, REPORT_KEY_HELD, passage->event->place, passage->event->offset);
    said->is.report.held = why;
    said->is.report.first = first;
    said->is.report.platform = passage->request->platform;
    said->is.report.attempts = passage->attempts;
    said->is.report.fault = passage->fault;
    partition_dirty(passage->home); /* whoever reads the partition next must know */
    group_touch(flow, passage->home->group);
}

static void unpark(struct flow *flow, struct passage *passage) {
    if (passage->held != HELD_NOT)
        passage_rests(flow, passage, false);
    passage->home->group->counts.held -= passage->held != HELD_NOT ? 1 : 0;
    passage->held = HELD_NOT;
}

void hold_leave(struct flow *flow, struct passage *passage) {
    struct dead_keys *keys = &passage->home->dead_keys;
    bool told = passage->held == HELD_DEAD_KEY || passage->before == HELD_DEAD_KEY;
    struct dead_key *key = told ? dead_key_find(keys, passage->lane) : NULL;
    if (key != NULL)
        dead_key_remove(keys, key);
    unpark(flow, passage);
}

void hold_doubtful(struct passage *passage) {
    if (PLANTED(DOUBT_UNTOLD))
        return;
    for (struct passage *each = passage; each != NULL && route_of(each)->ambiguous != AMBIGUOUS_RETRY;
         each = each->along) {
        each->before = HELD_AMBIGUOUS;
        partition_tell(each->home);
    }
}

void hold_undoubted(struct passage *passage) {
    if (PLANTED(UNSENT_DOUBTED))
        return;
    for (struct passage *each = passage; each != NULL; each = each->along) {
        if (each->before != HELD_AMBIGUOUS)
            continue;
        each->before = HELD_NOT;
        partition_dirty(each->home); /* a map that calls it held is on its way */
    }
}

static void follow(struct flow *flow, struct passage *passage, int64_t first) {
    struct span topic = route_of(passage)->topics[passage->event->place.topic];
    passage->stage = STAGE_SETTLE;
    passage_failed(flow, passage);
    partition_tell(passage->home);
    passage->verdict = (struct verdict){.kind = VERDICT_DEAD, .reason = REASON_FOLLOWED};
    passage_borrow(flow, passage, BUDGET_WRITE);
    if (first >= 0)
        passage->verdict.detail = dead_letter_follows(&passage->event->arena, topic, passage->event->place, first);
    passage_account(flow, passage);
    passage_due(flow, passage);
}

/* Its key is dead, as far as is known of it: from its first dead letter on, which may be its last one too. */
static struct dead_key *die_again(struct flow *flow, const struct passage *passage) {
    int64_t first = passage->held_first, last = first >= 0 ? first : passage->event->offset;
    return add_key(flow, passage->home, (struct dead_key){passage->lane, first, last, -1, flow->now_ms});
}

/* What the map said of an event counts as long as the route still wants it. */
static enum held held_before(const struct passage *passage) {
    const struct route *route = route_of(passage);
    if (PLANTED(HOLD_OUTLIVES))
        return passage->before;
    if (route->ambiguous == AMBIGUOUS_DEAD_LETTER && PLANTED(DOUBT_SENT))
        return HELD_NOT;
    if (passage->before == HELD_AMBIGUOUS && route->ambiguous == AMBIGUOUS_RETRY)
        return HELD_NOT;
    if (passage->before == HELD_DEAD_KEY && (route->after_letter == AFTER_CONTINUE || !passage->ordered))
        return HELD_NOT;
    return passage->before;
}

/* May have been delivered, and is put aside. As long as that is not done nobody else may send it either. */
static void die_in_doubt(struct flow *flow, struct passage *passage) {
    const struct reply none = {.kind = REPLY_AMBIGUOUS, .fault = passage->fault};
    passage->before = HELD_AMBIGUOUS;
    passage->stage = STAGE_DELIVER;
    partition_tell(passage->home);
    passage_borrow(flow, passage, BUDGET_WRITE);
    passage->verdict = (struct verdict){.kind = VERDICT_DEAD,
                                        .reason = REASON_AMBIGUOUS,
                                        .detail = dead_letter_detail(&passage->event->arena, &none, NULL)};
    passage_account(flow, passage);
    passage_due(flow, passage);
}

void hold_admit(struct flow *flow, struct passage *passage) {
    struct partition *home = passage->home;
    if (passage->verdict.kind == VERDICT_DEAD) { /* with the whole of its batch */
        passage_due(flow, passage);
        return;
    }
    enum held before = held_before(passage);
    passage->before = HELD_NOT;
    struct dead_key *key =
        passage->ordered || PLANTED(FOLLOW_OUT_OF_ORDER) ? dead_key_find(&home->dead_keys, passage->lane) : NULL;
    if (before == HELD_DEAD_KEY && key == NULL)
        key = die_again(flow, passage);
    if (key != NULL && passage->event->offset < key->first) /* it stands ahead, by an order that changed */
        key = NULL;
    if (before == HELD_AMBIGUOUS && route_of(passage)->ambiguous == AMBIGUOUS_DEAD_LETTER)
        die_in_doubt(flow, passage);
    else if (before == HELD_AMBIGUOUS)
        hold_park(flow, passage, HELD_AMBIGUOUS, -1);
    else if (key == NULL || PLANTED(HOLD_FORGOTTEN))
        passage_due(flow, passage);
    else if (route_of(passage)->after_letter == AFTER_FOLLOW || passage->event->offset < key->until)
        follow(flow, passage, key->first);
    else
        hold_park(flow, passage, HELD_DEAD_KEY, key->first);
}

/* --- releasing --- */

static void say_let_go(struct flow *flow, const struct partition *partition, int64_t offset, enum release_to to) {
    struct action *said = say_report(flow, REPORT_KEY_RELEASED, partition->place, offset);
    said->is.report.reason = to == RELEASE_DEAD_LETTER ? REASON_FOLLOWED : REASON_NONE;
}

static void to_letters(struct flow *flow, struct passage *passage, enum held held) {
    struct partition *home = passage->home;
    if (held == HELD_AMBIGUOUS) {
        die_in_doubt(flow, passage);
        return;
    }
    struct dead_key *key = dead_key_find(&home->dead_keys, passage->lane);
    if (key == NULL)
        key = die_again(flow, passage);
    key->until = home->tracker.next; /* all that wait now; later ones are held again */
    follow(flow, passage, key->first);
}

static void let_go(struct flow *flow, struct passage *passage, enum release_to to) {
    struct partition *home = passage->home;
    enum held held = passage->held;
    unpark(flow, passage);
    say_let_go(flow, home, passage->event->offset, to);
    partition_dirty(home);
    if (to == RELEASE_DEAD_LETTER) {
        to_letters(flow, passage, held);
        return;
    }
    struct dead_key *key = passage->ordered ? dead_key_find(&home->dead_keys, passage->lane) : NULL;
    if (key != NULL)
        dead_key_remove(&home->dead_keys, key);
    passage_due(flow, passage);
}

/* A key is named by its waiting event or by its first or last dead letter. */
static bool is_meant(const struct input *input, int64_t offset) {
    return input->is.release.offset < 0 || (offset >= 0 && input->is.release.offset == offset);
}

static bool is_passage_meant(const struct input *input, const struct passage *passage) {
    const struct dead_key *key =
        passage->held == HELD_DEAD_KEY ? dead_key_find(&passage->home->dead_keys, passage->lane) : NULL;
    return is_meant(input, passage->event->offset) || is_meant(input, passage->held_first) ||
           (key != NULL && (is_meant(input, key->first) || is_meant(input, key->last)));
}

/* It would wait for an operator when its turn comes, and does not go to the dead letters by itself. */
static bool is_held_then(const struct passage *passage) {
    return passage->verdict.kind != VERDICT_DEAD &&
           (passage->before != HELD_AMBIGUOUS || route_of(passage)->ambiguous != AMBIGUOUS_DEAD_LETTER);
}

static void release_from(struct flow *flow, struct partition *partition, const struct input *input) {
    enum release_to to = input->is.release.to;
    LIST_EACH(link, &partition->passages) {
        struct passage *passage = LIST_OF(link, struct passage, sibling);
        bool meant = is_passage_meant(input, passage);
        if (PLANTED(RELEASE_SENDS_TWICE) && meant && passage->state == PASSAGE_SENT && passage->batch == NULL)
            passage_due(flow, passage);
        else if (passage->held != HELD_NOT && meant)
            let_go(flow, passage, to);
        else if (meant && to == RELEASE_SEND && is_held_then(passage))
            passage->before = HELD_NOT;
    }
    for (uint32_t i = partition->dead_keys.count; i-- > 0 && to == RELEASE_SEND;) {
        struct dead_key *key = &partition->dead_keys.list[i];
        if (!is_meant(input, key->first) && !is_meant(input, key->last))
            continue;
        say_let_go(flow, partition, key->first, to);
        partition_dirty(partition);
        dead_key_remove(&partition->dead_keys, key);
    }
}

void hold_release(struct flow *flow, const struct input *input) {
    struct group *group = &flow->groups[input->is.release.route];
    bool one = input->is.release.offset >= 0;
    for (uint32_t i = 0; i < group->count && group->phase == GROUP_RUNNING; i++) {
        struct place place = group->partitions[i].place;
        bool meant = place.topic == input->is.release.topic && place.partition == input->is.release.partition;
        if (!one || meant)
            release_from(flow, &group->partitions[i], input);
    }
    group_touch(flow, group);
}
