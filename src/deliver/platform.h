/* A platform is where requests go, as sluss.cfg describes it. It is not its state: that is the breaker's. */
#ifndef SLUSS_DELIVER_PLATFORM_H
#define SLUSS_DELIVER_PLATFORM_H

#include "base/span.h"

#include <stdint.h>

/* How a worker sees it: only an `up` platform takes more than a probe. */
enum platform_state { PLATFORM_UP, PLATFORM_OPEN, PLATFORM_HALF_OPEN, PLATFORM_HELD };

/* "up", "open", "half-open", "held" */
const char *platform_state_name(enum platform_state state);

enum auth_kind { AUTH_NONE, AUTH_BASIC, AUTH_BEARER, AUTH_HEADER, AUTH_OAUTH2 };

/* A text that may be written as "secret:NAME". `name` is then NAME, and `value` is filled by the shell that may read
 * it. */
struct secret {
    struct span value;
    struct span name; /* SPAN_NONE: written out in the configuration */
};

struct status_range {
    int first;
    int last;
};

struct status_list {
    const struct status_range *ranges;
    size_t count;
};

struct text_list {
    const struct span *texts;
    size_t count;
};

struct breaker_spec {
    uint32_t failures; /* platform faults in a row that open it */
    uint32_t share;    /* percent of the last `of` attempts within `within_ms` */
    uint32_t of;
    int64_t within_ms;
    int64_t open_ms; /* until the first probe, then doubling */
    int64_t max_open_ms;
};

struct platform_spec {
    struct span name;
    struct span base_url; /* without a '/' at its end */
    struct span proxy;    /* SPAN_NONE: none; the environment's is never used */
    struct {
        enum auth_kind kind;
        struct span user;       /* basic */
        struct span header;     /* header: its name */
        struct span token_url;  /* oauth2: who gives tokens, with path and query */
        struct span client_id;  /* oauth2 */
        struct span scope;      /* oauth2; empty: what the endpoint gives by itself */
        struct secret password; /* basic: password; bearer: token; header: value; oauth2: client secret */
    } auth;
    struct {
        struct span ca;          /* file; SPAN_NONE: the system's */
        struct span certificate; /* file of ours (PEM); SPAN_NONE: none */
        struct secret key;       /* its private key (PEM) */
        int minimum;             /* 12 or 13 */
    } tls;
    int64_t connect_timeout_ms;
    int64_t timeout_ms; /* one attempt, from first to last byte */
    uint32_t max_in_flight;
    uint64_t rate;         /* thousandths of a request a second; 0 no limit */
    uint32_t retry_budget; /* percent of max_in_flight for repeated attempts while first ones wait */
    struct breaker_spec breaker;
    struct status_list success, retry, hold, dead_letter; /* the first that matches, in this order */
    struct acceptance *accept;                            /* what a success must say; NULL: nothing */
    struct text_list permanent;                           /* texts that make a failed answer permanent */
};

#endif
