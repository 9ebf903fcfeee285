/* Whole requests to a server on the loopback that answers as the rows say: what becomes of odd answers, what is said
 * where a handle is used again, and whose certificates are trusted. */
#include "http/client.h"
#include "http/head.h"
#include "support/certificate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* --- the server: one answer a connection, which it then closes; it speaks no TLS --- */

enum { TLS_HELLO = 0x16 };

struct server {
    int listener;
    char url[64];
    const char *answer;
    char heard[4096]; /* of the last connection */
    pthread_t thread;
};

static void *serve(void *argument) {
    struct server *server = argument;
    int connection = accept(server->listener, NULL, NULL);
    char *text = server->heard;
    size_t size = 0;
    memset(server->heard, 0, sizeof server->heard);
    while (strstr(text, "\r\n\r\n") == NULL && *text != TLS_HELLO && size < sizeof server->heard - 1) {
        ssize_t got = recv(connection, text + size, sizeof server->heard - 1 - size, 0);
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    (void)send(connection, server->answer, strlen(server->answer), MSG_NOSIGNAL);
    (void)close(connection);
    return NULL;
}

static void bind_to(struct server *server, const char *scheme) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(server->url, sizeof server->url, "%s://127.0.0.1:%d", scheme, ntohs(address.sin_port));
}

