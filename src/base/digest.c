/* SHA-256 through OpenSSL's one-call functions. No streaming. */
#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

bool digest_sha256(struct span bytes, unsigned char out[DIGEST_SIZE]) {
    unsigned int size = DIGEST_SIZE;
    return EVP_Digest(bytes.data, bytes.size, out, &size, EVP_sha256(), NULL) == 1;
}

bool digest_hmac_sha256(struct span key, struct span bytes, unsigned char out[DIGEST_SIZE]) {
    unsigned int size = DIGEST_SIZE;
    return HMAC(EVP_sha256(), key.data, (int)key.size, (const unsigned char *)bytes.data, bytes.size, out, &size) !=
           NULL;
}
