/* The reload replaces the configuration: the new one is read and checked completely, then the crew of the old one ends
 * as at a stop, then the new one begins. A configuration with an error changes nothing (I14). */
#ifndef SLUSS_DAEMON_RELOAD_H
#define SLUSS_DAEMON_RELOAD_H

#include "base/buf.h"

struct daemon;
struct problems;
struct settings;

/* Reads the configuration and, when nothing is wrong with it, stops the crew. Everything that is wrong goes to the log
 * and to `answer`, which ends with a sentence on what follows. The status of HTTP: 200 taken, 422 refused, 500 the
 * system has too little to begin it now, 409 the process is stopping. Asked again before the new generation has begun,
 * the newest reading counts. */
unsigned reload_ask(struct daemon *daemon, struct buf *answer);

/* The crew has ended, and a new generation waits: it begins. When it cannot start, the old one does again. False:
 * nothing runs any more. `status` is the exit status of the crew that ended, then the process's. */
bool reload_turn(struct daemon *daemon, int *status);

/* A stop came first: nothing follows. */
void reload_forget(struct daemon *daemon);

/* The state of the last reload: 200 its generation runs, 503 not yet, 500 it could not start; with a sentence. */
unsigned reload_state(struct daemon *daemon, struct buf *answer);

/* What is wrong with a configuration, as far as it was not said before: to the log, and to `answer`, which may be NULL.
 */
void reload_problems(struct daemon *daemon, const struct problems *problems, struct buf *answer);

/* Where the admin server is, or would be, as one text. */
void reload_place(const struct settings *settings, struct buf *place);

/* Opens the log as the settings say. No other thread of ours runs. */
void reload_log(const struct settings *settings);

#endif
