/* Steps to text, in batches from the root, as the links go the other way. */
#include "schema/step.h"

#include "schema/uri.h"

#include <stdio.h>

struct span step_text(const struct step *step, struct arena *arena) {
    struct buf out = {0};
    const struct step *steps[64];
    const struct step *last = NULL; /* everything down to here is written */
    while (last != step) {
        size_t count = 0;
        for (const struct step *one = step; one != last; one = one->up)
            steps[count++ % 64] = one;
        size_t batch = count < 64 ? count : 64;
        for (size_t i = 0; i < batch; i++) {
            const struct step *one = steps[(count - 1 - i) % 64];
            char digits[16];
            (void)snprintf(digits, sizeof digits, "%u", one->index);
            uri_pointer_add(&out, one->name.data != NULL ? one->name : span_of(digits), false);
            last = one;
        }
    }
    struct span text = out.failed ? SPAN_NONE : arena_copy(arena, buf_span(&out));
    buf_finish(&out);
    return text;
}
