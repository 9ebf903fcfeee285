/* The judge: what each action may and may not be, by the world's own ledger. It changes nothing but the ledger. */
#include "settle/offset_map.h"
#include "world.h"

#include <inttypes.h>

enum { FINAL_COMMIT_MS = 5000 }; /* the core may give up waiting for it after so long */

struct open_request *open_find(struct member *member, uint64_t id) {
    for (uint32_t i = 0; i < member->open_count; i++)
        if (member->open[i].id == id)
            return &member->open[i];
    return NULL;
}

static struct tenure *tenure_of(struct world *world, struct member *member, uint32_t route, uint32_t epoch,
                                const char *what) {
    struct tenure *tenure = &member->tenure[route];
    if (!tenure->held || tenure->epoch != epoch)
        violated(world, "I7", "%s for epoch %u, which is over", what, epoch);
    return tenure;
}

/* A request or a letter starts: everything that must hold for both, for each event that it carries. */
static struct record *check_event(struct world *world, struct member *member, struct place place, int64_t offset,
                                  uint64_t id) {
    struct tenure *tenure = tenure_of(world, member, place.route, place.epoch, "something starts");
    uint32_t partition = (uint32_t)place.partition;
    struct record *record = log_record(world, member, place, offset);
    if (record == NULL || record->view[member->index].tenure != tenure->number || !record->view[member->index].read)
        violated(world, "I4", "route %u, partition %u, offset %" PRId64 " was never read", place.route, partition,
                 offset);
    struct view *view = &record->view[member->index];
    if (view->settled)
        violated(world, "I3", "offset %" PRId64 " goes on after it is settled", offset);
    if (view->request != 0 || view->letter != 0)
        violated(world, "I2", "offset %" PRId64 " has two actions under way", offset);
    if (tenure->draining)
        violated(world, "I8", "offset %" PRId64 " starts in a drain", offset);
    if (world->now_ms < member->fence_ms)
        violated(world, "I9", "offset %" PRId64 " starts behind the stall fence", offset);
    check_order(world, member, place.route, partition, record, tenure->number, id);
    return record;
}

static struct open_request *check_start(struct world *world, struct member *member, struct place place, int64_t offset,
                                        uint64_t id) {
    struct record *record = check_event(world, member, place, offset, id);
    struct tenure *tenure = &member->tenure[place.route];
    if (member->open_count == MOST_OPEN || open_find(member, id) != NULL)
        violated(world, "I2", "id %" PRIu64 " is used twice, or too much is under way", id);
    struct open_request *open = &member->open[member->open_count++];
    *open =
        (struct open_request){.id = id, .route = place.route, .tenure = tenure->number, .record = {record}, .count = 1};
    tenure->open++;
    return open;
}

static void check_sent(struct world *world, struct member *member, uint32_t route, struct place place,
                       struct record *record, uint64_t id) {
    struct view *view = &record->view[member->index];
    check_again(world, member, route, (uint32_t)place.partition, record);
    hold_check_request(world, member, place, record);
    view->request = id;
    view->waits = false;
    member->tenure[route].exposed += view->started ? 0 : 1;
    view->started = true;
}

static void check_request(struct world *world, struct member *member, const struct request *request) {
    struct open_request *open = check_start(world, member, request->place, request->offset, request->id);
    check_platform(world, member, request->platform);
    open->probe = member->platform[request->platform].state == PLATFORM_HALF_OPEN;
    check_sent(world, member, open->route, request->place, open->record[0], request->id);
    for (uint32_t i = 0; i < request->rest_count; i++) {
        if (open->count == MOST_TOGETHER)
            violated(world, "I4", "request %" PRIu64 " carries too many events", request->id);
        const struct request_event *event = &request->rest[i];
        if (event->place.route != open->route)
            violated(world, "I4", "request %" PRIu64 " carries events of two routes", request->id);
        struct record *record = check_event(world, member, event->place, event->offset, request->id);
        open->record[open->count++] = record;
        check_sent(world, member, open->route, event->place, record, request->id);
    }
    struct view *view = &open->record[0]->view[member->index];
    token_check_attempt(world, member, open, request);
    open->renewed = view->renewed;
    view->attempts = request->attempt;
    check_carried(world, member, open, request);
}

