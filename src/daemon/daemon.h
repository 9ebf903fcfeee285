/* The daemon runs settings until it is told to stop. It reads a configuration only to take a new one. */
#ifndef SLUSS_DAEMON_DAEMON_H
#define SLUSS_DAEMON_DAEMON_H

#include "settings/settings.h"

/* Blocks until SIGTERM, SIGINT or a fatal fault, and takes the settings. `options` say how they were read, and are read
 * by again when a reload is asked for. `faults` counts the configuration's errors outside sluss.cfg: routes that were
 * left out. Returns the exit status (CONTRACT 4). */
int daemon_run(const struct settings_options *options, struct settings *settings, size_t faults);

#endif
