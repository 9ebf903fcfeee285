/* One process plays in one world, one story after another. What is played is said by choices. */
#ifndef SLUSS_TESTS_SIMULATE_PLAY_H
#define SLUSS_TESTS_SIMULATE_PLAY_H

#include "world.h"

extern struct world world;

/* Plays the choices; the dice are thrown from the seed. True: no violation; else world.rule and world.what say which.
 */
bool play(struct choices *choices, uint64_t seed, struct buf *story);

/* What a number of plays came to. */
struct tally {
    uint64_t plays, steps, deepest, states;
    uint64_t failed; /* the lowest seed that broke a promise; UINT64_MAX none */
    uint64_t cpu_us;
    uint64_t count[FAULT_COUNT];
};

/* Plays one story after another of those with at most so many faults that are this job's, of `jobs`, until one breaks a
 * promise. */
void explore(struct tally *tally, uint32_t faults, uint32_t job, uint32_t jobs);

/* Prints the story of a seed, also as a case; `folder`: writes the case there instead. */
void tell(uint64_t seed, const char *folder);

#endif