static void server_begin(struct server *server, const char *scheme, const char *answer) {
    bind_to(server, scheme);
    server->answer = answer;
    assert_int_equal(listen(server->listener, 1), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_end(struct server *server) {
    (void)pthread_join(server->thread, NULL);
    (void)close(server->listener);
}

/* --- the client --- */

static void take(void *owner, struct reply *reply) {
    struct reply **place = owner;
    *place = reply;
}

static struct reply *ask_of(struct http_client *client, const struct request *request) {
    struct reply *reply = NULL;
    http_client_send(client, request);
    while (reply == NULL) {
        http_client_perform(client, 0, 0, take, &reply);
        if (reply == NULL)
            http_client_wait(client, NULL, 0, 1000);
    }
    return reply;
}

static struct http_client *open_client(struct platform_spec *platform, const char *url) {
    platform->name = SPAN("p");
    platform->base_url = span_of(url);
    platform->connect_timeout_ms = platform->timeout_ms = 20000;
    platform->max_in_flight = 1;
    struct http_client *client = http_client_create(platform, 1, NULL);
    assert_non_null(client);
    return client;
}

static struct reply *ask(struct platform_spec *platform, const struct server *server) {
    const struct request request = {.id = 1, .method = SPAN("POST"), .target = SPAN("/in"), .body = SPAN("{}")};
    struct http_client *client = open_client(platform, server->url);
    struct reply *reply = ask_of(client, &request);
    http_client_destroy(client);
    return reply;
}

/* --- answers --- */

static void a_status_line_means_what_libcurl_takes_it_for(void **state) {
    (void)state;
    static const struct {
        const char *answer;
        enum reply_kind kind;
        int status;
        bool may_be_refused; /* by libcurl 8 */
    } rows[] = {
        {"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", REPLY_ANSWERED, 201, false},
        {"HTTP/1.0 204 \r\n\r\n", REPLY_ANSWERED, 204, false},
        {"HTTP/1.1 204\r\n\r\n", REPLY_ANSWERED, 204, false},
        {"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n", REPLY_ANSWERED, 200, true},
        {"HTTP/2 200\r\nContent-Length: 0\r\n\r\n", REPLY_ANSWERED, 200, false}, /* gateways that mix things up */
        {"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", REPLY_ANSWERED, 200, true},
        {"HTTP/2 503 \r\nContent-Length: 0\r\n\r\n", REPLY_ANSWERED, 503, false},
        {"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 422 No\r\nContent-Length: 0\r\n\r\n", REPLY_ANSWERED, 422, false},
        {"HTTP/1.1 100 Continue\r\n\r\n", REPLY_AMBIGUOUS, 0, false},
        {"HTTP/1.1 OK\r\n\r\n", REPLY_AMBIGUOUS, 0, false},
        {"ICY 200 OK\r\n\r\n", REPLY_AMBIGUOUS, 0, false},
        {"", REPLY_AMBIGUOUS, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct server server;
        struct platform_spec platform = {0};
        server_begin(&server, "http", rows[i].answer);
        struct reply *reply = ask(&platform, &server);
        server_end(&server);
        bool refused = rows[i].may_be_refused && reply->kind == REPLY_AMBIGUOUS;
        if (!refused && (reply->kind != rows[i].kind || reply->status != rows[i].status))
            fail_msg("row %zu, \"%.20s\": %s %d", i, rows[i].answer, reply_kind_name(reply->kind), reply->status);
        reply_destroy(reply);
    }
}

/* Neither that of an interim answer, nor what comes behind the body; and one longer than any says nothing. */
static void only_the_final_head_says_when_to_come_again(void **state) {
    (void)state;
    static const struct {
        const char *answer;
        int64_t retry_after_ms;
    } rows[] = {
        {"HTTP/1.1 503 No\r\nretry-AFTER:  7 \r\nContent-Length: 0\r\n\r\n", 7000},
        {"HTTP/1.1 103 Early\r\nRetry-After: 100\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", -1},
        {"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nRetry-After: 100\r\n\r\n", -1},
        {"HTTP/1.1 503 No\r\nRetry-After: "
         "00000000000000000000000000000000000000000000000000000000000000000000000007\r\n"
         "Content-Length: 0\r\n\r\n",
         -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct server server;
        struct platform_spec platform = {0};
        server_begin(&server, "http", rows[i].answer);
        struct reply *reply = ask(&platform, &server);
        server_end(&server);
        if (reply->kind != REPLY_ANSWERED || reply->status != 503 || reply->retry_after_ms != rows[i].retry_after_ms)
            fail_msg("row %zu: %s %d, %lld ms", i, reply_kind_name(reply->kind), reply->status,
                     (long long)reply->retry_after_ms);
        reply_destroy(reply);
    }
}

/* --- what was not sent --- */

static void a_cause_names_the_address_and_no_time(void **state) {
    (void)state;
    struct server server;
    struct platform_spec platform = {0};
    bind_to(&server, "http"); /* and nobody listens */
    struct reply *reply = ask(&platform, &server);
    (void)close(server.listener);
    assert_int_equal(reply->kind, REPLY_NOT_SENT);
    assert_int_equal(reply->fault, REPLY_FAULT_CONNECT);
    char why[256];
    (void)snprintf(why, sizeof why, SPAN_FORMAT, SPAN_ARGUMENT(reply->why));
    assert_non_null(strstr(why, strrchr(server.url, ':') + 1));
    assert_null(strstr(why, " ms"));
    reply_destroy(reply);
}

/* --- requests --- */

static const struct header said[] = {{SPAN("Content-Type"), SPAN("application/json")},
                                     {SPAN("Idempotency-Key"), SPAN("a/0/1")}};

static size_t count(const char *text, const char *part) {
    size_t found = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        found++;
    return found;
}

/* Each line once, Host in front, whoever wrote it. */
static void check_head(const struct server *server, const char *first, const char *length) {
    const char *text = server->heard;
    char host[96];
    (void)snprintf(host, sizeof host, "%sHost: %s\r\n", first, strstr(server->url, "://") + 3);
    assert_int_equal(strncmp(text, host, strlen(host)), 0);
    static const char agent[] = "\r\nUser-Agent: sluss/" SLUSS_VERSION "\r\n";
    static const char *const lines[] = {"\r\nHost: ",
                                        "\r\nContent-Type: application/json\r\n",
                                        "\r\nIdempotency-Key: a/0/1\r\n",
                                        "\r\nAccept: */*\r\n",
                                        agent,
                                        "\r\nSluss-Protocol: HTTP/1.1\r\n",
                                        "\r\nAuthorization: Bearer t0ken\r\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (count(text, lines[i]) != 1)
            fail_msg("%zu times %s in %s", count(text, lines[i]), lines[i] + 2, text);
    assert_int_equal(count(text, "\r\nContent-Type:"), 1);
    assert_int_equal(count(text, "\r\nContent-Length:"), length != NULL ? 1 : 0);
    assert_true(length == NULL || strstr(text, length) != NULL);
}

/* Libcurl is told only what is new: nothing of a request may come again in the next one. */
static void a_handle_says_nothing_of_the_request_before(void **state) {
    (void)state;
    static const struct {
        struct span method, target, body;
        const char *first; /* line */
        const char *length;
    } rows[] = {
        {SPAN("POST"), SPAN("/a?x=1"), SPAN("{}"), "POST /a?x=1 HTTP/1.1\r\n", "Content-Length: 2\r\n"},
        {SPAN("POST"), SPAN("/b"), SPAN("[1]"), "POST /b HTTP/1.1\r\n", "Content-Length: 3\r\n"},
        {SPAN("GET"), SPAN("/c?y=2"), {NULL, 0}, "GET /c?y=2 HTTP/1.1\r\n", NULL},
        {SPAN("GET"), SPAN("/d"), {NULL, 0}, "GET /d HTTP/1.1\r\n", NULL},
        {SPAN("DELETE"), SPAN("/d"), {NULL, 0}, "DELETE /d HTTP/1.1\r\n", NULL},
        {SPAN("DELETE"), SPAN("/d"), SPAN("{}"), "DELETE /d HTTP/1.1\r\n", "Content-Length: 2\r\n"},
        {SPAN("DELETE"), SPAN("/d"), {NULL, 0}, "DELETE /d HTTP/1.1\r\n", NULL},
        {SPAN("PUT"), SPAN("/e"), {NULL, 0}, "PUT /e HTTP/1.1\r\n", "Content-Length: 0\r\n"},
        {SPAN("POST"), SPAN("/a?x=1"), SPAN("{}"), "POST /a?x=1 HTTP/1.1\r\n", "Content-Length: 2\r\n"},
    };
    struct server server;
    struct platform_spec platform = {.auth = {.kind = AUTH_BEARER, .password = {.value = SPAN("t0ken")}}};
    server_begin(&server, "http", "HTTP/1.1 204 \r\nConnection: close\r\n\r\n");
    struct http_client *client = open_client(&platform, server.url);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct request request = {.id = i + 1,
                                        .method = rows[i].method,
                                        .target = rows[i].target,
                                        .headers = (struct header *)(uintptr_t)said,
                                        .header_count = sizeof said / sizeof *said,
                                        .body = rows[i].body};
        if (i > 0) /* one more connection */
            assert_int_equal(pthread_create(&server.thread, NULL, serve, &server), 0);
        struct reply *reply = ask_of(client, &request);
        (void)pthread_join(server.thread, NULL);
        assert_int_equal(reply->status, 204);
        reply_destroy(reply);
        check_head(&server, rows[i].first, rows[i].length);
    }
    http_client_destroy(client);
    (void)close(server.listener);
}

/* A path of the base-url's own, a proxy that does not tunnel (RFC 9112 section 3.2.2), and what no target may hold. */
static void a_target_stands_behind_the_base_url(void **state) {
    (void)state;
    static const struct {
        const char *path; /* of the base-url */
        bool proxy;
        struct span target;
        const char *first; /* line; NULL: it is not sent */
    } rows[] = {
        {"/api", false, SPAN("/a?x=%C3%A5"), "POST /api/a?x=%C3%A5 HTTP/1.1\r\n"},
        {"", false, SPAN("/../a"), "POST /../a HTTP/1.1\r\n"},
        {"", false, SPAN("?x"), "POST /?x HTTP/1.1\r\n"},
        {"", false, SPAN(""), "POST / HTTP/1.1\r\n"},
        {"/api", true, SPAN("/a"), "POST http://far.example:8080/api/a HTTP/1.1\r\n"},
        {"", false, SPAN("/a b"), NULL},
        {"", false, SPAN("/a\r\nX: y"), NULL},
        {"", false, SPAN("/a\0b"), NULL},
        {"", false, SPAN("/\xe5"), NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct server server;
        struct platform_spec platform = {0};
        char url[128];
        if (rows[i].first != NULL)
            server_begin(&server, "http", "HTTP/1.1 204 \r\n\r\n");
        else
            bind_to(&server, "http");
        (void)snprintf(url, sizeof url, "%s%s", rows[i].proxy ? "http://far.example:8080" : server.url, rows[i].path);
        if (rows[i].proxy)
            platform.proxy = span_of(server.url);
        struct http_client *client = open_client(&platform, url);
        const struct request request = {.id = 1, .method = SPAN("POST"), .target = rows[i].target, .body = SPAN("{}")};
        struct reply *reply = ask_of(client, &request);
        if (rows[i].first != NULL)
            (void)pthread_join(server.thread, NULL);
        (void)close(server.listener);
        if (rows[i].first == NULL)
            assert_int_equal(reply->kind, REPLY_NOT_SENT);
        else if (reply->status != 204 || strncmp(server.heard, rows[i].first, strlen(rows[i].first)) != 0)
            fail_msg("row %zu: %d, %.60s", i, reply->status, server.heard);
        reply_destroy(reply);
        http_client_destroy(client);
    }
}

/* Request number `turn`, from 0: each but the first needs the server's thread anew. */
static struct reply *ask_next(struct http_client *client, struct server *server, unsigned turn, const char *answer) {
    const struct request request = {.id = turn + 1, .method = SPAN("POST"), .target = SPAN("/"), .body = SPAN("{}")};
    server->answer = answer;
    if (turn > 0)
        assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    struct reply *reply = ask_of(client, &request);
    (void)pthread_join(server->thread, NULL);
    return reply;
}

/* A header's value may go on in a line that begins with a blank; libcurl 7.88 put the first line of an answer behind
 * the last header of the answer before, in memory that it had freed. */
static void a_handle_remembers_no_header_of_the_answer_before(void **state) {
    (void)state;
    static const char usual[] = "HTTP/1.1 204 \r\nX-Last: 1\r\nConnection: close\r\n\r\n";
    static const char *const answers[] = {
        usual,
        "HTTP/1.1 204 \r\n goes: on\r\nConnection: close\r\n\r\n",
        usual,
        "hTTP/1.1 204 \r\n\tgoes: on\r\nConnection: close\r\n\r\n",
        usual,
        "HTTP/1.1 100 \r\n\r\nHTTP/1.1 204 \r\n goes: on\r\nConnection: close\r\n\r\n",
        usual,
        "HTTP/1.1 103 \r\n goes: on\r\n\r\nHTTP/1.1 204 \r\n goes: on\r\nConnection: close\r\n\r\n",
        usual,
        "HTTP/1.1 204 \r\nHTTP/1.1 204 \r\n goes: on\r\n\r\n",
        usual,
        "HTTP/1.1 204 \r\nno colon\r\n goes: on\r\n\r\n",
        usual,
        "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n0\r\n goes: on\r\n\r\n",
        usual,
        "HTTP/1.1 204 \r\n goes: on\r\n\r\nHTTP/1.1 204 \r\n goes: on\r\n\r\n",
        "HTTP/1.1 204 \r\n\r\n",
        "HTTP/1.1 204 \n goes: on\n\n",
    };
    enum { ANSWERS = sizeof answers / sizeof *answers };
    struct server server;
    struct platform_spec platform = {0};
    server_begin(&server, "http", answers[0]);
    struct http_client *client = open_client(&platform, server.url);
    for (unsigned i = 0; i < 2 * ANSWERS; i++) {
        struct reply *reply = ask_next(client, &server, i, answers[i % ANSWERS]);
        assert_true(reply->status / 100 == 2 || (i % 2 == 1 && reply->kind == REPLY_AMBIGUOUS));
        reply_destroy(reply);
    }
    http_client_destroy(client);
    (void)close(server.listener);
}

/* What a proxy answers to CONNECT is no header of the platform's. */
static void a_handle_remembers_no_header_of_a_proxy(void **state) {
    (void)state;
    static const char *const answers[] = {"HTTP/1.1 200 \r\nX-Last: 1\r\n\r\n", "HTTP/1.1 200 \r\n goes: on\r\n\r\n",
                                          "HTTP/1.1 407 \r\n goes: on\r\nX-Last: 1\r\n\r\n"};
    enum { ANSWERS = sizeof answers / sizeof *answers };
    struct server server;
    server_begin(&server, "http", answers[0]);
    struct platform_spec platform = {.proxy = span_of(server.url)};
    struct http_client *client = open_client(&platform, "https://far.example");
    for (unsigned i = 0; i < 2 * ANSWERS; i++) {
        struct reply *reply = ask_next(client, &server, i, answers[i % ANSWERS]);
        assert_int_equal(strncmp(server.heard, "CONNECT far.example:443 HTTP/1.1\r\n", 34), 0);
        assert_null(strstr(server.heard, "Sluss-Protocol"));
        assert_int_equal(reply->kind, REPLY_NOT_SENT);
        reply_destroy(reply);
    }
    http_client_destroy(client);
    (void)close(server.listener);
}

/* --- trust --- */

static unsigned folders; /* of certificates that libcurl was told to trust */

/* Instead of OpenSSL's own, also for libcurl. */
int X509_STORE_load_path(X509_STORE *ctx, const char *path) {
    (void)ctx, (void)path;
    folders++;
    return 1;
}

static unsigned folders_trusted_with(struct span ca) {
    struct server server;
    struct platform_spec platform = {.tls = {.ca = ca, .minimum = 12}};
    folders = 0;
    server_begin(&server, "https", "no TLS");
    struct reply *reply = ask(&platform, &server);
    server_end(&server);
    assert_int_equal(reply->kind, REPLY_NOT_SENT);
    reply_destroy(reply);
    return folders;
}

/* The system's certificates stand in a file and, on Debian, in a folder too: a platform with certificates of its own
 * trusts neither. */
static void certificates_of_its_own_are_instead_of_the_systems(void **state) {
    (void)state;
    char path[] = "/tmp/sluss-ca-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, CERTIFICATE, sizeof CERTIFICATE - 1), sizeof CERTIFICATE - 1);
    (void)close(file);
    unsigned by_default = folders_trusted_with(SPAN_NONE), by_own = folders_trusted_with(span_of(path));
    (void)unlink(path);
    assert_int_equal(by_default, curl_version_info(CURLVERSION_NOW)->capath != NULL ? 1 : 0);
    assert_int_equal(by_own, 0);
}

/* --- our own key --- */

static struct span encrypted_key(BIO *bio) {
    char *text;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(key);
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), "unknown to slussd", 17, NULL, NULL),
                     1);
    EVP_PKEY_free(key);
    long size = BIO_get_mem_data(bio, &text);
    return span_make(text, (size_t)size);
}

/* Without a word about its password libcurl 7.88 reads one behind NULL: the process was gone. */
static void a_key_that_is_encrypted_is_a_fault_like_any_other(void **state) {
    (void)state;
    char path[] = "/tmp/sluss-own-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, CERTIFICATE, sizeof CERTIFICATE - 1), sizeof CERTIFICATE - 1);
    (void)close(file);
    BIO *bio = BIO_new(BIO_s_mem());
    struct server server;
    struct platform_spec platform = {
        .tls = {.certificate = span_of(path), .key = {.value = encrypted_key(bio)}, .minimum = 12}};
    server_begin(&server, "https", "no TLS");
    struct reply *reply = ask(&platform, &server);
    server_end(&server);
    BIO_free(bio);
    (void)unlink(path);
    assert_int_equal(reply->kind, REPLY_NOT_SENT);
    assert_int_equal(reply->fault, REPLY_FAULT_CERTIFICATE);
    reply_destroy(reply);
}

static int set_up(void **state) {
    (void)state;
    return http_init(NULL) && head_may_be_whole() ? 0 : -1;
}

/* As http_init with a libcurl that would not send a target as it stands. */
static int set_up_without_learning(void **state) {
    (void)state;
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK && !head_may_be_whole() ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    http_finish();
    return 0;
}

int main(void) {
    const struct CMUnitTest heads[] = {cmocka_unit_test(a_handle_says_nothing_of_the_request_before),
                                       cmocka_unit_test(a_target_stands_behind_the_base_url)};
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_status_line_means_what_libcurl_takes_it_for),
                                       cmocka_unit_test(only_the_final_head_says_when_to_come_again),
                                       cmocka_unit_test(a_cause_names_the_address_and_no_time),
                                       cmocka_unit_test(a_handle_remembers_no_header_of_the_answer_before),
                                       cmocka_unit_test(a_handle_remembers_no_header_of_a_proxy),
                                       cmocka_unit_test(certificates_of_its_own_are_instead_of_the_systems),
                                       cmocka_unit_test(a_key_that_is_encrypted_is_a_fault_like_any_other)};
    int failed = cmocka_run_group_tests_name("lines in libcurl's list", heads, set_up_without_learning, tear_down);
    failed += cmocka_run_group_tests_name("lines in the target", heads, set_up, tear_down);
    return failed + cmocka_run_group_tests(tests, set_up, tear_down);
}
