/* Making and freeing replies, and their words. */
#include "event/reply.h"

#include <stdlib.h>

struct reply *reply_create(uint64_t request, enum reply_kind kind, enum reply_fault fault) {
    struct reply *reply = calloc(1, sizeof *reply);
    if (reply == NULL)
        return NULL;
    reply->request = request;
    reply->kind = kind;
    reply->fault = fault;
    reply->retry_after_ms = -1;
    return reply;
}

void reply_destroy(struct reply *reply) {
    if (reply == NULL)
        return;
    free(reply->memory);
    free(reply);
}

const char *reply_kind_name(enum reply_kind kind) {
    static const char *const names[] = {"answered", "not-sent", "ambiguous", "aborted"};
    return names[kind];
}

const char *reply_fault_name(enum reply_fault fault) {
    static const char *const names[] = {"none",  "name",      "connect", "timeout", "tls",    "certificate",
                                        "reset", "too-large", "proxy",   "token",   "memory", "other"};
    return names[fault];
}
