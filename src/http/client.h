/* The HTTP client sends requests to platforms, many at once, and tells how each ended. It neither judges nor retries.
 */
#ifndef SLUSS_HTTP_CLIENT_H
#define SLUSS_HTTP_CLIENT_H

#include "base/error.h"
#include "deliver/platform.h"
#include "event/reply.h"
#include "event/request.h"

#include <curl/curl.h>

struct http_client;

/* curl_global_init, once in a process before threads; http_finish after them. */
bool http_init(struct error *error);
void http_finish(void);

/* `platforms` is borrowed; their secrets are filled in. Certificates and CA files are read when first used. */
struct http_client *http_client_create(const struct platform_spec *platforms, uint32_t count, struct error *error);

/* Drops what is under way, questions for tokens too, without replies: nothing of it wakes http_client_wait any more. */
void http_client_drop(struct http_client *client);

void http_client_destroy(struct http_client *client);

/* Starts a request, which is borrowed until its reply was given. Exactly one reply comes from http_client_perform, also
 * when it could not be started. */
void http_client_send(struct http_client *client, const struct request *request);

/* The platform refuses its token with this number (as in replies): another one is asked for, and what is sent from now
 * on waits for it. */
void http_client_refresh(struct http_client *client, uint32_t platform, uint64_t number);

/* Ends a request early; its reply comes too: ABORTED, NOT_SENT, or what had come already. An unknown id is ignored. */
void http_client_abort(struct http_client *client, uint64_t id);

/* Moves all transfers on without blocking and gives away the replies of those that ended; the receiver owns them.
 * `now_ms` is the clock that never goes back, for the ends of tokens; `wall_ms` the calendar, for dates in Retry-After.
 */
void http_client_perform(struct http_client *client, int64_t now_ms, int64_t wall_ms,
                         void (*take)(void *owner, struct reply *reply), void *owner);

/* When the first of the certificates ends that the platform, or its token endpoint, showed at its last new connection,
 * in milliseconds of the calendar; 0 none was seen. */
int64_t http_client_certificate_end(const struct http_client *client, uint32_t platform);

/* Waits for curl's sockets, the `more` descriptors or the time, whichever comes first. */
void http_client_wait(struct http_client *client, struct curl_waitfd *more, unsigned count, int timeout_ms);

#endif
