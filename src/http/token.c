/* Keeping one token: one question at a time, over the worker's own libcurl, without a thread. */
#include "http/token.h"

#include "http/grant.h"
#include "ops/log.h"

#include <stdlib.h>

enum {
    AHEAD_PART = 10,       /* a tenth of its life before its end it is taken anew, */
    MOST_AHEAD_MS = 60000, /* at most a minute */
    AGAIN_MS = 1000        /* if that fails, again half-way to its end, and not sooner than this */
};

struct token {
    struct platform_spec spec; /* the endpoint, as if it were a platform */
    struct span platform;      /* whose */
    struct pool pool;
    struct transfer *transfer; /* made when first needed */
    struct request request;
    struct header header[2];
    struct buf question;
    bool asked; /* under way */
    int64_t asked_ms;
    struct bearer *bearer; /* NULL none */
    uint64_t number;       /* of the last one */
    int64_t ahead_ms;      /* from then on another one is asked for */
    int64_t end_ms;
    struct list waiting;
    struct error why;
    int64_t retry_after_ms;
};

void bearer_release(struct bearer *bearer) {
    if (bearer == NULL || --bearer->uses > 0)
        return;
    explicit_bzero(bearer->line, strlen(bearer->line));
    free(bearer);
}

/* --- making and ending --- */

static void wipe(struct buf *buf) {
    if (buf->data != NULL)
        explicit_bzero(buf->data, buf->capacity);
    buf_finish(buf);
}

/* RFC 6749, section 2.3.1: Basic, with both parts encoded before. */
static bool make_pool(struct token *token, const struct platform_spec *platform, struct error *error) {
    struct buf id = {0}, secret = {0};
    grant_write_encoded(&id, platform->auth.client_id);
    grant_write_encoded(&secret, platform->auth.password.value);
    token->spec = *platform;
    token->spec.base_url = platform->auth.token_url;
    if (!span_starts_with(token->spec.base_url, SPAN("https:"))) /* then it is on this machine, where no proxy looks */
        token->spec.proxy = SPAN_NONE;
    token->spec.auth.kind = AUTH_BASIC;
    token->spec.auth.user = buf_span(&id);
    token->spec.auth.password.value = buf_span(&secret);
    bool made = id.failed || secret.failed ? error_memory(error) : pool_init(&token->pool, &token->spec, error);
    token->pool.asks = token;
    token->spec.auth.user = token->spec.auth.password.value = SPAN_NONE;
    wipe(&id);
    wipe(&secret);
    return made;
}

/* All behind the authority is the target: paths that end with '/', and queries, are kept. */
static void make_request(struct token *token) {
    const char *tail = strstr(token->spec.base_url.data, "://");
    tail = tail != NULL ? strpbrk(tail + 3, "/?") : NULL;
    token->pool.base_path = tail != NULL && tail[0] == '/' ? SPAN("") : SPAN("/");
    token->header[0] = (struct header){SPAN("Content-Type"), SPAN("application/x-www-form-urlencoded")};
    token->header[1] = (struct header){SPAN("Accept"), SPAN("application/json")};
    token->request = (struct request){.method = SPAN("POST"),
                                      .target = tail != NULL ? span_of(tail) : SPAN(""),
                                      .headers = token->header,
                                      .header_count = 2,
                                      .body = buf_span(&token->question)};
}

struct token *token_create(const struct platform_spec *spec, struct error *error) {
    struct token *token = calloc(1, sizeof *token);
    if (token == NULL) {
        (void)error_memory(error);
        return NULL;
    }
    token->platform = spec->name;
    token->retry_after_ms = -1;
    list_init(&token->waiting);
    grant_write_question(&token->question, spec->auth.scope);
    if (make_pool(token, spec, error) && (!token->question.failed || error_memory(error))) {
        make_request(token);
        return token;
    }
    token_destroy(token, NULL);
    return NULL;
}

void token_drop(struct token *token, CURLM *multi) {
    if (token->asked)
        curl_multi_remove_handle(multi, token->transfer->easy);
    token->asked = false;
}

void token_destroy(struct token *token, CURLM *multi) {
    if (token == NULL)
        return;
    token_drop(token, multi);
    if (token->transfer != NULL)
        wipe(&token->transfer->body);
    transfer_destroy(token->transfer);
    bearer_release(token->bearer);
    pool_finish(&token->pool);
    buf_finish(&token->question);
    free(token);
}

/* --- using --- */

struct list *token_waiting(struct token *token) {
    return &token->waiting;
}

