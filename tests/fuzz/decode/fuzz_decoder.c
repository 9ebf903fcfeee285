/* Any value and ce_ header in every format: what passes in binary mode is exactly the value, as one member. */
#include "decode/decoder.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void hold(bool holds) {
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    if (size < 2)
        return 0;
    size_t name_size = data[1] % 32;
    if (size < 2 + 2 * name_size)
        return 0;
    struct header headers[] = {
        {SPAN("ce_specversion"), SPAN("1.0")},
        {SPAN("ce_id"), SPAN("1")},
        {SPAN("ce_source"), SPAN("s")},
        {SPAN("ce_type"), SPAN("t")},
        {span_make(data + 2, name_size), span_make(data + 2 + name_size, name_size)},
    };
    struct span value = span_make(data + 2 + 2 * name_size, size - 2 - 2 * name_size);
    struct decode_spec spec = {.format = (enum decode_format)(data[0] % 3), .limits = {.size = 1 << 16, .depth = 8}};
    struct event *event =
        event_create((struct place){0}, 0, -1, SPAN_NONE, value, headers + data[0] % 5, 5 - data[0] % 5);
    hold(event != NULL);
    struct message message;
    struct verdict verdict = decode(&spec, event, &message);
    if (verdict.kind == VERDICT_PASS && message.data_start != 0) {
        struct json_document own;
        struct span source = message.document.source;
        hold(span_equal(span_make(source.data + message.data_start, source.size - message.data_start - 1), value));
        hold(json_read(&event->arena, event->value, &spec.limits, &own, NULL));
        hold(json_member(&message.document, message.document.node, SPAN("data"))->after == message.document.count);
    }
    for (size_t i = 0; verdict.kind == VERDICT_DEAD && i < verdict.detail.size; i++)
        hold(verdict.detail.data[i] >= 0x20 && verdict.detail.data[i] < 0x7f);
    event_destroy(event);
    return 0;
}
