/* The stand-in platform on libmicrohttpd, a thread a connection. What it should answer is not decided here. */
#include "ctl/stand_in.h"

#include "base/buf.h"
#include "base/list.h"
#include "base/table.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { SHOWN_MOST = 50, BODY_MOST = 1 << 20 };

/* One request, from its first byte on; then an entry of the ledger. */
struct taking {
    struct list link;
    struct received received;
    struct buf id, head, body, path;
    char method[16];
};

struct stand_in {
    struct MHD_Daemon *server;
    struct stand_in_rules rules;
    char url[64];
    int descriptor;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t ending;
    bool ends;
    struct table attempts; /* event id -> how many, as a pointer */
    struct list fresh;     /* answered, not given out yet */
    struct list shown;     /* given out: the last ones are kept for the page */
    size_t shown_count;
};

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void taking_destroy(struct taking *taking) {
    buf_finish(&taking->id);
    buf_finish(&taking->head);
    buf_finish(&taking->body);
    buf_finish(&taking->path);
    free(taking);
}

static bool is_credential(const char *name) {
    return span_equal_nocase(span_of(name), SPAN("Authorization")) ||
           span_equal_nocase(span_of(name), SPAN("X-Api-Key"));
}

static enum MHD_Result add_header(void *owner, enum MHD_ValueKind kind, const char *name, const char *value) {
    struct taking *taking = owner;
    (void)kind;
    value = value != NULL ? value : "";
    buf_printf(&taking->head, "%s: %s\n", name, is_credential(name) ? "********" : value);
    if (span_equal_nocase(span_of(name), SPAN("Idempotency-Key")))
        buf_add_text(&taking->id, value);
    return MHD_YES;
}

