/* Any bytes as a platform's answer, over loopback: exactly one reply comes of them, within its bounds, and judging it
 * is always possible. */
#include "deliver/acceptance.h"
#include "deliver/judgement.h"
#include "http/client.h"
#include "http/transfer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST = 32 * 1024, MOST_TURNS = 2000 };

static int listening, connection = -1;
static struct platform_spec platform;
static struct http_client *client;
static struct reply *taken;

static void hold(bool holds) {
    if (!holds)
        abort();
}

static void take(void *owner, struct reply *reply) {
    (void)owner;
    hold(taken == NULL);
    taken = reply;
}

static void open_all(void) {
    static const struct status_range success[] = {{200, 299}}, retry[] = {{500, 599}};
    static const struct span permanent[] = {{"AccessDenied", 12}};
    static char url[64];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    struct error error = {0};
    listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    hold(bind(listening, (const struct sockaddr *)&address, size) == 0 && listen(listening, 16) == 0 &&
         getsockname(listening, (struct sockaddr *)&address, &size) == 0);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", ntohs(address.sin_port));
    platform = (struct platform_spec){.name = SPAN("p"),
                                      .base_url = span_of(url),
                                      .connect_timeout_ms = 5000,
                                      .timeout_ms = 5000,
                                      .success = {success, 1},
                                      .retry = {retry, 1},
                                      .permanent = {permanent, 1},
                                      .accept = acceptance_create(SPAN("$.code == 20 && !$.fault"), &error)};
    hold(platform.accept != NULL && http_init(&error));
    client = http_client_create(&platform, 1, &error);
    hold(client != NULL);
}

/* Whoever comes gets the bytes and the end of the connection, as soon as the request is there. */
static void serve(const uint8_t *data, size_t size) {
    char request[4096];
    if (connection < 0)
        connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0 || recv(connection, request, sizeof request, 0) < 0)
        return;
    (void)!send(connection, data, size, MSG_NOSIGNAL);
    (void)shutdown(connection, SHUT_WR);
    while (recv(connection, request, sizeof request, 0) > 0) {
    }
    (void)close(connection);
    connection = -1;
}

static void check(const struct reply *reply) {
    hold(reply->body.size <= BODY_LIMIT && reply->retry_after_ms >= -1 && reply->retry_after_ms <= 3600000);
    hold((reply->kind == REPLY_ANSWERED) == (reply->status != 0));
    hold(reply->kind != REPLY_ANSWERED || (reply->status >= 200 && reply->status <= 999));
    for (size_t i = 0; i < reply->why.size; i++)
        hold((unsigned char)reply->why.data[i] >= 0x20);
    struct judgement judgement = judge(&platform, reply);
    hold(judgement.kind != JUDGED_SUCCESS || (reply->status / 100 == 2 && reply->body_whole));
    hold(judgement.floor_ms >= 0 && judgement.floor_ms <= 3600000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct header headers[] = {{{"Content-Type", 12}, {"application/json", 16}}};
    static uint64_t id;
    if (size > LARGEST)
        return 0;
    if (client == NULL)
        open_all();
    id++;
    struct request request = {.id = id,
                              .method = SPAN("POST"),
                              .target = SPAN("/in"),
                              .headers = headers,
                              .header_count = 1,
                              .body = SPAN("{}")};
    taken = NULL;
    http_client_send(client, &request);
    for (int turn = 0; taken == NULL && turn < MOST_TURNS; turn++) {
        struct curl_waitfd more = {.fd = connection < 0 ? listening : connection, .events = CURL_WAIT_POLLIN};
        http_client_perform(client, 1000, 1795435200000, take, NULL);
        serve(data, size);
        if (taken == NULL)
            http_client_wait(client, &more, 1, 100);
    }
    hold(taken != NULL && taken->request == id);
    check(taken);
    reply_destroy(taken);
    return 0;
}
