/* Tests of http/token within a client, on a server that takes connections and is slow to answer: the end of what waits
 * for a token. */
#include "http/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000, WAIT_MS = 200 };

struct house {
    int door, visitor; /* the server's socket; the connection that came to it, -1 none */
    char url[64];
    struct platform_spec platform;
    struct request request;
    struct http_client *client;
    struct reply *reply;
};

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int set_up(void **state) {
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    house->visitor = -1;
    house->door = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(house->door >= 0);
    assert_int_equal(bind(house->door, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(house->door, 8), 0);
    assert_int_equal(getsockname(house->door, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(house->url, sizeof house->url, "http://127.0.0.1:%d/token", ntohs(address.sin_port));
    house->platform = (struct platform_spec){.name = SPAN("p"),
                                             .base_url = SPAN("http://127.0.0.1:9"),
                                             .auth = {.kind = AUTH_OAUTH2,
                                                      .token_url = span_of(house->url),
                                                      .client_id = SPAN("sluss"),
                                                      .password.value = SPAN("hemligt-ord")},
                                             .connect_timeout_ms = PATIENCE_MS,
                                             .timeout_ms = PATIENCE_MS,
                                             .max_in_flight = 4};
    house->request = (struct request){.id = 7, .method = SPAN("POST"), .target = SPAN("/in"), .body = SPAN("{}")};
    struct error error = {0};
    assert_true(http_init(&error));
    house->client = http_client_create(&house->platform, 1, &error);
    assert_non_null(house->client);
    *state = house;
    return 0;
}

static int tear_down(void **state) {
    struct house *house = *state;
    http_client_destroy(house->client);
    http_finish();
    reply_destroy(house->reply);
    if (house->visitor >= 0)
        (void)close(house->visitor);
    (void)close(house->door);
    free(house);
    return 0;
}

static void take(void *owner, struct reply *reply) {
    struct house *house = owner;
    assert_null(house->reply);
    house->reply = reply;
}

static void perform(struct house *house) {
    http_client_perform(house->client, now_ms(), 1700000000000, take, house);
}

/* Until the question for a token has come to the server. */
static void send_and_ask(struct house *house) {
    http_client_send(house->client, &house->request);
    for (int64_t until = now_ms() + PATIENCE_MS; house->visitor < 0 && now_ms() < until;) {
        struct pollfd wait = {.fd = house->door, .events = POLLIN};
        perform(house);
        if (poll(&wait, 1, 10) == 1)
            house->visitor = accept(house->door, NULL, NULL);
    }
    assert_true(house->visitor >= 0);
    for (struct pollfd wait = {.fd = house->visitor, .events = POLLIN}; poll(&wait, 1, 10) == 0;)
        perform(house);
    assert_null(house->reply);
}

static void what_is_aborted_before_its_token_came_was_not_sent(void **state) {
    struct house *house = *state;
    send_and_ask(house);
    http_client_abort(house->client, 7);
    perform(house);
    assert_non_null(house->reply);
    assert_int_equal(house->reply->kind, REPLY_NOT_SENT);
    assert_int_equal(house->reply->fault, REPLY_FAULT_NONE);
}

/* An answer that nobody takes would wake for ever whoever waits for something else. */
static void what_was_dropped_wakes_nobody(void **state) {
    struct house *house = *state;
    static const char answer[] = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    send_and_ask(house);
    assert_int_equal(write(house->visitor, answer, sizeof answer - 1), sizeof answer - 1);
    http_client_drop(house->client);
    int64_t before = now_ms();
    http_client_wait(house->client, NULL, 0, WAIT_MS);
    assert_true(now_ms() - before >= WAIT_MS / 2);
    perform(house);
    assert_null(house->reply);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_aborted_before_its_token_came_was_not_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_dropped_wakes_nobody, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
