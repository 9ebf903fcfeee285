/* Redirect changes a copy of a sluss.cfg to use only the sandbox's broker and platform, so that nothing leaves this
 * machine. It changes only that file. */
#ifndef SLUSS_SETTINGS_REDIRECT_H
#define SLUSS_SETTINGS_REDIRECT_H

#include "base/error.h"

struct redirect_spec {
    const char *servers;  /* of Kafka, in plain text: all options of its security go */
    const char *platform; /* every platform NAME gets the base-url PLATFORM/NAME, no proxy, no tls, no oauth2, a quick
                             breaker */
    const char *socket;   /* of admin; `listen` goes */
    void *owner;
    bool (*secret)(void *owner, const char *name, struct error *error); /* told for each "secret:NAME" */
};

/* Reads and writes the file at `path`. False with a sentence. */
bool redirect(const char *path, const struct redirect_spec *spec, struct error *error);

#endif
