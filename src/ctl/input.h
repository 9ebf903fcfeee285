/* Input is what slussctl reads: whole files, standard input, folders of them. It does not look inside. */
#ifndef SLUSS_CTL_INPUT_H
#define SLUSS_CTL_INPUT_H

#include "base/buf.h"
#include "base/error.h"

/* Adds the whole file, or standard input for "-". False with a sentence that names the path. */
bool input_read(const char *path, struct buf *out, struct error *error);

/* Calls `each` for every *.json below the folder, in the order of their names, with its path and its path inside the
 * folder. Ends early with false when `each` does, or when a folder cannot be read. */
bool input_walk(const char *folder, bool (*each)(void *owner, const char *path, const char *inside), void *owner,
                struct error *error);

#endif
