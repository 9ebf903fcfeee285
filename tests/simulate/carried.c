/* The judge of what a request carries: one event or a batch, its body, its id, and how a batch comes again. It changes
 * nothing but the ledger. */
#include "base/digest.h"
#include "settle/offset_map.h"
#include "world.h"

#include <inttypes.h>

enum { LONG_PATIENCE_MS = 86400000 };

static bool is_sendable(const struct route *route, const struct record *record) {
    switch (record->kind) {
    case GOOD:
    case LARGE:
    case REFUSED:
    case ANSWERED_500:
    case DENSE:
        return true;
    case NO_ROW:
        return route->recipe_count == 0;
    case NO_ID:
        return route->batch.events > 0; /* only its own path needs the id */
    case TOMBSTONE:
    case NOT_JSON:
    case KEY_TWICE:
    case NOT_UTF8:
    case TOO_DEEP:
    case TOO_LARGE:
    case OMITTED:
    case AGAINST_SCHEMA:
    case DENSE_SCHEMA:
    case HUGE:
        break;
    }
    return false;
}

/* How many bytes from the start of `body` are this event, as the route makes it; 0 none. */
static size_t size_in_batch(const struct route *route, const struct record *record, struct span body) {
    static const char *const added[] = {",\"t\":\"one\"", ",\"t\":\"two\""};
    struct span value = span_of(record->value);
    if (route->recipe_count == 0)
        return span_starts_with(body, value) ? value.size : 0;
    size_t at = value.size - 1;
    while (at > 0 && value.data[at - 1] == ' ')
        at--;
    if (!span_starts_with(body, span_make(value.data, at)))
        return 0;
    for (size_t i = 0; i < 2; i++) { /* spliced in before the last brace */
        struct span rest = span_from(body, at);
        if (!span_starts_with(rest, span_of(added[i])))
            continue;
        rest = span_from(rest, strlen(added[i]));
        if (span_starts_with(rest, span_from(value, at)))
            return value.size + strlen(added[i]);
    }
    return 0;
}

static void check_body(struct world *world, const struct member *member, const struct open_request *open,
                       const struct request *request) {
    const struct route *route = &member->setting->route[open->route];
    bool batch = route->batch.events > 0, lines = route->mapping.bundle == BUNDLE_NDJSON;
    struct span rest = request->body;
    if (batch && !lines)
        rest = rest.size > 0 && rest.data[0] == '[' ? span_from(rest, 1) : SPAN_NONE;
    for (uint32_t i = 0; i < open->count; i++) {
        const struct record *record = open->record[i];
        if (!is_sendable(route, record))
            violated(world, "I4", "offset %" PRId64 " must not be delivered", record->offset);
        size_t size = rest.data == NULL ? 0 : size_in_batch(route, record, rest);
        char end = lines ? '\n' : i + 1 < open->count ? ',' : ']';
        if (size == 0 || (batch && (rest.size <= size || rest.data[size] != end)))
            violated(world, "I4", "the body does not hold offset %" PRId64 " in its place", record->offset);
        rest = span_from(rest, size + (batch ? 1 : 0));
    }
    if (rest.size > 0)
        violated(world, "I4", "the body of offset %" PRId64 " holds more than its events", open->record[0]->offset);
    if (batch && open->count > 1 && request->body.size > route->batch.bytes)
        violated(world, "I4", "a batch of %zu bytes", request->body.size);
}

/* A batch's id is made of its events' ids, so that the same events are known again and others are not (I4). */
static void check_batch_id(struct world *world, const struct member *member, struct open_request *open,
                           const struct request *request, struct span id) {
    const struct route *route = &member->setting->route[open->route];
    unsigned char digest[DIGEST_SIZE];
    struct buf ids = {0};
    for (uint32_t i = 0; i < open->count; i++)
        buf_printf(&ids, SPAN_FORMAT "/%d/%" PRId64 "\n", SPAN_ARGUMENT(route->topics[0]),
                   i == 0 ? request->place.partition : request->rest[i - 1].place.partition, open->record[i]->offset);
    if (!digest_sha256(buf_span(&ids), digest))
        abort();
    buf_finish(&ids);
    for (size_t i = 0; i < 2 * DIGEST_SIZE; i++)
        open->batch[i] = "0123456789abcdef"[i % 2 == 0 ? digest[i / 2] >> 4 : digest[i / 2] & 15];
    open->batch[2 * DIGEST_SIZE] = '\0';
    if (!span_equal(id, span_of(open->batch)))
        violated(world, "I4", "the id of the batch from offset %" PRId64 " is not made of its events",
                 open->record[0]->offset);
}

/* What was not refused comes again as it was; what was refused comes in halves. */
static void check_batch(struct world *world, const struct member *member, const struct open_request *open) {
    if (open->count > member->setting->route[open->route].batch.events)
        violated(world, "I4", "a batch of %u events", open->count);
    for (uint32_t i = 0; i < open->count; i++) {
        struct view *view = &open->record[i]->view[member->index];
        if (view->company != 0 && open->count > view->company)
            violated(world, "I11", "offset %" PRId64 " stands in a batch of %u, after one that was refused",
                     open->record[i]->offset, open->count);
        if (view->whole[0] != '\0' && strcmp(view->whole, open->batch) != 0)
            violated(world, "I4", "the batch of offset %" PRId64 " comes again with other events",
                     open->record[i]->offset);
        view->whole[0] = '\0';
    }
}

void check_carried(struct world *world, const struct member *member, struct open_request *open,
                   const struct request *request) {
    struct span id = check_id(world, member, open->route, open->record[0], request);
    check_body(world, member, open, request);
    if (member->setting->route[open->route].batch.events == 0)
        return;
    check_batch_id(world, member, open, request, id);
    check_batch(world, member, open);
}

/* An answer that may be about one event: 408 425 500, and a success whose body is not accepted. */
static bool is_suspicious(enum meaning meaning, const struct task *task) {
    bool success = task->status < 300 || task->status == 409;
    return meaning == FAILS && task->what == REPLY_ANSWERED &&
           (success || task->status == 408 || task->status == 425 || task->status == 500);
}

/* What an answer means for each event that the request carried. */
void note_carried(struct world *world, struct member *member, enum meaning meaning, const struct task *task,
                  const struct open_request *open) {
    const struct route *route = &member->setting->route[open->route];
    bool refused = meaning == REFUSES || meaning == FOR_EVER, many = open->count > 1;
    bool whole = many && !refused && !is_suspicious(meaning, task) && route->retry.patience_ms >= LONG_PATIENCE_MS;
    if (meaning != SAYS_NOTHING)
        hold_doubt(member, open, meaning == IN_DOUBT);
    for (uint32_t i = 0; i < open->count; i++) {
        struct record *record = open->record[i];
        struct view *view = &record->view[member->index];
        view->request = 0;
        view->spared = meaning == SPARED;
        view->renewed = meaning == SPARED && task->what == REPLY_ANSWERED;
        view->refusals += meaning == REFUSES && !many ? 1 : 0;
        view->permanent = view->permanent || (meaning == FOR_EVER && !many);
        view->ambiguous = view->ambiguous || meaning == IN_DOUBT;
        if (refused && many)
            view->company = (open->count + 1) / 2;
        if (whole)
            memcpy(view->whole, open->batch, sizeof view->whole);
        bool failed = meaning != SETTLES && meaning != SPARED && meaning != SAYS_NOTHING && !(refused && many);
        if (failed && !record->failed) {
            record->failed = true; /* its patience goes on with the next owner */
            record->failed_ms = world->now_ms;
        }
        if (failed)
            patience_runs(world, member, open->route, view);
    }
}
