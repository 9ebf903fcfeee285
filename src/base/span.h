/* A span is a borrowed run of bytes: a pointer and a length, not necessarily ended by a NUL. It never owns its bytes.
 */
#ifndef SLUSS_BASE_SPAN_H
#define SLUSS_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* data == NULL means "no value", which differs from an empty value (data != NULL, size == 0). */
struct span {
    const char *data;
    size_t size;
};

#define SPAN(literal)      ((struct span){"" literal, sizeof(literal) - 1})
#define SPAN_NONE          ((struct span){NULL, 0})
#define SPAN_FORMAT        "%.*s"
#define SPAN_ARGUMENT(one) (int)(one).size, ((one).data != NULL ? (one).data : "")

static inline struct span span_of(const char *text) {
    return (struct span){text, text != NULL ? strlen(text) : 0};
}

static inline struct span span_make(const void *data, size_t size) {
    return (struct span){data, size};
}

static inline bool span_equal(struct span one, struct span other) {
    return one.size == other.size && (one.size == 0 || memcmp(one.data, other.data, one.size) == 0);
}

static inline bool span_starts_with(struct span text, struct span prefix) {
    return text.size >= prefix.size && (prefix.size == 0 || memcmp(text.data, prefix.data, prefix.size) == 0);
}

static inline bool span_ends_with(struct span text, struct span suffix) {
    return text.size >= suffix.size &&
           (suffix.size == 0 || memcmp(text.data + text.size - suffix.size, suffix.data, suffix.size) == 0);
}

/* The rest of `text` after its first `count` bytes; empty where it is shorter. */
static inline struct span span_from(struct span text, size_t count) {
    if (count > text.size)
        count = text.size;
    return text.data == NULL ? text : (struct span){text.data + count, text.size - count};
}

/* Equal without regard to the case of ASCII letters (header names). */
bool span_equal_nocase(struct span one, struct span other);

/* `text` without ASCII white space at both ends. */
struct span span_trim(struct span text);

/* Orders by bytes, then by length: <0, 0, >0. */
int span_compare(struct span one, struct span other);

#endif
