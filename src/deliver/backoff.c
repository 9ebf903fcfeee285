/* Full jitter: many waiting events come back spread out, not in step. No state. */
#include "deliver/backoff.h"

int64_t backoff_ceiling(int64_t first_ms, int64_t max_ms, uint32_t failures) {
    int64_t ceiling = first_ms;
    for (uint32_t i = 1; i < failures && ceiling < max_ms; i++)
        ceiling = ceiling > max_ms / 2 ? max_ms : ceiling * 2;
    return ceiling < max_ms ? ceiling : max_ms;
}

int64_t backoff_delay(int64_t first_ms, int64_t max_ms, uint32_t failures, int64_t floor_ms, struct dice *dice) {
    int64_t ceiling = backoff_ceiling(first_ms, max_ms, failures);
    int64_t delay = 1 + (int64_t)dice_below(dice, ceiling > 0 ? (uint64_t)ceiling : 1);
    return delay > floor_ms ? delay : floor_ms;
}
