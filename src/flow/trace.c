/* Inputs and actions as lines of text. The words are the manual's: change them there too. */
#include "flow/trace.h"

#include "base/clock.h"
#include "settle/offset_map.h"

#include <inttypes.h>

static void write_name(struct buf *out, struct span name) {
    buf_add(out, name.data != NULL ? name : SPAN("?"));
}

static void write_route(struct buf *out, const struct plan *plan, uint32_t route) {
    write_name(out, route < plan->route_count ? plan->routes[route].name : SPAN_NONE);
}

static void write_topic(struct buf *out, const struct plan *plan, struct place place) {
    bool known = place.route < plan->route_count && place.topic < plan->routes[place.route].topic_count;
    write_name(out, known ? plan->routes[place.route].topics[place.topic] : SPAN_NONE);
}

static void write_partition(struct buf *out, const struct plan *plan, struct place place) {
    write_topic(out, plan, place);
    buf_printf(out, "/%" PRId32, place.partition);
}

static void write_event(struct buf *out, const struct plan *plan, struct place place, int64_t offset) {
    write_partition(out, plan, place);
    buf_printf(out, "/%" PRId64, offset);
}

static void write_platform(struct buf *out, const struct plan *plan, uint32_t platform) {
    write_name(out, platform < plan->platform_count ? plan->platforms[platform].name : SPAN_NONE);
}

static void write_group(struct buf *out, const struct plan *plan, uint32_t route, uint32_t epoch) {
    write_route(out, plan, route);
    buf_printf(out, " epoch %" PRIu32, epoch);
}

static const char *commit_error_name(enum commit_error error) {
    static const char *const names[] = {"done", "retry", "fenced", "too large", "failed"};
    return names[error];
}

static void trace_assignment(struct buf *out, const struct plan *plan, const struct input *input) {
    write_group(out, plan, input->is.group.route, input->is.group.epoch);
    for (size_t i = 0; i < input->is.group.count; i++) {
        buf_add_text(out, i == 0 ? ": " : ", ");
        write_partition(out, plan, input->is.group.place[i]);
    }
}

static void trace_known(struct buf *out, const struct offset_map *map) {
    buf_printf(out, " with a map: %" PRIu32 " settled, %" PRIu32 " tried", offset_map_count(map), map->tries);
    if (offset_map_held(map) > 0)
        buf_printf(out, ", %" PRIu32 " held", offset_map_held(map));
    if (map->dead_count > 0)
        buf_printf(out, ", %" PRIu32 " dead keys", map->dead_count);
}

static void trace_map(struct buf *out, int64_t base, int32_t partition, struct span text) {
    struct offset_map map;
    if (text.size == 0)
        return;
    if (offset_map_read(&map, base, partition, text))
        trace_known(out, &map);
    else
        buf_add_text(out, " with a map that is not ours");
}

static void trace_inherited(struct buf *out, const struct plan *plan, const struct input *input) {
    write_route(out, plan, input->is.reached.route);
    for (size_t i = 0; i < input->is.reached.count; i++) {
        const struct reached *entry = &input->is.reached.entry[i];
        buf_add_text(out, i == 0 ? ": " : ", ");
        write_event(
            out, plan,
            (struct place){.route = input->is.reached.route, .topic = entry->topic, .partition = entry->partition},
            entry->offset);
    }
}

static void trace_end(struct buf *out, const struct plan *plan, const struct input *input) {
    static const char *const ends[] = {"out of range", "gone", "unavailable"};
    if (input->kind == INPUT_PARTITION_ERROR) {
        buf_add_text(out, "partition error ");
        write_partition(out, plan, input->is.partition.place);
        buf_printf(out, ": %s", ends[input->is.partition.error]);
        return;
    }
    buf_add_text(out, "topic gone ");
    write_route(out, plan, input->is.topic.route);
    buf_add_text(out, ": ");
    write_topic(out, plan, (struct place){.route = input->is.topic.route, .topic = input->is.topic.topic});
}

