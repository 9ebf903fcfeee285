/* A request is one HTTP request as the core wants it sent, without secrets. It is not yet a transfer. */
#ifndef SLUSS_EVENT_REQUEST_H
#define SLUSS_EVENT_REQUEST_H

#include "event/event.h"

/* An event that a request carries. */
struct request_event {
    struct place place;
    int64_t offset;
};

/* All spans live in the arena of its event, or of its batch, until the reply has come. The shell adds base-url,
 * credentials and `User-Agent`. */
struct request {
    uint64_t id;                      /* unique in this flow; attempts are requests of their own */
    uint32_t platform;                /* index in the plan */
    uint32_t attempt;                 /* from 1, of this event */
    struct place place;               /* of its (first) event */
    int64_t offset;                   /* likewise */
    uint32_t rest_count;              /* how many events it carries besides the first */
    const struct request_event *rest; /* and which, in the order of its body */
    struct span method;               /* upper case */
    struct span target;               /* "/path?query", put behind the base-url's own path */
    struct header *headers; /* content-type, idempotency and the route's own: no byte below 0x20, no 0x7f in values */
    size_t header_count;
    struct span body; /* data NULL: none */
    bool renewed;     /* its token was refused: it is sent again with another one */
    bool once; /* forbid the transport's own second sending on a connection that died (ambiguous is not "retry") */
};

#endif
