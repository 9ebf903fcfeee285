/* Any record of Kafka on its way to a request: its value, key and headers lead out of no path segment, begin no header
 * of their own, and change nothing of a body but what the route says. Fields are divided by a byte 0x1e. */
#include "decode/decoder.h"
#include "shape/bundle.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_HEADERS = 6, OWN_HEADERS = 2 };

static void hold(bool holds) {
    if (!holds)
        abort();
}

static struct template *compile(enum template_kind kind, const char *text) {
    struct error error = {0};
    struct template *made = template_create(kind, span_of(text), &error);
    hold(made != NULL);
    /* cppcheck-suppress CastIntegerToAddressAtReturn ; it takes the struct's name for a keyword of C++ */
    return made;
}

static const struct mapping_spec *route(unsigned which) {
    static const struct span topics[] = {{"t", 1}};
    static struct mapping_header headers[OWN_HEADERS];
    static struct mapping_spec spec = {.method = {"POST", 4}, .headers = headers, .route = {"r", 1}, .topics = topics};
    static struct template *target, *event_id;
    if (target == NULL) {
        target =
            compile(TEMPLATE_TARGET, "/in/{$.data.id ?? \"none\"}/.{$.data.part ?? \"x\"};v=1/end?q={$.id ?? \"q\"}");
        event_id = compile(TEMPLATE_HEADER, "{$.source ?? \"s\"}/{$.data.id ?? \"id\"}");
        headers[0] = (struct mapping_header){SPAN("X-One"), compile(TEMPLATE_HEADER, "{$.data.id ?? \"none\"}")};
        headers[1] = (struct mapping_header){SPAN("X-Other"), compile(TEMPLATE_HEADER, "a {$.data.part ?? \"x\"} b")};
    }
    spec.target = target;
    spec.header_count = OWN_HEADERS;
    spec.body = (enum body_kind)(which % 3);
    spec.event_id = which & 4 ? event_id : NULL;
    spec.bundle = (enum bundle_format)(which >> 3 & 3);
    return &spec;
}

/* As a server reads a path that decodes it first, takes a backslash for a slash, and leaves out what stands behind
 * semicolons: it still begins and ends where the route says. */
static void check_path(struct span path) {
    struct buf plain = {0};
    for (size_t i = 0; i < path.size; i++) {
        char byte = path.data[i];
        if (byte == '%') {
            const char code[] = {path.data[i + 1], path.data[i + 2], '\0'};
            byte = (char)strtol(code, NULL, 16);
            i += 2;
        }
        buf_add_byte(&plain, byte == '\\' ? '/' : byte);
    }
    struct span rest = buf_span(&plain);
    for (int depth = 0; rest.size > 0;) {
        const char *slash = memchr(rest.data + 1, '/', rest.size - 1);
        struct span part = span_make(rest.data + 1, slash != NULL ? (size_t)(slash - rest.data) - 1 : rest.size - 1);
        rest = span_from(rest, part.size + 1);
        const char *semicolon = part.size > 0 ? memchr(part.data, ';', part.size) : NULL;
        if (semicolon != NULL)
            part.size = (size_t)(semicolon - part.data);
        hold(depth != 0 || span_equal(part, SPAN("in")));
        hold(rest.size != 0 || span_equal(part, SPAN("end")));
        hold(!span_equal(part, SPAN("..")) && !span_equal(part, SPAN(".")));
        depth++;
    }
    buf_finish(&plain);
}

static void check_target(struct span target) {
    const char *query = memchr(target.data, '?', target.size);
    hold(query != NULL);
    size_t slashes = 0;
    for (size_t i = 0; i < target.size; i++) {
        hold(target.data[i] > ' ' && target.data[i] < 0x7f && target.data[i] != '#');
        hold(target.data[i] != '?' || target.data + i == query);
        slashes += target.data[i] == '/';
    }
    hold(slashes == 4);
    check_path(span_make(target.data, (size_t)(query - target.data)));
}

