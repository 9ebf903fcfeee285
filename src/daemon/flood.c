/* A short list of keys, looked through from its start: news comes in few kinds at a time. Knows no words. */
#include "daemon/flood.h"

#include <stdlib.h>

enum { MOST_KEYS = 256 };

struct stream {
    struct flood_key key;
    int64_t began_ms;
    uint64_t lines; /* of this period, said or not */
};

struct flood {
    struct stream stream[MOST_KEYS];
    unsigned count;
    int64_t due_ms; /* no period ends before it */
};

struct flood *flood_create(void) {
    return calloc(1, sizeof(struct flood));
}

void flood_destroy(struct flood *flood) {
    free(flood);
}

static bool is_same(struct flood_key one, struct flood_key other) {
    return one.kind == other.kind && one.route == other.route && one.what == other.what;
}

static bool is_over(const struct stream *stream, int64_t now_ms) {
    return now_ms - stream->began_ms >= FLOOD_PERIOD_MS;
}

static void remove_stream(struct flood *flood, unsigned index) {
    flood->stream[index] = flood->stream[--flood->count];
}

/* What ended and left nothing out is forgotten; what left something out waits for flood_next. */
static void forget(struct flood *flood, int64_t now_ms) {
    for (unsigned i = flood->count; i-- > 0;)
        if (is_over(&flood->stream[i], now_ms) && flood->stream[i].lines <= FLOOD_LINES)
            remove_stream(flood, i);
}

static struct stream *find(struct flood *flood, struct flood_key key, int64_t now_ms) {
    for (unsigned i = 0; i < flood->count; i++)
        if (is_same(flood->stream[i].key, key))
            return &flood->stream[i];
    if (flood->count == MOST_KEYS)
        forget(flood, now_ms);
    if (flood->count == MOST_KEYS)
        return NULL;
    if (flood->count == 0 || now_ms + FLOOD_PERIOD_MS < flood->due_ms)
        flood->due_ms = now_ms + FLOOD_PERIOD_MS;
    struct stream *stream = &flood->stream[flood->count++];
    *stream = (struct stream){.key = key, .began_ms = now_ms};
    return stream;
}

enum flood_answer flood_ask(struct flood *flood, struct flood_key key, int64_t now_ms) {
    struct stream *stream = find(flood, key, now_ms);
    if (stream == NULL)
        return FLOOD_SAY;
    if (is_over(stream, now_ms) && stream->lines <= FLOOD_LINES)
        *stream = (struct stream){.key = key, .began_ms = now_ms};
    stream->lines++;
    return stream->lines < FLOOD_LINES ? FLOOD_SAY : stream->lines == FLOOD_LINES ? FLOOD_SAY_LAST : FLOOD_LEAVE_OUT;
}

bool flood_next(struct flood *flood, int64_t now_ms, bool ended, struct flood_key *key, uint64_t *count,
                int64_t *within_ms) {
    if (flood->count == 0 || (!ended && now_ms < flood->due_ms))
        return false;
    for (unsigned i = 0; i < flood->count; i++) {
        const struct stream *stream = &flood->stream[i];
        if (stream->lines <= FLOOD_LINES || !(ended || is_over(stream, now_ms)))
            continue;
        *key = stream->key;
        *count = stream->lines - FLOOD_LINES;
        *within_ms = now_ms - stream->began_ms;
        remove_stream(flood, i);
        return true;
    }
    forget(flood, now_ms);
    flood->due_ms = now_ms + FLOOD_PERIOD_MS;
    for (unsigned i = 0; i < flood->count; i++)
        if (flood->stream[i].began_ms + FLOOD_PERIOD_MS < flood->due_ms)
            flood->due_ms = flood->stream[i].began_ms + FLOOD_PERIOD_MS;
    return false;
}
