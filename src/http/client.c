/* All transfers of one worker in one libcurl multi handle. How many may be in flight is the core's business, not
 * libcurl's: throttling by CURLMOPT_MAX_HOST_CONNECTIONS costs 1.6 to 1.8 times as much. */
#include "http/client.h"

#include "base/text.h"
#include "http/transfer.h"

#include <arpa/inet.h>
#include <stdlib.h>

struct http_client {
    CURLM *multi;
    struct pool *pools;
    uint32_t count;
    struct list active; /* in the multi */
    struct list ended;  /* not in the multi: refused or aborted, their reply is due */
    uint64_t *refused;  /* ids for which there was no memory; room for all that can be in flight */
    size_t refused_count;
};

bool http_init(struct error *error) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        return true;
    return error_set(error, "libcurl did not start: %s", curl_version());
}

void http_finish(void) {
    curl_global_cleanup();
}

/* --- pools --- */

static bool make_credential(struct pool *pool) {
    const struct platform_spec *spec = pool->spec;
    struct buf line = {0}, plain = {0};
    switch (spec->auth.kind) {
    case AUTH_NONE:
        return true;
    case AUTH_BASIC:
        buf_add(&plain, spec->auth.user);
        buf_add_byte(&plain, ':');
        buf_add(&plain, spec->auth.password.value);
        buf_add_text(&line, "Authorization: Basic ");
        text_write_base64(&line, buf_span(&plain));
        break;
    case AUTH_BEARER:
        buf_add_text(&line, "Authorization: Bearer ");
        buf_add(&line, spec->auth.password.value);
        break;
    case AUTH_HEADER:
        buf_add(&line, spec->auth.header);
        buf_add_text(&line, ": ");
        buf_add(&line, spec->auth.password.value);
        break;
    }
    buf_add_byte(&line, '\0');
    bool made = !line.failed && !plain.failed;
    if (plain.data != NULL)
        explicit_bzero(plain.data, plain.capacity);
    buf_finish(&plain);
    pool->credential = line.data;
    return made;
}

/* As libcurl would write it for each request anew: host, and port where it is not the scheme's own. What it would write
 * in another form (a name that is not ASCII, an address with a zone) is left to it. */
static bool make_host(struct pool *pool, CURLU *url, const char *host) {
    for (const char *at = host; *at != '\0'; at++)
        if ((unsigned char)*at >= 0x80 || *at == '%')
            return true;
    char *port = NULL;
    struct buf line = {0};
    CURLUcode code = curl_url_get(url, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
    buf_add_text(&line, "Host: ");
    buf_add_text(&line, host);
    if (code == CURLUE_OK) {
        buf_add_byte(&line, ':');
        buf_add_text(&line, port);
    }
    buf_add_byte(&line, '\0');
    curl_free(port);
    bool made = !line.failed && (code == CURLUE_OK || code == CURLUE_NO_PORT);
    pool->host = line.data;
    return made;
}

static bool is_literal_or_local(const char *host) {
    unsigned char address[16];
    return strcmp(host, "localhost") == 0 || host[0] == '[' || inet_pton(AF_INET, host, address) == 1;
}

static bool make_pool(struct pool *pool, const struct platform_spec *spec, struct error *error) {
    pool->spec = spec;
    list_init(&pool->idle);
    CURLU *url = curl_url();
    char *host = NULL;
    bool made = url != NULL && curl_url_set(url, CURLUPART_URL, spec->base_url.data, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK;
    if (made) {
        /* Behind a proxy the address is the proxy's, which the configuration names. */
        pool->host_is_literal_or_local = is_literal_or_local(host) || spec->proxy.data != NULL;
        const char *at = strstr(spec->base_url.data, "://");
        at = at != NULL ? strchr(at + 3, '/') : NULL;
        pool->base_path = at != NULL ? span_of(at) : SPAN("");
        while (pool->base_path.size > 0 && pool->base_path.data[pool->base_path.size - 1] == '/')
            pool->base_path.size--;
        made = make_host(pool, url, host) && make_credential(pool);
    }
    curl_free(host);
    curl_url_cleanup(url);
    return made || error_set(error, "platform " SPAN_FORMAT ": its base-url cannot be used", SPAN_ARGUMENT(spec->name));
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

void http_client_destroy(struct http_client *client) {
    if (client == NULL)
        return;
    drop(client, &client->active);
    drop(client, &client->ended);
    for (uint32_t i = 0; i < client->count; i++) {
        struct pool *pool = &client->pools[i];
        if (pool->idle.next != NULL)
            drop(client, &pool->idle);
        if (pool->credential != NULL)
            explicit_bzero(pool->credential, strlen(pool->credential));
        free(pool->credential);
        free(pool->host);
    }
    free(client->pools);
    free(client->refused);
    if (client->multi != NULL)
        curl_multi_cleanup(client->multi);
    free(client);
}

/* --- sending --- */

void http_client_send(struct http_client *client, const struct request *request) {
    struct pool *pool = &client->pools[request->platform];
    struct list *idle = list_first(&pool->idle);
    struct transfer *transfer = idle != NULL ? LIST_OF(idle, struct transfer, link) : transfer_create(pool);
    if (transfer == NULL) {
        client->refused[client->refused_count++] = request->id;
        return;
    }
    list_remove(&transfer->link);
    if (transfer_prepare(transfer, request) && curl_multi_add_handle(client->multi, transfer->easy) == CURLM_OK)
        list_add_last(&client->active, &transfer->link);
    else
        list_add_last(&client->ended, &transfer->link);
}

void http_client_abort(struct http_client *client, uint64_t id) {
    LIST_EACH(link, &client->active) {
        struct transfer *transfer = LIST_OF(link, struct transfer, link);
        if (transfer->id != id)
            continue;
        curl_multi_remove_handle(client->multi, transfer->easy);
        transfer->aborted = true;
        list_remove(&transfer->link);
        list_add_last(&client->ended, &transfer->link);
        return;
    }
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
        curl_multi_remove_handle(client->multi, transfer->easy);
        end(client, transfer, result, wall_ms, take, owner);
    }
}

void http_client_perform(struct http_client *client, int64_t wall_ms, void (*take)(void *owner, struct reply *reply),
                         void *owner) {
    int running;
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
    return client->pools[platform].certificate_end_ms;
}

void http_client_wait(struct http_client *client, struct curl_waitfd *more, unsigned count, int timeout_ms) {
    int ready;
    if (!list_is_empty(&client->ended) || client->refused_count > 0)
        timeout_ms = 0;
    (void)curl_multi_poll(client->multi, more, count, timeout_ms, &ready);
}
