/* Reports of the core become log lines: where it is, what happened, what to do. Never an event's value, key or secret.
 */
#include "daemon/worker_private.h"
#include "ops/log.h"

#include <inttypes.h>

enum { MOST_FIELDS = 12 };

struct fields {
    struct log_field field[MOST_FIELDS];
    size_t count;
};

static void add_text(struct fields *fields, const char *name, struct span text) {
    fields->field[fields->count++] = (struct log_field){name, text, 0};
}

static void add_number(struct fields *fields, const char *name, int64_t number) {
    fields->field[fields->count++] = (struct log_field){name, SPAN_NONE, number};
}

static void add_place(struct fields *fields, const struct plan *plan, struct place place, int64_t offset) {
    const struct route *route = &plan->routes[place.route];
    add_text(fields, "route", route->name);
    if (place.epoch == 0)
        return;
    add_text(fields, "topic", route->topics[place.topic]);
    add_number(fields, "partition", place.partition);
    if (offset >= 0)
        add_number(fields, "offset", offset);
}

static void report_platform(const struct plan *plan, const struct action *action) {
    struct fields fields = {.count = 0};
    add_text(&fields, "platform", plan->platforms[action->is.report.platform].name);
    add_text(&fields, "state", span_of(platform_state_name(action->is.report.state)));
    if (action->is.report.status != 0)
        add_number(&fields, "status", action->is.report.status);
    if (action->is.report.fault != REPLY_FAULT_NONE)
        add_text(&fields, "fault", span_of(reply_fault_name(action->is.report.fault)));
    if (action->is.report.why != NULL)
        add_text(&fields, "why", span_of(action->is.report.why));
    if (action->is.report.delay_ms > 0)
        add_number(&fields, "probe-in-ms", action->is.report.delay_ms);
    static const char *const sentence[] = {
        [PLATFORM_UP] = "the platform is up: its events continue",
        [PLATFORM_OPEN] = "the platform does not keep up or is down: its events wait, it is probed",
        [PLATFORM_HALF_OPEN] = "the platform is probed with one request",
        [PLATFORM_HELD] = "the platform is held: check its credentials, certificate and address; it is probed",
    };
    enum platform_state state = action->is.report.state;
    if (state == PLATFORM_HELD && action->is.report.why != NULL) {
        bool asked = action->is.report.status == 429 || action->is.report.status == 503; /* to wait: no fault of ours */
        log_say(asked ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, fields.field, fields.count,
                "the platform is held: %s: its events wait, it is probed", action->is.report.why);
        return;
    }
    log_say(state == PLATFORM_HELD   ? LOG_LEVEL_ERROR
            : state == PLATFORM_OPEN ? LOG_LEVEL_WARNING
                                     : LOG_LEVEL_INFO,
            fields.field, fields.count, "%s", sentence[state]);
}

/* Of nearly every event: where nobody reads the line, nothing is put together for it. */
static void report_settled(const struct plan *plan, const struct action *action) {
    bool dead = action->is.report.outcome == OUTCOME_DEAD_LETTERED;
    enum log_level level = dead ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG;
    if (!log_would_say(level))
        return;
    struct fields fields = {.count = 0};
    add_place(&fields, plan, action->is.report.place, action->is.report.offset);
    if (action->is.report.reason != REASON_NONE)
        add_text(&fields, "reason", span_of(reason_name(action->is.report.reason)));
    if (dead)
        add_text(&fields, "stage", span_of(stage_name(action->is.report.stage)));
    if (action->is.report.status != 0)
        add_number(&fields, "status", action->is.report.status);
    if (action->is.report.why != NULL)
        add_text(&fields, "why", span_of(action->is.report.why));
    if (action->is.report.attempts > 0)
        add_number(&fields, "attempts", action->is.report.attempts);
    log_say(level, fields.field, fields.count, "event %s", outcome_name(action->is.report.outcome));
}

