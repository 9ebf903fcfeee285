/* Writing details. Chooses no words: the stages do. */
#include "event/detail.h"

enum { LONGEST = 256, REPLACEMENT = 0xfffd };

/* The code point at the front of `text` and how many bytes it takes; U+FFFD and 1 where the UTF-8 is broken. */
static uint32_t read_character(struct span text, size_t *size) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)text.data;
    *size = 1;
    if (byte[0] < 0x80)
        return byte[0];
    size_t length = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
    if (byte[0] < 0xc0 || byte[0] > 0xf7 || length > text.size)
        return REPLACEMENT;
    uint32_t code = byte[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return REPLACEMENT;
        code = code << 6 | (byte[i] & 0x3f);
    }
    if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return REPLACEMENT;
    *size = length;
    return code;
}

static void write_escaped(struct buf *out, struct span text) {
    while (text.size > 0) {
        size_t size;
        uint32_t code = read_character(text, &size);
        if (code == '"' || code == '\\')
            buf_printf(out, "\\%c", (char)code);
        else if (code >= 0x20 && code < 0x7f)
            buf_add_byte(out, (char)code);
        else if (code < 0x10000)
            buf_printf(out, "\\u%04x", (unsigned)code);
        else
            buf_printf(out, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (code >> 10)), (unsigned)(0xdc00 + (code & 0x3ff)));
        text = span_from(text, size);
    }
}

void detail_item(struct detail *detail) {
    buf_add_text(&detail->text, detail->list ? "}," : "[");
    detail->list = true;
}

/* An object opens with its first field: at the start, and behind detail_item. */
static void begin_field(struct detail *detail, const char *name) {
    const struct buf *text = &detail->text;
    char last = text->size > 0 ? text->data[text->size - 1] : '[';
    buf_printf(&detail->text, "%c\"%s\":", last == '[' || last == ',' ? '{' : ',', name);
}

void detail_text(struct detail *detail, const char *name, struct span text) {
    begin_field(detail, name);
    buf_add_byte(&detail->text, '"');
    if (text.size > LONGEST) {
        buf_add_text(&detail->text, "...");
        text = span_from(text, text.size - LONGEST);
        while (text.size > 0 && ((unsigned char)text.data[0] & 0xc0) == 0x80)
            text = span_from(text, 1);
    }
    write_escaped(&detail->text, text);
    buf_add_byte(&detail->text, '"');
}

void detail_number(struct detail *detail, const char *name, uint64_t number) {
    begin_field(detail, name);
    buf_printf(&detail->text, "%llu", (unsigned long long)number);
}

struct verdict detail_verdict(struct detail *detail, struct event *event, enum verdict_kind kind, enum reason reason) {
    buf_add_text(&detail->text, detail->list ? "}]" : "}");
    struct span text = detail->text.failed ? SPAN_NONE : arena_copy(&event->arena, buf_span(&detail->text));
    buf_finish(&detail->text);
    if (text.data == NULL)
        return VERDICT(VERDICT_RETRY);
    return (struct verdict){.kind = kind, .reason = reason, .detail = text};
}

struct verdict detail_dead(struct event *event, enum reason reason, const char *what) {
    struct detail detail = {0};
    detail_text(&detail, "what", span_of(what));
    return detail_verdict(&detail, event, VERDICT_DEAD, reason);
}