/* `before`: refusals by what the map said. */
static bool may_die(const struct world *world, const struct member *member, const struct record *record, uint32_t index,
                    uint32_t before, enum reason reason) {
    const struct view *view = &record->view[member->index];
    const struct route *route = &member->setting->route[index];
    switch ((int)reason) {
    case REASON_TOMBSTONE:
        return record->kind == TOMBSTONE && route->tombstone == TOMBSTONE_DEAD_LETTER;
    case REASON_NOT_JSON:
        return record->kind == NOT_JSON || record->kind == KEY_TWICE || record->kind == NOT_UTF8;
    case REASON_TOO_DEEP:
        return record->kind == TOO_DEEP;
    case REASON_TOO_LARGE:
        return record->kind == TOO_LARGE || record->kind == OMITTED || record->kind == HUGE;
    case REASON_SCHEMA:
        return record->kind == AGAINST_SCHEMA || record->kind == DENSE_SCHEMA;
    case REASON_TEMPLATE:
        return record->kind == NO_ID;
    case REASON_LOOKUP_ABSENT:
        return record->kind == NO_ROW && route->recipe_count > 0 && route->recipes[0].absent == ABSENT_DEAD_LETTER;
    case REASON_REFUSED:
        return view->permanent || (view->refusals > 0 && view->refusals + before >= route->refusals);
    case REASON_AMBIGUOUS:
        return route->ambiguous != AMBIGUOUS_RETRY && view->ambiguous;
    case REASON_FOLLOWED:
        return view->follows;
    case REASON_GAVE_UP:
        return record->failed && world->now_ms - record->failed_ms >= route->retry.patience_ms &&
               patience_ended(world, member, index, view);
    }
    return false;
}

static bool by_rule(const struct member *member, const struct record *record, uint32_t index, enum outcome outcome) {
    const struct route *route = &member->setting->route[index];
    if (outcome == OUTCOME_FILTERED)
        return record->kind == TOMBSTONE && route->tombstone == TOMBSTONE_FILTER;
    return outcome == OUTCOME_SKIPPED && record->kind == NO_ROW && route->recipe_count > 0 &&
           route->recipes[0].absent == ABSENT_SKIP_EVENT;
}

static void check_settled(struct world *world, struct member *member, const struct action *action) {
    struct place place = action->is.report.place;
    int64_t offset = action->is.report.offset;
    struct tenure *tenure = tenure_of(world, member, place.route, place.epoch, "something settles");
    struct record *record = log_record(world, member, place, offset);
    struct view *view = record != NULL ? &record->view[member->index] : NULL;
    if (view == NULL || view->tenure != tenure->number || !view->read || view->settled)
        violated(world, "I3", "offset %" PRId64 " is settled, but is not held", offset);
    enum outcome outcome = action->is.report.outcome;
    bool good = by_rule(member, record, place.route, outcome);
    const struct open_request *cause = &world->cause;
    bool answered = false;
    for (uint32_t i = 0; cause->id != 0 && i < cause->count; i++)
        answered = answered || (cause->record[i] == record && cause->tenure == tenure->number && world->cause_settles);
    if (outcome == OUTCOME_DELIVERED)
        good = answered && !cause->letter;
    if (outcome == OUTCOME_DEAD_LETTERED) {
        good = answered && cause->letter;
        if (good && !may_die(world, member, record, place.route,
                             refusals_before(world, member, place.route, (uint32_t)place.partition, record),
                             action->is.report.reason))
            violated(world, "I11", "offset %" PRId64 " was dead-lettered without cause", offset);
    }
    if (!good)
        violated(world, "I3",
                 "route %u, partition %d, offset %" PRId64 " is settled without a success, a letter or a rule",
                 place.route, place.partition, offset);
    record->settled = true;
    view->settled = true;
    if (outcome == OUTCOME_DEAD_LETTERED)
        hold_died(member, place.route, (uint32_t)place.partition, record);
    tenure->settled++;
    tenure->unsettled--;
}