bool token_is_there(struct token *token, int64_t now_ms) {
    if (token->bearer != NULL && now_ms >= token->end_ms) {
        bearer_release(token->bearer);
        token->bearer = NULL;
    }
    return token->bearer != NULL;
}

struct bearer *token_use(struct token *token, int64_t now_ms) {
    if (!token_is_there(token, now_ms))
        return NULL;
    token->bearer->uses++;
    return token->bearer;
}

bool token_is_wanted(const struct token *token, int64_t now_ms) {
    return !token->asked && (token->bearer == NULL || now_ms >= token->ahead_ms);
}

void token_wear(struct token *token, uint64_t number) {
    if (token->bearer == NULL || token->bearer->number > number)
        return;
    bearer_release(token->bearer);
    token->bearer = NULL;
}

struct span token_why(const struct token *token) {
    return span_of(token->why.text);
}

int64_t token_retry_after_ms(const struct token *token) {
    return token->retry_after_ms;
}

int64_t token_certificate_end(const struct token *token) {
    return token->pool.certificate_end_ms;
}

/* --- asking --- */

/* Room for the whole answer beforehand: so the token is not left behind in memory that was outgrown. */
bool token_ask(struct token *token, CURLM *multi, int64_t now_ms) {
    if (token->transfer == NULL)
        token->transfer = transfer_create(&token->pool);
    token->asked_ms = now_ms;
    token->asked = token->transfer != NULL && transfer_prepare(token->transfer, &token->request) &&
                   buf_reserve(&token->transfer->body, BODY_LIMIT) &&
                   curl_multi_add_handle(multi, token->transfer->easy) == CURLM_OK;
    token->retry_after_ms = -1;
    if (!token->asked)
        token->why.text[0] = '\0';
    return token->asked;
}

static bool keep(struct token *token, struct span line, int64_t good_ms) {
    struct bearer *bearer = malloc(sizeof *bearer + line.size + 1);
    if (bearer == NULL)
        return false;
    bearer->uses = 1;
    bearer->number = ++token->number;
    memcpy(bearer->line, line.data, line.size);
    bearer->line[line.size] = '\0';
    bearer_release(token->bearer);
    token->bearer = bearer;
    int64_t margin_ms = good_ms / AHEAD_PART < MOST_AHEAD_MS ? good_ms / AHEAD_PART : MOST_AHEAD_MS;
    token->end_ms = token->asked_ms + good_ms;
    token->ahead_ms = token->end_ms - margin_ms;
    const struct log_field field[] = {{"platform", token->platform, 0},
                                      {"token", SPAN_NONE, (int64_t)token->number},
                                      {"good-ms", SPAN_NONE, good_ms}};
    log_say(LOG_LEVEL_DEBUG, field, 3, "a token was fetched");
    return true;
}

/* The one before is still good: it is no fault of the platform yet. */
static void lament(struct token *token, int64_t now_ms) {
    int64_t left_ms = token->end_ms - now_ms;
    if (token->bearer == NULL || left_ms <= 0)
        return;
    int64_t pause_ms = left_ms / 2 > AGAIN_MS ? left_ms / 2 : AGAIN_MS;
    token->ahead_ms = now_ms + (token->retry_after_ms > pause_ms ? token->retry_after_ms : pause_ms);
    const struct log_field field[] = {{"platform", token->platform, 0}, {"left-ms", SPAN_NONE, left_ms}};
    log_say(LOG_LEVEL_WARNING, field, 2, "no new token yet: %s: the current one is used until it expires",
            token->why.text[0] != '\0' ? token->why.text : "memory is short");
}

bool token_answered(struct token *token, CURLcode result, int64_t now_ms, int64_t wall_ms) {
    struct reply *reply = transfer_reply(token->transfer, result, wall_ms);
    struct buf line = {0};
    int64_t good_ms = 0;
    token->asked = false;
    token->why.text[0] = '\0';
    bool taken = reply != NULL ? grant_read(reply, &line, &good_ms, &token->why) : false;
    if (taken && now_ms >= token->asked_ms + good_ms) /* whoever waits would take it for none at all */
        taken = error_set(&token->why, "the token endpoint's token had expired when it came");
    taken = taken && keep(token, buf_span(&line), good_ms);
    token->retry_after_ms = reply != NULL ? reply->retry_after_ms : -1;
    if (!taken)
        lament(token, now_ms);
    if (reply != NULL && reply->memory != NULL)
        explicit_bzero(reply->memory, reply->body.size);
    reply_destroy(reply);
    wipe(&token->transfer->body);
    wipe(&line);
    return taken;
}
