/* One line an event in three dresses. Control characters of foreign texts, and bytes that are no UTF-8, are
 * written as '?'. */
#include "ops/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#if SLUSS_SYSTEMD
#include <systemd/sd-journal.h>
#endif

enum { MOST_FIELDS = 16, READER_MS = 1000 };

static struct {
    enum log_format format;
    enum log_level level;
    bool colours;
    unsigned long long dropped; /* lines, since the last that was written */
    pthread_mutex_t mutex;
} output = {LOG_FORMAT_TEXT, LOG_LEVEL_INFO, false, 0, PTHREAD_MUTEX_INITIALIZER};

/* systemd.exec(5): $JOURNAL_STREAM names the device and inode of the stream that it connected. */
static bool stands_before_journal(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    unsigned long long device, inode;
    return stream != NULL && fstat(STDERR_FILENO, &status) == 0 && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           device == status.st_dev && inode == status.st_ino;
}

void log_open(enum log_format format, enum log_level level) {
    if (format == LOG_FORMAT_AUTO)
        format = stands_before_journal() ? LOG_FORMAT_JOURNAL : LOG_FORMAT_TEXT;
#if !SLUSS_SYSTEMD
    if (format == LOG_FORMAT_JOURNAL)
        format = LOG_FORMAT_TEXT;
#endif
    output.format = format;
    output.level = level;
    output.colours = isatty(STDERR_FILENO) != 0 && getenv("NO_COLOR") == NULL;
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

static void add_line(struct buf *line, enum log_level level, const struct log_field *field, size_t count,
                     struct span message) {
    if (output.format == LOG_FORMAT_JSON)
        add_json_line(line, level, field, count, message);
    else
        add_text_line(line, level, field, count, message);
}

/* A reader that does not keep up is waited for once, for a moment; then lines are dropped until it reads again. */
static bool is_read(void) {
    struct pollfd standard = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&standard, 1, output.dropped > 0 ? 0 : READER_MS) != 0;
}

static void write_line(enum log_level level, const struct log_field *field, size_t count, struct span message) {
    struct buf line = {0}, dropped = {0};
    if (!is_read()) {
        output.dropped++;
        return;
    }
    if (output.dropped > 0) {
        buf_printf(&dropped, "%llu lines of the log were dropped: nobody read them", output.dropped);
        add_line(&line, LOG_LEVEL_WARNING, NULL, 0, buf_span(&dropped));
        output.dropped = 0;
    }
    add_line(&line, level, field, count, message);
    ssize_t written = write(STDERR_FILENO, line.data, line.size);
    (void)written;
    buf_finish(&dropped);
    buf_finish(&line);
}

#if SLUSS_SYSTEMD
static void write_journal(enum log_level level, const struct log_field *field, size_t count, struct span message) {
    struct buf entry[MOST_FIELDS + 3] = {{0}};
    struct iovec part[MOST_FIELDS + 3];
    size_t parts = 0;
    buf_add_text(&entry[parts], "MESSAGE=");
    add_clean(&entry[parts++], message, false);
    buf_printf(&entry[parts++], "PRIORITY=%d", (int)level);
    buf_add_text(&entry[parts++], "SYSLOG_IDENTIFIER=slussd");
    for (size_t i = 0; i < count && i < MOST_FIELDS; i++) {
        struct buf *one = &entry[parts++];
        buf_add_text(one, "SLUSS_");
        for (const char *letter = field[i].name; *letter != '\0'; letter++)
            buf_add_byte(one, *letter == '-' ? '_' : (char)(*letter >= 'a' && *letter <= 'z' ? *letter - 32 : *letter));
        buf_add_byte(one, '=');
        if (field[i].text.data != NULL)
            add_clean(one, field[i].text, false);
        else
            buf_printf(one, "%lld", (long long)field[i].number);
    }
    for (size_t i = 0; i < parts; i++)
        part[i] = (struct iovec){entry[i].data, entry[i].size};
    (void)sd_journal_sendv(part, (int)parts);
    for (size_t i = 0; i < parts; i++)
        buf_finish(&entry[i]);
}
#endif

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
    struct span message = span_of(text);
    (void)pthread_mutex_lock(&output.mutex);
#if SLUSS_SYSTEMD
    if (output.format == LOG_FORMAT_JOURNAL)
        write_journal(level, field, count, message);
    else
        write_line(level, field, count, message);
#else
    write_line(level, field, count, message);
#endif
    (void)pthread_mutex_unlock(&output.mutex);
}
