/* Deriving ids by SHA-256. Knows no platform and no option. */
#include "event/identity.h"

#include "base/digest.h"
#include "base/table.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>

enum { WEBHOOK_ID_SIZE = 27, TRACE_ID = 3, PARENT_ID = 36, FLAGS = 53, TRACEPARENT_SIZE = 55 };

struct span identity_default(struct arena *arena, struct span topic, int32_t partition, int64_t offset) {
    return arena_printf(arena, SPAN_FORMAT "/%" PRId32 "/%" PRId64, SPAN_ARGUMENT(topic), partition, offset);
}

struct span identity_webhook_id(struct arena *arena, struct span event_id) {
    unsigned char digest[DIGEST_SIZE];
    if (!digest_sha256(event_id, digest))
        return SPAN_NONE;
    struct buf text = {0};
    text_write_base64url(&text, span_make(digest, sizeof digest));
    struct span id = text.failed ? SPAN_NONE : arena_copy(arena, span_make(text.data, WEBHOOK_ID_SIZE));
    buf_finish(&text);
    return id;
}

/* Lower-case hex digits, as the standard wants them. */
static bool is_hex(struct span text) {
    for (size_t i = 0; i < text.size; i++) {
        char digit = text.data[i];
        if (!((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f')))
            return false;
    }
    return true;
}

static bool is_zero(struct span text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != '0')
            return false;
    return true;
}

/* version "-" trace-id "-" parent-id "-" trace-flags; a later version may have more behind another dash. */
static bool is_traceparent(struct span text) {
    if (text.data == NULL || text.size < TRACEPARENT_SIZE)
        return false;
    struct span version = {text.data, 2};
    struct span trace = {text.data + TRACE_ID, 32};
    struct span parent = {text.data + PARENT_ID, 16};
    struct span flags = {text.data + FLAGS, 2};
    if (text.data[TRACE_ID - 1] != '-' || text.data[PARENT_ID - 1] != '-' || text.data[FLAGS - 1] != '-')
        return false;
    if (!is_hex(version) || !is_hex(trace) || !is_hex(parent) || !is_hex(flags) || is_zero(trace) || is_zero(parent))
        return false;
    if (span_equal(version, SPAN("ff")))
        return false;
    return text.size == TRACEPARENT_SIZE || (!span_equal(version, SPAN("00")) && text.data[TRACEPARENT_SIZE] == '-');
}

struct span identity_traceparent(struct arena *arena, struct span received, struct span event_id) {
    if (is_traceparent(received))
        return arena_printf(arena, "00%.*s", TRACEPARENT_SIZE - 2, received.data + 2);
    unsigned char digest[DIGEST_SIZE];
    if (!digest_sha256(event_id, digest))
        return SPAN_NONE;
    char hex[48 + 1];
    for (size_t i = 0; i < 24; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return arena_printf(arena, "00-%.32s-%.16s-00", hex, hex + 32);
}

void identity_key_token(struct span key, uint64_t seed, char token[IDENTITY_TOKEN_SIZE + 1]) {
    if (key.data == NULL)
        (void)snprintf(token, IDENTITY_TOKEN_SIZE + 1, "-");
    else
        (void)snprintf(token, IDENTITY_TOKEN_SIZE + 1, "%012" PRIx64, hash_bytes(key, seed) >> 16);
}
