/* What records are made of: their values by kind, their keys and headers. Where they stand in a log is not known here.
 */
#include "world.h"

#include <inttypes.h>

enum {
    MOST_POISONED = 2,
    OMITTED_BYTES = 64 << 20,
    KEYS = 5,
    LONG_KEY = 600, /* bytes */
    FEW = 3,
    MANY = 220,   /* headers: with what they are counted as, nearly all that little memory has room to read */
    BROAD = 1500, /* bytes of a large one */
    VALUE_MOST = 12800,
    /* Numbers in a value: decoded, each takes two dozen bytes, in steps that double. */
    SOME_NUMBERS = 500, /* 30 KiB */
    MANY_NUMBERS = 650, /* 60 KiB, or where there is less, 45 */
    MORE_NUMBERS = 900, /* 60 KiB: more than a lifeline has, in such a scene */
    MOST_NUMBERS = 5800 /* 325 KiB: more than there is for one event */
};

static char large[VALUE_MOST], too_large[VALUE_MOST], far_too_large[VALUE_MOST], dense[VALUE_MOST],
    dense_schema[VALUE_MOST], dense_some[VALUE_MOST], dense_many[VALUE_MOST], huge[VALUE_MOST];
static char long_keys[KEYS][LONG_KEY + 1];
static char names[MANY][8], broad[BROAD];
static struct header few[FEW], many[MANY], broad_ones[FEW], ours[FEW * 2];

static const char *const short_keys[KEYS] = {"", "a", "b", "c", "d"};

static void pad(char *out, size_t bytes) {
    int size = snprintf(out, VALUE_MOST, "{\"id\":\"large\",\"s\":\"1\",\"p\":\"");
    memset(out + size, '0', bytes);
    memcpy(out + size + bytes, "\"}", 3);
}

static void list(char *out, const char *beside, uint32_t numbers) {
    int size = snprintf(out, VALUE_MOST, "{\"id\":\"large\",\"s\":\"1\"%s,\"p\":[1", beside);
    for (uint32_t i = 1; i < numbers; i++, size += 2)
        memcpy(out + size, ",1", 2);
    memcpy(out + size, "]}", 3);
}

/* What is too long for a record of its own is the same for all. */
void records_init(void) {
    pad(large, 2048);
    pad(too_large, EVENT_BYTES);
    pad(far_too_large, DENSE_EVENT_BYTES);
    list(dense, "", MORE_NUMBERS);
    list(dense_schema, ",\"n\":1.5", MORE_NUMBERS);
    list(dense_many, ",\"n\":1.5", MANY_NUMBERS);
    list(dense_some, ",\"n\":1.5", SOME_NUMBERS);
    list(huge, "", MOST_NUMBERS);
    for (size_t i = 0; i < KEYS; i++) {
        memset(long_keys[i], 'k', LONG_KEY);
        memcpy(long_keys[i], short_keys[i], strlen(short_keys[i]));
    }
    memset(broad, 'b', sizeof broad);
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(names[i], sizeof names[i], "h%zu", i);
        many[i] = (struct header){span_of(names[i]), SPAN("value")};
    }
    for (size_t i = 0; i < FEW; i++) {
        few[i] = (struct header){span_of(names[i]), i == 1 ? SPAN_NONE : SPAN("value")};
        broad_ones[i] = (struct header){span_of(names[i]), span_make(broad, sizeof broad)};
    }
    ours[0] = (struct header){SPAN("sluss-reason"), SPAN("refused")};
    ours[1] = few[0];
    ours[2] = (struct header){SPAN("sluss-value-omitted"), SPAN("17")};
    ours[3] = (struct header){SPAN("sluss-offset"), SPAN("4711")};
    ours[4] = few[1];
    ours[5] = (struct header){SPAN("sluss-headers-omitted"), SPAN("2")};
}

static enum record_kind draw_kind(const struct world *world) {
    static const struct {
        enum fault fault;
        enum record_kind kind;
    } kinds[] = {{FAULT_LARGE, LARGE},
                 {FAULT_KEY_TWICE, KEY_TWICE},
                 {FAULT_NOT_UTF8, NOT_UTF8},
                 {FAULT_OMITTED, OMITTED},
                 {FAULT_TOO_DEEP, TOO_DEEP},
                 {FAULT_TOO_LARGE, TOO_LARGE},
                 {FAULT_TOMBSTONE, TOMBSTONE},
                 {FAULT_NOT_JSON, NOT_JSON},
                 {FAULT_SCHEMA, AGAINST_SCHEMA},
                 {FAULT_TEMPLATE, NO_ID},
                 {FAULT_ABSENT, NO_ROW},
                 {FAULT_POISON_REFUSED, REFUSED},
                 {FAULT_POISON_500, ANSWERED_500},
                 {FAULT_DENSE, DENSE},
                 {FAULT_DENSE_SCHEMA, DENSE_SCHEMA},
                 {FAULT_HUGE, HUGE}};
    size_t count = sizeof kinds / sizeof *kinds - (world->scene.dense ? 0 : 3);
    for (size_t i = 0; i < count; i++)
        if (strikes(world->choices, kinds[i].fault))
            return kinds[i].kind;
    return GOOD;
}

