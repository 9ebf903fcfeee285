/* Who gets the control socket's file. */
#include "ops/admin.h"

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
    (void)owner, (void)request, (void)body, (void)type;
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

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(a_second_one_does_not_take_the_socket_of_the_first),
                                       TEST(a_socket_that_was_left_behind_is_replaced),
                                       TEST(a_file_that_is_no_socket_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
