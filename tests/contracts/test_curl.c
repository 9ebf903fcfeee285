/* What libcurl does by itself with a request, as http/transfer.c allows or forbids it. Not a test of our client. */
#include "contract.h"
#include "server.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* --- the client --- */

static size_t drop(char *data, size_t size, size_t count, void *owner) {
    (void)data, (void)owner;
    return size * count;
}

static CURL *client(const struct server *server, const char *path) {
    CURL *easy = curl_easy_init();
    assert_non_null(easy);
    char url[128];
    assert_in_range(snprintf(url, sizeof url, "http://127.0.0.1:%d%s", server->port, path), 1, sizeof url - 1);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 20000L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    return easy;
}

static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/* --- a POST sent again --- */

struct prereq {
    int calls;
    bool forbid_second; /* of one transfer */
};

static int on_request(void *owner, char *near, char *far, int near_port, int far_port) {
    (void)near, (void)far, (void)near_port, (void)far_port;
    struct prereq *prereq = owner;
    return ++prereq->calls > 1 && prereq->forbid_second ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* The first POST is answered and leaves the connection; the second is read there and the connection closes. */
static CURLcode post_twice(bool forbid, struct prereq *prereq, size_t *requests) {
    static const char *const answers[] = {ok, NULL, ok};
    struct server *server = server_create(answers, 3);
    CURL *easy = client(server, "/in");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "event");
    assert_int_equal(curl_easy_perform(easy), CURLE_OK);
    *prereq = (struct prereq){.forbid_second = forbid};
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, prereq);
    CURLcode result = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    server_finish(server);
    *requests = server->count - 1;
    free(server);
    return result;
}

static void test_a_post_is_sent_again_on_a_dead_reused_connection(void **state) {
    (void)state;
    struct prereq prereq;
    size_t requests;
    CURLcode result = post_twice(false, &prereq, &requests);
    contract(result == CURLE_OK && requests == 2,
             "libcurl %s no longer repeats a POST by itself (result %d, %zu requests): http/transfer.c forbids it in "
             "CURLOPT_PREREQFUNCTION",
             curl_version_info(CURLVERSION_NOW)->version, (int)result, requests);
    contract(prereq.calls == 2, "libcurl calls CURLOPT_PREREQFUNCTION %d times for two requests: it was once each",
             prereq.calls);
}

static void test_the_second_sending_can_be_forbidden(void **state) {
    (void)state;
    struct prereq prereq;
    size_t requests;
    CURLcode result = post_twice(true, &prereq, &requests);
    contract(result == CURLE_ABORTED_BY_CALLBACK && requests == 1,
             "CURLOPT_PREREQFUNCTION no longer stops libcurl's own repetition of a POST (result %d, %zu requests): "
             "ambiguous = \"dead-letter\" and \"hold\" rely on it",
             (int)result, requests);
}

/* --- what the environment and the far side may decide --- */

static void test_the_environment_names_a_proxy_unless_forbidden(void **state) {
    (void)state;
    static const char *const answers[] = {ok};
    for (int forbidden = 0; forbidden < 2; forbidden++) {
        struct server *far = server_create(answers, 1), *proxy = server_create(answers, 1);
        char url[64];
        assert_in_range(snprintf(url, sizeof url, "http://127.0.0.1:%d", proxy->port), 1, sizeof url - 1);
        setenv("http_proxy", url, 1);
        unsetenv("no_proxy");
        CURL *easy = client(far, "/in");
        if (forbidden != 0)
            curl_easy_setopt(easy, CURLOPT_PROXY, "");
        CURLcode result = curl_easy_perform(easy);
        curl_easy_cleanup(easy);
        unsetenv("http_proxy");
        server_finish(far);
        server_finish(proxy);
        size_t direct = far->count, through = proxy->count;
        free(far);
        free(proxy);
        assert_int_equal(result, CURLE_OK);
        if (forbidden != 0)
            contract(direct == 1 && through == 0, "CURLOPT_PROXY \"\" no longer switches the environment's proxy off");
        else
            contract(through == 1 && direct == 0,
                     "libcurl no longer takes a proxy from the environment: http/transfer.c forbids it");
    }
}

