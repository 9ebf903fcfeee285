/* Backoff says how long to wait before the next attempt: full jitter under a doubling ceiling. It keeps no time. */
#ifndef SLUSS_DELIVER_BACKOFF_H
#define SLUSS_DELIVER_BACKOFF_H

#include "base/dice.h"

/* The ceiling after `failures` (from 1) failed attempts: first_ms x 2^(failures-1), at most max_ms. */
int64_t backoff_ceiling(int64_t first_ms, int64_t max_ms, uint32_t failures);

/* 1 ms ... the ceiling, evenly thrown, but never less than `floor_ms` (Retry-After). */
int64_t backoff_delay(int64_t first_ms, int64_t max_ms, uint32_t failures, int64_t floor_ms, struct dice *dice);

#endif
