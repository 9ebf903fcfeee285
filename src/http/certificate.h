/* A certificate's end: until when PEM certificates are valid. It trusts and verifies nothing. */
#ifndef SLUSS_HTTP_CERTIFICATE_H
#define SLUSS_HTTP_CERTIFICATE_H

#include "base/span.h"

#include <stdint.h>

/* The earliest notAfter (RFC 5280, 4.1.2.5) of all certificates in the text, in milliseconds of the calendar; 0 when it
 * holds none that can be read. Text between them is passed over, as are private keys. */
int64_t certificate_end(struct span pem);

/* The same of a file of at most 1 MiB; 0 also when it cannot be read. */
int64_t certificate_end_of_file(const char *path);

/* The earlier of two ends, where 0 is none. */
int64_t certificate_earlier(int64_t one_ms, int64_t other_ms);

#endif
