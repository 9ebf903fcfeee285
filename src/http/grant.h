/* A grant is the words in which a token is asked for and given: OAuth 2.0's client credentials grant (RFC 6749, section
 * 4.4). It sends nothing and keeps nothing. */
#ifndef SLUSS_HTTP_GRANT_H
#define SLUSS_HTTP_GRANT_H

#include "base/buf.h"
#include "base/error.h"
#include "event/reply.h"

enum { LONGEST_TOKEN = 16 * 1024 };

/* A text as application/x-www-form-urlencoded (RFC 6749, appendix B). */
void grant_write_encoded(struct buf *out, struct span text);

/* The body of the question; an empty scope is not asked for. */
void grant_write_question(struct buf *out, struct span scope);

/* Reads the answer: adds the header line "Authorization: Bearer TOKEN" to `line`, and says how long the token is good,
 * 1 s to 24 h; without `expires_in` that is 5 minutes. False with a sentence that holds nothing of what came but the
 * status and a registered error code; `line` has nothing added then. */
bool grant_read(const struct reply *reply, struct buf *line, int64_t *good_ms, struct error *why);

#endif
