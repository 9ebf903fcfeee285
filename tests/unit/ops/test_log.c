/* A log that nobody reads, and what strangers would like to write into it. */
#include "ops/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* Ends the program, which fails, should a line stop the one who says it. */
enum { PATIENCE_S = 30 };

static size_t drain(int descriptor, char *text, size_t size) {
    size_t have = 0;
    ssize_t got;
    while (have < size - 1 && (got = read(descriptor, text + have, size - 1 - have)) > 0)
        have += (size_t)got;
    text[have] = '\0';
    return have;
}

/* Standard error becomes a pipe of one page until it is given back. */
static int pipe_end[2], before;

static void take_stderr(void) {
    before = dup(STDERR_FILENO);
    assert_int_equal(pipe2(pipe_end, O_CLOEXEC), 0);
    assert_int_equal(fcntl(pipe_end[0], F_SETFL, O_NONBLOCK), 0);
    assert_true(fcntl(pipe_end[1], F_SETPIPE_SZ, 4096) >= 4096);
    assert_int_equal(dup2(pipe_end[1], STDERR_FILENO), STDERR_FILENO);
    (void)alarm(PATIENCE_S);
}

static void give_stderr_back(void) {
    assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
    (void)alarm(0);
    (void)close(before);
    (void)close(pipe_end[0]);
    (void)close(pipe_end[1]);
}

/* Flushes and reads in turn until nothing comes any more. */
static void read_all(char *text, size_t size) {
    size_t have = 0, got;
    do {
        (void)log_flush();
        got = drain(pipe_end[0], text + have, size - have);
        have += got;
    } while (got > 0);
}

/* How many lines hold the words. */
static unsigned lines_with(const char *text, const char *words) {
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

static void what_is_not_read_at_once_is_read_later(void **state) {
    (void)state;
    static char text[256 * 1024];
    take_stderr();
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    for (int i = 0; i < 1000; i++)
        log_say(LOG_LEVEL_INFO, NULL, 0, "line %d", i);
    read_all(text, sizeof text);
    give_stderr_back();
    const char *at = text;
    for (int i = 0; i < 1000; i++) {
        char line[32];
        (void)snprintf(line, sizeof line, "line %d\n", i);
        at = strstr(at, line); /* all of them, in order */
        if (at == NULL)
            fail_msg("no %s", line);
    }
    assert_null(strstr(text, "dropped"));
}

static void what_is_never_read_is_counted(void **state) {
    (void)state;
    enum { SAID = 20000 };
    static char text[2 * 1024 * 1024];
    unsigned long dropped = 0;
    take_stderr();
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    for (int i = 0; i < SAID; i++)
        log_say(LOG_LEVEL_INFO, NULL, 0, "line %d", i);
    read_all(text, sizeof text);
    log_say(LOG_LEVEL_INFO, NULL, 0, "read again");
    size_t have = strlen(text);
    (void)drain(pipe_end[0], text + have, sizeof text - have);
    give_stderr_back();
    assert_non_null(strstr(text, " line 0\n"));
    assert_null(strstr(text, " line 19999\n"));
    assert_int_equal(lines_with(text, " of the log were dropped"), 1);
    const char *told = strstr(text, "warning ");
    assert_non_null(told);
    assert_int_equal(sscanf(told, "warning %lu lines of the log were dropped", &dropped), 1);
    assert_int_equal(lines_with(text, " line ") + dropped, SAID);
    assert_non_null(strstr(told, "read again\n"));
}

/* A reader that takes a little now and then must not cost a wait each time. */
static void nobody_waits_for_who_reads_slowly(void **state) {
    (void)state;
    static char text[512 * 1024];
    take_stderr();
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    for (int i = 0; i < 10000; i++) {
        log_say(LOG_LEVEL_INFO, NULL, 0, "line %d", i);
        if (i % 100 == 99)
            (void)drain(pipe_end[0], text, sizeof text);
    }
    read_all(text, sizeof text);
    give_stderr_back();
}

/* An ssh that hangs: what a terminal still has room for is less than a line, and it says that it is ready. */
static void a_terminal_that_hangs_stops_nobody(void **state) {
    (void)state;
    static char text[512 * 1024];
    char name[64];
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    assert_int_equal(ptsname_r(master, name, sizeof name), 0);
    int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC), shared = dup(STDERR_FILENO);
    assert_int_equal(dup2(slave, STDERR_FILENO), STDERR_FILENO);
    (void)alarm(PATIENCE_S);
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    for (int i = 0; i < 2000; i++)
        log_say(LOG_LEVEL_INFO, NULL, 0, "line %d of them, and each is longer than what may be left of the room", i);
    int flags = fcntl(slave, F_GETFL);
    size_t have = 0, got;
    do {
        (void)log_flush();
        got = drain(master, text + have, sizeof text - have);
        have += got;
    } while (got > 0);
    assert_int_equal(dup2(shared, STDERR_FILENO), STDERR_FILENO);
    (void)alarm(0);
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    (void)close(shared);
    (void)close(slave);
    (void)close(master);
    assert_int_equal(flags & O_NONBLOCK, 0); /* others share it */
    assert_int_equal(lines_with(text, "of the room\r\n"), 2000);
}

static void a_full_disk_is_told_when_there_is_room_again(void **state) {
    (void)state;
    static char text[4096];
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    take_stderr();
    assert_int_equal(dup2(full, STDERR_FILENO), STDERR_FILENO);
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    for (int i = 0; i < 7; i++)
        log_say(LOG_LEVEL_INFO, NULL, 0, "line %d", i);
    assert_int_equal(dup2(pipe_end[1], STDERR_FILENO), STDERR_FILENO);
    log_say(LOG_LEVEL_INFO, NULL, 0, "room again");
    read_all(text, sizeof text);
    give_stderr_back();
    (void)close(full);
    assert_non_null(strstr(text, " 7 lines of the log were dropped"));
    assert_non_null(strstr(text, "room again\n"));
}