static void trace_committed(struct buf *out, const struct plan *plan, const struct input *input) {
    write_group(out, plan, input->is.committed.route, input->is.committed.epoch);
    for (size_t i = 0; i < input->is.committed.count; i++) {
        const struct committed *entry = &input->is.committed.entry[i];
        buf_add_text(out, i == 0 ? ": " : ", ");
        write_partition(
            out, plan,
            (struct place){.route = input->is.committed.route, .topic = entry->topic, .partition = entry->partition});
        if (entry->failed)
            buf_add_text(out, " failed");
        else if (entry->offset < 0)
            buf_add_text(out, " nothing");
        else
            buf_printf(out, " %" PRId64, entry->offset);
        trace_map(out, entry->offset, entry->partition, entry->metadata);
    }
}

static void trace_reply(struct buf *out, const struct reply *reply) {
    buf_printf(out, "reply to request %" PRIu64 ": %s", reply->request, reply_kind_name(reply->kind));
    if (reply->kind == REPLY_ANSWERED)
        buf_printf(out, " %d", reply->status);
    if (reply->fault != REPLY_FAULT_NONE)
        buf_printf(out, ", %s", reply_fault_name(reply->fault));
    if (reply->why.data != NULL)
        buf_printf(out, ", " SPAN_FORMAT, SPAN_ARGUMENT(reply->why));
    if (reply->token != 0)
        buf_printf(out, ", with token %" PRIu64, reply->token);
    if (reply->retry_after_ms >= 0)
        buf_printf(out, ", retry after %" PRId64 " ms", reply->retry_after_ms);
}

static void trace_release(struct buf *out, const struct plan *plan, const struct input *input) {
    write_route(out, plan, input->is.release.route);
    struct place place = {
        .route = input->is.release.route, .topic = input->is.release.topic, .partition = input->is.release.partition};
    if (input->is.release.offset >= 0) {
        buf_add_text(out, " ");
        write_event(out, plan, place, input->is.release.offset);
    }
    buf_add_text(out, input->is.release.to == RELEASE_DEAD_LETTER ? " to the dead letters" : " to be sent");
}

void trace_input(struct buf *out, const struct plan *plan, const struct input *input) {
    static const char *const letters[] = {"acknowledged", "too large", "failed"};
    buf_printf(out, "[%6" PRId64 "] ", input->now_ms);
    switch (input->kind) {
    case INPUT_REACHED:
        buf_add_text(out, "committed before this generation ");
        trace_inherited(out, plan, input);
        break;
    case INPUT_ASSIGNED:
        buf_add_text(out, "assigned ");
        trace_assignment(out, plan, input);
        break;
    case INPUT_REVOKED:
    case INPUT_LOST:
        buf_add_text(out, input->kind == INPUT_LOST ? "lost " : "revoked ");
        write_group(out, plan, input->is.group.route, input->is.group.epoch);
        break;
    case INPUT_COMMITTED:
        buf_add_text(out, "committed ");
        trace_committed(out, plan, input);
        break;
    case INPUT_EVENT:
        buf_add_text(out, "event ");
        write_event(out, plan, input->is.event->place, input->is.event->offset);
        buf_printf(out, ", %zu bytes", input->is.event->value.size);
        break;
    case INPUT_WANTED:
        buf_add_text(out, "wanted ");
        write_partition(out, plan, input->is.wanted.place);
        buf_printf(out, ": %zu bytes", input->is.wanted.bytes);
        break;
    case INPUT_PARTITION_ERROR:
    case INPUT_TOPIC_GONE:
        trace_end(out, plan, input);
        break;
    case INPUT_COMMIT_RESULT:
        buf_add_text(out, "commit result ");
        write_group(out, plan, input->is.commit.route, input->is.commit.epoch);
        buf_printf(out, ": %s", commit_error_name(input->is.commit.error));
        break;
    case INPUT_REPLY:
        trace_reply(out, input->is.reply);
        break;
    case INPUT_LETTER:
        buf_printf(out, "letter %" PRIu64 " %s", input->is.letter.id, letters[input->is.letter.outcome]);
        break;
    case INPUT_TABLE:
        buf_add_text(out, "table ");
        write_name(out, input->is.table.lookup < plan->lookup_count ? plan->lookups[input->is.table.lookup].name
                                                                    : SPAN_NONE);
        break;
    case INPUT_PLATFORM:
        buf_add_text(out, "platform ");
        write_platform(out, plan, input->is.platform.platform);
        buf_printf(out, " is %s, says another worker", platform_state_name(input->is.platform.state));
        break;
    case INPUT_RELEASE:
        buf_add_text(out, "release ");
        trace_release(out, plan, input);
        break;
    case INPUT_TIMER:
        buf_add_text(out, "timer");
        break;
    case INPUT_STOP:
        buf_add_text(out, "stop");
        break;
    }
}

