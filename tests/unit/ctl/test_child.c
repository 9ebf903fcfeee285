/* Children: they end when asked, are killed when they do not hear, and hurry when hurried. */
#include "ctl/child.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LONG_MS = 60000, SHORT_MS = 50 };

/* A shell that runs `script`, which must write a line when it is set up. */
static void start(struct child *child, const char *script, int err) {
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    struct error error = {0};
    char word[16];
    int pipes[2];
    *child = (struct child){0};
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    assert_true(child_start(child, argv, pipes[1], err, &error));
    assert_true(read(pipes[0], word, sizeof word) > 0);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

static void what_is_not_there_is_not_started(void **state) {
    (void)state;
    const char *argv[] = {"/nowhere/slussd", NULL};
    struct child child = {0};
    struct error error = {0};
    int status = 7;
    assert_false(child_start(&child, argv, -1, -1, &error));
    assert_non_null(strstr(error.text, "/nowhere/slussd"));
    assert_true(child_ended(&child, &status));
    assert_int_equal(child_stop(&child, LONG_MS, -1), 0);
}

static void one_that_hears_gives_its_status(void **state) {
    (void)state;
    struct child child;
    start(&child, "trap 'exit 75' TERM; echo; while :; do sleep 0.02; done", -1);
    int status = 0;
    assert_false(child_ended(&child, &status));
    assert_int_equal(child_stop(&child, LONG_MS, -1), 75);
    assert_true(child_ended(&child, &status));
}

static void one_that_is_deaf_is_killed(void **state) {
    (void)state;
    struct child child;
    start(&child, "trap '' TERM; echo; while :; do sleep 0.02; done", -1);
    assert_int_equal(child_stop(&child, SHORT_MS, -1), 128 + 9);
}

/* It says that it heard the first SIGTERM; that can be read, and so the second one comes long before patience ends. */
static void one_that_is_hurried_is_told_again(void **state) {
    (void)state;
    struct child child;
    int hurry[2];
    assert_int_equal(pipe2(hurry, O_CLOEXEC), 0);
    start(&child,
          "n=0; trap 'n=$((n + 1))' TERM; echo; until [ $n -gt 0 ]; do sleep 0.02; done; echo heard >&2;"
          " until [ $n -gt 1 ]; do sleep 0.02; done; exit 3",
          hurry[1]);
    (void)close(hurry[1]);
    assert_int_equal(child_stop(&child, LONG_MS, hurry[0]), 3);
    (void)close(hurry[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_there_is_not_started),
        cmocka_unit_test(one_that_hears_gives_its_status),
        cmocka_unit_test(one_that_is_deaf_is_killed),
        cmocka_unit_test(one_that_is_hurried_is_told_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