/* Read again, and left alone because the map knew it. */
static void check_known(struct world *world, struct member *member, const struct action *action) {
    struct place place = action->is.report.place;
    int64_t offset = action->is.report.offset;
    struct tenure *tenure = tenure_of(world, member, place.route, place.epoch, "something is known");
    struct record *record = log_record(world, member, place, offset);
    struct view *view = record != NULL ? &record->view[member->index] : NULL;
    if (view == NULL || view->tenure != tenure->number || !view->read || view->settled)
        violated(world, "I3", "offset %" PRId64 " is known as settled, but is not held", offset);
    if (!record->settled)
        violated(world, "I3", "offset %" PRId64 " is known as settled, but nobody settled it", offset);
    view->settled = true;
    tenure->consumed--;
    tenure->unsettled--;
    tenure->known++;
}

/* A map that is dropped: it is none, or there is no memory for it. */
static void check_foreign(struct world *world, struct member *member, const struct action *action) {
    struct place place = action->is.report.place;
    struct reading *reading = &member->tenure[place.route].reading[place.partition];
    struct offset_map map;
    if (!offset_map_read(&map, reading->told, place.partition, span_make(reading->taken.text, reading->taken.size)))
        return;
    if (flow_bytes(member->flow) + sizeof map < member->setting->plan.memory_limit / 4)
        violated(world, "I5", "partition %d: the map is dropped and there is memory for it", place.partition);
    reading->taken.size = reading->map.size = 0;
    world->group[place.route].log[place.partition].forgot = true;
}

static void check_failed(struct world *world, struct member *member, const struct action *action) {
    struct place place = action->is.report.place;
    struct record *record = log_record(world, member, place, action->is.report.offset);
    if (record != NULL)
        record->view[member->index].waits = true;
}

/* From here on there is time for the final commit, also for another try. */
static void note_closed(const struct world *world, struct tenure *tenure) {
    if (tenure->closed_ms < 0)
        tenure->closed_ms = world->now_ms;
}

static void check_commit(struct world *world, struct member *member, const struct action *action) {
    uint32_t route = action->is.commit.route;
    struct tenure *tenure = tenure_of(world, member, route, action->is.commit.epoch, "a commit");
    if (tenure->committing)
        violated(world, "I6", "route %u: a second commit is under way", route);
    tenure->committing = true;
    if (tenure->draining)
        note_closed(world, tenure);
    for (uint32_t i = 0; tenure->draining && i < member->open_count; i++)
        if (member->open[i].tenure == tenure->number && !member->open[i].letter && !member->open[i].aborted)
            violated(world, "I8", "the final commit comes before offset %" PRId64 " is aborted",
                     member->open[i].record[0]->offset);
    for (size_t i = 0; i < action->is.commit.count; i++) {
        const struct commit_entry *entry = &action->is.commit.entry[i];
        struct reading *reading = &tenure->reading[entry->partition];
        if (reading->foreign)
            violated(world, "I1", "route %u, partition %d is out of range and committed", route, entry->partition);
        if (!reading->mine || entry->offset < reading->said || entry->offset < reading->acknowledged)
            violated(world, "I6", "route %u, partition %d: a commit goes down, from %" PRId64 " to %" PRId64, route,
                     entry->partition, reading->said, entry->offset);
        reading->said = entry->offset;
        struct log_place at = {route, (uint32_t)entry->partition, reading->incarnation};
        store_check_commit(world, at, entry->offset, "core");
        struct offset_map map;
        if (!offset_map_read(&map, entry->offset, entry->partition, entry->metadata) && entry->metadata.size > 0)
            violated(world, "I6", "route %u, partition %d: the map at %" PRId64 " cannot be read", route,
                     entry->partition, entry->offset);
        store_check_map(world, at, &map, "core");
        if (!tenure->mapless) {
            check_told(world, member, route, entry, &map);
            hold_check_told(world, member, route, entry, &map);
        }
    }
}

