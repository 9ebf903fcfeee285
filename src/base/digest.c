/* SHA-256 through OpenSSL's one-call functions. No streaming. */
#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdatomic.h>

/* Looking the algorithm up costs as much as digesting a short text: once for all threads. */
static const EVP_MD *sha256(void) {
    static _Atomic(EVP_MD *) found;
    EVP_MD *digest = atomic_load_explicit(&found, memory_order_acquire);
    if (digest != NULL)
        return digest;
    EVP_MD *other = NULL;
    digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (digest == NULL || atomic_compare_exchange_strong(&found, &other, digest))
        return digest;
    EVP_MD_free(digest);
    return other;
}

bool digest_sha256(struct span bytes, unsigned char out[DIGEST_SIZE]) {
    unsigned int size = DIGEST_SIZE;
    const EVP_MD *digest = sha256();
    return digest != NULL && EVP_Digest(bytes.data, bytes.size, out, &size, digest, NULL) == 1;
}

bool digest_hmac_sha256(struct span key, struct span bytes, unsigned char out[DIGEST_SIZE]) {
    unsigned int size = DIGEST_SIZE;
    return HMAC(EVP_sha256(), key.data, (int)key.size, (const unsigned char *)bytes.data, bytes.size, out, &size) !=
           NULL;
}
