/* Clock computes with instants and durations as numbers. It never asks what time it is: only daemon and ctl do. */
#ifndef SLUSS_BASE_CLOCK_H
#define SLUSS_BASE_CLOCK_H

#include "base/buf.h"
#include "base/span.h"

#include <stdint.h>

/* Two kinds of instants, both int64_t milliseconds, never mixed:
 *   now_ms   since some start, never jumps (the daemon's CLOCK_BOOTTIME): for everything that waits;
 *   wall_ms  since 1970-01-01T00:00:00Z: for what people and other systems read (dates, signatures, Retry-After). */

/* RFC 3339 section 5.6 with any offset, fraction optional -> wall_ms. */
bool clock_read_date(struct span text, int64_t *wall_ms);

/* "2026-11-23T12:00:00.000Z" */
void clock_write_date(struct buf *out, int64_t wall_ms);

/* RFC 9110 section 5.6.7 IMF-fixdate and the two obsolete forms (Retry-After, Date) -> wall_ms. */
bool clock_read_http_date(struct span text, int64_t *wall_ms);

#endif
