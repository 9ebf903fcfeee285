/* The voice is what libraries say of themselves, as lines of the log. When Kafka is away each client of it says the
 * same of each broker, some over and over: one sentence is said once a minute, with how often it came meanwhile. */
#ifndef SLUSS_OPS_VOICE_H
#define SLUSS_OPS_VOICE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* One line with a level of syslog's, unless the same was said within a minute; at level debug all are said. Safe from
 * every thread. `nobody` makes it fit where an owner is handed on. */
void voice_say(void *nobody, int syslog_level, const char *sentence);

/* --- inside, for tests --- */

enum { VOICE_PERIOD_MS = 60 * 1000, VOICE_SENTENCES = 64, VOICE_LONGEST = 256 };

/* What was said lately; zeroed when new. */
struct voice {
    struct voice_sentence {
        char essence[VOICE_LONGEST]; /* "" free */
        int64_t said_ms;
        uint32_t again; /* times since then */
    } sentence[VOICE_SENTENCES];
};

/* What makes two sentences the same news: without librdkafka's facility and thread, the group that says it (unless a
 * broker answered it), what stands in brackets, and times. */
void voice_essence(struct buf *out, const char *sentence);

/* Whether it is to be said at `now_ms`; then *again is how often it was left out since it was said *within_ms ago. */
bool voice_ask(struct voice *voice, const char *essence, int64_t now_ms, uint32_t *again, int64_t *within_ms);

#endif
