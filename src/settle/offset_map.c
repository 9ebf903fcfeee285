/* The offset map and its text. It holds offsets, not why they are settled. */
#include "settle/offset_map.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    VERSION = '1',
    VERSION_MORE = '2',
    VERSION_DOUBTS = '3',
    CHECK_SIZE = 9 /* ';' and eight hexadecimal digits */,
    LONGEST_TRY = 64
};

_Static_assert(1 + 2 * (OFFSET_MAP_BITS / 6 + 3) + CHECK_SIZE <= OFFSET_MAP_SIZE,
               "what is settled and what is in doubt always have room");

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void offset_map_init(struct offset_map *map, int64_t base) {
    map->base = base;
    map->bits = map->tries = map->dead_count = map->doubts = 0;
    memset(map->bit, 0, sizeof map->bit);
    memset(map->doubt, 0, sizeof map->doubt);
}

static bool get(const unsigned char *bit, uint32_t at) {
    return (bit[at / 8] >> (at % 8) & 1) != 0;
}

/* What lies below the base or beyond the bits is left out. */
static void set(const struct offset_map *map, unsigned char *bit, uint32_t *bits, int64_t offset) {
    if (offset < map->base || offset - map->base >= OFFSET_MAP_BITS)
        return;
    uint32_t at = (uint32_t)(offset - map->base);
    bit[at / 8] = (unsigned char)(bit[at / 8] | 1U << (at % 8));
    if (at >= *bits)
        *bits = at + 1;
}

static void clear(struct offset_map *map, int64_t offset) {
    uint64_t at = (uint64_t)(offset - map->base);
    if (at < map->doubts)
        map->doubt[at / 8] = (unsigned char)(map->doubt[at / 8] & ~(1U << (at % 8)));
}

void offset_map_settle(struct offset_map *map, int64_t offset) {
    set(map, map->bit, &map->bits, offset);
}

/* Of those in doubt it stays known that they are: the others that are held go before them. */
static uint64_t weight(const struct offset_try *tried) {
    switch (tried->held) {
    case HELD_DEAD_KEY:
        return UINT64_MAX;
    case HELD_AMBIGUOUS:
        return UINT64_MAX - 1;
    case HELD_NOT:
        break;
    }
    return tried->attempts;
}

void offset_map_try(struct offset_map *map, struct offset_try tried) {
    uint32_t at = map->tries;
    if (tried.offset < map->base)
        return;
    while (at > 0 && weight(&map->tried[at - 1]) < weight(&tried))
        at--;
    if (map->tries == OFFSET_MAP_TRIES) {
        const struct offset_try *least = at == OFFSET_MAP_TRIES ? &tried : &map->tried[OFFSET_MAP_TRIES - 1];
        if (least->held == HELD_AMBIGUOUS)
            set(map, map->doubt, &map->doubts, least->offset);
        if (at == OFFSET_MAP_TRIES)
            return;
    } else
        map->tries++;
    memmove(&map->tried[at + 1], &map->tried[at], (map->tries - at - 1) * sizeof *map->tried);
    map->tried[at] = tried;
}

void offset_map_die(struct offset_map *map, struct offset_dead dead) {
    uint32_t at = map->dead_count;
    while (at > 0 && map->dead[at - 1].last < dead.last)
        at--;
    if (dead.last < map->base - OFFSET_MAP_BACK || dead.last < 0 || at == OFFSET_MAP_DEAD)
        return;
    if (map->dead_count < OFFSET_MAP_DEAD)
        map->dead_count++;
    memmove(&map->dead[at + 1], &map->dead[at], (map->dead_count - at - 1) * sizeof *map->dead);
    map->dead[at] = dead;
}

const struct offset_dead *offset_map_dead(const struct offset_map *map, int64_t offset) {
    for (uint32_t i = 0; i < map->dead_count; i++)
        if (map->dead[i].last == offset)
            return &map->dead[i];
    return NULL;
}

