/* One thread that accepts, reads and answers. */
#include "server.h"

#include "contract.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool ends_head(const char *text) {
    return strstr(text, "\r\n\r\n") != NULL;
}

/* One request's head with as much of the body as fits. False when the client went. */
static bool read_request(int connection, char *text) {
    size_t size = 0;
    memset(text, 0, REQUEST_BYTES);
    while (!ends_head(text)) {
        ssize_t got = recv(connection, text + size, REQUEST_BYTES - 1 - size, 0);
        if (got <= 0)
            return false;
        size += (size_t)got;
    }
    size_t length = 0;
    const char *field = strstr(text, "Content-Length: ");
    if (field != NULL)
        length = strtoul(field + 16, NULL, 10);
    size_t body = size - (size_t)(strstr(text, "\r\n\r\n") + 4 - text);
    char rest[65536] = {0};
    while (body < length) {
        bool fits = size < REQUEST_BYTES - 1;
        ssize_t got = recv(connection, fits ? text + size : rest, fits ? REQUEST_BYTES - 1 - size : sizeof rest, 0);
        if (got <= 0)
            return false;
        size += fits ? (size_t)got : 0;
        body += (size_t)got;
    }
    return true;
}

static void *serve(void *argument) {
    struct server *server = argument;
    while (server->count < server->expected) {
        int connection = accept(server->listener, NULL, NULL);
        if (connection < 0)
            return NULL;
        while (server->count < server->expected && read_request(connection, server->requests[server->count])) {
            const char *answer = server->answers[server->count++];
            if (answer == NULL)
                break;
            (void)send(connection, answer, strlen(answer), MSG_NOSIGNAL);
        }
        close(connection);
    }
    return NULL;
}

struct server *server_create(const char *const *answers, size_t expected) {
    struct server *server = calloc(1, sizeof *server);
    assert_non_null(server);
    assert_in_range(expected, 1, REQUESTS);
    server->answers = answers;
    server->expected = expected;
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->listener, 8), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    return server;
}

void server_finish(struct server *server) {
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}
