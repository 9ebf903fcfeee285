/* Members in the order in which people ask. */
#include "daemon/status.h"

#include "base/clock.h"
#include "daemon/snapshot.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

struct status {
    const struct view *view;
    const struct plan *plan;
    const struct status_facts *facts;
};

/* --- building --- */

static json_t *text(struct span span) {
    json_t *value = span.data != NULL ? json_stringn(span.data, span.size) : json_null();
    return value != NULL ? value : json_string("?"); /* no UTF-8 */
}

static json_t *words(const char *words_or_null) {
    return words_or_null != NULL ? json_string(words_or_null) : json_null();
}

static json_t *offset(int64_t number) {
    return number >= 0 ? json_integer(number) : json_null();
}

static json_t *count(uint64_t number) {
    return json_integer((json_int_t)number);
}

static json_t *age(const struct status *status, int64_t since_ms) {
    return since_ms < 0 ? json_null() : json_integer(status->view->now_ms - since_ms);
}

static json_t *until(const struct status *status, int64_t at_ms) {
    if (at_ms < 0)
        return json_null();
    return json_integer(at_ms > status->view->now_ms ? at_ms - status->view->now_ms : 0);
}

static void set(json_t *object, const char *name, json_t *value) {
    (void)json_object_set_new(object, name, value);
}

static json_t *event(const struct status *status, struct place place, int64_t at) {
    struct span topic = status->plan->routes[place.route].topics[place.topic];
    return json_sprintf(SPAN_FORMAT "/%" PRId32 "/%" PRId64, SPAN_ARGUMENT(topic), place.partition, at);
}

/* What the last attempt came to. */
static void set_answer(json_t *object, int http_status, enum reply_fault fault) {
    if (http_status != 0)
        set(object, "status", json_integer(http_status));
    if (fault != REPLY_FAULT_NONE)
        set(object, "fault", json_string(reply_fault_name(fault)));
}

/* --- routes --- */

static json_t *wait_of(const struct status *status, const struct view_wait *wait) {
    char key[16];
    json_t *object = json_object();
    set(object, "event", event(status, wait->place, wait->offset));
    (void)snprintf(key, sizeof key, "%08" PRIx32, wait->key);
    set(object, "key", wait->key != 0 ? json_string(key) : json_null());
    set(object, "why", json_string(view_wait_words(wait->kind)));
    set(object, "waiting-ms", age(status, wait->read_ms));
    set(object, "since-ms", age(status, wait->since_ms));
    set(object, "behind", json_integer(wait->behind));
    set(object, "attempts", json_integer(wait->attempts));
    set_answer(object, wait->status, wait->fault);
    set(object, "next-try-in-ms", until(status, wait->next_ms));
    if (wait->kind == VIEW_DEAD_KEY && wait->first >= 0)
        set(object, "dead-letter", event(status, wait->place, wait->first));
    return object;
}

static json_t *partition_of(const struct status *status, const struct view_partition *partition) {
    static const char *const states[] = {
        [VIEW_ASKED] = "asked for its committed offset", [VIEW_READS] = "reading", [VIEW_STOPPED] = "stopped"};
    json_t *object = json_object();
    set(object, "topic", text(status->plan->routes[partition->place.route].topics[partition->place.topic]));
    set(object, "partition", json_integer(partition->place.partition));
    set(object, "state", json_string(states[partition->state]));
    set(object, "why", words(partition->why));
    set(object, "base", offset(partition->base));
    set(object, "next", offset(partition->next));
    set(object, "committed", offset(partition->committed));
    set(object, "lag", offset(partition->lag));
    set(object, "unsettled", count(partition->unsettled));
    set(object, "window", json_integer(partition->window));
    set(object, "window-used", json_integer(partition->used));
    set(object, "exposure", count(partition->exposure));
    set(object, "exposed", count(partition->exposed));
    return object;
}