/* journald in this process, which hangs until it reads. */
static void a_journal_that_hangs_stops_nobody(void **state) {
    (void)state;
    enum { SAID = 5000 };
    static char text[65536];
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/sluss-log-XXXXXX"};
    const struct log_field field[] = {{"again-in-ms", SPAN_NONE, 7}, {"why", SPAN("a\nFORGED=1"), 0}};
    unsigned seen = 0, dropped = 0, last = 0;
    assert_non_null(mkdtemp(address.sun_path));
    char folder[sizeof address.sun_path];
    memcpy(folder, address.sun_path, sizeof folder);
    memcpy(address.sun_path + strlen(folder), "/s", sizeof "/s");
    assert_false(log_open_journal(address.sun_path));
    int journald = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(journald, (const struct sockaddr *)&address, sizeof address), 0);
    (void)alarm(PATIENCE_S);
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    assert_true(log_open_journal(address.sun_path));
    for (int i = 0; i < SAID; i++)
        log_say(LOG_LEVEL_WARNING, field, 2, "line %d", i);
    for (bool more = true; more;) {
        ssize_t got;
        more = false;
        for (; (got = recv(journald, text, sizeof text - 1, 0)) > 0; more = true) {
            text[got] = '\0';
            if (sscanf(text, "MESSAGE=%u lines of the log were dropped", &dropped) == 1 &&
                strstr(text, " dropped") != NULL)
                continue;
            assert_int_equal(sscanf(text, "MESSAGE=line %u\n", &last), 1);
            assert_int_equal(last, seen++);
            assert_non_null(strstr(text, "\nPRIORITY=4\nSYSLOG_IDENTIFIER=slussd\nSLUSS_AGAIN_IN_MS=7\n"));
            assert_non_null(strstr(text, "\nSLUSS_WHY=a?FORGED=1\n"));
        }
        (void)log_flush();
    }
    (void)alarm(0);
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    (void)close(journald);
    (void)unlink(address.sun_path);
    (void)rmdir(folder);
    assert_true(dropped > 0);
    assert_int_equal(seen + dropped, SAID);
}

/* As after a reload with another `log.format`: the lines that the old one had no room for are told in the new one. */
static void what_was_dropped_before_another_format_is_told(void **state) {
    (void)state;
    enum { SAID = 20000 };
    static char text[2 * 1024 * 1024];
    char entry[4096];
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/sluss-log-XXXXXX"};
    unsigned long dropped = 0;
    assert_non_null(mkdtemp(address.sun_path));
    char folder[sizeof address.sun_path];
    memcpy(folder, address.sun_path, sizeof folder);
    memcpy(address.sun_path + strlen(folder), "/s", sizeof "/s");
    int journald = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(journald, (const struct sockaddr *)&address, sizeof address), 0);
    take_stderr();
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    for (int i = 0; i < SAID; i++)
        log_say(LOG_LEVEL_INFO, NULL, 0, "line %d", i);
    assert_true(log_open_journal(address.sun_path));
    read_all(text, sizeof text);
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    give_stderr_back();
    ssize_t got = recv(journald, entry, sizeof entry - 1, 0);
    (void)close(journald);
    (void)unlink(address.sun_path);
    (void)rmdir(folder);
    assert_true(got > 0);
    entry[got] = '\0';
    assert_int_equal(sscanf(entry, "MESSAGE=%lu lines of the log were dropped", &dropped), 1);
    assert_int_equal(lines_with(text, " line ") + dropped, SAID);
}

static void strangers_forge_no_line(void **state) {
    (void)state;
    static const struct {
        struct span text;
        const char *shown;
    } rows[] = {
        {SPAN("Lule\xc3\xa5"), "Lule\xc3\xa5"},
        {SPAN("a\nb\tc\x7f"), "a?b?c?"},
        {SPAN("\x1b[31m"), "?[31m"},
        {SPAN("\xc2\x9b"
              "31m"),
         "?31m"},                    /* the same in one character */
        {SPAN("\xff\xfe"), "??"},    /* no UTF-8 */
        {SPAN("cut \xc3"), "cut ?"}, /* in a character's middle */
        {SPAN("\xc0\xaf"), "??"},    /* a slash in too many bytes */
        {SPAN("\"quoted\\"), "\\\"quoted\\\\"},
        {SPAN("nul\0x"), "nul?x"},
    };
    static char text[4096];
    take_stderr();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct log_field field = {"why", rows[i].text, 0};
        char expected[64];
        (void)snprintf(expected, sizeof expected, "\"message\":\"m\",\"why\":\"%s\"}\n", rows[i].shown);
        assert_int_equal(dup2(pipe_end[1], STDERR_FILENO), STDERR_FILENO);
        log_open(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
        log_say(LOG_LEVEL_INFO, &field, 1, "m");
        assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
        (void)drain(pipe_end[0], text, sizeof text);
        if (!span_ends_with(span_of(text), span_of(expected)))
            fail_msg("row %zu: %s", i, text);
    }
    give_stderr_back();
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_not_read_at_once_is_read_later),
                                       cmocka_unit_test(what_is_never_read_is_counted),
                                       cmocka_unit_test(nobody_waits_for_who_reads_slowly),
                                       cmocka_unit_test(a_terminal_that_hangs_stops_nobody),
                                       cmocka_unit_test(a_full_disk_is_told_when_there_is_room_again),
                                       cmocka_unit_test(a_journal_that_hangs_stops_nobody),
                                       cmocka_unit_test(what_was_dropped_before_another_format_is_told),
                                       cmocka_unit_test(strangers_forge_no_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
