/* Long division in limbs of nine decimal digits, of which only the rest is kept. No quotient, no conversion to binary.
 */
#include "schema/remainder.h"

enum { LIMB = 1000000000, LIMB_DIGITS = 9 };

__extension__ typedef unsigned __int128 wide;

/* Limbs stand lowest first. The divisor's highest is not 0, and there are three or more. */
struct division {
    uint32_t *rest; /* one limb more */
    uint32_t *divisor;
    uint32_t limbs;
};

/* Limb `index` from the top of `count` digits, zeros behind the number's own. */
static uint32_t limb_at(const struct number *number, uint64_t count, uint64_t index) {
    uint64_t first = count % LIMB_DIGITS == 0 ? LIMB_DIGITS : count % LIMB_DIGITS; /* digits of the highest */
    uint64_t from = index == 0 ? 0 : first + (index - 1) * LIMB_DIGITS, end = first + index * LIMB_DIGITS;
    uint32_t limb = 0;
    for (uint64_t i = from; i < end; i++)
        limb = limb * 10 + (i < number->digits ? (uint32_t)(number_digit(number, (uint32_t)i) - '0') : 0);
    return limb;
}

static bool is_zero(const struct division *division) {
    for (uint32_t i = 0; i < division->limbs; i++)
        if (division->rest[i] != 0)
            return false;
    return true;
}

static bool is_less(const struct division *division) {
    if (division->rest[division->limbs] != 0)
        return false;
    for (uint32_t i = division->limbs; i-- > 0;)
        if (division->rest[i] != division->divisor[i])
            return division->rest[i] < division->divisor[i];
    return false;
}

static void subtract(const struct division *division, uint64_t times) {
    uint64_t carry = 0;
    for (uint32_t i = 0; i < division->limbs; i++) {
        carry += times * division->divisor[i];
        uint32_t low = (uint32_t)(carry % LIMB);
        carry /= LIMB;
        if (division->rest[i] < low) {
            division->rest[i] += LIMB;
            carry++;
        }
        division->rest[i] -= low;
    }
    division->rest[division->limbs] -= (uint32_t)carry;
}

/* rest x 10^9 + limb, modulo the divisor. The highest limbs give the quotient or a little less: twice is mostly enough.
 */
static void take_limb(const struct division *division, uint32_t limb) {
    const uint32_t *divisor = division->divisor + division->limbs, *rest = division->rest + division->limbs;
    memmove(division->rest + 1, division->rest, division->limbs * sizeof *division->rest);
    division->rest[0] = limb;
    while (!is_less(division)) {
        wide head = ((wide)rest[0] * LIMB + rest[-1]) * LIMB + rest[-2];
        uint64_t times = (uint64_t)(head / ((uint64_t)divisor[-1] * LIMB + divisor[-2] + 1));
        subtract(division, times == 0 ? 1 : times);
    }
}

/* A divisor of n digits has fewer than 4n factors 2 or 5, so more zeros than that change nothing. */
enum number_multiple remainder_judge(const struct number *number, int64_t zeros, const struct number *divisor,
                                     struct arena *scratch, int64_t *steps) {
    uint64_t most = UINT64_C(4) * divisor->digits;
    uint64_t count = number->digits + ((uint64_t)zeros < most ? (uint64_t)zeros : most);
    if (count < divisor->digits)
        return MULTIPLE_NO;
    uint64_t limbs = (count + LIMB_DIGITS - 1) / LIMB_DIGITS;
    struct division division = {.limbs = (divisor->digits + LIMB_DIGITS - 1) / LIMB_DIGITS};
    uint64_t cost = limbs * (division.limbs + UINT64_C(16)) / 4;
    if (*steps < 0 || cost > (uint64_t)*steps)
        return MULTIPLE_STEPS;
    *steps -= (int64_t)cost;
    size_t bytes = (2 * (size_t)division.limbs + 1) * sizeof *division.rest;
    division.rest = arena_take(scratch, bytes);
    if (division.rest == NULL)
        return MULTIPLE_MEMORY;
    memset(division.rest, 0, bytes);
    division.divisor = division.rest + division.limbs + 1;
    for (uint32_t i = 0; i < division.limbs; i++)
        division.divisor[division.limbs - 1 - i] = limb_at(divisor, divisor->digits, i);
    for (uint64_t i = 0; i < limbs; i++)
        take_limb(&division, limb_at(number, count, i));
    bool multiple = is_zero(&division);
    (void)arena_resize(scratch, division.rest, bytes, 0);
    return multiple ? MULTIPLE_YES : MULTIPLE_NO;
}
