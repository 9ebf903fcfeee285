/* Excerpts of answers. Shows no personal number, no control byte, nothing outside ASCII. */
#include "settle/excerpt.h"

#include "base/text.h"

enum { LONGEST = 1024 };

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

/* The length of the run of digits at `text` that looks like a personal number, with one '-' or '+' before the last
 * four; 0: it does not. */
static size_t personal_number(struct span text) {
    size_t digits = 0, size = 0, tail = 0;
    bool sign = false;
    for (; size < text.size; size++) {
        char byte = text.data[size];
        bool inner = !sign && digits >= 6 && (byte == '-' || byte == '+') && size + 1 < text.size &&
                     is_digit(text.data[size + 1]);
        if (inner)
            sign = true;
        else if (is_digit(byte)) {
            digits++;
            tail += sign ? 1 : 0;
        } else
            break;
    }
    return digits >= 10 || (sign && tail >= 4) ? size : 0;
}

/* Decodes one UTF-8 character beyond ASCII; U+FFFD and one byte where it is none. */
static size_t decode(struct span text, unsigned *code) {
    const unsigned char *byte = (const unsigned char *)text.data;
    size_t size = text_utf8_size(text.data, text.data + text.size);
    *code = 0xfffd;
    if (size < 2)
        return 1;
    *code = byte[0] & (0x7fU >> size);
    for (size_t i = 1; i < size; i++)
        *code = *code << 6 | (byte[i] & 0x3fU);
    return size;
}

static void write_code(struct buf *out, unsigned code) {
    if (code < 0x10000) {
        buf_printf(out, "\\u%04x", code);
        return;
    }
    code -= 0x10000;
    buf_printf(out, "\\u%04x\\u%04x", 0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff));
}

void excerpt_write(struct buf *out, struct span whole) {
    struct span text = {whole.data, whole.size < LONGEST ? whole.size : LONGEST};
    bool inside = false; /* of a run of digits that was looked at and found harmless */
    for (size_t i = 0; i < text.size;) {
        char byte = text.data[i];
        size_t personal = is_digit(byte) && !inside ? personal_number(span_from(whole, i)) : 0; /* also if it is cut */
        for (size_t end = i + personal; i < end && i < text.size; i++)
            buf_add_byte(out, is_digit(text.data[i]) ? 'x' : text.data[i]);
        if (personal > 0)
            continue;
        inside = is_digit(byte);
        if ((unsigned char)byte >= 0x80) {
            unsigned code;
            i += decode(span_from(text, i), &code);
            write_code(out, code);
            continue;
        }
        if (byte == '"' || byte == '\\')
            buf_printf(out, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            write_code(out, (unsigned)byte);
        else
            buf_add_byte(out, byte);
        i++;
    }
}
