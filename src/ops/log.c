/* One line an event in three dresses. Control characters of foreign texts, and bytes that are no UTF-8, are
 * written as '?'. */
#include "ops/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "ops/outlet.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Documented: systemd.io/JOURNAL_NATIVE_PROTOCOL. sd_journal_send(3) speaks the same, but waits where journald hangs.
 */
#define JOURNAL "/run/systemd/journal/socket"

static struct {
    enum log_format format;
    enum log_level level;
    bool colours;
    int journal;                /* a socket; -1 none yet */
    struct sockaddr_un address; /* of the journal */
    pthread_mutex_t mutex;      /* guards the outlets */
} output = {LOG_FORMAT_TEXT, LOG_LEVEL_INFO, false, -1, {0}, PTHREAD_MUTEX_INITIALIZER};

static struct outlet standard = {.descriptor = STDERR_FILENO}, journal;

/* systemd.exec(5): $JOURNAL_STREAM names the device and inode of the stream that it connected. */
static bool stands_before_journal(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    unsigned long long device, inode;
    return stream != NULL && fstat(STDERR_FILENO, &status) == 0 && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           device == status.st_dev && inode == status.st_ino;
}

bool log_open_journal(const char *path) {
    output.address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof output.address.sun_path || access(path, F_OK) != 0)
        return false;
    memcpy(output.address.sun_path, path, strlen(path) + 1);
    if (output.journal < 0)
        output.journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (output.journal < 0)
        return false;
    outlet_datagrams(&journal, output.journal, &output.address, sizeof output.address);
    output.format = LOG_FORMAT_JOURNAL;
    return true;
}

/* A terminal says that it is ready while it has room for a byte, and then lets a line wait for the rest. Opened once
 * more it is ours alone, and can be told not to. */
static int open_standard(void) {
    static int terminal = -1;
    if (terminal >= 0)
        (void)close(terminal);
    terminal = isatty(STDERR_FILENO) != 0 ? open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    return terminal >= 0 ? terminal : STDERR_FILENO;
}

void log_open(enum log_format format, enum log_level level) {
    if (format == LOG_FORMAT_AUTO)
        format = stands_before_journal() ? LOG_FORMAT_JOURNAL : LOG_FORMAT_TEXT;
    outlet_stream(&standard, open_standard());
    output.level = level;
    output.colours = isatty(STDERR_FILENO) != 0 && getenv("NO_COLOR") == NULL;
    output.format = format == LOG_FORMAT_JOURNAL ? LOG_FORMAT_TEXT : format;
    if (format == LOG_FORMAT_JOURNAL && !log_open_journal(JOURNAL))
        log_say(LOG_LEVEL_WARNING, NULL, 0, "there is no journal at " JOURNAL ": the log goes to standard error");
}

bool log_would_say(enum log_level level) {
    return level <= output.level;
}

static const char *level_name(enum log_level level) {
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error";
    case LOG_LEVEL_WARNING:
        return "warning";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_DEBUG:
        break;
    }
    return "debug";
}

