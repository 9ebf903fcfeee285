/* Libcurl formats a header line byte by byte, by about ninety instructions each: more than all else of a small request.
 * A request's target it copies. So the lines stand in the target, behind its own " HTTP/1.1", and the " HTTP/1.1" that
 * libcurl puts behind the target ends the last of them, Sluss-Protocol; it is " HTTP/1.0" where the connection has
 * answered in that version. Where a libcurl would not have it so, the lines stand in its list. Whatever is written here
 * was made harmless before: a target by percent-encoding, a value by refusing control bytes. */
#include "http/head.h"

#include <curl/curl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define VERSION " HTTP/1.1"

static bool may_be_whole;

bool head_may_be_whole(void) {
    return may_be_whole;
}

/* --- writing --- */

static bool is_target(struct span target) {
    for (size_t i = 0; i < target.size; i++)
        if (target.data[i] <= ' ' || target.data[i] > '~')
            return false;
    return true;
}

/* RFC 9112 section 3.2.1, and 3.2.2 for a proxy that does not tunnel. */
static void write_target(struct buf *text, const struct pool *pool, struct span target) {
    struct span path = pool->base_path.size > 0 ? pool->base_path : target;
    buf_add(text, pool->origin);
    if (path.size == 0 || path.data[0] != '/')
        buf_add_byte(text, '/');
    buf_add(text, pool->base_path);
    buf_add(text, target);
}

static void write_line(struct buf *text, struct span name, struct span value) {
    buf_add(text, name);
    buf_add(text, SPAN(": "));
    buf_add(text, value);
    buf_add(text, SPAN("\r\n"));
}

/* Host in front, as RFC 9110 section 7.2 wants it. */
static void write_lines(struct buf *text, const struct pool *pool, const struct request *request) {
    bool accepts = false;
    if (pool->host != NULL) {
        buf_add_text(text, pool->host);
        buf_add(text, SPAN("\r\n"));
    }
    for (size_t i = 0; i < request->header_count; i++) {
        const struct header *header = &request->headers[i];
        accepts = accepts || span_equal_nocase(header->name, SPAN("Accept"));
        write_line(text, header->name, header->value);
    }
    if (!accepts)
        buf_add(text, SPAN("Accept: */*\r\n"));
    buf_add(text, SPAN("User-Agent: sluss/" SLUSS_VERSION "\r\nSluss-Protocol:"));
}

bool head_write(struct buf *text, const struct pool *pool, const struct request *request, size_t *lines) {
    buf_clear(text);
    write_target(text, pool, request->target);
    buf_add(text, may_be_whole ? SPAN(VERSION "\r\n") : SPAN("\0"));
    *lines = text->size;
    write_lines(text, pool, request);
    buf_add(text, may_be_whole ? SPAN("\0") : SPAN(VERSION "\0"));
    if (may_be_whole)
        *lines = text->size;
    return !text->failed && is_target(request->target);
}

/* --- asking libcurl --- */

#define TARGET "/a" VERSION "\r\nHost: b\r\nSluss-Protocol:"

/* A listener on this machine alone, of a name that the kernel chooses and that no file bears; -1: none. */
static int listen_to_myself(struct sockaddr_un *name) {
    socklen_t size = sizeof name->sun_family;
    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0)
        return -1;
    if (bind(listener, (const struct sockaddr *)name, size) == 0 && listen(listener, 1) == 0) {
        size = sizeof *name - 1; /* so a NUL stands behind it */
        if (getsockname(listener, (struct sockaddr *)name, &size) == 0)
            return listener;
    }
    (void)close(listener);
    return -1;
}

/* NULL as well where libcurl was built without such sockets: it would ask whoever listens on port 80 instead. */
static CURL *make_request(const struct sockaddr_un *name, struct curl_slist *lines) {
    CURL *easy = curl_easy_init();
    if (easy == NULL)
        return NULL;
    if (curl_easy_setopt(easy, CURLOPT_ABSTRACT_UNIX_SOCKET, name->sun_path + 1) != CURLE_OK) {
        curl_easy_cleanup(easy);
        return NULL;
    }
    curl_easy_setopt(easy, CURLOPT_URL, "http://localhost/");
    curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, TARGET);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    return easy;
}

/* Nothing has to be waited for: connecting and sending to oneself are done at once. */
static bool is_sent_as_it_stands(int listener, CURLM *multi) {
    static const char expected[] = "GET " TARGET VERSION "\r\n\r\n";
    enum { TURNS = 8 }; /* to connect, to send, and some more */
    char sent[2 * sizeof expected] = "";
    ssize_t size = -1;
    int running;
    for (int i = 0; i < TURNS; i++)
        (void)curl_multi_perform(multi, &running);
    int far = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (far >= 0) {
        size = recv(far, sent, sizeof sent, 0);
        (void)close(far);
    }
    return size == (ssize_t)(sizeof expected - 1) && memcmp(sent, expected, sizeof expected - 1) == 0;
}

void head_learn(void) {
    static char no_host[] = "Host:", no_accept[] = "Accept:";
    struct curl_slist accept = {no_accept, NULL}, host = {no_host, &accept};
    struct sockaddr_un name;
    may_be_whole = false;
    int listener = listen_to_myself(&name);
    if (listener < 0)
        return;
    CURLM *multi = curl_multi_init();
    CURL *easy = make_request(&name, &host);
    if (multi != NULL && easy != NULL && curl_multi_add_handle(multi, easy) == CURLM_OK) {
        may_be_whole = is_sent_as_it_stands(listener, multi);
        (void)curl_multi_remove_handle(multi, easy);
    }
    curl_easy_cleanup(easy);
    (void)curl_multi_cleanup(multi);
    (void)close(listener);
}
