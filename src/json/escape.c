/* The escapes of RFC 8259 section 7. A surrogate without its other half is refused: it is no character. */
#include "json/escape_private.h"

#include <stdint.h>

static int hex_digit(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    char letter = (char)(digit | 0x20);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* The number of an escape such as \u00e5 at `at`, or -1. */
static int32_t read_unit(const char *at, const char *end) {
    int32_t unit = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static char *write_utf8(char *out, int32_t character) {
    if (character < 0x80) {
        *out++ = (char)character;
        return out;
    }
    if (character < 0x800) {
        *out++ = (char)(0xc0 | character >> 6);
    } else {
        if (character < 0x10000) {
            *out++ = (char)(0xe0 | character >> 12);
        } else {
            *out++ = (char)(0xf0 | character >> 18);
            *out++ = (char)(0x80 | (character >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (character >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (character & 0x3f));
    return out;
}

const char *json_escape_decode(const char *at, const char *end, char quote, char **out, const char **sentence) {
    static const char plain[256] = {
        ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};
    char letter = at[1] == quote ? quote : plain[(unsigned char)at[1]];
    if (letter != '\0') {
        *(*out)++ = letter;
        return at + 2;
    }
    int32_t character = read_unit(at, end);
    if (character < 0) {
        *sentence = "invalid escape in a string";
        return NULL;
    }
    at += 6;
    if (character >= 0xd800 && character <= 0xdfff) {
        int32_t low = character < 0xdc00 ? read_unit(at, end) : -1;
        if (low < 0xdc00 || low > 0xdfff) {
            *sentence = "half a surrogate pair in a string";
            return NULL;
        }
        character = 0x10000 + ((character - 0xd800) << 10 | (low - 0xdc00));
        at += 6;
    }
    *out = write_utf8(*out, character);
    return at;
}
