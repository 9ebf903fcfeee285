/* Any metadata of a commit behind a check that is right, so that all of it is looked at: what is read keeps its bounds,
 * and what is written of it says the same again. */
#include "settle/offset_map.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool holds) {
    if (!holds)
        abort();
}

static uint32_t crc(uint32_t sum, const char *bytes, size_t size) {
    for (size_t i = 0; i < size * 8; i++) {
        if (i % 8 == 0)
            sum ^= (unsigned char)bytes[i / 8];
        sum = sum >> 1 ^ (0xEDB88320U & (0U - (sum & 1)));
    }
    return sum;
}

static bool in_doubt(const struct offset_map *map, int64_t offset) {
    for (uint32_t i = 0; i < map->tries; i++)
        if (map->tried[i].offset == offset && map->tried[i].held == HELD_AMBIGUOUS)
            return true;
    return offset_map_doubts(map, offset);
}

static void check_bounds(const struct offset_map *map) {
    hold(map->bits <= OFFSET_MAP_BITS && map->doubts <= OFFSET_MAP_BITS && map->tries <= OFFSET_MAP_TRIES &&
         map->dead_count <= OFFSET_MAP_DEAD && offset_map_count(map) <= map->bits);
    for (uint32_t i = 0; i < map->tries; i++)
        hold(map->tried[i].offset >= map->base && map->tried[i].first < map->tried[i].offset);
    for (uint32_t i = 0; i < map->dead_count; i++)
        hold(map->dead[i].last >= 0 && map->dead[i].first <= map->dead[i].last);
}

static void check_same(const struct offset_map *one, const struct offset_map *other) {
    for (int64_t offset = one->base; offset < one->base + OFFSET_MAP_BITS; offset++)
        hold(offset_map_knows(one, offset) == offset_map_knows(other, offset) &&
             in_doubt(one, offset) == in_doubt(other, offset));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int64_t bases[] = {0, 1, 5000, INT64_MAX / 2};
    static struct offset_map map, again;
    char text[OFFSET_MAP_SIZE + 1], where[64], written[OFFSET_MAP_SIZE];
    if (size < 2 || size - 1 + 9 > OFFSET_MAP_SIZE)
        return 0;
    int64_t base = bases[data[0] % 4];
    int32_t partition = data[0] / 4;
    memcpy(text, data + 1, size - 1);
    int prefix = snprintf(where, sizeof where, "%" PRId32 "/%" PRId64 "/", partition, base);
    uint32_t sum = ~crc(crc(UINT32_MAX, where, (size_t)prefix), text, size - 1);
    (void)snprintf(text + size - 1, 10, ";%08" PRIx32, sum);
    bool read = offset_map_read(&map, base, partition, span_make(text, size + 8));
    check_bounds(&map);
    hold(read || (map.bits == 0 && map.tries == 0 && map.dead_count == 0 && map.doubts == 0));
    hold(!offset_map_read(&again, base + 1, partition, span_make(text, size + 8)));
    size_t length = offset_map_write(&map, partition, written);
    hold(length <= OFFSET_MAP_SIZE && memchr(written, '\0', length) == NULL);
    hold(length == 0 || offset_map_read(&again, base, partition, span_make(written, length)));
    if (length > 0)
        check_same(&map, &again);
    return 0;
}