static void report_attempt(const struct plan *plan, const struct action *action) {
    struct fields fields = {.count = 0};
    add_place(&fields, plan, action->is.report.place, action->is.report.offset);
    add_text(&fields, "platform", plan->platforms[action->is.report.platform].name);
    if (action->is.report.status != 0)
        add_number(&fields, "status", action->is.report.status);
    else
        add_text(&fields, "fault", span_of(reply_fault_name(action->is.report.fault)));
    if (action->is.report.why != NULL)
        add_text(&fields, "why", span_of(action->is.report.why));
    if (action->is.report.count > 1)
        add_number(&fields, "events", action->is.report.count);
    if (action->is.report.kind == REPORT_DIVIDED) {
        log_say(LOG_LEVEL_INFO, fields.field, fields.count,
                "batch answered as if one of its events were bad: it is divided to find it");
        return;
    }
    add_number(&fields, "attempts", action->is.report.attempts);
    add_number(&fields, "again-in-ms", action->is.report.delay_ms);
    log_say(LOG_LEVEL_INFO, fields.field, fields.count, "attempt failed, it is tried again");
}

static void report_partition(const struct plan *plan, const struct action *action, enum log_level level,
                             const char *sentence) {
    struct fields fields = {.count = 0};
    add_place(&fields, plan, action->is.report.place, action->is.report.offset);
    if (action->is.report.count > 0)
        add_number(&fields, "events", action->is.report.count);
    if (action->is.report.delay_ms > 0)
        add_number(&fields, "again-in-ms", action->is.report.delay_ms);
    if (action->is.report.kind == REPORT_COMMITTED_LOWER)
        add_number(&fields, "committed-now", action->is.report.first);
    log_say(level, fields.field, fields.count, "%s", sentence);
}

static void report_held(const struct plan *plan, const struct action *action) {
    struct fields fields = {.count = 0};
    add_place(&fields, plan, action->is.report.place, action->is.report.offset);
    if (action->is.report.fault != REPLY_FAULT_NONE)
        add_text(&fields, "fault", span_of(reply_fault_name(action->is.report.fault)));
    if (action->is.report.held == HELD_DEAD_KEY && action->is.report.first >= 0)
        add_number(&fields, "dead-letter-offset", action->is.report.first);
    log_say(LOG_LEVEL_ERROR, fields.field, fields.count, "%s",
            action->is.report.held == HELD_DEAD_KEY
                ? "an earlier event of its key was dead-lettered: the event and its key wait for an operator: slussctl "
                  "release (after-dead-letter = \"hold\")"
                : "sent, but no answer came: the event and its key wait for an operator: slussctl release (ambiguous = "
                  "\"hold\")");
}

static void report_dead_key(const struct plan *plan, const struct action *action) {
    report_partition(plan, action, LOG_LEVEL_WARNING,
                     plan->routes[action->is.report.place.route].after_letter == AFTER_HOLD
                         ? "later events of this key will be held until an operator releases it: slussctl release"
                         : "later events of this key will follow it to the dead letters, until an operator releases "
                           "it: slussctl release");
}

/* With the command that helps: it stands nowhere else beside the offset, and a restart forgets both. */
static void report_lost(const struct plan *plan, const struct action *action) {
    struct fields fields = {.count = 0};
    struct place place = action->is.report.place;
    const struct route *route = &plan->routes[place.route];
    add_place(&fields, plan, place, action->is.report.offset);
    log_say(
        LOG_LEVEL_ERROR, fields.field, fields.count,
        "the group says that nothing is committed, but it had acknowledged this offset to us: its coordinator lost "
        "it, or the topic was made anew: the partition stands still, also after a reload; after a restart nobody "
        "remembers it, and `start` decides: so first set the offset where it shall continue: on every host mode = "
        "\"off\" and slussctl reload, then kafka-consumer-groups.sh --bootstrap-server HOST:PORT --group " SPAN_FORMAT
        " --topic " SPAN_FORMAT ":%" PRId32 " --reset-offsets --to-offset %" PRId64
        " --execute, then mode = \"on\" and slussctl reload",
        SPAN_ARGUMENT(route->group), SPAN_ARGUMENT(route->topics[place.topic]), place.partition,
        action->is.report.offset);
}

