/* Reading notAfter with OpenSSL, which is libcurl's library for TLS too. Makes no connection. */
#include "http/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LARGEST_FILE = 1 << 20 };

int64_t certificate_earlier(int64_t one_ms, int64_t other_ms) {
    if (one_ms == 0 || other_ms == 0)
        return one_ms == 0 ? other_ms : one_ms;
    return one_ms < other_ms ? one_ms : other_ms;
}

static int64_t end_of(const X509 *certificate) {
    struct tm date;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &date) != 1)
        return 0;
    return (int64_t)timegm(&date) * 1000;
}

/* Nobody is asked for the password of an encrypted text. */
static int no_password(char *password, int size, int writing, void *owner) {
    (void)password, (void)size, (void)writing, (void)owner;
    return -1;
}

int64_t certificate_end(struct span pem) {
    if (pem.size == 0 || pem.size > LARGEST_FILE)
        return 0;
    BIO *source = BIO_new_mem_buf(pem.data, (int)pem.size);
    int64_t end_ms = 0;
    for (X509 *one; source != NULL && (one = PEM_read_bio_X509(source, NULL, no_password, NULL)) != NULL;
         X509_free(one))
        end_ms = certificate_earlier(end_ms, end_of(one));
    BIO_free(source);
    ERR_clear_error(); /* the loop ends with one */
    return end_ms;
}

int64_t certificate_end_of_file(const char *path) {
    FILE *file = fopen(path, "re");
    char *text = file != NULL ? malloc(LARGEST_FILE) : NULL;
    size_t size = text != NULL ? fread(text, 1, LARGEST_FILE, file) : 0;
    int64_t end_ms = certificate_end(span_make(text, size));
    free(text);
    if (file != NULL)
        (void)fclose(file);
    return end_ms;
}