static void add_now(struct buf *line) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    clock_write_date(line, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* C1 controls command terminals as well. */
static bool is_control(const char *at, size_t size) {
    unsigned char first = (unsigned char)at[0];
    return first < 0x20 || first == 0x7f || (size == 2 && first == 0xc2 && (unsigned char)at[1] < 0xa0);
}

/* Foreign text (a broker's words, a certificate's name) must not be able to forge a line, nor to make one that is no
 * JSON. */
static void add_clean(struct buf *line, struct span text, bool json) {
    for (size_t i = 0; i < text.size;) {
        const char *at = text.data + i;
        size_t size = text_utf8_size(at, text.data + text.size);
        i += size == 0 ? 1 : size;
        if (size == 0 || is_control(at, size)) {
            buf_add_byte(line, '?');
            continue;
        }
        if (json && (*at == '"' || *at == '\\'))
            buf_add_byte(line, '\\');
        buf_add(line, span_make(at, size));
    }
}

static void add_text_line(struct buf *line, enum log_level level, const struct log_field *field, size_t count,
                          struct span message) {
    const char *colour = level == LOG_LEVEL_ERROR ? "\033[31m" : level == LOG_LEVEL_WARNING ? "\033[33m" : "";
    add_now(line);
    buf_printf(line, " %s%-7s%s ", output.colours ? colour : "", level_name(level),
               output.colours && *colour != '\0' ? "\033[0m" : "");
    add_clean(line, message, false);
    for (size_t i = 0; i < count; i++) {
        buf_printf(line, " %s=", field[i].name);
        if (field[i].text.data != NULL)
            add_clean(line, field[i].text, false);
        else
            buf_printf(line, "%lld", (long long)field[i].number);
    }
    buf_add_byte(line, '\n');
}

static void add_json_line(struct buf *line, enum log_level level, const struct log_field *field, size_t count,
                          struct span message) {
    buf_add_text(line, "{\"time\":\"");
    add_now(line);
    buf_printf(line, "\",\"level\":\"%s\",\"message\":\"", level_name(level));
    add_clean(line, message, true);
    buf_add_byte(line, '"');
    for (size_t i = 0; i < count; i++) {
        buf_printf(line, ",\"%s\":", field[i].name);
        if (field[i].text.data == NULL) {
            buf_printf(line, "%lld", (long long)field[i].number);
            continue;
        }
        buf_add_byte(line, '"');
        add_clean(line, field[i].text, true);
        buf_add_byte(line, '"');
    }
    buf_add_text(line, "}\n");
}

static void add_journal_entry(struct buf *entry, enum log_level level, const struct log_field *field, size_t count,
                              struct span message) {
    buf_add_text(entry, "MESSAGE=");
    add_clean(entry, message, false);
    buf_printf(entry, "\nPRIORITY=%d\nSYSLOG_IDENTIFIER=slussd\n", (int)level);
    for (size_t i = 0; i < count; i++) {
        buf_add_text(entry, "SLUSS_");
        for (const char *letter = field[i].name; *letter != '\0'; letter++)
            buf_add_byte(entry,
                         *letter == '-' ? '_' : (char)(*letter >= 'a' && *letter <= 'z' ? *letter - 32 : *letter));
        buf_add_byte(entry, '=');
        if (field[i].text.data != NULL)
            add_clean(entry, field[i].text, false);
        else
            buf_printf(entry, "%lld", (long long)field[i].number);
        buf_add_byte(entry, '\n');
    }
}

/* --- writing, under the mutex --- */

static struct outlet *outlet(void) {
    return output.format == LOG_FORMAT_JOURNAL ? &journal : &standard;
}

static void put(enum log_level level, const struct log_field *field, size_t count, struct span message) {
    struct buf line = {0};
    if (output.format == LOG_FORMAT_JOURNAL)
        add_journal_entry(&line, level, field, count, message);
    else if (output.format == LOG_FORMAT_JSON)
        add_json_line(&line, level, field, count, message);
    else
        add_text_line(&line, level, field, count, message);
    if (line.failed)
        outlet()->dropped++;
    else
        (void)outlet_put(outlet(), buf_span(&line));
    buf_finish(&line);
}

/* Once lines were dropped none is taken until those before them are written: then how many it were stands where they
 * would have stood. False: not yet. */
static bool tell_dropped(void) {
    char text[128];
    uint64_t dropped = outlet()->dropped;
    if (!outlet_flush(outlet()))
        return dropped == 0 && outlet()->dropped == 0;
    dropped = outlet()->dropped;
    if (dropped == 0)
        return true;
    (void)snprintf(text, sizeof text, "%llu %s dropped: nobody took %s, or there was no room",
                   (unsigned long long)dropped, dropped == 1 ? "line of the log was" : "lines of the log were",
                   dropped == 1 ? "it" : "them");
    outlet()->dropped = 0;
    put(LOG_LEVEL_WARNING, NULL, 0, span_of(text));
    if (outlet()->dropped == 0)
        return true;
    outlet()->dropped = dropped; /* it was refused, too */
    return false;
}

void log_say(enum log_level level, const struct log_field *field, size_t count, const char *format, ...) {
    if (!log_would_say(level))
        return;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    (void)pthread_mutex_lock(&output.mutex);
    if (tell_dropped())
        put(level, field, count, span_of(text));
    else
        outlet()->dropped++;
    (void)pthread_mutex_unlock(&output.mutex);
}

bool log_flush(void) {
    if (pthread_mutex_trylock(&output.mutex) != 0)
        return false;
    struct outlet *other = outlet() == &standard ? &journal : &standard;
    bool all = outlet_flush(other); /* of the format before: what it dropped is told by this one */
    outlet()->dropped += other->dropped;
    other->dropped = 0;
    all = tell_dropped() && outlet_flush(outlet()) && all;
    (void)pthread_mutex_unlock(&output.mutex);
    return all;
}

void log_finish(int within_ms) {
    static const struct timespec pause = {.tv_nsec = 10 * 1000000L};
    for (int waited_ms = 0; !log_flush() && waited_ms < within_ms; waited_ms += 10)
        (void)nanosleep(&pause, NULL);
}
