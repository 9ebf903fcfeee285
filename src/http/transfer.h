/* A transfer is one request on its way in libcurl, with what has come of its answer. It is reused for its platform's
 * next. */
#ifndef SLUSS_HTTP_TRANSFER_H
#define SLUSS_HTTP_TRANSFER_H

#include "base/buf.h"
#include "base/list.h"
#include "deliver/platform.h"
#include "event/reply.h"
#include "event/request.h"
#include "http/pool.h"

#include <curl/curl.h>

enum { BODY_LIMIT = 64 * 1024, HEAD_LIMIT = 64 * 1024, MOST_HEADER_NODES = 7 };

struct bearer;

struct transfer {
    struct list link; /* in the pool's idle list or the client's active list */
    struct pool *pool;
    CURL *easy;
    uint64_t id;
    uint32_t platform;
    const struct request *request; /* while it waits for a token */
    struct bearer *bearer;         /* the token that it carries; NULL none */
    enum reply_fault unsent;       /* TOKEN or MEMORY: it is not sent for want of that */
    struct curl_slist node[MOST_HEADER_NODES];
    struct buf text; /* target and header lines */
    char reason[CURL_ERROR_SIZE];
    /* the answer so far */
    int status;
    bool needs_guard; /* against its first header: see transfer.c */
    bool guarded;     /* the next line is an answer's first header */
    bool head_whole;  /* the final response's headers ended */
    bool body_too_long;
    bool head_too_long;
    bool once;
    bool aborted;
    unsigned sendings; /* times the request was handed to a connection */
    size_t head_size;
    char retry_after[64];
    struct buf body;
};

/* A transfer with everything set that the platform's requests have in common. NULL when memory is short. */
struct transfer *transfer_create(struct pool *pool);
void transfer_destroy(struct transfer *transfer);

/* Makes it ready for this request. False when memory is short or the request cannot be expressed. */
bool transfer_prepare(struct transfer *transfer, const struct request *request);

/* Makes it wait for a token first: as long as the question for one may take. transfer_prepare comes later, or never. */
void transfer_wait(struct transfer *transfer, const struct request *request);

/* Gives it its token (released when its reply is made). Its own time begins when it is sent. */
void transfer_carry(struct transfer *transfer, struct bearer *bearer);

/* The reply after libcurl's result; NULL when memory is short. */
struct reply *transfer_reply(struct transfer *transfer, CURLcode result, int64_t wall_ms);

/* Reads Retry-After: seconds or a date, made relative to `wall_ms` and clamped to 0 ... 1 h; -1 when it says nothing.
 */
int64_t transfer_retry_after(struct span value, int64_t wall_ms);

#endif
