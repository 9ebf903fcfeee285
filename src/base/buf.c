/* Growing buffers. Doubles its memory; never shrinks. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void buf_finish(struct buf *buf) {
    free(buf->data);
    *buf = (struct buf){0};
}

void buf_clear(struct buf *buf) {
    buf->size = 0;
    buf->failed = false;
}

bool buf_reserve(struct buf *buf, size_t more) {
    if (buf->capacity - buf->size >= more)
        return true;
    if (more > SIZE_MAX / 4 - buf->size) {
        buf->failed = true;
        return false;
    }
    size_t capacity = buf->capacity < 64 ? 64 : buf->capacity;
    while (capacity - buf->size < more)
        capacity *= 2;
    char *data = realloc(buf->data, capacity);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

void buf_add_text(struct buf *buf, const char *text) {
    buf_add(buf, span_of(text));
}

void buf_printf(struct buf *buf, const char *format, ...) {
    va_list arguments, again;
    size_t room = buf->capacity - buf->size;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(room > 0 ? buf->data + buf->size : NULL, room, format, arguments);
    va_end(arguments);
    bool fits = length >= 0 && (size_t)length < room;
    if (length < 0)
        buf->failed = true;
    else if (!buf->failed && (fits || buf_reserve(buf, (size_t)length + 1))) {
        if (!fits)
            (void)vsnprintf(buf->data + buf->size, (size_t)length + 1, format, again);
        buf->size += (size_t)length;
    }
    va_end(again);
}

const char *buf_text(struct buf *buf) {
    if (!buf_reserve(buf, 1))
        return "";
    buf->data[buf->size] = '\0';
    return buf->data;
}
