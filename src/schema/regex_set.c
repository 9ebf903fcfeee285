/* Sets of code points. Small ones: sorting is by insertion unless they arrive in order. */
#include "schema/regex_set.h"

#include <stdlib.h>

bool regex_set_add(struct regex_set *set, uint32_t low, uint32_t high, struct arena *arena) {
    if (set->count == set->room) {
        uint32_t room = set->room == 0 ? 4 : set->room * 2;
        struct regex_range *range = arena_take(arena, room * sizeof *range);
        if (range == NULL)
            return false;
        if (set->count > 0)
            memcpy(range, set->range, set->count * sizeof *range);
        set->range = range;
        set->room = room;
    }
    set->range[set->count++] = (struct regex_range){low, high};
    return true;
}

bool regex_set_add_all(struct regex_set *set, const struct regex_set *other, struct arena *arena) {
    for (uint32_t i = 0; i < other->count; i++)
        if (!regex_set_add(set, other->range[i].low, other->range[i].high, arena))
            return false;
    return true;
}

static int compare(const void *one, const void *other) {
    const struct regex_range *left = one, *right = other;
    return left->low < right->low ? -1 : left->low > right->low;
}

bool regex_set_settle(struct regex_set *set, struct arena *arena) {
    uint32_t before = set->count;
    for (uint32_t i = 0; i < before; i++) { /* cut the surrogates out */
        struct regex_range *range = &set->range[i];
        if (range->high < 0xd800 || range->low > 0xdfff)
            continue;
        uint32_t high = range->high;
        if (range->low < 0xd800) {
            range->high = 0xd7ff;
            if (high > 0xdfff && !regex_set_add(set, 0xe000, high, arena))
                return false;
        } else {
            *range = high > 0xdfff ? (struct regex_range){0xe000, high} : (struct regex_range){1, 0};
        }
    }
    if (set->count > 1)
        qsort(set->range, set->count, sizeof *set->range, compare);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        struct regex_range range = set->range[i];
        if (range.low > range.high)
            continue;
        if (kept > 0 && range.low <= set->range[kept - 1].high + 1) {
            if (range.high > set->range[kept - 1].high)
                set->range[kept - 1].high = range.high;
        } else {
            set->range[kept++] = range;
        }
    }
    set->count = kept;
    return true;
}

bool regex_set_invert(struct regex_set *set, struct arena *arena) {
    struct regex_set inverse = {0};
    uint32_t low = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->range[i].low > low && !regex_set_add(&inverse, low, set->range[i].low - 1, arena))
            return false;
        low = set->range[i].high + 1;
    }
    if (low <= REGEX_POINT_MAXIMUM && !regex_set_add(&inverse, low, REGEX_POINT_MAXIMUM, arena))
        return false;
    *set = inverse;
    return regex_set_settle(set, arena);
}

bool regex_set_has(const struct regex_set *set, uint32_t point) {
    uint32_t low = 0, high = set->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (point > set->range[middle].high)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->count && set->range[low].low <= point;
}

bool regex_set_meets(const struct regex_set *one, const struct regex_set *other) {
    for (uint32_t i = 0, j = 0; i < one->count && j < other->count;) {
        if (one->range[i].high < other->range[j].low)
            i++;
        else if (other->range[j].high < one->range[i].low)
            j++;
        else
            return true;
    }
    return false;
}

bool regex_set_equal(const struct regex_set *one, const struct regex_set *other) {
    return one->count == other->count &&
           (one->count == 0 || memcmp(one->range, other->range, one->count * sizeof *one->range) == 0);
}

uint32_t regex_set_single(const struct regex_set *set) {
    return set->count == 1 && set->range[0].low == set->range[0].high ? set->range[0].low : UINT32_MAX;
}
