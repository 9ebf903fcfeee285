/* A reply is how a request ended, told by the shell that sent it. It does not judge. */
#ifndef SLUSS_EVENT_REPLY_H
#define SLUSS_EVENT_REPLY_H

#include "base/span.h"

#include <stdint.h>

enum reply_kind {
    REPLY_ANSWERED,  /* a final status line and its headers came (also when the body was cut or too long) */
    REPLY_NOT_SENT,  /* surely not delivered: name, connect, TLS handshake; no fault: aborted before it was sent */
    REPLY_AMBIGUOUS, /* bytes of the request left, no answer came */
    REPLY_ABORTED    /* the core asked for it; bytes have left */
};

enum reply_fault {
    REPLY_FAULT_NONE,
    REPLY_FAULT_NAME,        /* DNS */
    REPLY_FAULT_CONNECT,     /* refused, unreachable */
    REPLY_FAULT_TIMEOUT,     /* connect (NOT_SENT) or the whole attempt (AMBIGUOUS) */
    REPLY_FAULT_TLS,         /* handshake, protocol version */
    REPLY_FAULT_CERTIFICATE, /* not trusted, expired, wrong name */
    REPLY_FAULT_RESET,       /* connection broke */
    REPLY_FAULT_TOO_LARGE,   /* headers or body beyond their limit */
    REPLY_FAULT_PROXY,
    REPLY_FAULT_TOKEN, /* the token endpoint gave none */
    REPLY_FAULT_MEMORY,
    REPLY_FAULT_OTHER
};

/* Made by the shell with malloc'ed bytes; the core owns it from flow_step on. */
struct reply {
    uint64_t request;
    uint32_t platform; /* index in the plan */
    enum reply_kind kind;
    enum reply_fault fault;
    int status;             /* ANSWERED: 200-599 */
    uint64_t token;         /* which of the tokens that the shell took for the platform it was sent with; 0 none */
    struct span why;        /* NOT_SENT: the cause in words, where the fault does not say it all; data NULL: none */
    int64_t retry_after_ms; /* a floor from Retry-After, already made relative and clamped to 0 ... 1 h; -1 none */
    struct span body;       /* up to 64 KiB of it; data NULL: none */
    bool body_whole;        /* it came complete */
    uint32_t duration_ms;
    char *memory; /* what the spans point into; freed with the reply */
};

struct reply *reply_create(uint64_t request, enum reply_kind kind, enum reply_fault fault);
void reply_destroy(struct reply *reply);

/* Short words for logs and the trace: "answered", "reset" ... */
const char *reply_kind_name(enum reply_kind kind);
const char *reply_fault_name(enum reply_fault fault);

/* The fault in words, to follow "the platform is not up": "no connection"; "" for NONE. */
const char *reply_fault_words(enum reply_fault fault);

/* The fault of that name; NONE when none has it. */
enum reply_fault reply_fault_find(const char *name);

#endif
