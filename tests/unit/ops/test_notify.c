/* A systemd that hangs: nobody reads the socket. What is told must neither wait for it nor be lost. */
#include "ops/notify.h"

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

/* Ends the program, which fails, should anything wait. */
enum { PATIENCE_S = 30, MANY = 700 };

static int listen_at(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(descriptor >= 0 && strlen(name) < sizeof address.sun_path);
    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    assert_int_equal(bind(descriptor, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    return descriptor;
}

static bool heard(int descriptor, char *text, size_t size) {
    ssize_t got = recv(descriptor, text, size - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    return got > 0;
}

static void nothing_is_told_where_nobody_asks(void **state) {
    (void)state;
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    notify_open();
    notify_ready("routes are running");
    notify_flush();
    assert_true(notify_watchdog());
}

static void each_word_has_its_form(int descriptor) {
    char text[512];
    notify_ready("routes are running\nREADY=0");
    notify_reloading("again");
    notify_stopping("the end");
    assert_true(notify_watchdog());
    assert_true(heard(descriptor, text, sizeof text));
    assert_string_equal(text, "READY=1\nSTATUS=routes are running");
    assert_true(heard(descriptor, text, sizeof text));
    assert_non_null(strstr(text, "RELOADING=1\nMONOTONIC_USEC="));
    assert_non_null(strstr(text, "\nSTATUS=again"));
    assert_true(heard(descriptor, text, sizeof text));
    assert_string_equal(text, "STOPPING=1\nSTATUS=the end");
    assert_true(heard(descriptor, text, sizeof text));
    assert_string_equal(text, "WATCHDOG=1");
    assert_false(heard(descriptor, text, sizeof text));
}

/* All comes, in order; of the signs of life only those that were taken at once. */
static void nothing_waits_for_who_does_not_read(int descriptor) {
    char text[512], expected[64];
    int told = 0, next = 0, alive = 0;
    (void)alarm(PATIENCE_S);
    for (; told < MANY; told++) {
        (void)snprintf(text, sizeof text, "number %d", told);
        notify_ready(text);
    }
    assert_false(notify_watchdog());
    for (bool any = true; any; notify_flush()) {
        for (any = false; heard(descriptor, text, sizeof text); any = true) {
            (void)snprintf(expected, sizeof expected, "READY=1\nSTATUS=number %d", next++);
            assert_string_equal(text, expected);
        }
    }
    assert_int_equal(next, told);
    while (alive < MANY && notify_watchdog())
        alive++;
    assert_true(alive > 0 && alive < MANY);
    notify_flush();
    while (heard(descriptor, text, sizeof text))
        alive--;
    assert_int_equal(alive, 0);
    (void)alarm(0);
}

static void a_socket_with_a_path(void **state) {
    (void)state;
    char name[] = "/tmp/sluss-notify-XXXXXX", path[64];
    assert_non_null(mkdtemp(name));
    (void)snprintf(path, sizeof path, "%s/n", name);
    int descriptor = listen_at(path);
    notify_open();
    each_word_has_its_form(descriptor);
    nothing_waits_for_who_does_not_read(descriptor);
    (void)close(descriptor);
    assert_true(unlink(path) == 0 && rmdir(name) == 0);
    notify_ready("nobody is there any more");
    assert_false(notify_watchdog());
}

static void a_socket_without_one(void **state) {
    (void)state;
    char name[64];
    (void)snprintf(name, sizeof name, "@sluss-notify-%d", (int)getpid());
    int descriptor = listen_at(name);
    notify_open();
    each_word_has_its_form(descriptor);
    nothing_waits_for_who_does_not_read(descriptor);
    (void)close(descriptor);
}

static void the_watchdog_is_asked_for(void **state) {
    (void)state;
    static const struct {
        const char *microseconds, *whom;
        int64_t ms;
    } rows[] = {{NULL, NULL, 0}, {"30000000", NULL, 30000}, {"30000000", "1", 0}, {"often", NULL, 0}, {"-5", NULL, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        (void)unsetenv("WATCHDOG_USEC");
        (void)unsetenv("WATCHDOG_PID");
        if (rows[i].microseconds != NULL)
            assert_int_equal(setenv("WATCHDOG_USEC", rows[i].microseconds, 1), 0);
        if (rows[i].whom != NULL)
            assert_int_equal(setenv("WATCHDOG_PID", rows[i].whom, 1), 0);
        assert_int_equal(notify_watchdog_ms(), rows[i].ms);
    }
    char own[24];
    (void)snprintf(own, sizeof own, "%d", (int)getpid());
    assert_int_equal(setenv("WATCHDOG_USEC", "600000", 1), 0);
    assert_int_equal(setenv("WATCHDOG_PID", own, 1), 0);
    assert_int_equal(notify_watchdog_ms(), 600);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_told_where_nobody_asks),
                                       cmocka_unit_test(a_socket_with_a_path), cmocka_unit_test(a_socket_without_one),
                                       cmocka_unit_test(the_watchdog_is_asked_for)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
