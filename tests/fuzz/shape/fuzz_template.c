/* Any template over any event, divided by the first NUL: a filled path never leaves its segments, a header its line. */
#include "shape/template.h"
#include "json/reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static size_t count(struct span text, char byte) {
    size_t found = 0;
    for (size_t i = 0; i < text.size; i++)
        found += text.data[i] == byte;
    return found;
}

static void check(enum template_kind kind, struct span text, struct span filled) {
    for (size_t i = 0; kind != TEMPLATE_TEXT && i < filled.size; i++)
        if ((unsigned char)filled.data[i] < 0x20 || filled.data[i] == 0x7f)
            abort();
    if (kind != TEMPLATE_TARGET)
        return;
    if (count(filled, '/') > count(text, '/') || count(filled, '?') > count(text, '?') || count(filled, '#') > 0 ||
        count(filled, ' ') > 0)
        abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    const unsigned char *zero = size > 1 ? memchr(data + 1, 0, size - 1) : NULL;
    if (zero == NULL)
        return 0;
    enum template_kind kind = (enum template_kind)(data[0] % 3);
    struct span text = span_make(data + 1, (size_t)(zero - data) - 1);
    struct error error = {0};
    struct template *template = template_create(kind, text, &error);
    if ((template == NULL) != (error.text[0] != '\0'))
        abort();
    struct arena arena;
    struct json_document document;
    arena_init(&arena, 0);
    if (template != NULL && json_read(&arena, span_make(zero + 1, size - text.size - 2), NULL, &document, NULL)) {
        struct buf out = {0};
        struct template_fault fault;
        if (template_fill(template, &document, &out, &fault) == TEMPLATE_FILLED)
            check(kind, text, buf_span(&out));
        buf_finish(&out);
    }
    arena_finish(&arena);
    template_destroy(template);
    return 0;
}
