/* An event is one Kafka record in Sluss: its place, its bytes and the arena they live in. What has become of it so far
 * is known elsewhere (flow/passage.h). */
#ifndef SLUSS_EVENT_EVENT_H
#define SLUSS_EVENT_EVENT_H

#include "base/arena.h"

#include <stdint.h>

/* Which partition, in which assignment. `route` and `topic` are indexes: into the plan's routes and the route's topics.
 */
struct place {
    uint32_t route;
    uint32_t topic;
    int32_t partition;
    uint32_t epoch; /* raised by the consumer each time its partitions are assigned, from 1; 0 is none */
};

struct header {
    struct span name;
    struct span value; /* data NULL: a header without value */
};

struct event {
    struct place place;
    int64_t offset;
    int64_t timestamp_ms; /* wall clock of the record, -1 unknown */
    struct span key;      /* data NULL: no key */
    struct span value;    /* data NULL: a tombstone */
    size_t omitted;       /* bytes of a value for which there is no memory: it was left out; 0 it was not */
    struct header *headers;
    size_t header_count;
    struct arena arena; /* the event itself, everything above and all that the rooms add */
};

/* Copies everything into a new event; `headers` may be NULL when count is 0. NULL when memory is short. */
struct event *event_create(struct place place, int64_t offset, int64_t timestamp_ms, struct span key, struct span value,
                           const struct header *headers, size_t header_count);

/* The same with its memory from a stock, which may be NULL. */
struct event *event_create_in(struct arena_stock *stock, struct place place, int64_t offset, int64_t timestamp_ms,
                              struct span key, struct span value, const struct header *headers, size_t header_count);

/* Frees the event and its arena. */
void event_destroy(struct event *event);

/* So much of a record is counted as read: its bytes, and what each header takes beside its own. */
static inline size_t event_size(struct span key, struct span value, const struct header *headers, size_t count) {
    enum { A_HEADER = 64 };
    size_t size = key.size + value.size;
    for (size_t i = 0; i < count; i++)
        size += A_HEADER + headers[i].name.size + headers[i].value.size;
    return size;
}

/* The last header of that name (names compare as bytes), or SPAN_NONE. */
struct span event_header(const struct event *event, struct span name);

#endif
