/* The library log puts what libraries say about themselves into our log, without repetition. When Kafka is away, each
 * client of librdkafka says the same about each broker, over and over: one sentence is logged once a minute, with a
 * count of how often it came in between. */
#ifndef SLUSS_OPS_LIBRARY_LOG_H
#define SLUSS_OPS_LIBRARY_LOG_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Logs one line, with a level of syslog's, unless the same was logged within a minute; at level debug all are logged.
 * May be called from any thread. `nobody` is unused: it makes the function fit callbacks that are given an owner. */
void library_log_say(void *nobody, int syslog_level, const char *sentence);

/* --- inside, for tests --- */

enum { LIBRARY_LOG_PERIOD_MS = 60 * 1000, LIBRARY_LOG_SENTENCES = 64, LIBRARY_LOG_LONGEST = 256 };

/* What was logged lately; start with all zero. */
struct library_log {
    struct library_log_sentence {
        char essence[LIBRARY_LOG_LONGEST]; /* "" free */
        int64_t said_ms;
        uint32_t again; /* so often it came again since then */
    } sentence[LIBRARY_LOG_SENTENCES];
};

/* What two sentences must share to count as the same: the text without librdkafka's facility and thread, the group that
 * says it (unless a broker answered it), what stands in brackets, and times. */
void library_log_essence(struct buf *out, const char *sentence);

/* Whether it is to be logged at `now_ms`; then *again is how often it was left out since it was logged *within_ms ago.
 */
bool library_log_ask(struct library_log *log, const char *essence, int64_t now_ms, uint32_t *again, int64_t *within_ms);

#endif
