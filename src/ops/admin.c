/* libmicrohttpd driven by the caller's loop: no threads of its own. GET and HEAD ask; POST, without a body that anybody
 * reads, orders. */
#include "ops/admin.h"

#include "ops/guests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LEAVING = 16, MOST_CONNECTIONS = GUESTS_MOST + LEAVING, QUEUE = 128, MEMORY_OF_EACH = 8192 };

struct door {
    struct admin *admin;
    struct MHD_Daemon *daemon;
    bool local; /* the socket: who comes is known, and may order */
    struct guests guests;
};

struct admin {
    struct door door[2]; /* socket, listen */
    int spare;           /* a descriptor kept for a guest that comes when there are none; -1: it was needed */
    char *path;          /* the socket file to remove */
    admin_answer answer;
    void *owner;
};

const char *admin_argument(const struct admin_request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* Who is at the other end: the kernel says. */
static void identify(struct MHD_Connection *connection, struct admin_request *request) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    request->uid = request->pid = -1;
    if (info == NULL || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return;
    request->uid = (int64_t)peer.uid;
    request->pid = (int64_t)peer.pid;
}

static unsigned ask(const struct door *door, struct admin_request *request, const char *method, struct buf *body,
                    const char **type) {
    bool asks = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    request->act = strcmp(method, MHD_HTTP_METHOD_POST) == 0;
    if (asks || (request->act && door->local))
        return door->admin->answer(door->admin->owner, request, body, type);
    buf_add_text(body, door->local ? "only GET and POST are answered here\n" : "only GET is answered here\n");
    return MHD_HTTP_METHOD_NOT_ALLOWED;
}

static enum MHD_Result respond(void *owner, struct MHD_Connection *connection, const char *url, const char *method,
                               const char *version, const char *upload, size_t *upload_size, void **state) {
    (void)version, (void)upload;
    struct buf body = {0};
    const char *type = "text/plain; charset=utf-8";
    if (*state == NULL || *upload_size > 0) { /* bodies are read and forgotten; the answer comes behind them */
        *state = owner;
        *upload_size = 0;
        return MHD_YES;
    }
    struct admin_request request = {.path = url, .connection = connection};
    identify(connection, &request);
    unsigned status = ask(owner, &request, method, &body, &type);
    struct MHD_Response *response =
        body.failed
            ? NULL
            : MHD_create_response_from_buffer(body.size, body.size > 0 ? body.data : NULL, MHD_RESPMEM_MUST_COPY);
    buf_finish(&body);
    if (response == NULL)
        return MHD_NO;
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static void come_or_leave(void *owner, struct MHD_Connection *connection, void **guest,
                          enum MHD_ConnectionNotificationCode code) {
    struct door *door = owner;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        guests_leave(&door->guests, *guest);
        *guest = NULL;
    } else if (info != NULL)
        *guest = guests_come(&door->guests, info->connect_fd);
}

static void served(void *owner, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code) {
    struct door *door = owner;
    (void)state;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK && info != NULL && info->socket_context != NULL)
        guests_served(&door->guests, info->socket_context);
}

static struct MHD_Daemon *open_door(struct door *door, int listening) {
    guests_init(&door->guests);
    return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, respond, door, MHD_OPTION_LISTEN_SOCKET, listening,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CONNECTIONS, MHD_OPTION_NOTIFY_CONNECTION,
                            come_or_leave, door, MHD_OPTION_NOTIFY_COMPLETED, served, door,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_OF_EACH, MHD_OPTION_END);
}

/* Mode and group come before anybody can connect: bind under a tight umask, then open up. */
static bool guard_socket(const char *path, const char *group, bool *group_missing) {
    const struct group *found = group != NULL ? getgrnam(group) : NULL;
    if (group_missing != NULL)
        *group_missing = group != NULL && found == NULL;
    if (found == NULL)
        return chmod(path, 0600) == 0;
    if (chown(path, (uid_t)-1, found->gr_gid) != 0)
        return chmod(path, 0600) == 0;
    return chmod(path, 0660) == 0;
}

/* Whoever listens there is no leftover. */
static bool is_in_use(const struct sockaddr_un *address) {
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool in_use = probe >= 0 && (connect(probe, (const struct sockaddr *)address, sizeof *address) == 0 ||
                                 errno == EAGAIN); /* so many wait for an answer already */
    if (probe >= 0)
        (void)close(probe);
    return in_use;
}