/* Counters go on over a reload. */
static struct route_counts counts_of(const struct status *status, uint32_t index) {
    struct route_counts counts = status->view->route[index].counts;
    if (status->facts->before != NULL)
        route_counts_add(&counts, &status->facts->before[index]);
    return counts;
}

static json_t *events_of(const struct route_counts *counts) {
    json_t *object = json_object();
    set(object, "consumed", count(counts->consumed));
    for (int i = 0; i < OUTCOME_COUNT; i++)
        set(object, outcome_name((enum outcome)i), count(counts->outcome[i]));
    set(object, "unsettled", count(counts->unsettled));
    set(object, "known", count(counts->known));
    return object;
}

/* Events a second. */
static json_t *rates_of(const struct view_route *route) {
    if (route->rate_over_ms == 0)
        return json_null();
    json_t *object = json_object();
    set(object, "over-ms", json_integer(route->rate_over_ms));
    set(object, "consumed", json_real((double)route->consumed_rate / 1000));
    set(object, "settled", json_real((double)route->settled_rate / 1000));
    return object;
}

static json_t *results(uint64_t ok, uint64_t failed) {
    json_t *object = json_object();
    set(object, "ok", count(ok));
    set(object, "failed", count(failed));
    return object;
}

static const struct view_partition *stopped_one(const struct status *status, uint32_t index) {
    for (size_t i = 0; i < status->view->partition_count; i++)
        if (status->view->partition[i].place.route == index && status->view->partition[i].state == VIEW_STOPPED)
            return &status->view->partition[i];
    return NULL;
}

/* With the offset at which to continue, where the core knows one and has not begun to read. */
static json_t *stopped_why(const struct view_partition *stopped) {
    if (stopped->base >= 0 || stopped->committed < 0)
        return json_sprintf("partition %" PRId32 ": %s", stopped->place.partition, stopped->why);
    return json_sprintf("partition %" PRId32 ": %s; it was committed at %" PRId64, stopped->place.partition,
                        stopped->why, stopped->committed);
}

/* Its group has let it in, and others read all there is. */
static bool stands_by(const struct status *status, uint32_t index) {
    bool inside = status->facts->outside_ms != NULL && status->facts->outside_ms[index] == 0;
    enum view_phase phase = status->view->route[index].phase;
    if (phase == VIEW_IDLE)
        return inside;
    for (size_t i = 0; i < status->view->partition_count; i++)
        if (status->view->partition[i].place.route == index)
            return false;
    return phase == VIEW_RUNNING;
}

/* "platform oep is held: answered 401" */
static json_t *platform_why(struct span name, const struct view_platform *platform) {
    struct buf words = {0};
    buf_printf(&words, "platform " SPAN_FORMAT " is %s", SPAN_ARGUMENT(name), platform_state_name(platform->state));
    if (platform->why[0] != '\0')
        buf_printf(&words, ": %s", platform->why);
    else if (platform->status != 0)
        buf_printf(&words, ": answered %d", platform->status);
    else if (platform->fault != REPLY_FAULT_NONE)
        buf_printf(&words, ": %s", reply_fault_words(platform->fault));
    json_t *why = text(buf_span(&words));
    buf_finish(&words);
    return why;
}

/* Whether its group keeps a worker out, as /ready says: not let in yet, or out for longer than a crashed member is
 * waited for. */
static bool kept_out(const struct status *status, uint32_t index) {
    const struct status_facts *facts = status->facts;
    int64_t since_ms = facts->outside_ms != NULL ? facts->outside_ms[index] : 0;
    return (facts->joined != NULL && facts->joined[index] < status->plan->routes[index].workers) ||
           (since_ms != 0 && status->view->now_ms - since_ms > snapshot_late_ms(status->plan));
}