/* Reports that are the same sentence each time. */
static const struct {
    enum log_level level;
    const char *sentence;
} plain[] = {
    [REPORT_KEYS_FORGOTTEN] = {LOG_LEVEL_WARNING,
                               "keys with a dead letter are no longer remembered: their later events "
                               "are delivered, unless one waits already (after-dead-letter)"},
    [REPORT_LETTER_FAILED] = {LOG_LEVEL_ERROR,
                              "the dead-letter topic takes no letters: does it exist, and may we write "
                              "to it? its events wait"},
    [REPORT_LETTER_RECOVERED] = {LOG_LEVEL_INFO, "the dead-letter topic takes letters again"},
    [REPORT_COMMIT_FAILED] = {LOG_LEVEL_WARNING, "the commit failed: it is computed again"},
    [REPORT_COMMITTED_LOWER] = {LOG_LEVEL_WARNING,
                                "the group's committed offset is lower than this one, which it had acknowledged to "
                                "us: it was set back, or its coordinator lost the latest commits; what comes after "
                                "it is delivered again"},
    [REPORT_PARTITION_STOPPED] = {LOG_LEVEL_ERROR,
                                  "the partition stands still: an operator must decide where it continues: write "
                                  "another `start`, or set the group's offset while nothing reads the route; then "
                                  "slussctl reload"},
    [REPORT_PARTITION_GONE] = {LOG_LEVEL_ERROR,
                               "its topic is gone: nothing of the partition is committed any more, for in a topic "
                               "that is made anew the same offsets are other events; the route joins its group again "
                               "and begins such a topic where `start` says"},
    [REPORT_KNOWN] = {LOG_LEVEL_DEBUG, "read again: the offset map says that it is settled"},
    [REPORT_MAP_FOREIGN] = {LOG_LEVEL_WARNING,
                            "the metadata of the committed offset is not an offset map of this version and is ignored: "
                            "events above the offset may be delivered again"},
    [REPORT_STALE] = {LOG_LEVEL_DEBUG, "news of an older assignment changed nothing"},
    [REPORT_REWOUND] = {LOG_LEVEL_INFO, "a record that was read before came again and was dropped"},
    [REPORT_RELEASED] = {LOG_LEVEL_INFO, "partitions handed back"},
    [REPORT_STALLED] = {LOG_LEVEL_WARNING,
                        "this process stood still: nothing is started until the group is heard from"},
};

static void say(const struct plan *plan, const struct action *action) {
    switch (action->is.report.kind) {
    case REPORT_SETTLED:
        report_settled(plan, action);
        break;
    case REPORT_ATTEMPT_FAILED:
    case REPORT_DIVIDED:
        report_attempt(plan, action);
        break;
    case REPORT_KEY_HELD:
        report_held(plan, action);
        break;
    case REPORT_KEY_DEAD:
        report_dead_key(plan, action);
        break;
    case REPORT_KEY_RELEASED:
        report_partition(plan, action, LOG_LEVEL_INFO,
                         action->is.report.reason == REASON_NONE ? "the key was released: its events are sent"
                                                                 : "the key was released to the dead letters");
        break;
    case REPORT_PLATFORM:
        report_platform(plan, action);
        break;
    case REPORT_COMMITTED_LOST:
        report_lost(plan, action);
        break;
    case REPORT_KEYS_FORGOTTEN:
    case REPORT_LETTER_FAILED:
    case REPORT_LETTER_RECOVERED:
    case REPORT_COMMIT_FAILED:
    case REPORT_COMMITTED_LOWER:
    case REPORT_PARTITION_STOPPED:
    case REPORT_PARTITION_GONE:
    case REPORT_KNOWN:
    case REPORT_MAP_FOREIGN:
    case REPORT_STALE:
    case REPORT_REWOUND:
    case REPORT_RELEASED:
    case REPORT_STALLED:
        report_partition(plan, action, plain[action->is.report.kind].level, plain[action->is.report.kind].sentence);
        break;
    }
}