static int bind_socket(const char *path, const char *group, bool *group_missing, struct error *error) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat status;
    if (strlen(path) >= sizeof address.sun_path) {
        (void)error_set(error, "admin.socket %s: longer than %zu bytes", path, sizeof address.sun_path - 1);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (lstat(path, &status) == 0) {
        if (!S_ISSOCK(status.st_mode)) {
            (void)error_set(error, "admin.socket %s: there is a file that is not a socket: move it away", path);
            return -1;
        }
        if (is_in_use(&address)) {
            (void)error_shortage(error, "admin.socket %s: somebody answers there: is slussd running already?", path);
            return -1;
        }
        (void)unlink(path);
    }
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0177);
    bool bound = listening >= 0 && bind(listening, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)umask(before);
    if (bound && guard_socket(path, group, group_missing) && listen(listening, QUEUE) == 0)
        return listening;
    if (error_is_shortage(errno))
        (void)error_system(error, errno, "admin.socket %s", path);
    else
        (void)error_set(error, "admin.socket %s: %s: does its folder exist and belong to the service?", path,
                        strerror(errno));
    if (bound)
        (void)unlink(path);
    if (listening >= 0)
        (void)close(listening);
    return -1;
}

static int bind_address(const char *host, uint32_t port, struct error *error) {
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    static const int yes = 1;
    bool is_four = inet_pton(AF_INET, host, &four.sin_addr) == 1;
    if (!is_four && inet_pton(AF_INET6, host, &six.sin6_addr) != 1) {
        (void)error_set(error, "admin.listen %s: write it as \"127.0.0.1:9464\" or \"[::1]:9464\"", host);
        return -1;
    }
    int listening = socket(is_four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const struct sockaddr *address = is_four ? (const struct sockaddr *)&four : (const struct sockaddr *)&six;
    if (listening >= 0 && setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(listening, address, is_four ? sizeof four : sizeof six) == 0 && listen(listening, QUEUE) == 0)
        return listening;
    (void)error_system(error, errno, "admin.listen %s port %u", host, port);
    if (listening >= 0)
        (void)close(listening);
    return -1;
}

/* The listening socket belongs to libmicrohttpd once its daemon was started. */
static bool open_on(struct admin *admin, size_t index, int listening, struct error *error) {
    if (listening < 0)
        return false;
    struct door *door = &admin->door[index];
    door->admin = admin;
    door->local = index == 0;
    door->daemon = open_door(door, listening);
    if (door->daemon != NULL)
        return true;
    (void)close(listening);
    return error_shortage(error, "the admin server did not start: no memory or no descriptor left");
}

struct admin *admin_create(const struct admin_spec *spec, bool *group_missing, struct error *error) {
    struct admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL) {
        (void)error_memory(error);
        return NULL;
    }
    admin->spare = -1;
    admin->answer = spec->answer;
    admin->owner = spec->owner;
    bool open = true;
    if (spec->socket != NULL) {
        open = open_on(admin, 0, bind_socket(spec->socket, spec->group, group_missing, error), error);
        admin->path = open ? strdup(spec->socket) : NULL;
    }
    if (open && spec->host != NULL)
        open = open_on(admin, 1, bind_address(spec->host, spec->port, error), error);
    if (open)
        return admin;
    admin_destroy(admin);
    return NULL;
}

size_t admin_descriptors(const struct admin *admin, int descriptor[2]) {
    size_t count = 0;
    for (size_t i = 0; i < 2; i++) {
        if (admin->door[i].daemon == NULL)
            continue;
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(admin->door[i].daemon, MHD_DAEMON_INFO_EPOLL_FD);
        if (info != NULL)
            descriptor[count++] = info->epoll_fd;
    }
    return count;
}

/* Where descriptors have run out, somebody wants to know just then. */
static void keep_spare(struct admin *admin) {
    if (admin->spare < 0)
        admin->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void give_spare(struct admin *admin) {
    if (admin->spare >= 0)
        (void)close(admin->spare);
    admin->spare = -1;
}

void admin_serve(struct admin *admin, int64_t now_ms) {
    give_spare(admin);
    for (size_t i = 0; i < 2; i++) {
        struct door *door = &admin->door[i];
        if (door->daemon == NULL)
            continue;
        door->guests.now_ms = now_ms;
        (void)MHD_run(door->daemon);
        guests_turn(&door->guests, now_ms); /* behind it: who asked in time was answered */
    }
    keep_spare(admin);
}

void admin_destroy(struct admin *admin) {
    if (admin == NULL)
        return;
    for (size_t i = 0; i < 2; i++)
        if (admin->door[i].daemon != NULL)
            MHD_stop_daemon(admin->door[i].daemon);
    give_spare(admin);
    if (admin->path != NULL)
        (void)unlink(admin->path);
    free(admin->path);
    free(admin);
}
