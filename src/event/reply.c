/* Making and freeing replies, and their words. */
#include "event/reply.h"

#include <stdlib.h>
#include <string.h>

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

const char *reply_fault_words(enum reply_fault fault) {
    static const char *const words[] = {
        [REPLY_FAULT_NONE] = "",
        [REPLY_FAULT_NAME] = "its name is not known to DNS",
        [REPLY_FAULT_CONNECT] = "no connection",
        [REPLY_FAULT_TIMEOUT] = "no answer in time",
        [REPLY_FAULT_TLS] = "no TLS connection",
        [REPLY_FAULT_CERTIFICATE] = "a certificate is refused",
        [REPLY_FAULT_RESET] = "the connection broke",
        [REPLY_FAULT_TOO_LARGE] = "its answer is too large",
        [REPLY_FAULT_PROXY] = "the proxy does not let us through",
        [REPLY_FAULT_TOKEN] = "no token",
        [REPLY_FAULT_MEMORY] = "memory is short here",
        [REPLY_FAULT_OTHER] = "the request failed",
    };
    return words[fault];
}

enum reply_fault reply_fault_find(const char *name) {
    enum reply_fault fault = REPLY_FAULT_OTHER;
    while (fault != REPLY_FAULT_NONE && strcmp(name, reply_fault_name(fault)) != 0)
        fault--;
    return fault;
}