static void trace_answer(struct buf *out, const struct action *action) {
    if (action->is.report.status != 0)
        buf_printf(out, ", status %d", action->is.report.status);
    if (action->is.report.why != NULL)
        buf_printf(out, ", %s", action->is.report.why);
    if (action->is.report.fault != REPLY_FAULT_NONE)
        buf_printf(out, ", %s", reply_fault_name(action->is.report.fault));
}

static void trace_settled(struct buf *out, const struct plan *plan, const struct action *action) {
    write_event(out, plan, action->is.report.place, action->is.report.offset);
    buf_printf(out, " %s", outcome_name(action->is.report.outcome));
    if (action->is.report.reason != REASON_NONE)
        buf_printf(out, ": %s", reason_name(action->is.report.reason));
    buf_printf(out, ", stage %s, attempts %" PRIu32, stage_name(action->is.report.stage), action->is.report.attempts);
    trace_answer(out, action);
}

static void trace_failed(struct buf *out, const struct plan *plan, const struct action *action) {
    buf_printf(out, "attempt %" PRIu32 " failed, ", action->is.report.attempts);
    write_event(out, plan, action->is.report.place, action->is.report.offset);
    if (action->is.report.count > 1)
        buf_printf(out, " and %" PRIu32 " more", action->is.report.count - 1);
    trace_answer(out, action);
    buf_printf(out, ", again in %" PRId64 " ms", action->is.report.delay_ms);
}

static void trace_divided(struct buf *out, const struct plan *plan, const struct action *action) {
    buf_printf(out, "batch of %" PRIu32 " divided, ", action->is.report.count);
    write_event(out, plan, action->is.report.place, action->is.report.offset);
    trace_answer(out, action);
}

static void trace_request(struct buf *out, const struct plan *plan, const struct request *request) {
    buf_printf(out, "send request %" PRIu64 " to ", request->id);
    write_platform(out, plan, request->platform);
    buf_printf(out, ", attempt %" PRIu32 ", ", request->attempt);
    write_event(out, plan, request->place, request->offset);
    for (uint32_t i = 0; i < request->rest_count; i++) {
        buf_add_text(out, ", ");
        write_event(out, plan, request->rest[i].place, request->rest[i].offset);
    }
    buf_add_text(out, request->once ? ", once" : "");
}

static void trace_platform(struct buf *out, const struct plan *plan, const struct action *action) {
    buf_add_text(out, "platform ");
    write_platform(out, plan, action->is.report.platform);
    buf_printf(out, " is %s", platform_state_name(action->is.report.state));
    trace_answer(out, action);
    if (action->is.report.delay_ms > 0)
        buf_printf(out, ", probed in %" PRId64 " ms", action->is.report.delay_ms);
}

