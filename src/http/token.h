/* A token is what one worker shows to one platform with auth "oauth2": taken from the token endpoint when it is first
 * needed, taken anew ahead of its end, in memory only. It decides nothing about the platform. */
#ifndef SLUSS_HTTP_TOKEN_H
#define SLUSS_HTTP_TOKEN_H

#include "http/transfer.h"

/* The header line of one token. Lives until the last transfer that carries it has ended, then it is wiped. */
struct bearer {
    unsigned uses;
    uint64_t number; /* from 1, of this platform and worker */
    char line[];     /* "Authorization: Bearer ..." */
};

void bearer_release(struct bearer *bearer); /* NULL is fine */

/* `spec` is borrowed: the platform's. The endpoint is asked with the platform's TLS, proxy and timeouts. NULL with a
 * sentence. */
struct token *token_create(const struct platform_spec *spec, struct error *error);

/* `multi`: where the asking may be under way. Nothing waits any more. */
void token_destroy(struct token *token, CURLM *multi);

/* Takes its question back, if one is out. */
void token_drop(struct token *token, CURLM *multi);

/* The transfers that wait for it. */
struct list *token_waiting(struct token *token);

/* Whether there is one whose end has not come. */
bool token_is_there(struct token *token, int64_t now_ms);

/* What a request that is sent now carries, the caller's to release; NULL: there is none, it must wait. */
struct bearer *token_use(struct token *token, int64_t now_ms);

/* True when it is time to ask for another one: there is none, or its end is near, and nobody asks yet. */
bool token_is_wanted(const struct token *token, int64_t now_ms);

/* Asks; token_answered follows. False when memory is short. */
bool token_ask(struct token *token, CURLM *multi, int64_t now_ms);

/* The answer came; the handle stands in no multi any more. True: there is a new token. Else token_why says why not. */
bool token_answered(struct token *token, CURLcode result, int64_t now_ms, int64_t wall_ms);

/* Why there is none, in words ("": memory is short), and for how long the endpoint wants no further question (-1: it
 * did not say). */
struct span token_why(const struct token *token);
int64_t token_retry_after_ms(const struct token *token);

/* When the first of the endpoint's certificates ends; 0 none was seen. */
int64_t token_certificate_end(const struct token *token);

/* The platform refuses this one and all before it: they are carried no more. */
void token_wear(struct token *token, uint64_t number);

#endif
