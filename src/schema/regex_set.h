/* A set of code points as sorted ranges. It never holds a surrogate: valid UTF-8 has none. */
#ifndef SLUSS_SCHEMA_REGEX_SET_H
#define SLUSS_SCHEMA_REGEX_SET_H

#include "base/arena.h"

#include <stdint.h>

enum { REGEX_POINT_MAXIMUM = 0x10ffff };

struct regex_range {
    uint32_t low, high; /* both inside */
};

/* Sorted, apart, not touching. Grown in an arena; add in any order, then call regex_set_settle. */
struct regex_set {
    struct regex_range *range;
    uint32_t count;
    uint32_t room;
};

/* False when memory is short, here and below. */
bool regex_set_add(struct regex_set *set, uint32_t low, uint32_t high, struct arena *arena);
bool regex_set_add_all(struct regex_set *set, const struct regex_set *other, struct arena *arena);

/* Sorts, joins, removes surrogates. */
bool regex_set_settle(struct regex_set *set, struct arena *arena);

/* Turns a settled set into everything else. */
bool regex_set_invert(struct regex_set *set, struct arena *arena);

/* Settled sets only. */
bool regex_set_has(const struct regex_set *set, uint32_t point);
bool regex_set_meets(const struct regex_set *one, const struct regex_set *other);
bool regex_set_equal(const struct regex_set *one, const struct regex_set *other);

/* The only member, or UINT32_MAX when there is not exactly one. */
uint32_t regex_set_single(const struct regex_set *set);

#endif