static void test_redirects_and_cookies_are_left_alone(void **state) {
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n", ok};
    struct server *server = server_create(answers, 2);
    CURL *easy = client(server, "/in");
    assert_int_equal(curl_easy_perform(easy), CURLE_OK);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    assert_int_equal(curl_easy_perform(easy), CURLE_OK);
    curl_easy_cleanup(easy);
    server_finish(server);
    bool same_path = strncmp(server->requests[1], "GET /in ", 8) == 0;
    bool cookie = strstr(server->requests[1], "Cookie:") != NULL;
    free(server);
    contract(status == 302 && same_path, "libcurl follows redirects without being told (status %ld)", status);
    contract(!cookie, "libcurl keeps cookies without being told");
}

static void test_nothing_is_decompressed_unless_asked_for(void **state) {
    (void)state;
    static const char *const answers[] = {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nplan"};
    struct server *server = server_create(answers, 1);
    CURL *easy = client(server, "/in");
    CURLcode result = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    server_finish(server);
    bool asked = strstr(server->requests[0], "Accept-Encoding") != NULL;
    free(server);
    contract(result == CURLE_OK && !asked,
             "libcurl asks for compressed answers or unpacks them by itself (result %d): a small answer could become a "
             "large one",
             (int)result);
}

static void test_http_0_9_is_refused(void **state) {
    (void)state;
    static const char *const answers[] = {"just bytes\r\n\r\n"};
    struct server *server = server_create(answers, 1);
    CURL *easy = client(server, "/in");
    CURLcode result = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    server_finish(server);
    free(server);
    contract(result == CURLE_UNSUPPORTED_PROTOCOL || result == CURLE_WEIRD_SERVER_REPLY,
             "libcurl takes an answer without a status line (result %d): garbage would count as a success",
             (int)result);
}

/* --- what libcurl adds, keeps or lets through in a request --- */

static void test_expect_is_sent_with_a_large_body_unless_removed(void **state) {
    (void)state;
    enum { LARGE = 2 << 20 };
    static const char *const answers[] = {ok, ok};
    char *body = calloc(1, LARGE);
    assert_non_null(body);
    struct server *server = server_create(answers, 2);
    CURL *easy = client(server, "/in");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)LARGE);
    curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, 50L);
    CURLcode first = curl_easy_perform(easy);
    struct curl_slist *lines = curl_slist_append(NULL, "Expect:");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines);
    CURLcode second = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    curl_slist_free_all(lines);
    server_finish(server);
    bool by_itself = strstr(server->requests[0], "Expect: 100-continue") != NULL;
    bool removed = strstr(server->requests[1], "Expect:") == NULL;
    free(server);
    free(body);
    assert_int_equal(first, CURLE_OK);
    assert_int_equal(second, CURLE_OK);
    contract(by_itself, "libcurl no longer sends Expect: 100-continue with a body of 2 MiB: transfer.c removes it");
    contract(removed, "a header line \"Expect:\" no longer removes Expect: large events would wait a second each");
}

static void test_header_values_are_not_examined(void **state) {
    (void)state;
    static const char *const answers[] = {ok};
    struct server *server = server_create(answers, 1);
    CURL *easy = client(server, "/in");
    struct curl_slist *lines = curl_slist_append(NULL, "X-Id: a\r\nX-Smuggled: yes");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines);
    CURLcode result = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    curl_slist_free_all(lines);
    server_finish(server);
    bool smuggled = strstr(server->requests[0], "\r\nX-Smuggled: yes\r\n") != NULL;
    free(server);
    contract(result == CURLE_OK && smuggled,
             "libcurl now looks at line ends in header values (result %d): our own refusal was the only one",
             (int)result);
}

/* The head of the request, which the caller frees. */
static char *head_of(const char *const *nodes) {
    static const char *const answers[] = {ok};
    struct server *server = server_create(answers, 1);
    CURL *easy = client(server, "/in");
    struct curl_slist *lines = NULL;
    for (; *nodes != NULL; nodes++)
        lines = curl_slist_append(lines, *nodes);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "event");
    assert_int_equal(curl_easy_perform(easy), CURLE_OK);
    curl_easy_cleanup(easy);
    curl_slist_free_all(lines);
    server_finish(server);
    char *head = strdup(server->requests[0]);
    assert_non_null(head);
    free(server);
    return head;
}

