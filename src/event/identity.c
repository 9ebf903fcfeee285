/* Deriving ids by SHA-256. Knows no platform and no option. */
#include "event/identity.h"

#include "base/digest.h"

enum { WEBHOOK_ID_SIZE = 27, TRACE_ID = 3, PARENT_ID = 36, FLAGS = 53, TRACEPARENT_SIZE = 55 };
enum { MOST_NUMBERS = 32 }; /* bytes of "/PARTITION/OFFSET" */

/* Writes "/NUMBER" so that it ends before `end`. */
static char *write_number(char *end, uint64_t number) {
    do
        *--end = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    *--end = '/';
    return end;
}

/* By hand: it is made for every event, and printf takes ten times as long. From its end on, as digits come. */
struct span identity_default(struct arena *arena, struct span topic, int32_t partition, int64_t offset) {
    char *text = arena_take(arena, topic.size + MOST_NUMBERS);
    if (text == NULL)
        return SPAN_NONE;
    char *end = text + topic.size + MOST_NUMBERS;
    char *start = write_number(write_number(end, (uint64_t)offset), (uint32_t)partition) - topic.size;
    memcpy(start, topic.data, topic.size);
    return span_make(start, (size_t)(end - start));
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

static char *write_hex(char *out, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        *out++ = "0123456789abcdef"[bytes[i] >> 4];
        *out++ = "0123456789abcdef"[bytes[i] & 15];
    }
    return out;
}

static void begin_trace(char *out, const unsigned char digest[DIGEST_SIZE]) {
    memcpy(out, "00-", 3);
    out = write_hex(out + 3, digest, 16);
    *out++ = '-';
    out = write_hex(out, digest + 16, 8);
    memcpy(out, "-00", 3);
}

/* The first digits of base64url: 27 of them say 162 bits. */
static void write_webhook_id(char *out, const unsigned char digest[DIGEST_SIZE]) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < WEBHOOK_ID_SIZE; i += 4) { /* three bytes are four digits; of the last four, three */
        unsigned three = (unsigned)(digest[0] << 16 | digest[1] << 8 | digest[2]);
        digest += 3;
        out[i] = digits[three >> 18];
        out[i + 1] = digits[three >> 12 & 63];
        out[i + 2] = digits[three >> 6 & 63];
        if (i + 3 < WEBHOOK_ID_SIZE)
            out[i + 3] = digits[three & 63];
    }
}

bool identity_derive(struct arena *arena, struct span event_id, struct span traceparent, struct identity *identity) {
    unsigned char digest[DIGEST_SIZE];
    char *text = arena_take(arena, WEBHOOK_ID_SIZE + TRACEPARENT_SIZE);
    if (text == NULL || !digest_sha256(event_id, digest))
        return false;
    write_webhook_id(text, digest);
    identity->webhook_id = (struct span){text, WEBHOOK_ID_SIZE};
    text += WEBHOOK_ID_SIZE;
    if (is_traceparent(traceparent)) {
        memcpy(text, traceparent.data, TRACEPARENT_SIZE);
        memcpy(text, "00", 2);
    } else
        begin_trace(text, digest);
    identity->traceparent = (struct span){text, TRACEPARENT_SIZE};
    return true;
}
