/* Dice are pseudo-random numbers from a given seed: the same seed gives the same throws. Not a source of secrets. */
#ifndef SLUSS_BASE_DICE_H
#define SLUSS_BASE_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline void dice_init(struct dice *dice, uint64_t seed) {
    dice->state = seed;
}

/* splitmix64 */
static inline uint64_t dice_throw(struct dice *dice) {
    uint64_t word = (dice->state += 0x9e3779b97f4a7c15);
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    return word ^ (word >> 31);
}

/* 0 ... bound-1; 0 for bound 0. */
static inline uint64_t dice_below(struct dice *dice, uint64_t bound) {
    return bound == 0 ? 0 : dice_throw(dice) % bound;
}

/* True in `share` of 1,000,000 throws. */
static inline bool dice_chance(struct dice *dice, uint32_t share) {
    return dice_below(dice, 1000000) < share;
}

#endif