static bool is_ours(struct span name) {
    static const char *const names[] = {"Content-Type", "Idempotency-Key", "webhook-id", "traceparent",
                                        "Sluss-Route",  "Sluss-Event",     "X-One",      "X-Other"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_equal(name, span_of(names[i])))
            return true;
    return false;
}

static void check_headers(const struct request *request) {
    for (size_t i = 0; i < request->header_count; i++) {
        const struct header *one = &request->headers[i];
        bool attribute = span_starts_with(one->name, SPAN("ce-")) && one->name.size > 3;
        hold(is_ours(one->name) || attribute);
        for (size_t k = 3; attribute && k < one->name.size; k++)
            hold((one->name.data[k] >= 'a' && one->name.data[k] <= 'z') ||
                 (one->name.data[k] >= '0' && one->name.data[k] <= '9'));
        for (size_t k = 0; k < one->value.size; k++)
            hold((unsigned char)one->value.data[k] >= 0x20 && one->value.data[k] != 0x7f &&
                 (!attribute || (unsigned char)one->value.data[k] < 0x7f));
        for (size_t k = 0; k < i; k++)
            hold(!span_equal_nocase(one->name, request->headers[k].name));
    }
}

/* Two of it in one body: an array of two, two lines. */
static void check_bundle(const struct mapping_spec *spec, const struct request *share, struct arena *arena) {
    const struct request *const shares[] = {share, share};
    struct request whole = {0};
    struct json_document document;
    hold(bundle_make(spec, shares, 2, arena, &whole));
    check_target(whole.target);
    if (spec->bundle == BUNDLE_NDJSON) {
        const char *end = memchr(whole.body.data, '\n', whole.body.size);
        hold(end != NULL &&
             json_read(arena, span_make(whole.body.data, (size_t)(end - whole.body.data)), NULL, &document, NULL));
    } else
        hold(json_read(arena, whole.body, NULL, &document, NULL) && json_node_type(document.node) == NODE_ARRAY &&
             json_next(&document, json_next(&document, document.node + 1)) == document.node + document.count);
}

static struct span next_field(struct span *rest) {
    const char *end = rest->size > 0 ? memchr(rest->data, 0x1e, rest->size) : NULL;
    struct span field = span_make(rest->data, end != NULL ? (size_t)(end - rest->data) : rest->size);
    *rest = span_from(*rest, end != NULL ? field.size + 1 : field.size);
    return field;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    struct decode_spec decoding = {.format = (enum decode_format)(data[0] % 3), .limits = {.size = 1 << 16}};
    const struct mapping_spec *spec = route(data[1]);
    struct header headers[MOST_HEADERS];
    struct span rest = span_make(data + 2, size - 2), value = next_field(&rest);
    size_t count = 0;
    for (; rest.size > 0 && count < MOST_HEADERS; count++) {
        headers[count].name = next_field(&rest);
        headers[count].value = next_field(&rest);
    }
    struct event *event = event_create((struct place){0}, 7, -1, SPAN_NONE, value, headers, count);
    struct message message;
    struct request request = {0};
    hold(event != NULL);
    if (decode(&decoding, event, &message).kind == VERDICT_PASS) {
        struct verdict verdict = mapping_apply(spec, event, &message, &request);
        if (verdict.kind == VERDICT_PASS) {
            check_target(request.target);
            check_headers(&request);
            if (spec->bundle != BUNDLE_NONE)
                check_bundle(spec, &request, &event->arena);
            else
                hold(spec->body != BODY_EVENT || span_equal(request.body, value));
            hold(spec->body != BODY_NONE || spec->bundle != BUNDLE_NONE || request.body.data == NULL);
        }
        for (size_t i = 0; verdict.kind == VERDICT_DEAD && i < verdict.detail.size; i++)
            hold(verdict.detail.data[i] >= 0x20 && verdict.detail.data[i] < 0x7f);
    }
    event_destroy(event);
    return 0;
}