/* Soon it is nothing unusual: the group waits for a member that has crashed, at most for the session timeout. */
static json_t *joining_why(const struct status *status, uint32_t index) {
    const struct route *route = &status->plan->routes[index];
    const struct status_facts *facts = status->facts;
    bool some = status->view->route[index].phase != VIEW_IDLE;
    int64_t since_ms = facts->outside_ms != NULL ? facts->outside_ms[index] : 0,
            for_ms = status->view->now_ms - since_ms;
    if (since_ms != 0 && for_ms > snapshot_late_ms(status->plan))
        return json_sprintf("%s has had no partitions of its group for %d s: its topics are missing, or the group's "
                            "coordinator does not answer or waits for another member: the log tells, and "
                            "kafka-consumer-groups.sh --describe --state --group " SPAN_FORMAT,
                            some ? "a worker of it" : "it", (int)(for_ms / 1000), SPAN_ARGUMENT(route->group));
    if (!some || facts->joined == NULL)
        return json_string("its group has given it no partitions yet");
    uint32_t out = route->workers - facts->joined[index];
    return json_sprintf("%u of its %u workers %s for its group's first assignment", out, route->workers,
                        out == 1 ? "waits" : "wait");
}

/* The route's state: the worst that applies, as a word and a sentence. */
static void set_state(const struct status *status, json_t *object, uint32_t index) {
    const struct route *route = &status->plan->routes[index];
    const struct view_route *view = &status->view->route[index];
    const struct view_platform *platform = &status->view->platform[route->mapping.platform];
    const struct view_partition *stopped = stopped_one(status, index);
    const char *word = "running";
    json_t *why = NULL;
    if (route->mode == ROUTE_OFF)
        word = "off";
    else if (stopped != NULL) {
        word = "stopped";
        why = stopped_why(stopped);
    } else if (view->counts.held > 0) {
        word = "held";
        why = json_sprintf("%" PRIu64 " %s for an operator: slussctl release " SPAN_FORMAT, view->counts.held,
                           view->counts.held == 1 ? "event waits" : "events wait", SPAN_ARGUMENT(route->name));
    } else if (status->facts->no_answer != NULL) {
        word = "kafka";
        why = json_sprintf("Kafka does not answer: %s", status->facts->no_answer);
    } else if (!status->facts->letters[index].there || view->letters_fail) {
        word = "no-dead-letters";
        why =
            json_sprintf("dead-letter topic " SPAN_FORMAT ": %s", SPAN_ARGUMENT(route->dead_letter),
                         status->facts->letters[index].there ? "takes no letters" : status->facts->letters[index].why);
    } else if (platform->state != PLATFORM_UP) {
        word = "platform";
        why = platform_why(status->plan->platforms[route->mapping.platform].name, platform);
    } else if (kept_out(status, index)) {
        word = "joining";
        why = joining_why(status, index);
    } else if (stands_by(status, index)) {
        set(object, "state", json_string("standby"));
        set(object, "well", json_true());
        set(object, "why", json_string("other members of its group have all partitions"));
        return;
    } else if (view->phase == VIEW_IDLE) {
        word = "joining";
        why = joining_why(status, index);
    } else if (view->phase == VIEW_DRAINING) {
        word = "handing-back";
        why = json_string("its partitions are handed back");
    }
    set(object, "state", json_string(word));
    set(object, "well", json_boolean(why == NULL));
    set(object, "why", why != NULL ? why : json_null());
}

static void set_letters(const struct status *status, json_t *object, uint32_t index) {
    const struct status_letters *letters = &status->facts->letters[index];
    json_t *topic = json_object();
    if (status->plan->routes[index].dead_letter.data == NULL) {
        json_decref(topic);
        set(object, "dead-letter", json_null());
        return;
    }
    set(topic, "topic", text(status->plan->routes[index].dead_letter));
    set(topic, "reachable", json_boolean(letters->there));
    set(topic, "why", letters->there ? json_null() : words(letters->why));
    set(object, "dead-letter", topic);
}

