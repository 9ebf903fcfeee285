/* An excerpt is the readable beginning of a platform's answer, safe to keep beside an event. It is not the answer. */
#ifndef SLUSS_SETTLE_EXCERPT_H
#define SLUSS_SETTLE_EXCERPT_H

#include "base/buf.h"

/* Appends the content of a JSON string: at most 1024 bytes of `whole`, escaped to ASCII, every digit of a run that
 * looks like a personal number (YYMMDD-NNNN, YYYYMMDDNNNN, ten digits or more) shown as 'x'. */
void excerpt_write(struct buf *out, struct span whole);

#endif