/* --- floods --- */

enum { KIND_LETTER = 1000 /* beside the core's report kinds */ };
enum { FAULT_BASE = 0x10000 /* beside HTTP statuses */ };

/* Reports that can come for every single event. The others are as rare as what they report. */
static bool comes_in_floods(const struct action *action) {
    enum report_kind kind = action->is.report.kind;
    bool dead = kind == REPORT_SETTLED && action->is.report.outcome == OUTCOME_DEAD_LETTERED;
    return dead || kind == REPORT_ATTEMPT_FAILED || kind == REPORT_DIVIDED || kind == REPORT_KEY_HELD ||
           kind == REPORT_REWOUND;
}

static struct flood_key key_of(const struct action *action) {
    struct flood_key key = {(uint32_t)action->is.report.kind, action->is.report.place.route, 0};
    if (action->is.report.kind == REPORT_SETTLED)
        key.what = (uint32_t)action->is.report.reason;
    else if (action->is.report.status != 0)
        key.what = (uint32_t)action->is.report.status;
    else
        key.what = FAULT_BASE + (uint32_t)action->is.report.fault;
    return key;
}

static void add_what(struct fields *fields, struct flood_key key) {
    if (key.kind == REPORT_SETTLED)
        add_text(fields, "reason", span_of(reason_name((enum reason)key.what)));
    else if (key.what > FAULT_BASE)
        add_text(fields, "fault", span_of(reply_fault_name((enum reply_fault)(key.what - FAULT_BASE))));
    else if (key.what > 0 && key.what < FAULT_BASE)
        add_number(fields, "status", key.what);
}

/* The first lines of a flood are said. At level debug all of them are. */
static enum flood_answer ask(struct worker *worker, struct flood_key key) {
    return log_would_say(LOG_LEVEL_DEBUG) ? FLOOD_SAY : flood_ask(worker->flood, key, worker->now_ms);
}

static void say_last(enum flood_answer answer) {
    if (answer == FLOOD_SAY_LAST)
        log_say(LOG_LEVEL_WARNING, NULL, 0,
                "many lines like this one: the next ones are counted and summed up within a minute");
}

void report(struct worker *worker, const struct action *action) {
    enum flood_answer answer = comes_in_floods(action) ? ask(worker, key_of(action)) : FLOOD_SAY;
    if (answer == FLOOD_LEAVE_OUT)
        return;
    say(worker->plan, action);
    say_last(answer);
}

void report_letter(struct worker *worker, const char *why) {
    enum flood_answer answer = ask(worker, (struct flood_key){KIND_LETTER, 0, 0});
    if (answer == FLOOD_LEAVE_OUT)
        return;
    log_say(LOG_LEVEL_WARNING, NULL, 0, "a dead letter was refused: %s", why);
    say_last(answer);
}

static const char *sentence_of(struct flood_key key) {
    switch (key.kind) {
    case REPORT_SETTLED:
        return "more events were dead-lettered than were logged: each has its dead letter, which says why";
    case REPORT_ATTEMPT_FAILED:
        return "more attempts failed than were logged: each is tried again";
    case KIND_LETTER:
        return "more dead letters were refused than were logged: each is written again";
    default:
        return "the same happened more often than it was logged";
    }
}

void report_flood(struct worker *worker, bool ended) {
    struct flood_key key;
    uint64_t count;
    int64_t within_ms;
    while (flood_next(worker->flood, worker->now_ms, ended, &key, &count, &within_ms)) {
        struct fields fields = {.count = 0};
        if (key.kind != KIND_LETTER)
            add_text(&fields, "route", worker->plan->routes[key.route].name);
        add_what(&fields, key);
        add_number(&fields, "lines", (int64_t)count);
        add_number(&fields, "seconds", (within_ms + 999) / 1000);
        log_say(LOG_LEVEL_WARNING, fields.field, fields.count, "%s", sentence_of(key));
    }
}