/* Something was settled here that is not committed and could be. */
static bool lacks_commit(const struct world *world, const struct member *member, uint32_t route, uint32_t partition) {
    const struct partition_log *log = &world->group[route].log[partition];
    const struct tenure *tenure = &member->tenure[route];
    int64_t acknowledged = tenure->reading[partition].acknowledged;
    int64_t base = log_base(world, member, route, partition);
    const struct map_text *text = &tenure->reading[partition].map;
    struct offset_map map;
    (void)offset_map_read(&map, acknowledged, (int32_t)partition, span_make(text->text, text->size));
    for (uint32_t i = 0; i < log->count; i++) {
        const struct view *view = &log->record[i].view[member->index];
        int64_t offset = log->record[i].offset;
        bool told = offset < acknowledged || offset_map_knows(&map, offset) || (tenure->mapless && offset >= base);
        if (view->tenure == tenure->number && view->settled && !told)
            return true;
    }
    return false;
}

/* How long a drain may take until what is still under way is aborted (I8). */
static int64_t longest_drain_ms(const struct member *member, uint32_t route) {
    const struct setting *setting = member->setting;
    int64_t most_ms = setting->platform[setting->route[route].mapping.platform].timeout_ms;
    if (most_ms > setting->plan.max_poll_interval_ms / 3)
        most_ms = setting->plan.max_poll_interval_ms / 3;
    return most_ms < 30000 ? most_ms : 30000;
}

/* Whoever is asked to hand back lets end what is under way, for as long as there is time. */
static void check_abort(struct world *world, const struct member *member, const struct open_request *open) {
    const struct tenure *tenure = &member->tenure[open->route];
    bool asked = tenure->held && tenure->number == open->tenure && tenure->draining;
    bool at_once = world->input->kind == INPUT_LOST || world->input->kind == INPUT_ASSIGNED ||
                   world->input->kind == INPUT_STOP; /* the second one */
    if (asked && !at_once && world->now_ms < tenure->revoked_ms + longest_drain_ms(member, open->route))
        violated(world, "I8", "offset %" PRId64 " is aborted and the drain had time", open->record[0]->offset);
}

static void check_released(struct world *world, struct member *member, const struct action *action) {
    struct place place = action->is.report.place;
    struct tenure *tenure = &member->tenure[place.route];
    if (!tenure->held || tenure->epoch != place.epoch)
        return; /* assigned anew: the ledger has closed the old tenure already */
    if (action->is.report.count != tenure->unsettled)
        violated(world, "I12", "route %u: %u are released, %" PRIu64 " were unsettled", place.route,
                 action->is.report.count, tenure->unsettled);
    tenure->released = true;
}

static void check_hand_back(struct world *world, struct member *member, uint32_t route, uint32_t epoch) {
    struct tenure *tenure = &member->tenure[route];
    if (!tenure->held || tenure->epoch != epoch)
        return; /* an old epoch's: answered at once */
    bool lost = world->input->kind == INPUT_LOST;
    if (tenure->unsettled > 0 && !tenure->released)
        violated(world, "I8", "route %u was handed back before its events were released", route);
    for (uint32_t i = 0; i < member->open_count; i++)
        if (member->open[i].tenure == tenure->number && !member->open[i].letter && !member->open[i].aborted)
            violated(world, "I8", "handed back while offset %" PRId64 " is under way",
                     member->open[i].record[0]->offset);
    bool missing = false, behind = false; /* behind: only by gaps, maybe */
    for (uint32_t i = 0; i < world->group[route].partitions; i++) {
        const struct reading *reading = &tenure->reading[i];
        if (!reading->begun || reading->foreign)
            continue;
        missing = missing || lacks_commit(world, member, route, i);
        behind = behind || log_base(world, member, route, i) > reading->acknowledged;
    }
    bool time = tenure->closed_ms < 0 || world->now_ms - tenure->closed_ms < FINAL_COMMIT_MS;
    if (!lost && time && missing && !tenure->fenced && !tenure->committing)
        violated(world, "I8", "route %u was handed back without the final commit", route);
    member->missed = member->missed || (member->stopping && missing);
    member->unsure =
        member->unsure || (member->stopping && (tenure->committing || tenure->error || tenure->fenced || behind));
}

