/* A folder is the sandbox's temporary directory: a copy of a configuration, changed so that nothing leaves this
 * machine. The original is only read. */
#ifndef SLUSS_CTL_FOLDER_H
#define SLUSS_CTL_FOLDER_H

#include "base/error.h"

#include <stddef.h>

enum { FOLDER_PATH = 512 };

struct folder {
    char path[FOLDER_PATH]; /* "" : none */
};

/* Copies the configuration at `from` (a folder with a sluss.cfg). False with a sentence; folder_destroy in any case. */
bool folder_create(struct folder *folder, const char *from, struct error *error);

/* Points the copy at the sandbox: Kafka at `servers` in plain text, every platform at `platform`/NAME, the control
 * socket and every secret in the folder, short breaker times, log lines as text. */
bool folder_redirect(struct folder *folder, const char *servers, const char *platform, struct error *error);

/* Writes the path of `name` in the folder; false when it is too long. */
bool folder_path(const struct folder *folder, const char *name, char *out, size_t size);

/* Removes it with all that is in it. */
void folder_destroy(struct folder *folder);

#endif
