/* Reading a platform's address and credentials once. What is secret is wiped when it goes. */
#include "http/pool.h"

#include "base/buf.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <stdlib.h>

static bool make_credential(struct pool *pool) {
    const struct platform_spec *spec = pool->spec;
    struct buf line = {0}, plain = {0};
    switch (spec->auth.kind) {
    case AUTH_NONE:
    case AUTH_OAUTH2: /* each request has its token's */
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
static bool make_host(struct pool *pool, const char *host) {
    for (const char *at = host; *at != '\0'; at++)
        if ((unsigned char)*at >= 0x80 || *at == '%')
            return true;
    char *port = NULL;
    struct buf line = {0};
    CURLUcode code = curl_url_get(pool->url, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
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

/* Only a proxy that hears http:// needs more of a target than its path: for https:// it is asked for a tunnel. */
static void divide(struct pool *pool) {
    struct span url = span_of(pool->spec->base_url.data);
    bool plain = span_starts_with(url, SPAN("http:"));
    size_t size = (plain ? sizeof "http://" : sizeof "https://") - 1;
    while (size < url.size && strchr("/?", url.data[size]) == NULL)
        size++;
    if (plain && pool->spec->proxy.data != NULL)
        pool->origin = (struct span){url.data, size};
    pool->base_path = span_from(url, size);
    while (pool->base_path.size > 0 && pool->base_path.data[pool->base_path.size - 1] == '/')
        pool->base_path.size--;
}

bool pool_init(struct pool *pool, const struct platform_spec *spec, struct error *error) {
    *pool = (struct pool){.spec = spec, .url = curl_url(), .base_path = SPAN(""), .origin = SPAN("")};
    list_init(&pool->idle);
    char *host = NULL;
    bool made = pool->url != NULL &&
                curl_url_set(pool->url, CURLUPART_URL, spec->base_url.data, CURLU_PATH_AS_IS) == CURLUE_OK &&
                curl_url_get(pool->url, CURLUPART_HOST, &host, 0) == CURLUE_OK;
    if (made) {
        /* Behind a proxy the address is the proxy's, which the configuration names. */
        pool->host_is_literal_or_local = is_literal_or_local(host) || spec->proxy.data != NULL;
        divide(pool);
        made = make_host(pool, host) && make_credential(pool);
    }
    curl_free(host);
    return made || error_set(error, "platform " SPAN_FORMAT ": its base-url cannot be used", SPAN_ARGUMENT(spec->name));
}

void pool_finish(struct pool *pool) {
    if (pool->credential != NULL)
        explicit_bzero(pool->credential, strlen(pool->credential));
    free(pool->credential);
    free(pool->host);
    curl_url_cleanup(pool->url);
    pool->credential = pool->host = NULL;
    pool->url = NULL;
}
