/* Joining texts and ids. Reads no JSON. */
#include "shape/bundle.h"

#include "base/digest.h"
#include "event/identity.h"

#include <inttypes.h>

enum { FIXED_HEADERS = 7, OWN_FROM = 1 /* the share's headers behind its id */ };

bool bundle_alike(const struct request *one, const struct request *other) {
    if (!span_equal(one->target, other->target) || one->header_count != other->header_count)
        return false;
    for (size_t i = OWN_FROM; i < one->header_count; i++)
        if (!span_equal(one->headers[i].value, other->headers[i].value))
            return false;
    return true;
}

size_t bundle_size(enum bundle_format format, struct span text) {
    if (text.data != NULL)
        return text.size + 1; /* and what stands behind it */
    return format == BUNDLE_NDJSON ? 0 : 1;
}

static void make_line(char *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (text[i] == '\n' || text[i] == '\r')
            text[i] = ' ';
}

static struct span join(enum bundle_format format, const struct request *const *shares, size_t count,
                        struct arena *arena) {
    size_t size = bundle_size(format, SPAN_NONE);
    for (size_t i = 0; i < count; i++)
        size += bundle_size(format, shares[i]->body);
    char *text = arena_take(arena, size), *end = text;
    if (text == NULL)
        return SPAN_NONE;
    if (format != BUNDLE_NDJSON)
        *end++ = '[';
    for (size_t i = 0; i < count; i++) {
        struct span body = shares[i]->body;
        memcpy(end, body.data, body.size);
        if (format == BUNDLE_NDJSON)
            make_line(end, body.size);
        end += body.size;
        *end++ = format == BUNDLE_NDJSON ? '\n' : i + 1 < count ? ',' : ']';
    }
    return span_make(text, size);
}

static struct span make_id(const struct request *const *shares, size_t count, struct arena *arena) {
    unsigned char digest[DIGEST_SIZE];
    struct buf ids = {0};
    for (size_t i = 0; i < count; i++) {
        buf_add(&ids, shares[i]->headers[0].value);
        buf_add_byte(&ids, '\n');
    }
    char *text = arena_take(arena, 2 * DIGEST_SIZE);
    bool made = text != NULL && !ids.failed && digest_sha256(buf_span(&ids), digest);
    buf_finish(&ids);
    if (!made)
        return SPAN_NONE;
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    return span_make(text, 2 * DIGEST_SIZE);
}

static struct span content_type(const struct mapping_spec *spec) {
    if (spec->content_type.data != NULL)
        return spec->content_type;
    switch (spec->bundle) {
    case BUNDLE_NDJSON:
        return SPAN("application/x-ndjson");
    case BUNDLE_CLOUDEVENTS:
        return SPAN("application/cloudevents-batch+json");
    case BUNDLE_NONE:
    case BUNDLE_JSON_ARRAY:
        break;
    }
    return SPAN("application/json");
}

/* The headers of CONTRACT 5, for all of its events. */
static bool make_headers(const struct mapping_spec *spec, const struct request *const *shares, size_t count,
                         struct arena *arena, struct request *request) {
    const struct request *first = shares[0];
    struct header *headers = arena_take(arena, (FIXED_HEADERS + first->header_count) * sizeof *headers);
    struct span id = make_id(shares, count, arena), number = arena_printf(arena, "%zu", count);
    struct span place =
        identity_default(arena, spec->topics[first->place.topic], first->place.partition, first->offset);
    struct identity identity;
    if (headers == NULL || id.data == NULL || number.data == NULL || place.data == NULL ||
        !identity_derive(arena, id, SPAN_NONE, &identity))
        return false;
    const struct header fixed[FIXED_HEADERS] = {{SPAN("Content-Type"), content_type(spec)},
                                                {SPAN("Idempotency-Key"), id},
                                                {SPAN("webhook-id"), identity.webhook_id},
                                                {SPAN("traceparent"), identity.traceparent},
                                                {SPAN("Sluss-Route"), spec->route},
                                                {SPAN("Sluss-Event"), place},
                                                {SPAN("Sluss-Events"), number}};
    memcpy(headers, fixed, sizeof fixed);
    size_t own = first->header_count - OWN_FROM;
    if (own > 0)
        memcpy(headers + FIXED_HEADERS, first->headers + OWN_FROM, own * sizeof *headers);
    bool copied = true;
    for (size_t i = FIXED_HEADERS; i < FIXED_HEADERS + own; i++) {
        headers[i].value = arena_copy(arena, headers[i].value);
        copied = copied && headers[i].value.data != NULL;
    }
    request->headers = headers;
    request->header_count = FIXED_HEADERS + own;
    return copied;
}

bool bundle_make(const struct mapping_spec *spec, const struct request *const *shares, size_t count,
                 struct arena *arena, struct request *request) {
    struct request_event *rest = arena_take(arena, count * sizeof *rest);
    *request = *shares[0];
    request->target = arena_copy(arena, shares[0]->target);
    request->body = join(spec->bundle, shares, count, arena);
    if (rest == NULL || request->target.data == NULL || request->body.data == NULL ||
        !make_headers(spec, shares, count, arena, request))
        return false;
    for (size_t i = 1; i < count; i++)
        rest[i - 1] = (struct request_event){shares[i]->place, shares[i]->offset};
    request->rest = rest;
    request->rest_count = (uint32_t)(count - 1);
    return true;
}
