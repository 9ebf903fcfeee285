/* The configuration that a verb was called for: --config, or the installed one. It judges nothing: settings does. */
#ifndef SLUSS_CTL_CONFIGURATION_H
#define SLUSS_CTL_CONFIGURATION_H

#include "base/buf.h"
#include "ctl/call.h"
#include "settings/settings.h"

/* Reads it as a check does: secrets may be missing. The caller owns the result, or NULL with what is wrong among the
 * problems, which must be initialised. */
struct settings *configuration_read(const struct call *call, struct problems *problems);

/* Adds the control socket's path to `socket`, also where the configuration has errors. */
void configuration_find_socket(const struct call *call, struct buf *socket);

#endif
