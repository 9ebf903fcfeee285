/* Credentials for Kafka are files in PEM form: who is trusted, our own certificate and its key. They are looked at
 * before librdkafka reads them, which says only that it cannot. */
#ifndef SLUSS_SETTINGS_CREDENTIALS_H
#define SLUSS_SETTINGS_CREDENTIALS_H

#include "settings/reader.h"

/* Paths, and the password of the key; SPAN_NONE: not written, or not known (a secret that is missing is told already).
 */
struct credentials {
    struct span ca, certificate, key, password;
    bool has_password; /* it is written */
};

/* Adds a problem of `group` for each that cannot be used. */
void credentials_check(struct reader *reader, config_setting_t *group, const struct credentials *credentials);

/* Whether a private key in PEM form is encrypted. */
bool credentials_is_encrypted(struct span key);

#endif
