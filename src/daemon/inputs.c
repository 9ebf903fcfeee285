/* Callbacks of the shells become inputs of the core: one function each. Decides nothing. */
#include "base/buf.h"
#include "base/bug.h"
#include "daemon/time.h"
#include "daemon/worker_private.h"
#include "flow/trace.h"
#include "ops/library_log.h"
#include "ops/log.h"

#include <stdlib.h>

enum { EVENTS_A_LOOK = 8 };

static void step(struct worker *worker, struct input *input) {
    input->now_ms = worker->now_ms;
    input->wall_ms = input->now_ms + worker->wall_ahead_ms;
    worker->input_ms = input->now_ms;
    if (log_would_say(LOG_LEVEL_DEBUG)) {
        struct buf line = {0};
        trace_input(&line, worker->plan, input);
        log_say(LOG_LEVEL_DEBUG, NULL, 0, "%s", buf_text(&line));
        buf_finish(&line);
    }
    flow_step(worker->flow, input, &worker->actions);
    perform(worker, &worker->actions);
}

void worker_step(struct worker *worker, struct input *input) {
    worker->now_ms = time_now_ms();
    step(worker, input);
}

static void on_assigned(void *owner, uint32_t route, uint32_t epoch, const struct place *place, size_t count) {
    struct input input = {.kind = INPUT_ASSIGNED};
    input.is.group.route = route;
    input.is.group.epoch = epoch;
    input.is.group.place = place;
    input.is.group.count = count;
    worker_step(owner, &input);
}

static void on_revoked(void *owner, uint32_t route, uint32_t epoch, bool lost) {
    struct input input = {.kind = lost ? INPUT_LOST : INPUT_REVOKED};
    input.is.group.route = route;
    input.is.group.epoch = epoch;
    worker_step(owner, &input);
}

static void on_committed(void *owner, uint32_t route, uint32_t epoch, const struct consumer_offset *entry,
                         size_t count) {
    struct committed *all = calloc(count + 1, sizeof *all);
    ENSURE(all != NULL, "no memory for the committed offsets");
    for (size_t i = 0; i < count; i++)
        all[i] = (struct committed){.topic = entry[i].topic,
                                    .partition = entry[i].partition,
                                    .failed = entry[i].failed,
                                    .offset = entry[i].offset,
                                    .metadata = entry[i].metadata};
    struct input input = {.kind = INPUT_COMMITTED};
    input.is.committed.route = route;
    input.is.committed.epoch = epoch;
    input.is.committed.entry = all;
    input.is.committed.count = count;
    worker_step(owner, &input);
    free(all);
}

/* Of a row of events only every so-manieth looks at the clock, which takes 30 ns: they follow one another within
 * microseconds. */
static void on_event(void *owner, struct event *event) {
    struct worker *worker = owner;
    struct input input = {.kind = INPUT_EVENT};
    input.is.event = event;
    if (worker->untimed++ % EVENTS_A_LOOK == 0)
        worker->now_ms = time_now_ms();
    step(worker, &input);
}

static bool is_hungry(void *owner, uint32_t route) {
    const struct worker *worker = owner;
    return flow_is_hungry(worker->flow, route);
}

static bool has_room(void *owner, struct place place) {
    const struct worker *worker = owner;
    return flow_has_room(worker->flow, place);
}

static bool comes_first(void *owner, struct place place) {
    const struct worker *worker = owner;
    return flow_comes_first(worker->flow, place);
}

static void on_wanted(void *owner, struct place place, size_t bytes) {
    struct input input = {.kind = INPUT_WANTED};
    input.is.wanted.place = place;
    input.is.wanted.bytes = bytes;
    worker_step(owner, &input);
}

static void on_partition_error(void *owner, struct place place, enum consumer_end end, const char *why) {
    struct worker *worker = owner;
    const struct route *route = &worker->plan->routes[place.route];
    const struct log_field field[] = {
        {"route", route->name, 0}, {"topic", route->topics[place.topic], 0}, {"partition", SPAN_NONE, place.partition}};
    if (end != CONSUMER_GONE) /* then the core's own sentence says all */
        log_say(LOG_LEVEL_ERROR, field, 3, "the partition cannot be read on: %s", why);
    struct input input = {.kind = INPUT_PARTITION_ERROR};
    input.is.partition.place = place;
    static const enum partition_error errors[] = {[CONSUMER_OUT_OF_RANGE] = PARTITION_OUT_OF_RANGE,
                                                  [CONSUMER_GONE] = PARTITION_GONE,
                                                  [CONSUMER_UNREADABLE] = PARTITION_UNAVAILABLE};
    input.is.partition.error = errors[end];
    worker_step(worker, &input);
}

static void on_topic_gone(void *owner, uint32_t route, uint32_t topic) {
    struct input input = {.kind = INPUT_TOPIC_GONE};
    input.is.topic.route = route;
    input.is.topic.topic = topic;
    worker_step(owner, &input);
}

