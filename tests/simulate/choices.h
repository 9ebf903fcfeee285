/* Choices are everything that is left to chance in one story, one number after another. They can be written down, and a
 * story told again from the list; 0 is always the quiet choice. Or nothing is left to chance, and each is tried. */
#ifndef SLUSS_TESTS_SIMULATE_CHOICES_H
#define SLUSS_TESTS_SIMULATE_CHOICES_H

#include "base/dice.h"
#include "fault.h"

#include <stdlib.h>

struct choices {
    struct dice dice;
    uint32_t *tape;
    uint32_t *bounds; /* explore: of each choice on the tape */
    size_t length, capacity, at;
    bool record;                /* onto the tape */
    bool replay;                /* from the tape; behind its end everything is 0 */
    bool explore;               /* only what is picked varies: from the tape, behind its end 0 */
    bool quiet;                 /* faults are over: nothing is thrown */
    uint32_t budget;            /* explore: so many faults may still strike */
    uint32_t rate[FAULT_COUNT]; /* in a million, of this seed; explore: 0 never */
    uint32_t count[FAULT_COUNT];
};

static inline void choices_grow(struct choices *choices) {
    if (choices->length < choices->capacity)
        return;
    choices->capacity = choices->capacity == 0 ? 4096 : choices->capacity * 2;
    choices->tape = realloc(choices->tape, choices->capacity * sizeof *choices->tape);
    choices->bounds = realloc(choices->bounds, choices->capacity * sizeof *choices->bounds);
    if (choices->tape == NULL || choices->bounds == NULL)
        abort();
}

static inline uint32_t choices_write(struct choices *choices, uint32_t value) {
    if (!choices->record)
        return value;
    choices_grow(choices);
    choices->tape[choices->length++] = value;
    return value;
}

/* 0 ... bound-1 */
static inline uint32_t choose(struct choices *choices, uint32_t bound) {
    if (choices->explore)
        return 0;
    if (choices->replay)
        return choices->at < choices->length && bound > 0 ? choices->tape[choices->at++] % bound : 0;
    return choices_write(choices, (uint32_t)dice_below(&choices->dice, bound));
}

/* The same, and one of the choices of which all are tried. */
static inline uint32_t pick(struct choices *choices, uint32_t bound) {
    if (!choices->explore)
        return choose(choices, bound);
    if (bound < 2)
        return 0;
    if (choices->at == choices->length) {
        choices_grow(choices);
        choices->tape[choices->length] = 0;
        choices->bounds[choices->length++] = bound;
    }
    return choices->tape[choices->at++];
}

static inline bool chance(struct choices *choices, uint32_t millionths) {
    if (choices->explore)
        return false;
    if (choices->replay)
        return choices->at < choices->length && choices->tape[choices->at++] % 2 != 0;
    return choices_write(choices, dice_chance(&choices->dice, millionths) ? 1 : 0) != 0;
}

/* Does this fault occur now? Counted when it does. */
static inline bool strikes(struct choices *choices, enum fault fault) {
    if (choices->quiet || choices->rate[fault] == 0)
        return false;
    bool struck =
        choices->explore ? choices->budget > 0 && pick(choices, 2) == 1 : chance(choices, choices->rate[fault]);
    if (!struck)
        return false;
    choices->budget -= choices->explore ? 1 : 0;
    choices->count[fault]++;
    return true;
}

/* One that has seldom a chance: where it is drawn at all it takes every n-th. */
static inline bool strikes_often(struct choices *choices, enum fault fault, uint32_t n) {
    bool able = !choices->quiet && !choices->explore && choices->rate[fault] > 0;
    bool struck = able && choose(choices, n) == n - 1;
    choices->count[fault] += struck ? 1 : 0;
    return struck;
}

#endif
