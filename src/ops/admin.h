/* The admin server answers over HTTP: questions and orders on a Unix socket, questions only on a loopback address. It
 * knows no answers. */
#ifndef SLUSS_OPS_ADMIN_H
#define SLUSS_OPS_ADMIN_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

struct admin;

/* What is asked, and by whom. */
struct admin_request {
    const char *path; /* "/metrics" */
    bool act;         /* POST: something shall change; only on the socket */
    int64_t uid, pid; /* of the process at the other end of the socket; -1 unknown */
    void *connection; /* admin's own */
};

/* An argument behind the path's question mark, decoded; NULL: not given. */
const char *admin_argument(const struct admin_request *request, const char *name);

/* Fills `body` (and may set *type, static text, "text/plain; charset=utf-8" at first) and returns the HTTP status. */
typedef unsigned (*admin_answer)(void *owner, const struct admin_request *request, struct buf *body, const char **type);

struct admin_spec {
    const char *socket; /* path; NULL: none. A socket file that nobody listens at is replaced, all else is an error */
    const char
        *group; /* who may use it besides us: mode 0660 and this group, or mode 0600 when there is no such group */
    const char *host; /* a loopback address to listen on as well: "127.0.0.1", "::1"; NULL: none */
    uint32_t port;    /* of it */
    admin_answer answer;
    void *owner;
};

/* `group_missing` (may be NULL) tells that the group does not exist. NULL with a sentence. */
struct admin *admin_create(const struct admin_spec *spec, bool *group_missing, struct error *error);

/* Descriptors to poll for reading, at most 2; returns how many. When one is readable, or each second: admin_serve, with
 * the time of a clock that does not jump. Who has not asked and taken the answer within 5 s is sent away. */
size_t admin_descriptors(const struct admin *admin, int descriptor[2]);
void admin_serve(struct admin *admin, int64_t now_ms);

/* Closes and removes the socket file. */
void admin_destroy(struct admin *admin);

#endif
