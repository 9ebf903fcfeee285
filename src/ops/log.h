/* The log tells operators what happened, one line per occurrence, to the journal, as JSON or as text. It never contains
 * an event's values. */
#ifndef SLUSS_OPS_LOG_H
#define SLUSS_OPS_LOG_H

#include "base/span.h"

#include <stdint.h>

/* syslog's numbers, so that they go to the journal as they are. */
enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* AUTO: the journal when systemd connected standard error to it, else text. JOURNAL where there is none: text. */
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_JOURNAL, LOG_FORMAT_JSON, LOG_FORMAT_TEXT };

/* Call once, before there are threads. Until then: text, level info. */
void log_open(enum log_format format, enum log_level level);

bool log_would_say(enum log_level level);

/* A structured field: upper-case name (SLUSS_ROUTE in the journal, "route" in JSON and text). */
struct log_field {
    const char *name; /* lower case, no blanks: "route" */
    struct span text; /* data NULL: `number` is meant */
    int64_t number;
};

/* Writes one line. Safe from every thread, none of which ever waits: what nobody takes now (a pipe that is not read, a
 * journal that hangs) is kept, 256 KiB of it, and written when it is taken; lines beyond are dropped, and how many it
 * were is told in their place. */
void log_say(enum log_level level, const struct log_field *field, size_t count, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Writes what was kept and is taken now: to be called now and then, as nobody else may have something to say. False:
 * there is more, or somebody else is at it. */
bool log_flush(void);

/* The same at the end; waits for a reader, so long at most. */
void log_finish(int within_ms);

/* --- inside, for tests --- */

/* From now on entries go to the journal that listens at `path`. False: none does. */
bool log_open_journal(const char *path);

#endif
