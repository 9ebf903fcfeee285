/* The stand-in is a small HTTP server in the place of the e-service platforms: it keeps and shows what it received. It
 * is for the sandbox and takes everything but what its rules say. */
#ifndef SLUSS_CTL_STAND_IN_H
#define SLUSS_CTL_STAND_IN_H

#include "base/error.h"
#include "base/span.h"

#include <stdint.h>

enum { STAND_IN_RESET = 0 }; /* in place of a status: the connection is broken without an answer */

struct stand_in_answer {
    int status;
    uint32_t delay_ms;
    bool uncounted; /* the next request of this event has the same `attempt` again */
};

/* Asked once for every request, one at a time, on the server's threads. `attempt` counts the requests with this
 * Idempotency-Key from 1. */
struct stand_in_rules {
    void *owner;
    struct stand_in_answer (*judge)(void *owner, struct span event_id, uint32_t attempt, int64_t now_ms);
};

/* A request that was received and answered. */
struct received {
    struct span event_id; /* Idempotency-Key */
    struct span head;     /* request line and headers, credentials masked */
    struct span body;
    const char *method;
    const char *path;
    uint32_t attempt;
    int status;
};

struct stand_in;

/* Whether it is an address to listen on; false with a sentence. */
bool stand_in_may_listen(const char *listen, struct error *error);

/* `listen` is "HOST:PORT" with a numeric IPv4 address; port 0 takes a free one. NULL with a sentence. */
struct stand_in *stand_in_create(const char *listen, const struct stand_in_rules *rules, struct error *error);

/* "http://127.0.0.1:PORT" */
const char *stand_in_url(const struct stand_in *stand_in);

/* Readable when something was received. */
int stand_in_descriptor(const struct stand_in *stand_in);

/* The next request that was answered, in that order; NULL when there is none. It lives until the next call. */
const struct received *stand_in_next(struct stand_in *stand_in);

void stand_in_destroy(struct stand_in *stand_in);

#endif
