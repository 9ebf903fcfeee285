/* One code point after the other out of a span. It trusts the text to be UTF-8 and only never reads past its end. */
#ifndef SLUSS_SCHEMA_FORMAT_UTF8_H
#define SLUSS_SCHEMA_FORMAT_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The code point at `at` (< end), which moves behind it. U+FFFD and one byte for what is no UTF-8. */
static inline uint32_t utf8_take(const char **at, const char *end) {
    const unsigned char *bytes = (const unsigned char *)*at;
    size_t left = (size_t)(end - *at);
    if (bytes[0] < 0x80) {
        *at += 1;
        return bytes[0];
    }
    if (bytes[0] < 0xe0 && bytes[0] >= 0xc2 && left >= 2) {
        *at += 2;
        return (uint32_t)(bytes[0] & 0x1f) << 6 | (bytes[1] & 0x3f);
    }
    if (bytes[0] < 0xf0 && bytes[0] >= 0xe0 && left >= 3) {
        *at += 3;
        return (uint32_t)(bytes[0] & 0x0f) << 12 | (uint32_t)(bytes[1] & 0x3f) << 6 | (bytes[2] & 0x3f);
    }
    if (bytes[0] < 0xf5 && bytes[0] >= 0xf0 && left >= 4) {
        *at += 4;
        return (uint32_t)(bytes[0] & 0x07) << 18 | (uint32_t)(bytes[1] & 0x3f) << 12 |
               (uint32_t)(bytes[2] & 0x3f) << 6 | (bytes[3] & 0x3f);
    }
    *at += 1;
    return 0xfffd;
}

#endif
