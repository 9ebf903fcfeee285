/* All transfers of one worker in one libcurl multi handle. How many may be in flight is the core's business, not
 * libcurl's: throttling by CURLMOPT_MAX_HOST_CONNECTIONS costs 1.6 to 1.8 times as much. */
#include "http/client.h"

#include "http/certificate.h"
#include "http/head.h"
#include "http/token.h"
#include "http/transfer.h"

#include <stdlib.h>

struct http_client {
    CURLM *multi;
    struct pool *pools;
    uint32_t count;
    struct list active; /* in the multi */
    struct list ended;  /* not in the multi: refused or aborted, their reply is due */
    uint64_t *refused;  /* ids for which there was no memory; room for all that can be in flight */
    size_t refused_count;
    int64_t now_ms; /* of the last http_client_perform */
    bool quiet;     /* since the last http_client_wait no socket of libcurl's was ready, no time due, nothing started */
};

bool http_init(struct error *error) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(error, "libcurl did not start: %s", curl_version());
    head_learn();
    return true;
}

void http_finish(void) {
    curl_global_cleanup();
}

/* --- making and ending --- */

static bool make_pool(struct pool *pool, const struct platform_spec *spec, struct error *error) {
    if (!pool_init(pool, spec, error))
        return false;
    if (spec->auth.kind == AUTH_OAUTH2)
        pool->token = token_create(spec, error);
    return pool->token != NULL || spec->auth.kind != AUTH_OAUTH2;
}

struct http_client *http_client_create(const struct platform_spec *platforms, uint32_t count, struct error *error) {
    struct http_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        (void)error_memory(error);
        return NULL;
    }
    list_init(&client->active);
    list_init(&client->ended);
    client->multi = curl_multi_init();
    client->pools = calloc((size_t)count + 1, sizeof *client->pools);
    bool made = client->multi != NULL && client->pools != NULL;
    if (!made)
        (void)error_memory(error);
    size_t in_flight = 0;
    for (uint32_t i = 0; made && i < count; i++) {
        made = make_pool(&client->pools[i], &platforms[i], error);
        client->count = i + 1;
        in_flight += platforms[i].max_in_flight;
    }
    if (made && (client->refused = calloc(in_flight + 1, sizeof *client->refused)) == NULL)
        made = error_memory(error);
    if (!made) {
        http_client_destroy(client);
        return NULL;
    }
    /* Fewer kept connections than requests in flight cost 2.9 times as much CPU. */
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)in_flight * 2);
    return client;
}

static void drop(struct http_client *client, struct list *list) {
    LIST_EACH(link, list) {
        struct transfer *transfer = LIST_OF(link, struct transfer, link);
        if (list == &client->active)
            curl_multi_remove_handle(client->multi, transfer->easy);
        transfer_destroy(transfer);
    }
    list_init(list);
}

void http_client_drop(struct http_client *client) {
    drop(client, &client->active);
    drop(client, &client->ended);
    client->refused_count = 0;
    for (uint32_t i = 0; i < client->count; i++) {
        struct token *token = client->pools[i].token;
        if (token == NULL)
            continue;
        drop(client, token_waiting(token));
        token_drop(token, client->multi);
    }
}

void http_client_destroy(struct http_client *client) {
    if (client == NULL)
        return;
    http_client_drop(client);
    for (uint32_t i = 0; i < client->count; i++) {
        struct pool *pool = &client->pools[i];
        if (pool->idle.next != NULL)
            drop(client, &pool->idle);
        token_destroy(pool->token, client->multi);
        pool_finish(pool);
    }
    free(client->pools);
    free(client->refused);
    if (client->multi != NULL)
        curl_multi_cleanup(client->multi);
    free(client);
}

/* --- sending --- */

static void start(struct http_client *client, struct transfer *transfer, const struct request *request) {
    client->quiet = false;
    if (transfer_prepare(transfer, request) && curl_multi_add_handle(client->multi, transfer->easy) == CURLM_OK)
        list_add_last(&client->active, &transfer->link);
    else
        list_add_last(&client->ended, &transfer->link);
}

/* Those that wait for a token have one now, or get none. */
static void serve_waiting(struct http_client *client, struct token *token) {
    for (struct list *link; (link = list_first(token_waiting(token))) != NULL;) {
        struct transfer *transfer = LIST_OF(link, struct transfer, link);
        list_remove(link);
        struct bearer *bearer = token_use(token, client->now_ms);
        if (bearer != NULL) {
            transfer_carry(transfer, bearer);
            start(client, transfer, transfer->request);
            continue;
        }
        transfer->unsent = token_why(token).size > 0 ? REPLY_FAULT_TOKEN : REPLY_FAULT_MEMORY;
        list_add_last(&client->ended, link);
    }
}

static void ask(struct http_client *client, struct token *token) {
    client->quiet = false;
    if (token_is_wanted(token, client->now_ms) && !token_ask(token, client->multi, client->now_ms))
        serve_waiting(client, token);
}

static void start_with_token(struct http_client *client, struct transfer *transfer, const struct request *request) {
    struct token *token = transfer->pool->token;
    transfer_wait(transfer, request);
    list_add_last(token_waiting(token), &transfer->link);
    if (token_is_there(token, client->now_ms))
        serve_waiting(client, token);
    ask(client, token);
}

