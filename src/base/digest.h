/* Digest is SHA-256 and HMAC-SHA-256 by OpenSSL. It makes ids and signatures; it holds no keys. */
#ifndef SLUSS_BASE_DIGEST_H
#define SLUSS_BASE_DIGEST_H

#include "base/span.h"

enum { DIGEST_SIZE = 32 };

/* False only when OpenSSL fails (out of memory). */
bool digest_sha256(struct span bytes, unsigned char out[DIGEST_SIZE]);
bool digest_hmac_sha256(struct span key, struct span bytes, unsigned char out[DIGEST_SIZE]);

#endif
