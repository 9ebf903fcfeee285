/* The client's side of the control socket: one HTTP/1.0 request a connection, the answer up to its end. */
#include "ctl/control.h"

#include "ctl/call.h"
#include "ctl/configuration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_S = 2, ANSWER_MOST = 64 << 20 };

static int connect_to(const char *socket_path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
    if (length < 0 || (size_t)length >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0)
        return -1;
    (void)setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(connection, (const struct sockaddr *)(const void *)&address, sizeof address) == 0)
        return connection;
    (void)close(connection);
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
    default:
        return "is slussd running, and is this its socket?";
    }
}

/* All that comes until the other side closes. */
static bool exchange(int connection, const char *method, const char *path, struct buf *answer) {
    struct buf request = {0};
    buf_printf(&request, "%s %s HTTP/1.0\r\nHost: sluss\r\nContent-Length: 0\r\n\r\n", method, path);
    bool good = !request.failed && send(connection, request.data, request.size, MSG_NOSIGNAL) == (ssize_t)request.size;
    buf_finish(&request);
    ssize_t count = -1;
    while (good && answer->size < ANSWER_MOST && buf_reserve(answer, 65536) &&
           (count = recv(connection, answer->data + answer->size, 65536, 0)) > 0)
        answer->size += (size_t)count;
    return good && count == 0;
}

static bool take_apart(struct span answer, int *status, struct buf *body) {
    const char *end = memmem(answer.data, answer.size, "\r\n\r\n", 4);
    char line[32];
    if (end == NULL || answer.size < sizeof line)
        return false;
    memcpy(line, answer.data, sizeof line - 1);
    line[sizeof line - 1] = '\0';
    if (sscanf(line, "HTTP/1.%*1[01] %3d", status) != 1)
        return false;
    buf_add(body, span_from(answer, (size_t)(end - answer.data) + 4));
    return !body->failed;
}

static bool ask(const char *socket, const char *method, const char *path, int *status, struct buf *body,
                struct error *error) {
    struct buf answer = {0};
    int connection = connect_to(socket);
    bool good = connection >= 0 && exchange(connection, method, path, &answer);
    int why = errno;
    if (connection >= 0)
        (void)close(connection);
    if (!good)
        (void)error_set(error, "nobody answers on %s (%s): %s", socket, strerror(why), cure_of(why));
    else if (!take_apart(buf_span(&answer), status, body))
        good = error_set(error, "what answers on %s is not slussd", socket);
    buf_finish(&answer);
    return good;
}

bool control_get(const char *socket, const char *path, int *status, struct buf *body, struct error *error) {
    return ask(socket, "GET", path, status, body, error);
}

bool control_post(const char *socket, const char *path, int *status, struct buf *body, struct error *error) {
    return ask(socket, "POST", path, status, body, error);
}

void control_socket(const struct call *call, struct buf *socket) {
    struct problems problems;
    if (call_has(call, "socket")) {
        buf_add_text(socket, call_value(call, "socket", ""));
        return;
    }
    problems_init(&problems);
    struct settings *settings = configuration_read(call, &problems);
    buf_add(socket, settings != NULL ? settings->admin.socket : SPAN("/run/sluss/slussd.sock"));
    settings_destroy(settings);
    problems_finish(&problems);
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
