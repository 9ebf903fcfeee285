/* A log that nobody reads, and what strangers would like to write into it. */
#include "ops/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
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

static void nobody_waits_for_who_does_not_read(void **state) {
    (void)state;
    static char text[256 * 1024];
    int pipe_end[2], before = dup(STDERR_FILENO);
    assert_int_equal(pipe2(pipe_end, O_CLOEXEC), 0);
    assert_int_equal(fcntl(pipe_end[0], F_SETFL, O_NONBLOCK), 0);
    assert_true(fcntl(pipe_end[1], F_SETPIPE_SZ, 4096) >= 4096);
    assert_int_equal(dup2(pipe_end[1], STDERR_FILENO), STDERR_FILENO);
    (void)alarm(PATIENCE_S);
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    for (int i = 0; i < 1000; i++)
        log_say(LOG_LEVEL_INFO, NULL, 0, "line %d", i);
    size_t first = drain(pipe_end[0], text, sizeof text);
    assert_non_null(strstr(text, "line 0\n"));
    assert_null(strstr(text, "line 999\n"));
    assert_int_equal(text[first - 1], '\n'); /* whole lines only */
    log_say(LOG_LEVEL_INFO, NULL, 0, "read again");
    (void)drain(pipe_end[0], text, sizeof text);
    assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
    (void)alarm(0);
    assert_non_null(strstr(text, "lines of the log were dropped"));
    assert_non_null(strstr(text, "read again\n"));
    (void)close(before);
    (void)close(pipe_end[0]);
    (void)close(pipe_end[1]);
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
    int pipe_end[2], before = dup(STDERR_FILENO);
    assert_int_equal(pipe2(pipe_end, O_CLOEXEC), 0);
    assert_int_equal(fcntl(pipe_end[0], F_SETFL, O_NONBLOCK), 0);
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
    (void)close(before);
    (void)close(pipe_end[0]);
    (void)close(pipe_end[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nobody_waits_for_who_does_not_read),
                                       cmocka_unit_test(strangers_forge_no_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
