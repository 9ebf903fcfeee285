/* Actions become calls of the shells, one line each. Decides nothing. */
#include "base/buf.h"
#include "base/bug.h"
#include "daemon/worker_private.h"
#include "flow/trace.h"
#include "ops/log.h"

#include <stdlib.h>

static void begin(struct consumer *consumer, const struct action *action) {
    switch (action->is.begin.kind) {
    case BEGIN_OFFSET:
        if (action->is.begin.from < action->is.begin.offset)
            consumer_begin_back(consumer, action->is.begin.place, action->is.begin.offset, action->is.begin.from);
        else
            consumer_begin_offset(consumer, action->is.begin.place, action->is.begin.offset);
        break;
    case BEGIN_EARLIEST:
        consumer_begin_earliest(consumer, action->is.begin.place);
        break;
    case BEGIN_TIME:
        consumer_begin_time(consumer, action->is.begin.place, action->is.begin.wall_ms);
        break;
    }
}

static void commit(struct consumer *consumer, const struct action *action) {
    size_t count = action->is.commit.count;
    struct consumer_offset *entry = calloc(count + 1, sizeof *entry);
    ENSURE(entry != NULL, "no memory for a commit's list");
    for (size_t i = 0; i < count; i++) {
        const struct commit_entry *from = &action->is.commit.entry[i];
        entry[i] = (struct consumer_offset){
            .topic = from->topic, .partition = from->partition, .offset = from->offset, .metadata = from->metadata};
    }
    consumer_commit(consumer, action->is.commit.epoch, entry, count);
    free(entry);
}

/* Without a producer it is refused, at the loop's next turn: what is performed makes no input. */
static void keep_unwritten(struct worker *worker, uint64_t id) {
    if (worker->unwritten_count == worker->unwritten_capacity) {
        size_t capacity = worker->unwritten_capacity * 2 + 16;
        uint64_t *more = realloc(worker->unwritten, capacity * sizeof *more);
        ENSURE(more != NULL, "no memory for a letter's refusal");
        worker->unwritten = more;
        worker->unwritten_capacity = capacity;
    }
    worker->unwritten[worker->unwritten_count++] = id;
}

static void write_letter(struct worker *worker, const struct letter *letter) {
    struct error error = {0};
    struct producer *producer = worker_producer(worker, &error);
    if (producer != NULL) {
        producer_write(producer, letter->id, letter->topic.data, letter->key, letter->value, letter->headers,
                       letter->header_count);
        return;
    }
    worker->unwritten_why = error;
    keep_unwritten(worker, letter->id);
}

static void tell(const struct worker *worker, const struct action *action) {
    worker->spec.tell(worker->spec.owner, worker->spec.index, action->is.platform.platform, action->is.platform.state,
                      action->is.platform.until_ms);
}

static void trace(const struct plan *plan, const struct action *action) {
    struct buf line = {0};
    trace_action(&line, plan, action);
    log_say(LOG_LEVEL_DEBUG, NULL, 0, "%s", buf_text(&line));
    buf_finish(&line);
}

static void perform_one(struct worker *worker, const struct action *action) {
    switch (action->kind) {
    case ACTION_READ_COMMITTED:
        consumer_read_committed(worker->consumer[action->is.group.route], action->is.group.epoch);
        break;
    case ACTION_BEGIN_PARTITION:
        begin(worker->consumer[action->is.begin.place.route], action);
        break;
    case ACTION_STOP_PARTITION:
        consumer_stop_partition(worker->consumer[action->is.stop.place.route], action->is.stop.place);
        break;
    case ACTION_GRANT_CREDIT:
        consumer_grant(worker->consumer[action->is.credit.place.route], action->is.credit.place,
                       action->is.credit.events, action->is.credit.bytes);
        worker->ready[action->is.credit.place.route] = true;
        break;
    case ACTION_SEND_REQUEST:
        http_client_send(worker->http, action->is.request);
        break;
    case ACTION_ABORT_REQUEST:
        http_client_abort(worker->http, action->is.abort);
        break;
    case ACTION_WRITE_LETTER:
        write_letter(worker, action->is.letter);
        break;
    case ACTION_COMMIT:
        commit(worker->consumer[action->is.commit.route], action);
        break;
    case ACTION_HAND_BACK:
        consumer_hand_back(worker->consumer[action->is.group.route], action->is.group.epoch);
        break;
    case ACTION_REFRESH_TOKEN:
        http_client_refresh(worker->http, action->is.token.platform, action->is.token.number);
        break;
    case ACTION_TELL_WORKERS:
        tell(worker, action);
        break;
    case ACTION_WAKE_AT:
        worker->wake_at_ms = action->is.wake_at_ms;
        break;
    case ACTION_REPORT:
        report(worker, action);
        break;
    case ACTION_STOPPED:
        worker->finished = true;
        worker->status = action->is.stopped;
        break;
    }
}

void perform(struct worker *worker, const struct actions *actions) {
    bool traced = log_would_say(LOG_LEVEL_DEBUG);
    for (size_t i = 0; i < actions->count; i++) {
        if (traced)
            trace(worker->plan, &actions->list[i]);
        perform_one(worker, &actions->list[i]);
    }
}