static json_t *route_of(const struct status *status, uint32_t index) {
    const struct route *route = &status->plan->routes[index];
    const struct view_route *view = &status->view->route[index];
    const struct route_counts sum = counts_of(status, index), *counts = &sum;
    json_t *object = json_object(), *partitions = json_array(), *longest = json_array(), *waiting = json_object();
    set(object, "name", text(route->name));
    set_state(status, object, index);
    set(object, "owner", text(route->owner));
    set(object, "mode", json_string(route->mode == ROUTE_OFF ? "off" : "on"));
    set(object, "group", text(route->group));
    set(object, "platform", text(status->plan->platforms[route->mapping.platform].name));
    set(object, "oldest-ms", age(status, counts->oldest_since_ms));
    set(object, "events", events_of(counts));
    set(object, "rates", rates_of(view));
    set(object, "attempts", results(counts->attempts_ok, counts->attempts_failed));
    set(object, "commits", results(counts->commits_ok, counts->commits_failed));
    set_letters(status, object, index);
    for (size_t i = 0; i < status->view->partition_count; i++)
        if (status->view->partition[i].place.route == index)
            (void)json_array_append_new(partitions, partition_of(status, &status->view->partition[i]));
    set(object, "partitions", partitions);
    set(waiting, "keys", count(view->waiting));
    set(waiting, "held", count(counts->held));
    set(waiting, "dead-keys", json_integer(view->dead_keys));
    for (uint32_t i = 0; i < view->wait_count; i++)
        (void)json_array_append_new(longest, wait_of(status, &view->wait[i]));
    set(waiting, "longest", longest);
    set(object, "waiting", waiting);
    return object;
}

/* --- platforms --- */

static json_t *platform_of(const struct status *status, uint32_t index) {
    const struct view_platform *view = &status->view->platform[index];
    json_t *object = json_object();
    set(object, "name", text(status->plan->platforms[index].name));
    set(object, "state", json_string(platform_state_name(view->state)));
    set(object, "since-ms", age(status, view->since_ms));
    set_answer(object, view->status, view->fault);
    set(object, "why",
        view->told ? json_string("another worker says so") : words(view->why[0] != '\0' ? view->why : NULL));
    set(object, "probe-in-ms", until(status, view->probe_ms));
    set(object, "in-flight", json_integer(view->in_flight));
    set(object, "waiting", count(view->waiting));
    return object;
}

static json_t *kafka_of(const struct status *status) {
    json_t *object = json_object();
    set(object, "answers", json_boolean(status->facts->no_answer == NULL));
    set(object, "why", words(status->facts->no_answer));
    return object;
}

static void write_json(struct buf *out, const json_t *all) {
    char *line = json_dumps(all, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
    if (line != NULL)
        buf_printf(out, "%s\n", line);
    out->failed = out->failed || line == NULL;
    free(line);
}

bool status_write(struct buf *out, const struct view *view, const struct status_facts *facts) {
    const struct status status = {view, view->plan, facts};
    json_t *all = json_object(), *routes = json_array(), *platforms = json_array();
    struct buf date = {0};
    clock_write_date(&date, facts->wall_ms);
    set(all, "version", json_string(facts->version));
    set(all, "at", json_string(buf_text(&date)));
    set(all, "generation", count(view->plan->generation));
    set(all, "workers", json_integer(facts->workers));
    set(all, "configuration-errors", count(facts->faults));
    set(all, "kafka", kafka_of(&status));
    for (uint32_t i = 0; i < view->plan->route_count; i++)
        (void)json_array_append_new(routes, route_of(&status, i));
    set(all, "routes", routes);
    for (uint32_t i = 0; i < view->plan->platform_count; i++)
        (void)json_array_append_new(platforms, platform_of(&status, i));
    set(all, "platforms", platforms);
    write_json(out, all);
    json_decref(all);
    buf_finish(&date);
    return !out->failed;
}