/* What begins next in this process, under another configuration maybe, finds nothing of ours under way (I14). */
static void check_all_over(struct world *world, const struct member *member) {
    for (uint32_t i = 0; i < world->scene.route_count; i++)
        if (member->doom == 0 && member->tenure[i].held)
            violated(world, "I14", "stopped before route %u is handed back", i);
    for (uint32_t i = 0; i < member->open_count; i++)
        if (!member->open[i].letter && !member->open[i].aborted)
            violated(world, "I14", "stopped while offset %" PRId64 " is under way", member->open[i].record[0]->offset);
}

/* Said in this step. */
static bool says(const struct member *member, enum report_kind kind, struct place place, int64_t offset) {
    for (size_t i = 0; i < member->actions.count; i++) {
        const struct action *action = &member->actions.list[i];
        if (action->kind == ACTION_REPORT && action->is.report.kind == kind &&
            action->is.report.place.route == place.route && action->is.report.place.partition == place.partition &&
            action->is.report.offset == offset)
            return true;
    }
    return false;
}

/* Never without a word below what the group had acknowledged to this member, nor where it says that there is nothing.
 */
static void check_begin(struct world *world, struct member *member, const struct action *action) {
    struct place place = action->is.begin.place;
    struct tenure *tenure = tenure_of(world, member, place.route, place.epoch, "a partition begins");
    struct reading *reading = &tenure->reading[place.partition];
    if (action->is.begin.offset != reading->told)
        violated(world, "I1", "partition %d does not begin at what is committed", place.partition);
    bool lower = reading->told < reading->reached;
    if (lower && (reading->told < 0 || !says(member, REPORT_COMMITTED_LOWER, place, reading->reached)))
        violated(world, "start", "partition %d begins at %" PRId64 " without a word, it was committed at %" PRId64,
                 place.partition, reading->told, reading->reached);
    world->choices->count[FAULT_BEGUN_LOWER] += lower ? 1 : 0;
    reading->reached = reading->told;
}

static void check_stop(struct world *world, const struct member *member, struct place place) {
    const struct reading *reading = &member->tenure[place.route].reading[place.partition];
    if (world->input->kind != INPUT_COMMITTED)
        return;
    if (reading->reached < 0 && member->setting->route[place.route].start.kind != START_STOP)
        violated(world, "start", "partition %d stands still, and nothing is known to have been committed",
                 place.partition);
    if (reading->reached < 0)
        return;
    if (!says(member, REPORT_COMMITTED_LOST, place, reading->reached))
        violated(world, "start", "partition %d stops and does not say that it was committed at %" PRId64,
                 place.partition, reading->reached);
    world->choices->count[FAULT_BEGUN_NEVER]++;
}

void check_action(struct world *world, struct member *member, const struct action *action) {
    switch ((int)action->kind) {
    case ACTION_SEND_REQUEST:
        check_request(world, member, action->is.request);
        break;
    case ACTION_WRITE_LETTER:
        letter_check(
            world, member,
            check_start(world, member, action->is.letter->place, action->is.letter->offset, action->is.letter->id),
            action->is.letter);
        break;
    case ACTION_ABORT_REQUEST: {
        struct open_request *open = open_find(member, action->is.abort);
        if (open != NULL) {
            check_abort(world, member, open);
            note_closed(world, &member->tenure[open->route]);
            open->aborted = true;
            hold_doubt(member, open, true);
        }
        break;
    }
    case ACTION_COMMIT:
        check_commit(world, member, action);
        break;
    case ACTION_REFRESH_TOKEN:
        token_check(world, member, action);
        break;
    case ACTION_GRANT_CREDIT:
        if (tenure_of(world, member, action->is.credit.place.route, action->is.credit.place.epoch, "credit")->draining)
            violated(world, "I8", "credit in a drain");
        break;
    case ACTION_BEGIN_PARTITION:
        check_begin(world, member, action);
        break;
    case ACTION_STOP_PARTITION:
        check_stop(world, member, action->is.stop.place);
        break;
    case ACTION_HAND_BACK:
        check_hand_back(world, member, action->is.group.route, action->is.group.epoch);
        break;
    case ACTION_REPORT:
        if (action->is.report.kind == REPORT_SETTLED)
            check_settled(world, member, action);
        if (action->is.report.kind == REPORT_KEY_HELD || action->is.report.kind == REPORT_KEY_DEAD)
            hold_reported(world, member, action);
        if (action->is.report.kind == REPORT_RELEASED)
            check_released(world, member, action);
        if (action->is.report.kind == REPORT_KNOWN)
            check_known(world, member, action);
        if (action->is.report.kind == REPORT_MAP_FOREIGN)
            check_foreign(world, member, action);
        if (action->is.report.kind == REPORT_ATTEMPT_FAILED)
            check_failed(world, member, action);
        if (action->is.report.kind == REPORT_PLATFORM) {
            patience_platform(world, member, action->is.report.platform, action->is.report.state);
            member->platform[action->is.report.platform].probed = false;
            if (action->is.report.state == PLATFORM_UP)
                member->platform[action->is.report.platform].told_ms = 0;
        }
        break;
    case ACTION_STOPPED:
        check_all_over(world, member);
        if (action->is.stopped == 0 ? member->missed : !member->missed && !member->unsure)
            violated(world, "I16", "stopped with %d, the final commit is %s", action->is.stopped,
                     member->missed ? "missing" : "there");
        break;
    }
}

