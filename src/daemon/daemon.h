/* The daemon runs settings until it is told to stop. It reads a configuration only to take a new one. */
#ifndef SLUSS_DAEMON_DAEMON_H
#define SLUSS_DAEMON_DAEMON_H

#include "settings/settings.h"

/* Runs until SIGTERM, SIGINT or a fatal fault, and takes ownership of the settings. `options` say how they were read,
 * and are used again for a reload. `problems` are what was wrong: errors outside sluss.cfg, whose routes were left out,
 * and warnings; they go to the log unless they were shown already. Returns the exit status (CONTRACT 4). */
int daemon_run(const struct settings_options *options, struct settings *settings, const struct problems *problems,
               bool shown);

#endif
