/* Strings that are not plain ASCII: what the loop over the text leaves to a call. Escapes are decoded into the side
 * text.
 */
#include "json/escape_private.h"
#include "json/reader_private.h"

#include "base/text.h"
#include "json/word.h"

static bool grow_side(struct reader *reader, const char *at, size_t more) {
    size_t most = reader->limits.memory - reader->capacity * sizeof *reader->node;
    if (most > UINT32_MAX)
        most = UINT32_MAX;
    size_t needed = reader->side_size + more;
    size_t capacity = needed < 256 ? 256 : 2 * needed;
    if (capacity > most)
        capacity = most;
    if (needed > capacity)
        return reader_refuse_limit(reader, at) != NULL;
    char *side = arena_resize(reader->arena, reader->side, reader->side_capacity, capacity);
    if (side == NULL)
        return reader_refuse_memory(reader, at) != NULL;
    reader->side = side;
    reader->side_capacity = capacity;
    return true;
}

/* Decodes the text of a string with escapes into the side text; a decoded text is never longer than its source. */
static bool decode(struct reader *reader, struct json_node *string, const char *at, const char *end, bool key) {
    size_t room = sizeof(uint32_t) + (size_t)(end - at);
    if (reader->side_capacity - reader->side_size < room && !grow_side(reader, at, room))
        return false;
    char *start = reader->side + reader->side_size + sizeof(uint32_t);
    char *out = start;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t run = (size_t)((escape != NULL ? escape : end) - at);
        memcpy(out, at, run);
        out += run;
        at += run;
        const char *sentence;
        if (escape == NULL || (at = json_escape_decode(escape, end, '"', &out, &sentence)) != NULL)
            continue;
        reader_refuse_syntax(reader, escape, sentence);
        return false;
    }
    uint32_t size = (uint32_t)(out - start);
    memcpy(start - sizeof size, &size, sizeof size);
    string->is.text.side = (uint32_t)reader->side_size;
    string->is.text.hash = key ? json_hash(span_make(start, size)) : 0;
    reader->side_size += sizeof size + size;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)start[i] >= 0x80)
            string->flags &= (uint8_t)~NODE_ASCII;
    return true;
}

/* The next byte that is not plain ASCII, or the end. */
static inline const char *skip_plain(const char *at, const char *end) {
    uint64_t odd; /* the zeros behind the end are */
    while ((odd = word_odd(word_load(at, end))) == 0)
        at += 8;
    return at + word_before(odd);
}

/* A character beyond ASCII; most are of two bytes. */
static inline size_t character_size(const char *at, const char *end) {
    if (end - at >= 2 && (unsigned char)at[0] >= 0xc2 && (unsigned char)at[0] < 0xe0)
        return ((unsigned char)at[1] & 0xc0) == 0x80 ? 2 : 0;
    return text_utf8_size(at, end);
}

const char *reader_odd_string(struct reader *reader, struct json_node *string, const char *start, const char *at,
                              bool key) {
    const char *end = reader->end;
    unsigned flags = NODE_ASCII;
    for (at = skip_plain(at, end); at < end && *at != '"'; at = skip_plain(at, end)) {
        if ((unsigned char)*at >= 0x80) {
            flags &= ~(unsigned)NODE_ASCII;
            do {
                size_t size = character_size(at, end);
                if (size == 0)
                    return reader_refuse(reader, at, JSON_FAULT_UTF8, "the text is not UTF-8");
                at += size;
            } while (at < end && (unsigned char)*at >= 0x80);
        } else if ((unsigned char)*at < 0x20) {
            return reader_refuse_syntax(reader, at, "a control character in a string must be escaped");
        } else { /* a backslash */
            flags |= NODE_ESCAPED;
            at += end - at > 1 && (at[1] == '"' || at[1] == '\\') ? 2 : 1;
        }
    }
    if (at == end)
        return reader_refuse_syntax(reader, at, "");
    string->type = NODE_STRING;
    string->flags = (uint8_t)flags;
    string->exponent = 0;
    string->start = (uint32_t)(start - reader->text);
    string->size = (uint32_t)(at + 1 - start);
    string->is.text.hash = 0;
    string->is.text.side = 0;
    if ((flags & NODE_ESCAPED) != 0)
        return decode(reader, string, start + 1, at, key) ? at + 1 : NULL;
    if (key)
        string->is.text.hash = json_hash(span_make(start + 1, string->size - 2));
    return at + 1;
}