/* What happens to a key, told at one of its events. */
static void trace_key(struct buf *out, const struct plan *plan, const struct action *action) {
    struct place place = action->is.report.place;
    bool holds = plan->routes[place.route].after_letter == AFTER_HOLD, sent = action->is.report.reason == REASON_NONE;
    bool dead = action->is.report.held == HELD_DEAD_KEY;
    if (action->is.report.kind == REPORT_KEYS_FORGOTTEN) {
        buf_printf(out, "dead keys forgotten: %" PRIu32 ", ", action->is.report.count);
        write_partition(out, plan, place);
        return;
    }
    if (action->is.report.kind == REPORT_KEY_DEAD)
        buf_add_text(out, holds ? "later events of the key are held, " : "later events of the key follow, ");
    else if (action->is.report.kind == REPORT_KEY_RELEASED)
        buf_add_text(out, sent ? "key released to be sent, " : "key released to the dead letters, ");
    else
        buf_add_text(out, dead ? "key held behind a dead letter " : "key held, it may have been delivered ");
    write_event(out, plan, place, action->is.report.offset);
    if (dead && action->is.report.first >= 0)
        buf_printf(out, ", first %" PRId64, action->is.report.first);
    trace_answer(out, action);
}

static void trace_reached(struct buf *out, const struct plan *plan, const struct action *action) {
    if (action->is.report.kind == REPORT_COMMITTED_LOST)
        buf_add_text(out, "committed offset lost, it was ");
    else
        buf_printf(out, "committed offset went down to %" PRId64 ", it was ", action->is.report.first);
    write_event(out, plan, action->is.report.place, action->is.report.offset);
}

static void trace_report(struct buf *out, const struct plan *plan, const struct action *action) {
    struct place place = action->is.report.place;
    buf_add_text(out, "report ");
    switch (action->is.report.kind) {
    case REPORT_SETTLED:
        trace_settled(out, plan, action);
        break;
    case REPORT_ATTEMPT_FAILED:
        trace_failed(out, plan, action);
        break;
    case REPORT_DIVIDED:
        trace_divided(out, plan, action);
        break;
    case REPORT_KEY_HELD:
    case REPORT_KEY_DEAD:
    case REPORT_KEY_RELEASED:
    case REPORT_KEYS_FORGOTTEN:
        trace_key(out, plan, action);
        break;
    case REPORT_PLATFORM:
        trace_platform(out, plan, action);
        break;
    case REPORT_LETTER_FAILED:
        buf_add_text(out, "dead letter not written, ");
        write_event(out, plan, place, action->is.report.offset);
        buf_printf(out, ", again in %" PRId64 " ms", action->is.report.delay_ms);
        break;
    case REPORT_LETTER_RECOVERED:
        buf_add_text(out, "dead letters are written again, route ");
        write_route(out, plan, place.route);
        break;
    case REPORT_COMMIT_FAILED:
        buf_printf(out, "commit failed (%s), ", commit_error_name(action->is.report.commit_error));
        write_group(out, plan, place.route, place.epoch);
        break;
    case REPORT_COMMITTED_LOST:
    case REPORT_COMMITTED_LOWER:
        trace_reached(out, plan, action);
        break;
    case REPORT_PARTITION_STOPPED:
    case REPORT_PARTITION_GONE:
        buf_add_text(out, action->is.report.kind == REPORT_PARTITION_GONE ? "partition gone " : "partition stopped ");
        write_partition(out, plan, place);
        break;
    case REPORT_KNOWN:
        buf_add_text(out, "known as settled ");
        write_event(out, plan, place, action->is.report.offset);
        break;
    case REPORT_MAP_FOREIGN:
        buf_add_text(out, "no map of ours, dropped ");
        write_event(out, plan, place, action->is.report.offset);
        break;
    case REPORT_STALE:
        buf_add_text(out, "stale, nothing changed");
        break;
    case REPORT_REWOUND:
        buf_add_text(out, "read again and dropped ");
        write_event(out, plan, place, action->is.report.offset);
        break;
    case REPORT_RELEASED:
        buf_printf(out, "released %" PRIu32 " unsettled, ", action->is.report.count);
        write_group(out, plan, place.route, place.epoch);
        break;
    case REPORT_STALLED:
        buf_printf(out, "stalled: nothing is started for %" PRId64 " ms", action->is.report.delay_ms);
        break;
    }
}

