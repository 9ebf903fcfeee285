/* Looking at certificates and keys with OpenSSL, which librdkafka uses too. Shows nothing of them, and asks nobody for
 * a password. */
#include "settings/credentials.h"

#include "base/error.h"

#include <openssl/err.h>
#include <openssl/pem.h>

enum { LARGEST = 1 << 20 };

/* Gives a key's password to OpenSSL; -1: there is none. */
static int give_password(char *room, int size, int writing, void *owner) {
    const struct span *password = owner;
    (void)writing;
    if (password == NULL || password->data == NULL || password->size > (size_t)size)
        return -1;
    memcpy(room, password->data, password->size);
    return (int)password->size;
}

/* What stands in a file; NULL, and a problem, when it cannot be read. */
static BIO *read_file(struct reader *reader, config_setting_t *group, const char *option, struct span path,
                      struct buf *content) {
    struct error error = {0};
    if (!reader_file(reader, path, LARGEST, content, &error)) {
        reader_problem(reader, SEVERITY_ERROR, PROBLEM_FILE, group, option,
                       SPAN("let the user that runs Sluss read it: root:sluss, mode 0640"), "`%s`: %s", option,
                       error.text);
        return NULL;
    }
    BIO *source = BIO_new_mem_buf(content->data, (int)content->size);
    reader->failed = reader->failed || source == NULL;
    return source;
}

static X509 *read_certificate(struct reader *reader, config_setting_t *group, const char *option, struct span path) {
    struct buf content = {0};
    BIO *source = read_file(reader, group, option, path, &content);
    X509 *certificate = source != NULL ? PEM_read_bio_X509(source, NULL, give_password, NULL) : NULL;
    if (source != NULL && certificate == NULL)
        reader_problem(reader, SEVERITY_ERROR, PROBLEM_CONTENT, group, option,
                       SPAN("write the certificate in PEM form: openssl x509 -in FILE -out FILE.pem"),
                       "`%s`: the file holds no certificate in PEM form", option);
    if (certificate != NULL && X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        reader_problem(reader, SEVERITY_WARNING, PROBLEM_RISK, group, option, SPAN("put a new one there, then reload"),
                       "`%s`: the certificate has expired", option);
    BIO_free(source);
    buf_finish(&content);
    return certificate;
}

/* In PEM's words; they stand in no key's own letters. */
bool credentials_is_encrypted(struct span key) {
    static const char whole[] = " ENCRYPTED ", old[] = ",ENCRYPTED";
    return key.data != NULL && (memmem(key.data, key.size, whole, sizeof whole - 1) != NULL ||
                                memmem(key.data, key.size, old, sizeof old - 1) != NULL);
}

static EVP_PKEY *read_key(struct reader *reader, config_setting_t *group, const struct credentials *credentials) {
    static const char option[] = "ssl-key-location";
    struct span password = credentials->password;
    struct buf content = {0};
    BIO *source = read_file(reader, group, option, credentials->key, &content);
    if (source == NULL)
        return NULL;
    bool encrypted = credentials_is_encrypted(buf_span(&content));
    bool unknown = encrypted && credentials->has_password && password.data == NULL;
    EVP_PKEY *key = unknown ? NULL : PEM_read_bio_PrivateKey(source, NULL, give_password, &password);
    if (key == NULL && encrypted && !credentials->has_password)
        reader_problem(reader, SEVERITY_ERROR, PROBLEM_SECRET, group, option,
                       SPAN("write ssl-key-password = \"secret:NAME\";"),
                       "`%s`: the private key is encrypted, and there is no `ssl-key-password`", option);
    else if (key == NULL && encrypted && !unknown)
        reader_problem(reader, SEVERITY_ERROR, PROBLEM_SECRET, group, "ssl-key-password",
                       SPAN("put the key's own password into the secret"),
                       "`ssl-key-password` does not open the private key");
    else if (key == NULL && !unknown)
        reader_problem(reader, SEVERITY_ERROR, PROBLEM_CONTENT, group, option,
                       SPAN("write the key in PEM form: openssl pkey -in FILE -out FILE.pem"),
                       "`%s`: the file holds no private key in PEM form", option);
    BIO_free(source);
    explicit_bzero(content.data, content.capacity);
    buf_finish(&content);
    return key;
}

void credentials_check(struct reader *reader, config_setting_t *group, const struct credentials *credentials) {
    X509 *certificate = NULL;
    EVP_PKEY *key = NULL;
    if (credentials->ca.data != NULL)
        X509_free(read_certificate(reader, group, "ssl-ca-location", credentials->ca));
    if (credentials->certificate.data != NULL)
        certificate = read_certificate(reader, group, "ssl-certificate-location", credentials->certificate);
    if (credentials->key.data != NULL)
        key = read_key(reader, group, credentials);
    if (certificate != NULL && key != NULL && X509_check_private_key(certificate, key) != 1)
        reader_problem(reader, SEVERITY_ERROR, PROBLEM_CONFLICT, group, "ssl-key-location",
                       SPAN("name the key that the certificate was requested with"),
                       "the private key is not that of `ssl-certificate-location`");
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
}