void http_client_send(struct http_client *client, const struct request *request) {
    struct pool *pool = &client->pools[request->platform];
    struct list *idle = list_first(&pool->idle);
    struct transfer *transfer = idle != NULL ? LIST_OF(idle, struct transfer, link) : transfer_create(pool);
    if (transfer == NULL) {
        client->refused[client->refused_count++] = request->id;
        return;
    }
    list_remove(&transfer->link);
    if (pool->token != NULL)
        start_with_token(client, transfer, request);
    else
        start(client, transfer, request);
}

void http_client_refresh(struct http_client *client, uint32_t platform, uint64_t number) {
    struct token *token = client->pools[platform].token;
    if (token == NULL)
        return;
    token_wear(token, number);
    ask(client, token);
}

static struct transfer *find(const struct list *list, uint64_t id) {
    for (struct list *link = list->next; link != list; link = link->next) {
        struct transfer *transfer = LIST_OF(link, struct transfer, link);
        if (transfer->id == id)
            return transfer;
    }
    return NULL;
}

void http_client_abort(struct http_client *client, uint64_t id) {
    struct transfer *transfer = find(&client->active, id);
    if (transfer != NULL)
        curl_multi_remove_handle(client->multi, transfer->easy);
    for (uint32_t i = 0; transfer == NULL && i < client->count; i++)
        if (client->pools[i].token != NULL)
            transfer = find(token_waiting(client->pools[i].token), id);
    if (transfer == NULL)
        return;
    transfer->aborted = true;
    list_remove(&transfer->link);
    list_add_last(&client->ended, &transfer->link);
}

/* --- ending --- */

/* Gives the reply away and the transfer back to its pool. Where memory is short both stay for the next time. */
static void end(struct http_client *client, struct transfer *transfer, CURLcode result, int64_t wall_ms,
                void (*take)(void *owner, struct reply *reply), void *owner) {
    struct reply *reply = transfer_reply(transfer, result, wall_ms);
    list_remove(&transfer->link);
    if (reply == NULL) {
        list_add_last(&client->ended, &transfer->link);
        return;
    }
    list_add_last(&transfer->pool->idle, &transfer->link);
    take(owner, reply);
}

static void end_refused(struct http_client *client, void (*take)(void *owner, struct reply *reply), void *owner) {
    while (client->refused_count > 0) {
        struct reply *reply =
            reply_create(client->refused[client->refused_count - 1], REPLY_NOT_SENT, REPLY_FAULT_MEMORY);
        if (reply == NULL)
            return;
        client->refused_count--;
        take(owner, reply);
    }
}

static void end_done(struct http_client *client, int64_t wall_ms, void (*take)(void *owner, struct reply *reply),
                     void *owner) {
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct transfer *transfer;
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        curl_multi_remove_handle(client->multi, message->easy_handle);
        struct token *token = transfer->pool->asks;
        if (token != NULL) {
            (void)token_answered(token, result, client->now_ms, wall_ms);
            serve_waiting(client, token);
            continue;
        }
        end(client, transfer, result, wall_ms, take, owner);
    }
}

void http_client_perform(struct http_client *client, int64_t now_ms, int64_t wall_ms,
                         void (*take)(void *owner, struct reply *reply), void *owner) {
    int running;
    client->now_ms = now_ms;
    if (!client->quiet)
        (void)curl_multi_perform(client->multi, &running);
    end_done(client, wall_ms, take, owner);
    end_refused(client, take, owner);
    /* What is added meanwhile, or finds no memory again, stands behind the last one and waits for the next time. */
    const struct list *last = client->ended.previous;
    for (struct list *link; (link = list_first(&client->ended)) != NULL;) {
        struct transfer *transfer = LIST_OF(link, struct transfer, link);
        end(client, transfer, transfer->aborted ? CURLE_ABORTED_BY_CALLBACK : CURLE_OUT_OF_MEMORY, wall_ms, take,
            owner);
        if (link == last)
            break;
    }
}

int64_t http_client_certificate_end(const struct http_client *client, uint32_t platform) {
    const struct pool *pool = &client->pools[platform];
    int64_t end_ms = pool->certificate_end_ms;
    return pool->token != NULL ? certificate_earlier(end_ms, token_certificate_end(pool->token)) : end_ms;
}

/* curl_multi_perform asks the system about each transfer under way, also when we were woken for something else: sockets
 * and times are all that moves one on, so it is left out where neither is there. */
void http_client_wait(struct http_client *client, struct curl_waitfd *more, unsigned count, int timeout_ms) {
    int ready = 0;
    long due_ms = 0;
    if (!list_is_empty(&client->ended) || client->refused_count > 0)
        timeout_ms = 0;
    bool waited = curl_multi_poll(client->multi, more, count, timeout_ms, &ready) == CURLM_OK &&
                  curl_multi_timeout(client->multi, &due_ms) == CURLM_OK;
    for (unsigned i = 0; i < count; i++)
        ready -= more[i].revents != 0 ? 1 : 0;
    client->quiet = waited && ready == 0 && due_ms != 0;
}
