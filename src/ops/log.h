/* The log tells operators what happened, one line an event, to the journal, as JSON or as text. It is no place for
 * event values. */
#ifndef SLUSS_OPS_LOG_H
#define SLUSS_OPS_LOG_H

#include "base/span.h"

#include <stdint.h>

/* syslog's numbers, so that they go to the journal as they are. */
enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* AUTO: the journal when systemd connected standard error to it, else text. */
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_JOURNAL, LOG_FORMAT_JSON, LOG_FORMAT_TEXT };

/* Once, before threads. Until then: text, level info. */
void log_open(enum log_format format, enum log_level level);

bool log_would_say(enum log_level level);

/* A structured field: upper-case name (SLUSS_ROUTE in the journal, "route" in JSON and text). */
struct log_field {
    const char *name; /* lower case, no blanks: "route" */
    struct span text; /* data NULL: `number` is meant */
    int64_t number;
};

/* Writes one line. Safe from every thread. A line that cannot be written, or that nobody has read for a second, is
 * dropped, and the next says how many: a log must not stop a lock. (The journal's own socket has no such limit.) */
void log_say(enum log_level level, const struct log_field *field, size_t count, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
