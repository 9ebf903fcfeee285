/* Choices are everything that is left to chance in one story, one number after another. They can be written down, and a
 * story told again from the list; 0 is always the quiet choice. */
#ifndef SLUSS_TESTS_SIMULATE_CHOICES_H
#define SLUSS_TESTS_SIMULATE_CHOICES_H

#include "base/dice.h"
#include "fault.h"

#include <stdlib.h>

struct choices {
    struct dice dice;
    uint32_t *tape;
    size_t length, capacity, at;
    bool record;                /* onto the tape */
    bool replay;                /* from the tape; behind its end everything is 0 */
    bool quiet;                 /* faults are over: nothing is thrown */
    uint32_t rate[FAULT_COUNT]; /* in a million, of this seed */
    uint32_t count[FAULT_COUNT];
};

static inline uint32_t choices_write(struct choices *choices, uint32_t value) {
    if (!choices->record)
        return value;
    if (choices->length == choices->capacity) {
        choices->capacity = choices->capacity == 0 ? 4096 : choices->capacity * 2;
        choices->tape = realloc(choices->tape, choices->capacity * sizeof *choices->tape);
        if (choices->tape == NULL)
            abort();
    }
    choices->tape[choices->length++] = value;
    return value;
}

/* 0 ... bound-1 */
static inline uint32_t choose(struct choices *choices, uint32_t bound) {
    if (choices->replay)
        return choices->at < choices->length && bound > 0 ? choices->tape[choices->at++] % bound : 0;
    return choices_write(choices, (uint32_t)dice_below(&choices->dice, bound));
}

static inline bool chance(struct choices *choices, uint32_t millionths) {
    if (choices->replay)
        return choices->at < choices->length && choices->tape[choices->at++] % 2 != 0;
    return choices_write(choices, dice_chance(&choices->dice, millionths) ? 1 : 0) != 0;
}

/* Does this fault occur now? Counted when it does. */
static inline bool strikes(struct choices *choices, enum fault fault) {
    if (choices->quiet || choices->rate[fault] == 0 || !chance(choices, choices->rate[fault]))
        return false;
    choices->count[fault]++;
    return true;
}

#endif
