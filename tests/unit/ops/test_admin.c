/* Who gets the control socket's file, and whom the server lets wait. */
#include "ops/admin.h"

#include "ops/guests.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[96];

static int set_up(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/sluss-admin-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/sock", folder);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static unsigned answer(void *owner, const struct admin_request *request, struct buf *body, const char **type) {
    (void)owner, (void)request, (void)type;
    buf_add_text(body, "answered\n");
    return 200;
}

static struct admin *open_admin(struct error *error) {
    const struct admin_spec spec = {.socket = path, .answer = answer};
    *error = (struct error){0};
    return admin_create(&spec, NULL, error);
}

static int open_socket(struct sockaddr_un *address) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, strlen(path) + 1);
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static bool is_reachable(void) {
    struct sockaddr_un address;
    int client = open_socket(&address);
    bool reachable = connect(client, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)close(client);
    return reachable;
}

static void a_second_one_does_not_take_the_socket_of_the_first(void **state) {
    (void)state;
    struct error error;
    struct admin *first = open_admin(&error);
    assert_non_null(first);
    struct admin *second = open_admin(&error);
    bool reachable = is_reachable();
    admin_destroy(second);
    assert_null(second);
    assert_non_null(strstr(error.text, "is slussd running already?"));
    assert_true(reachable);
    admin_destroy(first);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_socket_that_was_left_behind_is_replaced(void **state) {
    (void)state;
    struct error error;
    struct sockaddr_un address;
    int left = open_socket(&address);
    assert_int_equal(bind(left, (const struct sockaddr *)&address, sizeof address), 0);
    (void)close(left);
    struct admin *admin = open_admin(&error);
    assert_non_null(admin);
    assert_true(is_reachable());
    admin_destroy(admin);
}

static void a_file_that_is_no_socket_stays(void **state) {
    (void)state;
    struct error error;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fclose(file);
    assert_null(open_admin(&error));
    assert_non_null(strstr(error.text, "move it away"));
    assert_int_equal(access(path, F_OK), 0);
}

/* --- guests --- */

static int visit(void) {
    struct sockaddr_un address;
    int client = open_socket(&address);
    assert_int_equal(fcntl(client, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(connect(client, (const struct sockaddr *)&address, sizeof address), 0);
    return client;
}

/* Serves until there is nothing more to do at this time. */
static void serve(struct admin *admin, int64_t now_ms) {
    int descriptor[2];
    struct pollfd ready = {.events = POLLIN};
    assert_int_equal(admin_descriptors(admin, descriptor), 1);
    ready.fd = descriptor[0];
    do
        admin_serve(admin, now_ms);
    while (poll(&ready, 1, 0) > 0);
    admin_serve(admin, now_ms);
}

static void say_to(int client, const char *text) {
    assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

enum hearing { NOTHING, ANSWER, END };

static enum hearing hear(int client) {
    char text[1024];
    ssize_t got = recv(client, text, sizeof text - 1, 0);
    if (got <= 0)
        return got == 0 || errno != EAGAIN ? END : NOTHING;
    text[got] = '\0';
    assert_non_null(strstr(text, "answered\n"));
    return ANSWER;
}

static void idle_and_dribbling_guests_keep_nobody_away(void **state) {
    (void)state;
    enum { IDLE = 150 };
    int idle[IDLE];
    struct error error;
    struct admin *admin = open_admin(&error);
    assert_non_null(admin);
    for (int i = 0; i < IDLE; i++) {
        idle[i] = visit();
        if (i % 2 == 0)
            say_to(idle[i], "GET /met");
        serve(admin, 1000);
    }
    int client = visit();
    say_to(client, "GET /live HTTP/1.0\r\n\r\n");
    serve(admin, 1000);
    assert_int_equal(hear(client), ANSWER);
    assert_int_equal(hear(idle[0]), END);            /* who has waited longest */
    assert_int_equal(hear(idle[IDLE - 1]), NOTHING); /* there was room for so many */
    (void)close(client);
    for (int i = 0; i < IDLE; i++)
        (void)close(idle[i]);
    admin_destroy(admin);
}

static void a_guest_has_its_time_and_no_more(void **state) {
    (void)state;
    struct error error;
    struct admin *admin = open_admin(&error);
    assert_non_null(admin);
    int dribbling = visit(), again = visit();
    for (int64_t now_ms = 0; now_ms < GUEST_MS; now_ms += 500) {
        say_to(dribbling, now_ms == 0 ? "GET /live HTTP/1.1\r\nX: " : "x");
        say_to(again, "GET /live HTTP/1.1\r\nHost: s\r\n\r\n");
        serve(admin, now_ms);
        assert_int_equal(hear(again), ANSWER);
        assert_int_equal(hear(dribbling), NOTHING);
    }
    serve(admin, GUEST_MS);
    assert_int_equal(hear(dribbling), END);
    assert_int_equal(hear(again), NOTHING); /* it has asked just now */
    serve(admin, 2 * GUEST_MS);
    assert_int_equal(hear(again), END);
    (void)close(dribbling);
    (void)close(again);
    admin_destroy(admin);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_second_one_does_not_take_the_socket_of_the_first), TEST(a_socket_that_was_left_behind_is_replaced),
        TEST(a_file_that_is_no_socket_stays), TEST(idle_and_dribbling_guests_keep_nobody_away),
        TEST(a_guest_has_its_time_and_no_more)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