/* As transfer.c lays a request's lines out where they may not stand in its target. */
static void test_lines_that_libcurl_writes_can_be_ours(void **state) {
    (void)state;
    static const char *const nodes[] = {
        "Content-Type:", "Accept:", "Host:",
        "Host: here.example:8080\r\nContent-Type: application/json\r\nX-Id: a\r\nAccept: */*", NULL};
    static const char ours[] =
        "Host: here.example:8080\r\nContent-Type: application/json\r\nX-Id: a\r\nAccept: */*\r\n";
    char *head = head_of(nodes);
    const char *start = strstr(head, ours);
    assert_non_null(start);
    const char *rest = start + sizeof ours - 1;
    contract(strstr(head, "Host:") == start && strstr(rest, "Host:") == NULL,
             "libcurl writes a Host of its own beside ours: %s", head);
    contract(strstr(head, "Accept:") > start && strstr(rest, "Accept:") == NULL && strstr(head, "x-www-form") == NULL,
             "libcurl writes lines of its own beside ours: %s", head);
    free(head);
}

static void test_a_target_is_sent_as_it_stands(void **state) {
    (void)state;
    static const char *const answers[] = {ok};
    static const char expected[] = "POST /a?b HTTP/1.1\r\nHost: c\r\nSluss-Protocol: HTTP/1.1\r\n";
    struct server *server = server_create(answers, 1);
    CURL *easy = client(server, "/in");
    struct curl_slist *lines = curl_slist_append(curl_slist_append(NULL, "Host:"), "Accept:");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, "/a?b HTTP/1.1\r\nHost: c\r\nSluss-Protocol:");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "event");
    CURLcode result = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    curl_slist_free_all(lines);
    server_finish(server);
    bool as_it_stands = strncmp(server->requests[0], expected, sizeof expected - 1) == 0;
    free(server);
    contract(result == CURLE_OK && as_it_stands,
             "libcurl no longer sends CURLOPT_REQUEST_TARGET as it stands (result %d): http/head.c finds that out at "
             "each start and takes the slow way, a third more instructions a request; remove the fast one",
             (int)result);
}

static curl_socket_t refuse_socket(void *owner, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    const struct sockaddr_in *far = (const void *)&address->addr;
    *(in_addr_t *)owner = ntohl(far->sin_addr.s_addr);
    return CURL_SOCKET_BAD;
}

static void test_no_connection_is_made_where_none_is_allowed(void **state) {
    (void)state;
    static const char *const answers[] = {ok};
    struct server *server = server_create(answers, 1);
    CURL *easy = client(server, "/in");
    in_addr_t asked = 0;
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, refuse_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &asked);
    CURLcode result = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    server_finish(server);
    size_t requests = server->count;
    free(server);
    contract(
        asked == INADDR_LOOPBACK && result == CURLE_COULDNT_CONNECT && requests == 0,
        "libcurl goes on (result %d) where CURLOPT_OPENSOCKETFUNCTION forbade the resolved address: transfer.c keeps "
        "requests away from forbidden addresses with it",
        (int)result);
}

/* The one answer, then the end of the connection. */
static long status_of(const char *answer, CURLcode *result) {
    const char *const answers[] = {answer};
    struct server *server = server_create(answers, 1);
    CURL *easy = client(server, "/in");
    long status = 0;
    *result = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(easy);
    server_finish(server);
    free(server);
    return status;
}

static void test_a_status_may_come_with_an_error(void **state) {
    (void)state;
    CURLcode result;
    long status = status_of("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf", &result);
    contract(
        status == 200 && result == CURLE_PARTIAL_FILE,
        "libcurl tells a cut body as %ld and result %d: a whole head is the platform's yes, whatever becomes of the "
        "body",
        status, (int)result);
    status = status_of("HTTP/1.1 103 Early Hints\r\n\r\n", &result);
    contract(status == 103 && result != CURLE_OK,
             "libcurl tells an interim answer and no other as %ld and result %d: below 200 nothing is an answer",
             status, (int)result);
}

static CURLcode ending(CURLM *multi) {
    const CURLMsg *message;
    for (int running, left; (message = curl_multi_info_read(multi, &left)) == NULL;) {
        assert_int_equal(curl_multi_perform(multi, &running), CURLM_OK);
        assert_int_equal(curl_multi_poll(multi, NULL, 0, 10, NULL), CURLM_OK);
    }
    return message->data.result;
}

