/* Durations, sizes, rates, numbers, near names, base64, UTF-8. Knows no option and no default. */
#include "base/text.h"

#include <endian.h>
#include <stdlib.h>

struct unit {
    const char *name;
    uint64_t factor;
};

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

/* Takes the leading digits off `text`. False without one, or when they pass `most`. */
static bool take_number(struct span *text, uint64_t most, uint64_t *number) {
    size_t at = 0;
    *number = 0;
    for (; at < text->size && is_digit(text->data[at]); at++) {
        uint64_t digit = (uint64_t)(text->data[at] - '0');
        if (*number > (most - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    *text = span_from(*text, at);
    return at > 0;
}

static const struct unit *find_unit(const struct unit *units, struct span name) {
    while (units->name != NULL && !span_equal(span_of(units->name), name))
        units++;
    return units->name != NULL ? units : NULL;
}

/* A whole number and a unit, multiplied, at most `most`. */
static bool read_quantity(struct span text, const struct unit *units, uint64_t most, uint64_t *quantity) {
    uint64_t number;
    if (!take_number(&text, most, &number))
        return false;
    const struct unit *unit = find_unit(units, text);
    if (unit == NULL || number > most / unit->factor)
        return false;
    *quantity = number * unit->factor;
    return true;
}

bool text_read_duration(struct span text, int64_t *milliseconds, struct error *error) {
    static const struct unit units[] = {{"ms", 1},          {"s", 1000},         {"m", 60 * 1000},
                                        {"h", 3600 * 1000}, {"d", 86400 * 1000}, {NULL, 0}};
    uint64_t quantity;
    if (!read_quantity(text, units, INT64_MAX, &quantity))
        return error_set(error, "not a duration: write a whole number and a unit, such as \"250ms\", \"30s\", \"5m\", "
                                "\"24h\" or \"7d\"");
    *milliseconds = (int64_t)quantity;
    return true;
}

void text_write_duration(struct buf *out, int64_t milliseconds) {
    static const struct unit units[] = {{"h", 3600 * 1000}, {"m", 60 * 1000}, {"s", 1000}, {"ms", 1}};
    int64_t day = 86400 * 1000;
    if (milliseconds > day && milliseconds % day == 0) {
        buf_printf(out, "%lldd", (long long)(milliseconds / day));
        return;
    }
    const struct unit *unit = units;
    while (milliseconds % (int64_t)unit->factor != 0)
        unit++;
    if (milliseconds == 0)
        unit = &units[2];
    buf_printf(out, "%lld%s", (long long)(milliseconds / (int64_t)unit->factor), unit->name);
}

bool text_read_size(struct span text, uint64_t *bytes, struct error *error) {
    static const struct unit units[] = {{"", 1},
                                        {"B", 1},
                                        {"kB", 1000},
                                        {"MB", 1000 * 1000},
                                        {"GB", 1000 * 1000 * 1000},
                                        {"KiB", 1 << 10},
                                        {"MiB", 1 << 20},
                                        {"GiB", 1 << 30},
                                        {NULL, 0}};
    uint64_t number;
    struct span rest = text;
    const struct unit *unit = NULL;
    if (take_number(&rest, INT64_MAX, &number)) {
        bool spaced = span_starts_with(rest, SPAN(" ")) && rest.size > 1;
        unit = find_unit(units, span_from(rest, spaced ? 1 : 0));
    }
    if (unit == NULL || number > INT64_MAX / unit->factor)
        return error_set(error, "not a size: write a whole number of bytes or one with a unit, such as \"512\", "
                                "\"64 KiB\", \"10 MiB\" or \"1 GiB\"");
    *bytes = number * unit->factor;
    return true;
}

void text_write_size(struct buf *out, uint64_t bytes) {
    static const struct unit units[] = {{" GiB", 1 << 30}, {" MiB", 1 << 20}, {" KiB", 1 << 10}, {"", 1}};
    const struct unit *unit = units;
    while (bytes % unit->factor != 0)
        unit++;
    if (bytes == 0)
        unit = &units[3];
    buf_printf(out, "%llu%s", (unsigned long long)(bytes / unit->factor), unit->name);
}

bool text_read_rate(struct span text, uint64_t *millievents_per_second, struct error *error) {
    static const struct unit units[] = {{"/s", 1}, {"/min", 60}, {"/h", 3600}, {NULL, 0}};
    uint64_t number;
    struct span rest = text;
    const struct unit *unit = NULL;
    if (take_number(&rest, INT64_MAX / 1000, &number))
        unit = find_unit(units, rest);
    if (unit == NULL)
        return error_set(error,
                         "not a rate: write a whole number and a unit, such as \"50/s\", \"1000/min\" or \"20/h\"");
    *millievents_per_second = number * 1000 / unit->factor;
    if (*millievents_per_second == 0)
        return error_set(error, "too slow a rate: at least 4/h");
    return true;
}

void text_write_rate(struct buf *out, uint64_t millievents_per_second) {
    bool whole = millievents_per_second % 1000 == 0;
    buf_printf(
        out, "%llu/%s",
        (unsigned long long)(whole ? millievents_per_second / 1000 : (millievents_per_second * 3600 + 999) / 1000),
        whole ? "s" : "h");
}

bool text_read_integer(struct span text, int64_t *number) {
    bool negative = span_starts_with(text, SPAN("-"));
    struct span rest = span_from(text, negative ? 1 : 0);
    uint64_t size;
    if (!take_number(&rest, (uint64_t)INT64_MAX + (negative ? 1 : 0), &size) || rest.size != 0)
        return false;
    *number = negative ? (int64_t)(0 - size) : (int64_t)size;
    return true;
}

enum { LONGEST_NAME = 64 };

static size_t least(size_t one, size_t other) {
    return one < other ? one : other;
}

/* Edit distance where swapping two neighbours counts as one step (optimal string alignment). */
static size_t distance(struct span one, struct span other) {
    size_t row[3][LONGEST_NAME + 1];
    size_t *before = row[0], *last = row[1], *now = row[2];
    for (size_t j = 0; j <= other.size; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= one.size; i++) {
        now[0] = i;
        for (size_t j = 1; j <= other.size; j++) {
            size_t change = one.data[i - 1] == other.data[j - 1] ? 0 : 1;
            now[j] = least(last[j - 1] + change, least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && one.data[i - 1] == other.data[j - 2] && one.data[i - 2] == other.data[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = last, last = now, now = oldest;
    }
    return last[other.size];
}

const char *text_nearest(struct span wrong, const char *const names[]) {
    const char *nearest = NULL;
    size_t best = (wrong.size < 3 ? 3 : wrong.size) / 3;
    if (wrong.size == 0 || wrong.size > LONGEST_NAME)
        return NULL;
    for (; *names != NULL; names++) {
        struct span name = span_of(*names);
        if (name.size > LONGEST_NAME)
            continue;
        size_t steps = distance(wrong, name);
        if (steps < best || (steps == best && nearest == NULL)) {
            best = steps;
            nearest = *names;
        }
    }
    return nearest;
}

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void write_base64(struct buf *out, struct span bytes, const char *letters, bool padded) {
    if (bytes.size > SIZE_MAX / 8 || !buf_reserve(out, (bytes.size + 2) / 3 * 4)) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t have = least(bytes.size - i, 3);
        uint32_t word = 0;
        for (size_t j = 0; j < 3; j++)
            word = word << 8 | (j < have ? (unsigned char)bytes.data[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            if (j <= have)
                buf_add_byte(out, letters[word >> (18 - 6 * j) & 63]);
            else if (padded)
                buf_add_byte(out, '=');
    }
}

void text_write_base64(struct buf *out, struct span bytes) {
    write_base64(out, bytes, base64, true);
}

void text_write_base64url(struct buf *out, struct span bytes) {
    write_base64(out, bytes, base64url, false);
}

bool text_read_base64(struct buf *out, struct span text) {
    if (text.size % 4 != 0 || !buf_reserve(out, text.size / 4 * 3))
        return false;
    size_t start = out->size;
    for (size_t i = 0; i < text.size; i += 4) {
        size_t letters = 4;
        if (i + 4 == text.size)
            letters -= (size_t)(text.data[i + 3] == '=') + (size_t)(text.data[i + 3] == '=' && text.data[i + 2] == '=');
        uint32_t word = 0;
        bool good = true;
        for (size_t j = 0; j < 4; j++) {
            char letter = text.data[i + j];
            const char *found = j < letters && letter != '\0' ? strchr(base64, letter) : NULL;
            good = good && (found != NULL || j >= letters);
            word = word << 6 | (found != NULL ? (uint32_t)(found - base64) : 0);
        }
        if (!good || (word & ((1U << (8 * (4 - letters))) - 1)) != 0) {
            out->size = start;
            return false;
        }
        for (size_t j = 0; j + 1 < letters; j++)
            buf_add_byte(out, (char)(word >> (16 - 8 * j) & 0xff));
    }
    return true;
}

size_t text_utf8_size(const char *at, const char *end) {
    uint32_t word = 0;
    memcpy(&word, at, end - at >= 4 ? 4 : (size_t)(end - at));
    word = le32toh(word);
    if ((word & 0x80) == 0)
        return at < end;
    if ((word & 0xc0e0) == 0x80c0 && (word & 0x1e) != 0)
        return 2;
    if ((word & 0xc0c0f0) == 0x8080e0) {
        uint32_t high = word & 0x200f; /* the bits that tell overlong forms (none) and surrogates (all but 2) apart */
        return high != 0 && high != 0x200d ? 3 : 0;
    }
    if ((word & 0xc0c0c0f8) == 0x808080f0) {
        uint32_t plane = (word & 7) << 2 | (word >> 12 & 3);
        return plane >= 1 && plane <= 16 ? 4 : 0;
    }
    return 0;
}

const char *text_not_utf8(struct span text) {
    for (size_t at = 0; at < text.size;) {
        size_t size = text_utf8_size(text.data + at, text.data + text.size);
        if (size == 0)
            return text.data + at;
        at += size;
    }
    return NULL;
}

bool text_is_utf8(struct span text) {
    return text_not_utf8(text) == NULL;
}