static void draw_value(const struct world *world, struct record *record) {
    static const char *const values[] = {[GOOD] = "{\"id\":\"%d\",\"n\":1,\"s\":\"1\"}",
                                         [LARGE] = "",
                                         [TOMBSTONE] = "",
                                         [NOT_JSON] = "{\"id\":%d,",
                                         [KEY_TWICE] = "{\"id\":\"%d\",\"id\":\"1\"}",
                                         [NOT_UTF8] = "{\"id\":\"%d\xff\"}",
                                         [TOO_DEEP] = "[[[[[[[[[%d]]]]]]]]]",
                                         [TOO_LARGE] = "",
                                         [OMITTED] = "",
                                         [AGAINST_SCHEMA] = "{\"id\":\"%d\",\"n\":1.5}",
                                         [NO_ID] = "{\"ib\":\"%d\",\"s\":\"1\"}",
                                         [NO_ROW] = "{\"id\":\"%d\",\"s\":\"9\"}",
                                         [REFUSED] = "{ \"id\":\"%d\",\"s\":\"1\" }",
                                         [ANSWERED_500] = "{\"id\":\"%d\",\"s\":\"1\",\"d\":1.10}",
                                         [DENSE] = "",
                                         [DENSE_SCHEMA] = "",
                                         [HUGE] = ""};
    static const char *const schema[] = {dense_schema, dense_some, dense_many};
    const char *const shared[] = {[LARGE] = large,
                                  [TOO_LARGE] = world->scene.dense ? far_too_large : too_large,
                                  [DENSE] = dense,
                                  [DENSE_SCHEMA] = schema[record->offset % 3],
                                  [HUGE] = huge};
    record->value = (size_t)record->kind < sizeof shared / sizeof *shared ? shared[record->kind] : NULL;
    if (record->value != NULL)
        return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(record->small, sizeof record->small, values[record->kind], (int)record->offset);
#pragma GCC diagnostic pop
    record->value = record->small;
}

static void draw_headers(struct world *world, struct record *record, bool headed) {
    struct choices *choices = world->choices;
    /* Else there is no memory to read both, or not on a lifeline. */
    bool room = record->kind != TOO_LARGE && record->kind != HUGE &&
                !(world->scene.apart && world->scene.little_memory && !world->scene.dense);
    if (room && (headed || strikes(choices, FAULT_HEADERS_MANY))) {
        record->headers = many;
        record->header_count = MANY;
    } else if (room && strikes(choices, FAULT_HEADERS_LARGE)) {
        record->headers = broad_ones;
        record->header_count = FEW;
    } else if (strikes(choices, FAULT_HEADERS_OURS)) {
        record->headers = ours;
        record->header_count = sizeof ours / sizeof *ours;
    } else if (strikes(choices, FAULT_HEADERS)) {
        record->headers = few;
        record->header_count = FEW;
    }
}

static enum record_kind kind_in(struct world *world, struct kinship kin, enum record_kind kind) {
    if (kind == ANSWERED_500 && ++world->poisoned > MOST_POISONED)
        kind = GOOD; /* three keys answered 500 for ever are a platform's outage without end */
    if (kind != GOOD)
        return kind;
    if (kin.dense)
        return choose(world->choices, 2) == 1 ? DENSE_SCHEMA : DENSE;
    return kin.large ? LARGE : GOOD;
}

void record_draw(struct world *world, struct record *record, int64_t offset, struct kinship kin) {
    struct choices *choices = world->choices;
    *record = (struct record){.offset = offset, .long_key = kin.long_keys};
    record->at_ms = choose(choices, 2) * choose(choices, 20000);
    record->kind = kind_in(world, kin, draw_kind(world));
    record->key =
        strikes(choices, FAULT_NULL_KEY) ? 0 : 1 + (kin.hot && choose(choices, 8) != 7 ? 0 : choose(choices, 4));
    draw_value(world, record);
    draw_headers(world, record, kin.headed);
}

struct span record_key(const struct record *record) {
    if (record->key == 0)
        return SPAN_NONE;
    return record->long_key ? span_make(long_keys[record->key], LONG_KEY) : span_of(short_keys[record->key]);
}

struct span record_value(const struct record *record) {
    return record->kind == TOMBSTONE || record->kind == OMITTED ? SPAN_NONE : span_of(record->value);
}

size_t record_omitted(const struct record *record) {
    return record->kind == OMITTED ? OMITTED_BYTES : 0;
}

size_t record_size(const struct record *record) {
    return event_size(record_key(record), record_value(record), record->headers, record->header_count);
}

struct event *record_event(const struct record *record, struct place place) {
    struct event *event = event_create(place, record->offset, -1, record_key(record), record_value(record),
                                       record->headers, record->header_count);
    if (event == NULL)
        abort();
    event->omitted = record_omitted(record);
    return event;
}

/* What $.s says; 0: the value cannot be read, or has none. */
char record_query(const struct record *record) {
    switch (record->kind) {
    case GOOD:
    case LARGE:
    case NO_ID:
    case REFUSED:
    case ANSWERED_500:
    case DENSE:
    case DENSE_SCHEMA:
        return '1';
    case NO_ROW:
        return '9';
    case TOMBSTONE:
    case NOT_JSON:
    case KEY_TWICE:
    case NOT_UTF8:
    case TOO_DEEP:
    case TOO_LARGE:
    case OMITTED:
    case AGAINST_SCHEMA:
    case HUGE:
        break;
    }
    return 0;
}
