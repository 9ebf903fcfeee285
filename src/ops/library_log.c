/* A short list of sentences, in which the one logged longest ago makes room. All it knows of librdkafka is what its
 * lines look like. */
#include "ops/library_log.h"

#include "ops/log.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct {
    struct library_log log;
    pthread_mutex_t mutex;
} lately = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* Behind "PREFIX WORD: ", or where it began. */
static const char *skip_prefix(const char *text, const char *prefix) {
    size_t size = strlen(prefix);
    const char *end = strncmp(text, prefix, size) == 0 ? strstr(text, ": ") : NULL;
    return end != NULL ? end + 2 : text;
}

/* A broker's answer to one group concerns that group alone: an operator wants to know of each that may not read. */
static const char *skip_group(const char *text) {
    return strstr(text, "Broker: ") != NULL ? text : skip_prefix(text, "group ");
}

/* How many bytes of `text` are a number of milliseconds. */
static size_t measured(const char *text) {
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && strncmp(text + digits, " ms", 3) == 0 ? digits : 0;
}

void library_log_essence(struct buf *out, const char *sentence) {
    const char *text = skip_prefix(sentence, "librdkafka ");
    text = skip_prefix(text, "[thrd:");
    text = skip_group(text);
    for (unsigned depth = 0; *text != '\0'; text++) {
        text += measured(text);
        depth += *text == '(';
        if (depth == 0)
            buf_add_byte(out, *text);
        depth -= *text == ')' && depth > 0;
    }
}

bool library_log_ask(struct library_log *log, const char *essence, int64_t now_ms, uint32_t *again,
                     int64_t *within_ms) {
    char wanted[LIBRARY_LOG_LONGEST];
    struct library_log_sentence *place = &log->sentence[0];
    *again = 0;
    *within_ms = 0;
    (void)snprintf(wanted, sizeof wanted, "%s", essence);
    for (size_t i = 0; i < LIBRARY_LOG_SENTENCES; i++) {
        struct library_log_sentence *one = &log->sentence[i];
        if (one->essence[0] != '\0' && strcmp(one->essence, wanted) == 0) {
            place = one;
            *within_ms = now_ms - one->said_ms;
            if (*within_ms < LIBRARY_LOG_PERIOD_MS) {
                one->again++;
                return false;
            }
            *again = one->again;
            break;
        }
        if (place->essence[0] != '\0' && (one->essence[0] == '\0' || one->said_ms < place->said_ms))
            place = one;
    }
    memcpy(place->essence, wanted, sizeof wanted);
    place->said_ms = now_ms;
    place->again = 0;
    return true;
}

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The thread's name says nothing that the rest does not. */
static void say(enum log_level level, const char *sentence, uint32_t again, int64_t within_ms) {
    const char *text = skip_prefix(sentence, "librdkafka "), *rest = skip_prefix(text, "[thrd:");
    int before = (int)(text - sentence);
    if (again > 0)
        log_say(level, NULL, 0, "%.*s%s (%u times more in the last %d s)", before, sentence, rest, again,
                (int)(within_ms / 1000));
    else
        log_say(level, NULL, 0, "%.*s%s", before, sentence, rest);
}

void library_log_say(void *nobody, int syslog_level, const char *sentence) {
    (void)nobody;
    enum log_level level = syslog_level <= 3   ? LOG_LEVEL_ERROR
                           : syslog_level <= 4 ? LOG_LEVEL_WARNING
                           : syslog_level <= 6 ? LOG_LEVEL_INFO
                                               : LOG_LEVEL_DEBUG;
    struct buf essence = {0};
    uint32_t again = 0;
    int64_t within_ms = 0;
    bool said = log_would_say(LOG_LEVEL_DEBUG);
    library_log_essence(&essence, sentence);
    if (!said && log_would_say(level)) {
        (void)pthread_mutex_lock(&lately.mutex);
        said = library_log_ask(&lately.log, buf_text(&essence), now_ms(), &again, &within_ms);
        (void)pthread_mutex_unlock(&lately.mutex);
    }
    if (said)
        say(level, sentence, again, within_ms);
    buf_finish(&essence);
}
