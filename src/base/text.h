/* Text reads and writes the small notations people use: durations, sizes, rates, names, base64, hex. It knows no
 * options. */
#ifndef SLUSS_BASE_TEXT_H
#define SLUSS_BASE_TEXT_H

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

#include <stdint.h>

/* "250ms" "30s" "5m" "24h" "7d" -> milliseconds, at least 0. False with a sentence that shows the form. */
bool text_read_duration(struct span text, int64_t *milliseconds, struct error *error);

/* In the largest unit that divides it: 90000 -> "90s", 86400000 -> "24h", 172800000 -> "2d" (a single day stays "24h").
 */
void text_write_duration(struct buf *out, int64_t milliseconds);

/* "512" "64 KiB" "10 MiB" "1 GiB" (also B, kB, MB, GB = powers of ten) -> bytes. */
bool text_read_size(struct span text, uint64_t *bytes, struct error *error);
void text_write_size(struct buf *out, uint64_t bytes);

/* "50/s" "1000/min" "20/h" -> thousandths of an event per second, rounded down; below 4/h is refused. */
bool text_read_rate(struct span text, uint64_t *millievents_per_second, struct error *error);

/* In whole events a second, or rounded up to a whole number an hour. */
void text_write_rate(struct buf *out, uint64_t millievents_per_second);

/* A whole decimal number with an optional minus, nothing else around it; false when outside int64. */
bool text_read_integer(struct span text, int64_t *number);

/* The entry of `names` (ended by NULL) nearest to `wrong` by edit distance, or NULL when none is near enough to
 * suggest. */
const char *text_nearest(struct span wrong, const char *const names[]);

/* base64 (RFC 4648 section 4) and base64url without padding (section 5). Reading is strict; false leaves `out` as it
 * was. */
void text_write_base64(struct buf *out, struct span bytes);
void text_write_base64url(struct buf *out, struct span bytes);
bool text_read_base64(struct buf *out, struct span text);

/* Valid UTF-8 by RFC 3629: no surrogates, no overlong forms, at most U+10FFFF. */
bool text_is_utf8(struct span text);

/* The first byte that is no UTF-8, or NULL. */
const char *text_not_utf8(struct span text);

/* The bytes of the UTF-8 character at `at`; 0 when it is none or at the end. */
size_t text_utf8_size(const char *at, const char *end);

#endif
