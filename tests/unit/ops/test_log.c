/* A log that nobody reads. */
#include "ops/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nobody_waits_for_who_does_not_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
