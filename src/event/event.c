/* Making events out of a record's bytes. Decodes nothing. */
#include "event/event.h"

static bool copy_headers(struct event *event, const struct header *headers, size_t count) {
    if (count == 0)
        return true;
    event->headers = arena_take_zero(&event->arena, count, sizeof *event->headers);
    if (event->headers == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        event->headers[i].name = arena_copy(&event->arena, headers[i].name);
        event->headers[i].value = arena_copy(&event->arena, headers[i].value);
        if ((event->headers[i].name.data == NULL && headers[i].name.data != NULL) ||
            (event->headers[i].value.data == NULL && headers[i].value.data != NULL))
            return false;
    }
    event->header_count = count;
    return true;
}

struct event *event_create_in(struct arena_stock *stock, struct place place, int64_t offset, int64_t timestamp_ms,
                              struct span key, struct span value, const struct header *headers, size_t header_count) {
    struct arena arena;
    arena_init_from(&arena, 0, stock);
    struct event *event = arena_take_zero(&arena, 1, sizeof *event);
    if (event == NULL)
        return NULL;
    event->arena = arena;
    event->place = place;
    event->offset = offset;
    event->timestamp_ms = timestamp_ms;
    event->key = arena_copy(&event->arena, key);
    event->value = arena_copy(&event->arena, value);
    bool whole = (event->key.data != NULL || key.data == NULL) && (event->value.data != NULL || value.data == NULL);
    if (whole && copy_headers(event, headers, header_count))
        return event;
    event_destroy(event);
    return NULL;
}

struct event *event_create(struct place place, int64_t offset, int64_t timestamp_ms, struct span key, struct span value,
                           const struct header *headers, size_t header_count) {
    return event_create_in(NULL, place, offset, timestamp_ms, key, value, headers, header_count);
}

void event_destroy(struct event *event) {
    if (event == NULL)
        return;
    struct arena arena = event->arena; /* the event lies in it */
    arena_finish(&arena);
}

struct span event_header(const struct event *event, struct span name) {
    for (size_t i = event->header_count; i-- > 0;)
        if (span_equal(event->headers[i].name, name))
            return event->headers[i].value;
    return SPAN_NONE;
}
