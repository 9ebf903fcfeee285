/* Making dead letters. Decides nothing: the verdict comes along. */
#include "settle/dead_letter.h"

#include "base/clock.h"
#include "settle/excerpt.h"

#include <inttypes.h>

enum { OWN_HEADERS = 15 };

/* The names that CONTRACT 6 gives away: what an event brings of them is replaced. */
static bool is_own(struct span name) {
    static const char *const names[] = {
        "sluss-reason",       "sluss-stage",      "sluss-detail",      "sluss-value-omitted",  "sluss-route",
        "sluss-topic",        "sluss-partition",  "sluss-offset",      "sluss-timestamp",      "sluss-attempts",
        "sluss-first-failed", "sluss-generation", "sluss-key-omitted", "sluss-headers-omitted"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_equal(name, span_of(names[i])))
            return true;
    return false;
}

static size_t count_foreign(const struct event *event) {
    size_t count = 0;
    for (size_t i = 0; i < event->header_count; i++)
        count += is_own(event->headers[i].name) ? 0 : 1;
    return count;
}

struct maker {
    struct arena *arena;
    struct header *header;
    size_t count;
    bool failed;
};

static void add(struct maker *maker, const char *name, struct span value) {
    maker->failed = maker->failed || value.data == NULL;
    maker->header[maker->count++] = (struct header){span_of(name), value};
}

static void add_number(struct maker *maker, const char *name, int64_t number) {
    add(maker, name, arena_printf(maker->arena, "%" PRId64, number));
}

static void add_date(struct maker *maker, const char *name, int64_t wall_ms) {
    struct buf text = {0};
    clock_write_date(&text, wall_ms);
    add(maker, name, text.failed ? SPAN_NONE : arena_copy(maker->arena, buf_span(&text)));
    buf_finish(&text);
}

static void add_own(struct maker *maker, const struct event *event, const struct dead_letter_facts *facts) {
    add(maker, "sluss-reason", span_of(reason_name(facts->verdict.reason)));
    add(maker, "sluss-stage", span_of(stage_name(facts->stage)));
    if (facts->verdict.detail.data != NULL)
        add(maker, "sluss-detail", facts->verdict.detail);
    if ((facts->omits >= OMITS_VALUE && event->value.data != NULL) || event->omitted > 0)
        add_number(maker, "sluss-value-omitted", (int64_t)(event->value.size + event->omitted));
    if (facts->omits >= OMITS_HEADERS && count_foreign(event) > 0)
        add_number(maker, "sluss-headers-omitted", (int64_t)count_foreign(event));
    if (facts->omits >= OMITS_KEY)
        add_number(maker, "sluss-key-omitted", (int64_t)event->key.size);
    add(maker, "sluss-route", facts->route);
    add(maker, "sluss-topic", facts->topic);
    add_number(maker, "sluss-partition", event->place.partition);
    add_number(maker, "sluss-offset", event->offset);
    if (event->timestamp_ms >= 0)
        add_date(maker, "sluss-timestamp", event->timestamp_ms);
    add_number(maker, "sluss-attempts", facts->attempts);
    if (facts->first_failed_wall_ms >= 0)
        add_date(maker, "sluss-first-failed", facts->first_failed_wall_ms);
    add_number(maker, "sluss-generation", (int64_t)facts->generation);
}

bool dead_letter_make(struct letter *letter, struct event *event, const struct dead_letter_facts *facts) {
    struct maker maker = {.arena = &event->arena};
    maker.header = arena_take_zero(&event->arena, event->header_count + OWN_HEADERS, sizeof *maker.header);
    if (maker.header == NULL)
        return false;
    for (size_t i = 0; i < event->header_count && facts->omits < OMITS_HEADERS; i++)
        if (!is_own(event->headers[i].name))
            maker.header[maker.count++] = event->headers[i];
    add_own(&maker, event, facts);
    letter->place = event->place;
    letter->offset = event->offset;
    letter->key = facts->omits >= OMITS_KEY ? SPAN_NONE : event->key;
    letter->value = facts->omits >= OMITS_VALUE ? SPAN_NONE : event->value;
    letter->headers = maker.header;
    letter->header_count = maker.count;
    return !maker.failed;
}

enum letter_omits dead_letter_smaller(const struct event *event, enum letter_omits omits) {
    if (omits < OMITS_VALUE && event->value.data != NULL)
        return OMITS_VALUE;
    if (omits < OMITS_HEADERS && count_foreign(event) > 0)
        return OMITS_HEADERS;
    return event->key.size > 0 ? OMITS_KEY : omits;
}

struct span dead_letter_detail(struct arena *arena, const struct reply *reply, const char *why) {
    struct buf text = {0};
    if (reply->kind == REPLY_ANSWERED) {
        buf_printf(&text, "{\"status\":%d", reply->status);
        if (why != NULL)
            buf_printf(&text, ",\"why\":\"%s\"", why);
        if (reply->body.size > 0) {
            buf_add_text(&text, ",\"answer\":\"");
            excerpt_write(&text, reply->body);
            buf_add_text(&text, "\"");
        }
        buf_add_text(&text, "}");
    } else
        buf_printf(&text, "{\"fault\":\"%s\"}", reply_fault_name(reply->fault));
    struct span detail = text.failed ? SPAN_NONE : arena_copy(arena, buf_span(&text));
    buf_finish(&text);
    return detail;
}

struct span dead_letter_follows(struct arena *arena, struct span topic, struct place place, int64_t first) {
    return arena_printf(arena, "{\"follows\":\"" SPAN_FORMAT "/%" PRId32 "/%" PRId64 "\"}", SPAN_ARGUMENT(topic),
                        place.partition, first);
}
