/* A pool is what all transfers to one address of one platform share: its credentials, and handles to reuse. It sends
 * nothing. */
#ifndef SLUSS_HTTP_POOL_H
#define SLUSS_HTTP_POOL_H

#include "base/error.h"
#include "base/list.h"
#include "deliver/platform.h"

#include <curl/curl.h>

struct token;

struct pool {
    const struct platform_spec *spec;
    CURLU *url;                    /* base-url, where all its transfers connect to */
    struct span base_path;         /* of base-url, without a '/' at its end */
    struct span origin;            /* scheme://authority where each target begins with it, for its proxy; else empty */
    char *host;                    /* the Host header line, or NULL: libcurl's own */
    char *credential;              /* the Authorization (or other) header line, or NULL */
    struct token *token;           /* with auth "oauth2": where that line comes from; else NULL */
    struct token *asks;            /* it is this token's endpoint; else NULL */
    bool host_is_literal_or_local; /* an address or "localhost": its own address is meant as written */
    int64_t certificate_end_ms;    /* calendar; the earliest of the chain that came last, 0 none came */
    struct list idle;              /* transfers to reuse */
};

/* `spec` is borrowed, its secrets are filled in. False with a sentence; pool_finish is fine then too. */
bool pool_init(struct pool *pool, const struct platform_spec *spec, struct error *error);

/* Its transfers are gone already. */
void pool_finish(struct pool *pool);

#endif
