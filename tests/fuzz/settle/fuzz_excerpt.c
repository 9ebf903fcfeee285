/* Any answer of a platform: its excerpt is the content of a JSON string in ASCII, and shows no digit of what looks like
 * a personal number, also where that is cut off. */
#include "settle/excerpt.h"
#include "json/reader.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LOOKED_AT = 1024 };

static void hold(bool holds) {
    if (!holds)
        abort();
}

static bool is_digit(unsigned char byte) {
    return byte >= '0' && byte <= '9';
}

/* Whether the digit at `at` stands among ten or more, or behind or before the sign of NNNNNN-NNNN. */
static bool is_personal(const uint8_t *data, size_t size, size_t at) {
    size_t begin = at, end = at;
    while (begin > 0 && is_digit(data[begin - 1]))
        begin--;
    while (end < size && is_digit(data[end]))
        end++;
    if (end - begin >= 10)
        return true;
    size_t tail = end;
    if (end < size && (data[end] == '-' || data[end] == '+') && end - begin >= 6)
        while (tail + 1 < size && is_digit(data[tail + 1]))
            tail++;
    return tail - end >= 4;
}

/* Goes through the answer and what is shown of it, character by character. */
static void check(const uint8_t *data, size_t size, struct span shown) {
    size_t at = 0;
    for (size_t i = 0; i < shown.size && at < size;) {
        unsigned char byte = (unsigned char)shown.data[i];
        size_t length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
        hold(!is_digit(data[at]) || byte == data[at] || byte == 'x');
        hold(!is_digit(data[at]) || byte == 'x' || !is_personal(data, size, at));
        bool replaced = length == 3 && memcmp(shown.data + i, "\xef\xbf\xbd", 3) == 0 &&
                        (size - at < 3 || memcmp(data + at, "\xef\xbf\xbd", 3) != 0 || at + 3 > LOOKED_AT);
        at += replaced ? 1 : length;
        i += length;
    }
    hold(at == (size < LOOKED_AT ? size : LOOKED_AT));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buf out = {0};
    struct arena arena;
    struct json_document document;
    arena_init(&arena, 0);
    buf_add_byte(&out, '"');
    excerpt_write(&out, span_make(data, size));
    buf_add_byte(&out, '"');
    for (size_t i = 0; i < out.size; i++)
        hold(out.data[i] >= 0x20 && out.data[i] < 0x7f);
    hold(json_read(&arena, buf_span(&out), NULL, &document, NULL));
    check(data, size, json_text(&document, document.node));
    arena_finish(&arena);
    buf_finish(&out);
    return 0;
}
