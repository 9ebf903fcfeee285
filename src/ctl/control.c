/* The client's side of the control socket: one HTTP/1.0 request a connection, the answer up to its end. */
#include "ctl/control.h"

#include "ctl/call.h"
#include "ctl/configuration.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { ASK_MS = 5000, ORDER_MS = 60000, AGAIN_MS = 50, ANSWER_MOST = 64 << 20 };

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* False, with ETIMEDOUT, when nothing came until then. */
static bool wait_until(int connection, short events, int64_t until_ms) {
    struct pollfd wait = {.fd = connection, .events = events};
    int64_t left_ms = until_ms - now_ms();
    int ready = left_ms > 0 ? poll(&wait, 1, (int)left_ms) : 0;
    if (ready == 0)
        errno = ETIMEDOUT;
    return ready > 0 || (ready < 0 && errno == EINTR);
}

/* So many may wait to be let in that there is no place to wait in: that is asked for again. */
static bool reach(int connection, const struct sockaddr_un *address, int64_t until_ms) {
    static const struct timespec pause = {.tv_nsec = AGAIN_MS * 1000000L};
    while (connect(connection, (const struct sockaddr *)(const void *)address, sizeof *address) != 0) {
        if (errno != EAGAIN && errno != EINTR)
            return false;
        if (now_ms() >= until_ms) {
            errno = ETIMEDOUT;
            return false;
        }
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

static int connect_to(const char *socket_path, int64_t until_ms) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
    if (length < 0 || (size_t)length >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connection < 0 || reach(connection, &address, until_ms))
        return connection;
    int why = errno;
    (void)close(connection);
    errno = why;
    return -1;
}

/* What to do about it, where the reason tells. */
static const char *cure_of(int why) {
    switch (why) {
    case ENOENT:
    case ECONNREFUSED:
        return "start slussd (systemctl status slussd tells why it does not run), or name its socket with --socket";
    case EACCES:
    case EPERM:
        return "ask as root, or as a member of the group sluss-admin";
    case ETIMEDOUT:
        return "somebody listens, but slussd is stopped, hangs or has too much to do: see systemctl status slussd and "
               "the log's last lines";
    case ECONNRESET:
    case EPIPE:
        return "slussd closed the connection, perhaps because it ends or too many ask: ask again";
    default:
        return "is slussd running, and is this its socket?";
    }
}

/* All that comes until the other side closes. */
static bool exchange(int connection, const char *method, const char *path, int64_t until_ms, struct buf *answer) {
    struct buf request = {0};
    buf_printf(&request, "%s %s HTTP/1.0\r\nHost: sluss\r\nContent-Length: 0\r\n\r\n", method, path);
    bool good = !request.failed && send(connection, request.data, request.size, MSG_NOSIGNAL) == (ssize_t)request.size;
    buf_finish(&request);
    ssize_t count = 1;
    while (good && count != 0 && answer->size < ANSWER_MOST) {
        good = wait_until(connection, POLLIN, until_ms) && buf_reserve(answer, 65536);
        count = good ? recv(connection, answer->data + answer->size, 65536, 0) : -1;
        good = good && (count >= 0 || errno == EAGAIN || errno == EINTR);
        answer->size += count > 0 ? (size_t)count : 0;
    }
    return good && count == 0;
}

/* The number behind a header's name; -1 when it is not there. */
static int64_t header(struct span head, const char *name) {
    for (size_t at = 0, size = strlen(name); at + size < head.size; at++)
        if (strncasecmp(head.data + at, name, size) == 0)
            return strtoll(head.data + at + size, NULL, 10);
    return -1;
}

static bool take_apart(struct span answer, int *status, struct buf *body, const char *socket, struct error *error) {
    const char *end = memmem(answer.data, answer.size, "\r\n\r\n", 4);
    char line[32];
    if (answer.size == 0)
        return error_set(error, "slussd on %s closed the connection without an answer: ask again", socket);
    if (end == NULL || answer.size < sizeof line)
        return error_set(error, "what answers on %s is not slussd", socket);
    memcpy(line, answer.data, sizeof line - 1);
    line[sizeof line - 1] = '\0';
    if (sscanf(line, "HTTP/1.%*1[01] %3d", status) != 1)
        return error_set(error, "what answers on %s is not slussd", socket);
    struct span content = span_from(answer, (size_t)(end - answer.data) + 4);
    int64_t size = header(span_make(answer.data, (size_t)(end - answer.data)), "\r\nContent-Length:");
    if (size > (int64_t)content.size)
        return error_set(error, "slussd on %s closed the connection within its answer: ask again", socket);
    buf_add(body, content);
    return !body->failed || error_memory(error);
}

static bool ask(const char *socket, const char *method, const char *path, int64_t patience_ms, int *status,
                struct buf *body, struct error *error) {
    struct buf answer = {0};
    int64_t until_ms = now_ms() + patience_ms;
    int connection = connect_to(socket, until_ms);
    bool good = connection >= 0 && exchange(connection, method, path, until_ms, &answer);
    int why = errno;
    if (connection >= 0)
        (void)close(connection);
    *status = why == ETIMEDOUT && !good ? CONTROL_SILENT : CONTROL_NOBODY;
    if (!good && why == ETIMEDOUT)
        (void)error_set(error, "no answer on %s within %d s: %s", socket, (int)(patience_ms / 1000), cure_of(why));
    else if (!good)
        (void)error_set(error, "nobody answers on %s (%s): %s", socket, strerror(why), cure_of(why));
    else
        good = take_apart(buf_span(&answer), status, body, socket, error);
    buf_finish(&answer);
    return good;
}

bool control_get(const char *socket, const char *path, int *status, struct buf *body, struct error *error) {
    return ask(socket, "GET", path, ASK_MS, status, body, error);
}

bool control_post(const char *socket, const char *path, int *status, struct buf *body, struct error *error) {
    return ask(socket, "POST", path, ORDER_MS, status, body, error);
}

void control_socket(const struct call *call, struct buf *socket) {
    if (call_has(call, "socket"))
        buf_add_text(socket, call_value(call, "socket", ""));
    else
        configuration_find_socket(call, socket);
}

void control_encode(struct buf *out, const char *text) {
    for (; *text != '\0'; text++) {
        bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                     (*text >= '0' && *text <= '9') || strchr("-._~/", *text) != NULL;
        if (plain)
            buf_add_byte(out, *text);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

static bool holds(struct span line, const char *label) {
    return label == NULL || memmem(line.data, line.size, label, strlen(label)) != NULL;
}

double control_metric(struct span text, const char *name, const char *label, const char *other) {
    size_t length = strlen(name);
    while (text.size > 0) {
        const char *end = memchr(text.data, '\n', text.size);
        struct span line = span_make(text.data, end != NULL ? (size_t)(end - text.data) : text.size);
        text = span_from(text, line.size + 1);
        const char *space = memrchr(line.data, ' ', line.size);
        bool is_it = span_starts_with(line, span_of(name)) && line.size > length &&
                     (line.data[length] == '{' || line.data[length] == ' ');
        if (is_it && space != NULL && holds(line, label) && holds(line, other))
            return strtod(space, NULL);
    }
    return -1;
}