static struct taking *taking_create(struct MHD_Connection *connection, const char *method, const char *url,
                                    const char *version) {
    struct taking *taking = calloc(1, sizeof *taking);
    if (taking == NULL)
        return NULL;
    (void)snprintf(taking->method, sizeof taking->method, "%s", method);
    buf_add_text(&taking->path, url);
    buf_printf(&taking->head, "%s %s %s\n", method, url, version);
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, taking);
    return taking;
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type, struct buf *text) {
    struct MHD_Response *response = MHD_create_response_from_buffer(text->size, text->data, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    (void)MHD_add_response_header(response, "Content-Type", type);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static void show_entry(struct buf *page, const struct taking *taking) {
    if (taking->received.status == STAND_IN_RESET)
        buf_add_text(page, "--- connection broken without an answer\n");
    else
        buf_printf(page, "--- answered %d\n", taking->received.status);
    buf_add(page, taking->received.head);
    buf_add_text(page, "\n");
    buf_add(page, taking->received.body);
    buf_add_text(page, "\n\n");
}

/* GET anything: the newest requests first. */
static enum MHD_Result show(struct stand_in *stand_in, struct MHD_Connection *connection) {
    struct buf page = {0};
    buf_add_text(&page, "What the stand-in platform received, the newest first.\n\n");
    (void)pthread_mutex_lock(&stand_in->lock);
    for (struct list *link = stand_in->shown.previous; link != &stand_in->shown; link = link->previous)
        show_entry(&page, LIST_OF(link, struct taking, link));
    (void)pthread_mutex_unlock(&stand_in->lock);
    enum MHD_Result result = page.failed ? MHD_NO : answer(connection, MHD_HTTP_OK, "text/plain; charset=utf-8", &page);
    buf_finish(&page);
    return result;
}

/* Waits, but not longer than the stand-in lives. The lock is held. */
static void wait_ms(struct stand_in *stand_in, uint32_t delay_ms) {
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    int64_t nanoseconds = until.tv_nsec + (int64_t)(delay_ms % 1000) * 1000000;
    until.tv_sec += delay_ms / 1000 + nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    while (!stand_in->ends && pthread_cond_timedwait(&stand_in->ending, &stand_in->lock, &until) == 0)
        ;
}

/* Decides, and puts the request into the ledger; false when memory is short. */
static bool judge(struct stand_in *stand_in, struct taking *taking, struct stand_in_answer *decided) {
    struct received *received = &taking->received;
    received->event_id = buf_span(&taking->id);
    received->head = buf_span(&taking->head);
    received->body = buf_span(&taking->body);
    received->method = taking->method;
    received->path = buf_text(&taking->path);
    if (taking->id.failed || taking->head.failed || taking->body.failed || taking->path.failed)
        return false;
    (void)pthread_mutex_lock(&stand_in->lock);
    uintptr_t count = 1 + (uintptr_t)table_find(&stand_in->attempts, received->event_id);
    received->attempt = (uint32_t)count;
    *decided = stand_in->rules.judge(stand_in->rules.owner, received->event_id, received->attempt, now_ms());
    bool counted = decided->uncounted || table_put(&stand_in->attempts, received->event_id, (void *)count);
    received->status = decided->status;
    if (counted && decided->delay_ms > 0)
        wait_ms(stand_in, decided->delay_ms);
    if (counted) {
        list_add_last(&stand_in->fresh, &taking->link);
        (void)eventfd_write(stand_in->descriptor, 1);
    }
    (void)pthread_mutex_unlock(&stand_in->lock);
    return counted;
}

/* Closing with data unread and no lingering makes the kernel send a reset. */
static enum MHD_Result reset(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *about = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    if (about != NULL)
        (void)setsockopt(about->connect_fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    return MHD_NO;
}

static enum MHD_Result finish(struct stand_in *stand_in, struct MHD_Connection *connection, struct taking *taking) {
    struct stand_in_answer decided;
    if (!judge(stand_in, taking, &decided)) {
        taking_destroy(taking);
        return MHD_NO;
    }
    if (decided.status == STAND_IN_RESET)
        return reset(connection);
    struct buf text = {0};
    if (decided.status != MHD_HTTP_NO_CONTENT)
        buf_printf(&text, "{\"status\":%d}\n", decided.status);
    enum MHD_Result result = answer(connection, (unsigned)decided.status, "application/json", &text);
    buf_finish(&text);
    return result;
}

static enum MHD_Result serve(void *owner, struct MHD_Connection *connection, const char *url, const char *method,
                             const char *version, const char *data, size_t *size, void **state) {
    struct stand_in *stand_in = owner;
    struct taking *taking = *state;
    if (span_equal(span_of(method), SPAN("GET")))
        return show(stand_in, connection);
    if (taking == NULL)
        return (*state = taking_create(connection, method, url, version)) != NULL ? MHD_YES : MHD_NO;
    if (*size > 0) {
        if (taking->body.size + *size <= BODY_MOST)
            buf_add(&taking->body, span_make(data, *size));
        *size = 0;
        return MHD_YES;
    }
    *state = NULL;
    return finish(stand_in, connection, taking);
}

/* A request that broke off before its end. */
static void forget(void *owner, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why) {
    (void)owner, (void)connection, (void)why;
    if (*state != NULL)
        taking_destroy(*state);
    *state = NULL;
}

static bool read_address(const char *listen, struct sockaddr_in *address, struct error *error) {
    char host[64];
    const char *colon = strrchr(listen, ':');
    int64_t port = -1;
    size_t length = colon != NULL ? (size_t)(colon - listen) : 0;
    if (length > 0 && length < sizeof host) {
        memcpy(host, listen, length);
        host[length] = '\0';
        *address = (struct sockaddr_in){.sin_family = AF_INET};
        if (text_read_integer(span_of(colon + 1), &port) && port >= 0 && port <= 65535 &&
            inet_pton(AF_INET, host, &address->sin_addr) == 1) {
            address->sin_port = htons((uint16_t)port);
            return true;
        }
    }
    return error_set(error,
                     "\"%s\" is not an address to listen on: write an IPv4 address and a port, such as "
                     "127.0.0.1:8080",
                     listen);
}

bool stand_in_may_listen(const char *listen, struct error *error) {
    struct sockaddr_in address;
    return read_address(listen, &address, error);
}

static bool start(struct stand_in *stand_in, const char *listen, struct error *error) {
    struct sockaddr_in address;
    char host[INET_ADDRSTRLEN];
    if (!read_address(listen, &address, error))
        return false;
    stand_in->server = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL,
                                        0, NULL, NULL, serve, stand_in, MHD_OPTION_SOCK_ADDR,
                                        (struct sockaddr *)&address, MHD_OPTION_NOTIFY_COMPLETED, forget, stand_in,
                                        MHD_OPTION_CONNECTION_TIMEOUT, 30u, MHD_OPTION_END);
    if (stand_in->server == NULL)
        return error_set(error, "cannot listen on %s: %s", listen, strerror(errno));
    const union MHD_DaemonInfo *bound = MHD_get_daemon_info(stand_in->server, MHD_DAEMON_INFO_BIND_PORT);
    (void)inet_ntop(AF_INET, &address.sin_addr, host, sizeof host);
    (void)snprintf(stand_in->url, sizeof stand_in->url, "http://%s:%u", host,
                   bound != NULL ? (unsigned)bound->port : (unsigned)ntohs(address.sin_port));
    return true;
}

struct stand_in *stand_in_create(const char *listen, const struct stand_in_rules *rules, struct error *error) {
    struct stand_in *stand_in = calloc(1, sizeof *stand_in);
    if (stand_in == NULL) {
        (void)error_memory(error);
        return NULL;
    }
    stand_in->rules = *rules;
    stand_in->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    (void)pthread_mutex_init(&stand_in->lock, NULL);
    (void)pthread_cond_init(&stand_in->ending, NULL);
    table_init(&stand_in->attempts, 0);
    list_init(&stand_in->fresh);
    list_init(&stand_in->shown);
    if (stand_in->descriptor >= 0 && start(stand_in, listen, error))
        return stand_in;
    (void)error_set(error, "the stand-in platform did not start: %s", strerror(errno));
    stand_in_destroy(stand_in);
    return NULL;
}

const char *stand_in_url(const struct stand_in *stand_in) {
    return stand_in->url;
}

int stand_in_descriptor(const struct stand_in *stand_in) {
    return stand_in->descriptor;
}

const struct received *stand_in_next(struct stand_in *stand_in) {
    struct taking *next = NULL, *old = NULL;
    (void)pthread_mutex_lock(&stand_in->lock);
    struct list *link = list_first(&stand_in->fresh);
    if (link != NULL) {
        next = LIST_OF(link, struct taking, link);
        list_remove(link);
        list_add_last(&stand_in->shown, link);
        if (++stand_in->shown_count > SHOWN_MOST) {
            old = LIST_OF(list_first(&stand_in->shown), struct taking, link);
            list_remove(&old->link);
            stand_in->shown_count--;
        }
    } else {
        eventfd_t count;
        (void)eventfd_read(stand_in->descriptor, &count);
    }
    (void)pthread_mutex_unlock(&stand_in->lock);
    if (old != NULL)
        taking_destroy(old);
    return next != NULL ? &next->received : NULL;
}

static void empty(struct list *list) {
    LIST_EACH(link, list)
    taking_destroy(LIST_OF(link, struct taking, link));
}

void stand_in_destroy(struct stand_in *stand_in) {
    if (stand_in == NULL)
        return;
    (void)pthread_mutex_lock(&stand_in->lock);
    stand_in->ends = true;
    (void)pthread_cond_broadcast(&stand_in->ending);
    (void)pthread_mutex_unlock(&stand_in->lock);
    if (stand_in->server != NULL)
        MHD_stop_daemon(stand_in->server);
    if (stand_in->descriptor >= 0)
        (void)close(stand_in->descriptor);
    empty(&stand_in->fresh);
    empty(&stand_in->shown);
    table_finish(&stand_in->attempts);
    (void)pthread_cond_destroy(&stand_in->ending);
    (void)pthread_mutex_destroy(&stand_in->lock);
    free(stand_in);
}
