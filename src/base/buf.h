/* A buf is a growing run of bytes that it owns. It is not a string: its bytes need not be text. */
#ifndef SLUSS_BASE_BUF_H
#define SLUSS_BASE_BUF_H

#include "base/span.h"

/* Start with `struct buf buf = {0};`. A failed allocation is remembered in `failed`: add freely, ask once at the end.
 * After a failure the content is whatever fitted before it. */
struct buf {
    char *data;
    size_t size;
    size_t capacity;
    bool failed;
};

void buf_finish(struct buf *buf);

/* Empties it and keeps the memory; clears `failed`. */
void buf_clear(struct buf *buf);

/* Makes room for `more` bytes behind the content. False (and `failed`) when memory is short. */
bool buf_reserve(struct buf *buf, size_t more);

static inline void buf_add(struct buf *buf, struct span bytes) {
    if (bytes.size == 0 || buf->failed || (buf->capacity - buf->size < bytes.size && !buf_reserve(buf, bytes.size)))
        return;
    memcpy(buf->data + buf->size, bytes.data, bytes.size);
    buf->size += bytes.size;
}

static inline void buf_add_byte(struct buf *buf, char byte) {
    if (!buf->failed && (buf->capacity > buf->size || buf_reserve(buf, 1)))
        buf->data[buf->size++] = byte;
}

void buf_add_text(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The content with a NUL behind it (not counted in size), owned by the buf; "" after a failure without content. */
const char *buf_text(struct buf *buf);

static inline struct span buf_span(const struct buf *buf) {
    return (struct span){buf->data != NULL ? buf->data : "", buf->size};
}

#endif