bool offset_map_knows(const struct offset_map *map, int64_t offset) {
    return offset >= map->base && offset - map->base < (int64_t)map->bits &&
           get(map->bit, (uint32_t)(offset - map->base));
}

bool offset_map_doubts(const struct offset_map *map, int64_t offset) {
    return offset >= map->base && offset - map->base < (int64_t)map->doubts &&
           get(map->doubt, (uint32_t)(offset - map->base));
}

const struct offset_try *offset_map_find(const struct offset_map *map, int64_t offset) {
    for (uint32_t i = 0; i < map->tries; i++)
        if (map->tried[i].offset == offset)
            return &map->tried[i];
    return NULL;
}

uint32_t offset_map_count(const struct offset_map *map) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < map->bits; i++)
        count += get(map->bit, i) ? 1 : 0;
    return count;
}

uint32_t offset_map_held(const struct offset_map *map) {
    uint32_t count = 0;
    while (count < map->tries && map->tried[count].held != HELD_NOT)
        count++;
    for (uint32_t i = 0; i < map->doubts; i++)
        count += get(map->doubt, i) ? 1 : 0;
    return count;
}

/* CRC-32 of ISO 3309, as zlib's; short texts, seldom. */
static uint32_t crc(uint32_t sum, struct span bytes) {
    sum = ~sum;
    for (size_t i = 0; i < bytes.size; i++) {
        sum ^= (unsigned char)bytes.data[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (0xEDB88320U & (0U - (sum & 1)));
    }
    return ~sum;
}

static uint32_t check(const struct offset_map *map, int32_t partition, struct span text) {
    char where[48];
    int size = snprintf(where, sizeof where, "%" PRId32 "/%" PRId64 "/", partition, map->base);
    return crc(crc(0, span_make(where, (size_t)size)), text);
}

static uint32_t shorten(uint32_t number) {
    return number > 999999999 ? 999999999 : number;
}

/* What only version 2 can say: ",r2" of an event that was refused twice; ",a" of an ambiguous one; ",h12" of one held
 * behind a dead letter 12 offsets before it, ",h0": unknown which. */
static size_t write_more(const struct offset_try *one, char *text) {
    size_t size = 0;
    if (one->refusals > 0)
        size = (size_t)snprintf(text, LONGEST_TRY, ",r%" PRIu32, shorten(one->refusals));
    if (one->held == HELD_AMBIGUOUS)
        size += (size_t)snprintf(text + size, LONGEST_TRY, ",a");
    bool known = one->first >= 0 && one->first < one->offset && one->offset - one->first <= 999999999;
    if (one->held == HELD_DEAD_KEY)
        size += (size_t)snprintf(text + size, LONGEST_TRY, ",h%" PRId64, known ? one->offset - one->first : 0);
    return size;
}

static bool says_more(const struct offset_map *map) {
    for (uint32_t i = 0; i < map->tries; i++)
        if (map->tried[i].held != HELD_NOT || map->tried[i].refusals > 0)
            return true;
    return false;
}

static size_t write_bits(const unsigned char *bit, uint32_t bits, char *text, size_t size) {
    for (uint32_t at = 0; at < bits; at += 6) {
        unsigned six = 0;
        for (uint32_t i = 0; i < 6; i++)
            six |= at + i < bits && get(bit, at + i) ? 1U << i : 0;
        text[size++] = digits[six];
    }
    return size;
}

static size_t write_tries(const struct offset_map *map, enum held held, char *text, size_t size) {
    for (uint32_t i = 0; i < map->tries && size + LONGEST_TRY + CHECK_SIZE <= OFFSET_MAP_SIZE; i++) {
        const struct offset_try *one = &map->tried[i];
        if (one->offset - map->base > 999999999 || one->held != held)
            continue;
        size += (size_t)snprintf(&text[size], LONGEST_TRY, ";%" PRId64 ",%" PRIu32 ",%" PRIu32, one->offset - map->base,
                                 shorten(one->attempts), shorten(one->seconds));
        size += write_more(one, &text[size]);
    }
    return size;
}

/* Whether everything that is known of the events in doubt has room. */
static bool has_room_for_doubts(const struct offset_map *map, size_t size) {
    size_t count = 0;
    for (uint32_t i = 0; i < map->tries; i++)
        count += map->tried[i].held == HELD_AMBIGUOUS ? 1 : 0;
    return map->doubts == 0 && size + count * LONGEST_TRY + CHECK_SIZE <= OFFSET_MAP_SIZE;
}

/* Of all in doubt that they are: ";a" and six offsets a character. */
static size_t write_doubts(const struct offset_map *map, char *text, size_t size) {
    unsigned char bit[OFFSET_MAP_BITS / 8];
    uint32_t bits = map->doubts;
    memcpy(bit, map->doubt, sizeof bit);
    for (uint32_t i = 0; i < map->tries; i++)
        if (map->tried[i].held == HELD_AMBIGUOUS)
            set(map, bit, &bits, map->tried[i].offset);
    memcpy(&text[size], ";a", 2);
    text[0] = VERSION_DOUBTS;
    return write_bits(bit, bits, text, size + 2);
}

/* ";d5" of a key whose dead letter lies 5 offsets below the base, ";d-2,7" 2 above it, and its first one 7 before that.
 */
static size_t write_dead(const struct offset_map *map, char *text, size_t size) {
    for (uint32_t i = 0; i < map->dead_count && size + LONGEST_TRY + CHECK_SIZE <= OFFSET_MAP_SIZE; i++) {
        const struct offset_dead *one = &map->dead[i];
        int64_t before = one->last - one->first;
        if (one->last - map->base > 999999999)
            continue;
        size += (size_t)snprintf(&text[size], LONGEST_TRY, ";d%" PRId64, map->base - one->last);
        if (before > 0 && one->first >= 0 && before <= 999999999)
            size += (size_t)snprintf(&text[size], LONGEST_TRY, ",%" PRId64, before);
    }
    return size;
}

size_t offset_map_write(const struct offset_map *map, int32_t partition, char text[OFFSET_MAP_SIZE]) {
    if (map->bits == 0 && map->tries == 0 && map->dead_count == 0)
        return 0;
    size_t size = 0;
    text[size++] = says_more(map) || map->dead_count > 0 ? VERSION_MORE : VERSION;
    size = write_bits(map->bit, map->bits, text, size);
    bool first = has_room_for_doubts(map, size);
    size = first ? write_tries(map, HELD_AMBIGUOUS, text, size) : write_doubts(map, text, size);
    size = write_dead(map, text, size);
    size = write_tries(map, HELD_DEAD_KEY, text, size);
    if (!first)
        size = write_tries(map, HELD_AMBIGUOUS, text, size);
    size = write_tries(map, HELD_NOT, text, size);
    uint32_t sum = check(map, partition, span_make(text, size));
    char end[CHECK_SIZE + 1];
    (void)snprintf(end, sizeof end, ";%08" PRIx32, sum);
    memcpy(&text[size], end, CHECK_SIZE);
    return size + CHECK_SIZE;
}

/* At most nine digits. Moves `*at` behind the number. */
static bool read_number(struct span text, size_t *at, uint32_t *number) {
    size_t begin = *at;
    *number = 0;
    while (*at < text.size && *at - begin < OFFSET_MAP_LONGEST && text.data[*at] >= '0' && text.data[*at] <= '9')
        *number = *number * 10 + (uint32_t)(text.data[(*at)++] - '0');
    return *at > begin;
}

static bool read_byte(struct span text, size_t *at, char byte) {
    return *at < text.size && text.data[(*at)++] == byte;
}

static bool read_bits(const struct offset_map *map, unsigned char *bit, uint32_t *bits, struct span text, size_t *at) {
    for (uint32_t begin = 0; *at < text.size && text.data[*at] != ';'; begin += 6, ++*at) {
        const char *digit = memchr(digits, text.data[*at], sizeof digits - 1);
        if (digit == NULL || begin >= OFFSET_MAP_BITS)
            return false;
        for (uint32_t i = 0; i < 6; i++)
            if (((unsigned)(digit - digits) >> i & 1) != 0)
                set(map, bit, bits, map->base + begin + i);
    }
    return true;
}

static bool read_more(struct span text, size_t *at, struct offset_try *tried) {
    while (*at < text.size && text.data[*at] != ';') {
        uint32_t number = 0;
        if (!read_byte(text, at, ',') || *at == text.size)
            return false;
        char what = text.data[(*at)++];
        if (what != 'a' && !read_number(text, at, &number))
            return false;
        if (what == 'r')
            tried->refusals = number;
        else if (what == 'a')
            tried->held = HELD_AMBIGUOUS;
        else if (what == 'h') {
            tried->held = HELD_DEAD_KEY;
            tried->first = number > 0 && number <= tried->offset ? tried->offset - number : -1;
        } else
            return false;
    }
    return true;
}

static bool read_dead(struct offset_map *map, struct span text, size_t *at) {
    uint32_t distance, before = 0;
    ++*at;
    bool above = *at < text.size && text.data[*at] == '-';
    *at += above ? 1 : 0;
    if (!read_number(text, at, &distance))
        return false;
    if (*at < text.size && text.data[*at] == ',' && (!read_byte(text, at, ',') || !read_number(text, at, &before)))
        return false;
    int64_t last = above ? map->base + distance : map->base - distance;
    offset_map_die(map, (struct offset_dead){last, before <= last ? last - before : -1});
    return true;
}

static bool read_text(struct offset_map *map, struct span text) {
    size_t at = 1;
    bool doubts = text.data[0] == VERSION_DOUBTS, more = doubts || text.data[0] == VERSION_MORE;
    if ((text.data[0] != VERSION && !more) || !read_bits(map, map->bit, &map->bits, text, &at))
        return false;
    if (doubts && span_starts_with(span_from(text, at), SPAN(";a"))) {
        at += 2;
        if (!read_bits(map, map->doubt, &map->doubts, text, &at))
            return false;
    }
    while (at < text.size) {
        uint32_t delta;
        struct offset_try tried = {.first = -1};
        if (!read_byte(text, &at, ';'))
            return false;
        if (more && at < text.size && text.data[at] == 'd') {
            if (!read_dead(map, text, &at))
                return false;
            continue;
        }
        if (!read_number(text, &at, &delta) || !read_byte(text, &at, ',') || !read_number(text, &at, &tried.attempts) ||
            !read_byte(text, &at, ',') || !read_number(text, &at, &tried.seconds))
            return false;
        tried.offset = map->base + delta;
        if (more && !read_more(text, &at, &tried))
            return false;
        offset_map_try(map, tried);
    }
    for (uint32_t i = 0; i < map->tries; i++)
        clear(map, map->tried[i].offset); /* of these more is known */
    return true;
}

bool offset_map_read(struct offset_map *map, int64_t base, int32_t partition, struct span text) {
    offset_map_init(map, base);
    if (base < 0 || base > INT64_MAX / 2 || text.size <= CHECK_SIZE || text.size > OFFSET_MAP_SIZE)
        return false;
    struct span body = span_make(text.data, text.size - CHECK_SIZE);
    char end[CHECK_SIZE + 1];
    (void)snprintf(end, sizeof end, ";%08" PRIx32, check(map, partition, body));
    if (memcmp(end, text.data + body.size, CHECK_SIZE) == 0 && read_text(map, body))
        return true;
    offset_map_init(map, base);
    return false;
}