static void on_commit_result(void *owner, uint32_t route, uint32_t epoch, enum consumer_commit result,
                             const char *why) {
    struct worker *worker = owner;
    static const enum commit_error errors[] = {[CONSUMER_COMMITTED] = COMMIT_DONE,
                                               [CONSUMER_COMMIT_RETRY] = COMMIT_RETRY,
                                               [CONSUMER_COMMIT_FENCED] = COMMIT_FENCED,
                                               [CONSUMER_COMMIT_TOO_LARGE] = COMMIT_TOO_LARGE,
                                               [CONSUMER_COMMIT_FAILED] = COMMIT_FAILED};
    if (result != CONSUMER_COMMITTED) {
        const struct log_field field[] = {{"route", worker->plan->routes[route].name, 0}};
        log_say(LOG_LEVEL_WARNING, field, 1, "commit refused: %s", why);
    }
    struct input input = {.kind = INPUT_COMMIT_RESULT};
    input.is.commit.route = route;
    input.is.commit.epoch = epoch;
    input.is.commit.error = errors[result];
    worker_step(worker, &input);
}

/* Kafka will not have us any more: without a commit, at once (SEMANTICS, "fatal client error"). */
static void on_fatal(void *owner, uint32_t route, const char *why) {
    struct worker *worker = owner;
    const struct log_field field[] = {{"route", worker->plan->routes[route].name, 0}};
    if (worker->finished) { /* the final commit was answered before: that is how it ended */
        log_say(LOG_LEVEL_WARNING, field, 1, "while the group was left: %s", why);
        return;
    }
    log_say(LOG_LEVEL_ERROR, field, 1, "Kafka is unusable: %s; stopping without a commit: nothing is lost, restart",
            why);
    worker->finished = true;
    worker->status = 69;
}

static void on_letter(void *owner, uint64_t id, enum producer_outcome outcome, const char *why) {
    static const enum letter_outcome outcomes[] = {[PRODUCER_ACKNOWLEDGED] = LETTER_ACKNOWLEDGED,
                                                   [PRODUCER_TOO_LARGE] = LETTER_TOO_LARGE,
                                                   [PRODUCER_FAILED] = LETTER_FAILED};
    if (outcome == PRODUCER_FAILED)
        report_letter(owner, why);
    struct input input = {.kind = INPUT_LETTER};
    input.is.letter.id = id;
    input.is.letter.outcome = outcomes[outcome];
    worker_step(owner, &input);
}

/* Measured before the core takes the reply. */
void inputs_reply(void *owner, struct reply *reply) {
    struct worker *worker = owner;
    latency_add(&worker->current->latency, reply->platform, reply->kind == REPLY_ANSWERED ? reply->status : 0,
                reply->duration_ms);
    struct input input = {.kind = INPUT_REPLY};
    input.is.reply = reply;
    worker_step(worker, &input);
}

static void take_platform(struct worker *worker, const struct mailbox_item *item) {
    struct input input = {.kind = INPUT_PLATFORM};
    input.is.platform.platform = item->index;
    input.is.platform.state = item->state;
    input.is.platform.until_ms = item->until_ms;
    worker_step(worker, &input);
}

static void take_table(struct worker *worker, const struct mailbox_item *item) {
    struct input input = {.kind = INPUT_TABLE};
    input.is.table.lookup = item->index;
    input.is.table.table = item->table;
    worker_step(worker, &input);
}

void inputs_post(struct worker *worker) {
    for (struct mailbox_item item = mailbox_take(worker->mailbox); item.kind != MAILBOX_NOTHING;
         item = mailbox_take(worker->mailbox)) {
        if (item.kind == MAILBOX_PLATFORM)
            take_platform(worker, &item);
        else
            take_table(worker, &item);
    }
}

void inputs_heritage(struct worker *worker) {
    for (uint32_t i = 0; i < worker->plan->route_count; i++) {
        struct input input = {.kind = INPUT_REACHED};
        input.is.reached.route = i;
        input.is.reached.entry = worker->heritage[i].list;
        input.is.reached.count = worker->heritage[i].count;
        if (input.is.reached.count > 0)
            worker_step(worker, &input);
        heritage_finish(&worker->heritage[i]);
    }
}

/* Letters for which no producer could be made: refused, so that the core writes them again later. */
void inputs_unwritten(struct worker *worker) {
    size_t count = worker->unwritten_count;
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        on_letter(worker, worker->unwritten[i], PRODUCER_FAILED, worker->unwritten_why.text);
    worker->unwritten_count -= count;
    memmove(worker->unwritten, worker->unwritten + count, worker->unwritten_count * sizeof *worker->unwritten);
}

struct consumer_handler inputs_of_consumers(struct worker *worker) {
    return (struct consumer_handler){.owner = worker,
                                     .assigned = on_assigned,
                                     .revoked = on_revoked,
                                     .committed = on_committed,
                                     .event = on_event,
                                     .hungry = is_hungry,
                                     .room = has_room,
                                     .first = comes_first,
                                     .wanted = on_wanted,
                                     .partition_error = on_partition_error,
                                     .topic_gone = on_topic_gone,
                                     .commit_result = on_commit_result,
                                     .fatal = on_fatal,
                                     .log = {NULL, library_log_say}};
}

struct producer_handler inputs_of_producers(struct worker *worker) {
    return (struct producer_handler){.owner = worker, .report = on_letter, .log = {NULL, library_log_say}};
}