static void trace_commit(struct buf *out, const struct plan *plan, const struct action *action) {
    write_group(out, plan, action->is.commit.route, action->is.commit.epoch);
    for (size_t i = 0; i < action->is.commit.count; i++) {
        const struct commit_entry *entry = &action->is.commit.entry[i];
        buf_add_text(out, i == 0 ? ": " : ", ");
        write_partition(
            out, plan,
            (struct place){.route = action->is.commit.route, .topic = entry->topic, .partition = entry->partition});
        buf_printf(out, " %" PRId64, entry->offset);
        trace_map(out, entry->offset, entry->partition, entry->metadata);
    }
}

static void trace_begin(struct buf *out, const struct plan *plan, const struct action *action) {
    write_partition(out, plan, action->is.begin.place);
    if (action->is.begin.kind == BEGIN_OFFSET) {
        buf_printf(out, " at %" PRId64, action->is.begin.offset);
        if (action->is.begin.from < action->is.begin.offset)
            buf_printf(out, ", looking back to %" PRId64, action->is.begin.from);
    } else if (action->is.begin.kind == BEGIN_EARLIEST)
        buf_add_text(out, " at the earliest");
    else {
        buf_add_text(out, " from ");
        clock_write_date(out, action->is.begin.wall_ms);
    }
}

void trace_action(struct buf *out, const struct plan *plan, const struct action *action) {
    buf_add_text(out, "  ");
    switch (action->kind) {
    case ACTION_READ_COMMITTED:
        buf_add_text(out, "read committed ");
        write_group(out, plan, action->is.group.route, action->is.group.epoch);
        break;
    case ACTION_BEGIN_PARTITION:
        buf_add_text(out, "begin ");
        trace_begin(out, plan, action);
        break;
    case ACTION_STOP_PARTITION:
        buf_add_text(out, "stop ");
        write_partition(out, plan, action->is.stop.place);
        buf_printf(out, ": %s", action->is.stop.why);
        break;
    case ACTION_GRANT_CREDIT:
        buf_add_text(out, "grant credit ");
        write_partition(out, plan, action->is.credit.place);
        buf_printf(out, ": %" PRIu32 " events, %zu bytes", action->is.credit.events, action->is.credit.bytes);
        break;
    case ACTION_SEND_REQUEST:
        trace_request(out, plan, action->is.request);
        break;
    case ACTION_ABORT_REQUEST:
        buf_printf(out, "abort request %" PRIu64, action->is.abort);
        break;
    case ACTION_WRITE_LETTER:
        buf_printf(out, "write letter %" PRIu64 " to ", action->is.letter->id);
        write_name(out, action->is.letter->topic);
        buf_add_text(out, ", ");
        write_event(out, plan, action->is.letter->place, action->is.letter->offset);
        break;
    case ACTION_COMMIT:
        buf_add_text(out, "commit ");
        trace_commit(out, plan, action);
        break;
    case ACTION_HAND_BACK:
        buf_add_text(out, "hand back ");
        write_group(out, plan, action->is.group.route, action->is.group.epoch);
        break;
    case ACTION_REFRESH_TOKEN:
        buf_add_text(out, "refresh token of ");
        write_platform(out, plan, action->is.token.platform);
        buf_printf(out, ", %" PRIu64 " is refused", action->is.token.number);
        break;
    case ACTION_TELL_WORKERS:
        buf_add_text(out, "tell workers ");
        write_platform(out, plan, action->is.platform.platform);
        buf_printf(out, " is %s", platform_state_name(action->is.platform.state));
        break;
    case ACTION_WAKE_AT:
        buf_printf(out, "wake at %" PRId64, action->is.wake_at_ms);
        break;
    case ACTION_REPORT:
        trace_report(out, plan, action);
        break;
    case ACTION_STOPPED:
        buf_printf(out, "stopped %d", action->is.stopped);
        break;
    }
}
