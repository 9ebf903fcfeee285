/* The head of a request (RFC 9112 sections 3 and 5): its target, and its header lines. */
#ifndef SLUSS_HTTP_HEAD_H
#define SLUSS_HTTP_HEAD_H

#include "base/buf.h"
#include "event/request.h"
#include "http/pool.h"

/* Asks this process's libcurl, by a request that never leaves it, whether it sends a CURLOPT_REQUEST_TARGET as it
 * stands, line ends included. After curl_global_init, before threads; until then the answer is taken to be no. */
void head_learn(void);

/* True when the header lines may stand behind the target. */
bool head_may_be_whole(void);

/* Writes what goes into CURLOPT_REQUEST_TARGET, a NUL behind it, and into *lines where in `text` the header lines begin
 * that are to stand in a node of libcurl's list: text->size when they stand in the target already. Credentials,
 * Content-Length and what libcurl decides are not among them; Host and Accept are, but for a host of which the pool has
 * no line. False when memory is short, or when the target holds a byte that no target may hold. */
bool head_write(struct buf *text, const struct pool *pool, const struct request *request, size_t *lines);

#endif
