/* A step is one link of a path, back to the root: paths grow on the stack and become text only when somebody must be
 * told. */
#ifndef SLUSS_SCHEMA_STEP_H
#define SLUSS_SCHEMA_STEP_H

#include "base/arena.h"

#include <stdint.h>

struct step {
    const struct step *up;
    struct span name; /* data == NULL: the index counts */
    uint32_t index;
};

static inline struct step step_named(struct span name) {
    return (struct step){NULL, name, 0};
}

static inline struct step step_numbered(uint32_t index) {
    return (struct step){NULL, SPAN_NONE, index};
}

/* A step that is none. */
static inline struct step step_nowhere(void) {
    return step_numbered(UINT32_MAX);
}

static inline bool step_is_nowhere(const struct step *step) {
    return step->name.data == NULL && step->index == UINT32_MAX;
}

/* The JSON pointer that ends with `step`; NULL is "". data == NULL: no memory. */
struct span step_text(const struct step *step, struct arena *arena);

#endif