/* What another worker saw is believed: nobody finds out by himself. */
static void check_heard(struct world *world, const struct member *member) {
    const struct input *input = world->input;
    if (input->kind == INPUT_PLATFORM && input->is.platform.state != PLATFORM_UP &&
        member->platform[input->is.platform.platform].state == PLATFORM_UP)
        violated(world, "breaker", "platform %u is down, says another worker, and goes on as up",
                 input->is.platform.platform);
}

void check_step(struct world *world, struct member *member) {
    check_heard(world, member);
    if (world->refused != 0)
        violated(world, "token", "token %" PRIu64 " of platform %u is refused and not replaced", world->refused,
                 world->refused_by);
    for (uint32_t i = 0; i < world->scene.route_count; i++) {
        struct route_counts counts;
        struct tenure *tenure = &member->tenure[i];
        if (tenure->draining &&
            (tenure->open == 0 || world->now_ms >= tenure->revoked_ms + longest_drain_ms(member, i)))
            note_closed(world, tenure);
        flow_counts(member->flow, i, &counts);
        uint64_t settled = 0;
        for (int k = 0; k < OUTCOME_RELEASED; k++)
            settled += counts.outcome[k];
        if (counts.consumed != settled + counts.outcome[OUTCOME_RELEASED] + counts.unsettled)
            violated(world, "I12", "route %u: consumed is not the sum", i);
        if (counts.consumed != tenure->consumed || settled != tenure->settled || counts.unsettled != tenure->unsettled)
            violated(world, "I12",
                     "route %u: the core counts %" PRIu64 " consumed, %" PRIu64 " settled, %" PRIu64
                     " unsettled; the world %" PRIu64 ", %" PRIu64 ", %" PRIu64,
                     i, counts.consumed, settled, counts.unsettled, tenure->consumed, tenure->settled,
                     tenure->unsettled);
        if (counts.known != tenure->known)
            violated(world, "I12", "route %u: the core knows of %" PRIu64 ", the world of %" PRIu64, i, counts.known,
                     tenure->known);
        if (counts.exposed != tenure->exposed)
            violated(world, "I5", "route %u: the core says that %" PRIu64 " may come again, the world %" PRIu64, i,
                     counts.exposed, tenure->exposed);
        int64_t late_ms = 2 * world->scene.tick_ms + 4000; /* timers may be late, or never come */
        int64_t from_ms = tenure->revoked_ms > member->stalled_ms ? tenure->revoked_ms : member->stalled_ms;
        if (tenure->held && tenure->draining &&
            world->now_ms > from_ms + longest_drain_ms(member, i) + FINAL_COMMIT_MS + late_ms)
            violated(world, "I8", "route %u was not handed back in time", i);
    }
    size_t most = member->setting->plan.memory_limit;
    if (flow_bytes(member->flow) > most)
        violated(world, "I10", "%zu bytes are held, %zu are allowed", flow_bytes(member->flow), most);
}