static void test_what_is_added_lets_nobody_wait(void **state) {
    (void)state;
    static const char *const answers[] = {ok, ok};
    struct server *server = server_create(answers, 2);
    CURLM *multi = curl_multi_init();
    CURL *easy = client(server, "/in");
    long first = -1, again = -1;
    assert_int_equal(curl_multi_add_handle(multi, easy), CURLM_OK);
    assert_int_equal(curl_multi_timeout(multi, &first), CURLM_OK);
    assert_int_equal(ending(multi), CURLE_OK);
    curl_multi_remove_handle(multi, easy);
    assert_int_equal(curl_multi_add_handle(multi, easy), CURLM_OK);
    assert_int_equal(curl_multi_timeout(multi, &again), CURLM_OK);
    CURLcode result = ending(multi);
    curl_multi_cleanup(multi);
    curl_easy_cleanup(easy);
    server_finish(server);
    free(server);
    contract(
        first == 0 && again == 0 && result == CURLE_OK,
        "libcurl lets curl_multi_poll wait though a transfer was added (%ld ms, then %ld, result %d): daemon/worker "
        "adds behind curl_multi_perform and counts on the next turn to come at once",
        first, again, (int)result);
}

static void test_a_body_is_not_copied(void **state) {
    (void)state;
    static const char *const answers[] = {ok};
    struct server *server = server_create(answers, 1);
    CURL *easy = client(server, "/in");
    char body[] = "before";
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    memcpy(body, "after!", 6);
    CURLcode result = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    server_finish(server);
    bool borrowed = strstr(server->requests[0], "after!") != NULL;
    free(server);
    contract(result == CURLE_OK && borrowed,
             "libcurl copies CURLOPT_POSTFIELDS: the event's bytes need not live as long as its transfer");
}

static void test_an_absurd_retry_after_is_handed_on(void **state) {
    (void)state;
    static const char *const answers[] = {"HTTP/1.1 429 Later\r\nRetry-After: 5000000000\r\nContent-Length: 0\r\n\r\n",
                                          "HTTP/1.1 429 Later\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n"};
    struct server *server = server_create(answers, 2);
    CURL *easy = client(server, "/in");
    curl_off_t seconds = -1, nonsense = -1;
    assert_int_equal(curl_easy_perform(easy), CURLE_OK);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
    assert_int_equal(curl_easy_perform(easy), CURLE_OK);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &nonsense);
    curl_easy_cleanup(easy);
    server_finish(server);
    free(server);
    bool clamps = curl_version_info(CURLVERSION_NOW)->version_num >= 0x080d00; /* to six hours, from 8.13 on */
    contract(clamps ? seconds <= 21600 : seconds == 5000000000,
             "libcurl reads Retry-After: 5000000000 as %lld: transfer.c reads and clamps it itself",
             (long long)seconds);
    contract(nonsense == 0,
             "libcurl tells nonsense in Retry-After from 0 (%lld): transfer.c reads it itself because of it",
             (long long)nonsense);
}

static void test_a_parsed_address_shows_the_true_host(void **state) {
    (void)state;
    CURLU *url = curl_url();
    assert_non_null(url);
    char *host = NULL;
    assert_int_equal(curl_url_set(url, CURLUPART_URL, "https://oep.example.se:443@evil.example/in", 0), CURLUE_OK);
    assert_int_equal(curl_url_get(url, CURLUPART_HOST, &host, 0), CURLUE_OK);
    bool true_host = strcmp(host, "evil.example") == 0;
    curl_free(host);
    curl_url_cleanup(url);
    contract(true_host,
             "curl_url no longer shows the host that libcurl would connect to: the address check relies on it");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_post_is_sent_again_on_a_dead_reused_connection),
        cmocka_unit_test(test_the_second_sending_can_be_forbidden),
        cmocka_unit_test(test_the_environment_names_a_proxy_unless_forbidden),
        cmocka_unit_test(test_redirects_and_cookies_are_left_alone),
        cmocka_unit_test(test_nothing_is_decompressed_unless_asked_for),
        cmocka_unit_test(test_http_0_9_is_refused),
        cmocka_unit_test(test_expect_is_sent_with_a_large_body_unless_removed),
        cmocka_unit_test(test_header_values_are_not_examined),
        cmocka_unit_test(test_lines_that_libcurl_writes_can_be_ours),
        cmocka_unit_test(test_a_target_is_sent_as_it_stands),
        cmocka_unit_test(test_no_connection_is_made_where_none_is_allowed),
        cmocka_unit_test(test_a_status_may_come_with_an_error),
        cmocka_unit_test(test_what_is_added_lets_nobody_wait),
        cmocka_unit_test(test_a_body_is_not_copied),
        cmocka_unit_test(test_an_absurd_retry_after_is_handed_on),
        cmocka_unit_test(test_a_parsed_address_shows_the_true_host),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
