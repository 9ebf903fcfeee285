/* One libcurl handle: set up once, filled for each request, its ending told as a reply. Knows no multi handle. */
#include "http/transfer.h"

#include "base/clock.h"
#include "base/text.h"
#include "http/address.h"
#include "http/certificate.h"
#include "http/head.h"
#include "http/token.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LONGEST_RETRY_AFTER_MS = 3600 * 1000,
    LARGEST_WITHOUT_EXPECT = 64 * 1024 /* libcurl's own limit was 1 KiB once and is 1 MiB now */
};

/* --- what has come --- */

/* Whatever libcurl takes for one: it skips blanks, and reads "HTTP/2 200" of a mixed-up gateway too. */
static void on_status_line(struct transfer *transfer, struct span line) {
    size_t version = 0;
    while (version < line.size && line.data[version] != ' ')
        version++;
    struct span code = span_trim(span_from(line, version));
    transfer->status = 0;
    transfer->retry_after[0] = '\0';
    for (size_t i = 0; i < 3 && i < code.size && code.data[i] >= '0' && code.data[i] <= '9'; i++)
        transfer->status = transfer->status * 10 + (code.data[i] - '0');
}

/* From 7.83.0 to 8.1.0 libcurl keeps a pointer to the last header of the answer before, which is freed, and puts a
 * first header that begins with a blank behind it: whoever answers would write into our memory. libcurl shows a header
 * to the debug function, in its own buffer, before it looks for that blank. It shows much else, slowly: so only until
 * the first header has come. */
static bool needs_guard(void) {
    unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;
    return version >= 0x075300 && version < 0x080101;
}

static void guard(struct transfer *transfer, bool guarded) {
    if (guarded != transfer->guarded)
        curl_easy_setopt(transfer->easy, CURLOPT_VERBOSE, guarded ? 1L : 0L);
    transfer->guarded = guarded;
}

static int on_guarded(CURL *easy, curl_infotype type, char *data, size_t size, void *owner) {
    (void)easy, (void)owner;
    if (type == CURLINFO_HEADER_IN && size > 0 && (data[0] == ' ' || data[0] == '\t'))
        data[0] = '-';
    return 0;
}

/* As libcurl does, which takes any case. */
static bool is_status_line(struct span line) {
    return line.size >= 5 && span_equal_nocase(span_make(line.data, 5), SPAN("HTTP/"));
}

/* An interim answer may have no header at all, and the final one's first is dangerous still. */
static void guard_next_line(struct transfer *transfer, struct span line) {
    long status = 0;
    if (is_status_line(line))
        guard(transfer, transfer->needs_guard);
    else if (transfer->guarded &&
             (span_trim(line).size > 0 ||
              (curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status >= 200)))
        guard(transfer, false);
}

static size_t on_header(char *data, size_t size, size_t count, void *owner) {
    struct transfer *transfer = owner;
    struct span line = span_make(data, size * count);
    transfer->head_size += line.size;
    guard_next_line(transfer, line);
    if (transfer->head_size > HEAD_LIMIT) {
        transfer->head_too_long = true;
        return 0;
    }
    if (transfer->head_whole)
        return line.size; /* trailers */
    if (is_status_line(line))
        on_status_line(transfer, line);
    else if (span_trim(line).size == 0)
        transfer->head_whole = transfer->status >= 200;
    else if (line.size > 12 && span_equal_nocase(span_make(line.data, 12), SPAN("retry-after:"))) {
        struct span value = span_trim(span_from(line, 12));
        if (value.size < sizeof transfer->retry_after) {
            memcpy(transfer->retry_after, value.data, value.size);
            transfer->retry_after[value.size] = '\0';
        }
    }
    return line.size;
}

static size_t on_body(char *data, size_t size, size_t count, void *owner) {
    struct transfer *transfer = owner;
    size_t bytes = size * count, room = BODY_LIMIT - transfer->body.size;
    buf_add(&transfer->body, span_make(data, bytes < room ? bytes : room));
    if (bytes <= room)
        return bytes;
    transfer->body_too_long = true;
    return 0; /* ends the transfer and its connection: nobody has to listen for ever */
}

/* libcurl sends a request again by itself when a kept connection dies before the first byte of an answer, POST
 * included. */
static int on_sending(void *owner, char *to, char *from, int to_port, int from_port) {
    (void)to, (void)from, (void)to_port, (void)from_port;
    struct transfer *transfer = owner;
    if (transfer->sendings > 0 && transfer->once)
        return CURL_PREREQFUNC_ABORT;
    transfer->sendings++;
    return CURL_PREREQFUNC_OK;
}

static curl_socket_t on_socket(void *owner, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    const struct pool *pool = owner;
    if (!pool->host_is_literal_or_local && address_is_forbidden(&address->addr))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* --- set up once --- */

static void set_tls(CURL *easy, const struct platform_spec *spec) {
    curl_easy_setopt(easy, CURLOPT_SSLVERSION,
                     spec->tls.minimum == 13 ? (long)CURL_SSLVERSION_TLSv1_3 : (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (spec->tls.ca.data != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, spec->tls.ca.data);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* else the system's folder is trusted beside it */
    }
    curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L); /* costs only where a connection is made */
    if (spec->tls.certificate.data == NULL)
        return;
    struct curl_blob key = {
        .data = (void *)(uintptr_t)spec->tls.key.value.data, .len = spec->tls.key.value.size, .flags = CURL_BLOB_COPY};
    curl_easy_setopt(easy, CURLOPT_SSLCERT, spec->tls.certificate.data);
    curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key);
    curl_easy_setopt(easy, CURLOPT_KEYPASSWD, ""); /* libcurl 7.88 takes none at all for a text */
}

static void set_common(struct transfer *transfer) {
    CURL *easy = transfer->easy;
    const struct platform_spec *spec = transfer->pool->spec;
    curl_easy_setopt(easy, CURLOPT_CURLU, transfer->pool->url);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, span_starts_with(spec->base_url, SPAN("https:")) ? "https" : "http");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, spec->proxy.data != NULL ? spec->proxy.data : "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)spec->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)spec->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, 300L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->reason);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_guarded);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_sending);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer->pool);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->node); /* filled for each request */
    set_tls(easy, spec);
}

struct transfer *transfer_create(struct pool *pool) {
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (transfer == NULL)
        return NULL;
    transfer->pool = pool;
    transfer->needs_guard = needs_guard();
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL) {
        transfer_destroy(transfer);
        return NULL;
    }
    set_common(transfer);
    return transfer;
}

void transfer_destroy(struct transfer *transfer) {
    if (transfer == NULL)
        return;
    if (transfer->easy != NULL)
        curl_easy_cleanup(transfer->easy);
    bearer_release(transfer->bearer);
    buf_finish(&transfer->text);
    buf_finish(&transfer->body);
    free(transfer);
}

/* --- for each request --- */

static void add_node(struct transfer *transfer, size_t *count, char *line) {
    struct curl_slist *node = &transfer->node[*count];
    *node = (struct curl_slist){line, NULL};
    if (*count > 0)
        node[-1].next = node;
    ++*count;
}

/* A header that libcurl would write by itself is taken away from it by a node "Name:", which it finds before it looks
 * into the lines of ours that stand in one node: it goes through its list a dozen times a request. The texts stand in
 * one buffer, the nodes in the transfer: nothing is allocated in the steady state but libcurl's copy of the target. */
static bool set_head(struct transfer *transfer, const struct request *request) {
    static char no_type[] = "Content-Type:", no_waiting[] = "Expect:", no_host[] = "Host:", no_accept[] = "Accept:";
    const struct pool *pool = transfer->pool;
    size_t lines, count = 0;
    if (!head_write(&transfer->text, pool, request, &lines))
        return false;
    add_node(transfer, &count, no_type);
    add_node(transfer, &count, no_accept);
    if (pool->host != NULL)
        add_node(transfer, &count, no_host);
    if (request->body.size > LARGEST_WITHOUT_EXPECT)
        add_node(transfer, &count, no_waiting);
    if (lines < transfer->text.size)
        add_node(transfer, &count, transfer->text.data + lines);
    if (pool->credential != NULL)
        add_node(transfer, &count, pool->credential);
    if (transfer->bearer != NULL)
        add_node(transfer, &count, transfer->bearer->line);
    return curl_easy_setopt(transfer->easy, CURLOPT_REQUEST_TARGET, transfer->text.data) == CURLE_OK;
}

static bool set_method(CURL *easy, const struct request *request) {
    bool carries = request->body.data != NULL || span_equal(request->method, SPAN("POST")) ||
                   span_equal(request->method, SPAN("PUT")) || span_equal(request->method, SPAN("PATCH"));
    if (carries) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.size > 0 ? request->body.data : "");
    } else
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (span_equal(request->method, SPAN("POST")))
        return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL) == CURLE_OK;
    char method[16] = "";
    if (request->method.size >= sizeof method)
        return false;
    memcpy(method, request->method.data, request->method.size);
    return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
}

static void begin(struct transfer *transfer, const struct request *request) {
    transfer->id = request->id;
    transfer->platform = request->platform;
    transfer->once = request->once;
    transfer->request = NULL;
    transfer->unsent = REPLY_FAULT_NONE;
    transfer->status = 0;
    transfer->head_whole = transfer->head_too_long = transfer->body_too_long = false;
    transfer->sendings = 0;
    transfer->aborted = false;
    guard(transfer, false);
    transfer->head_size = 0;
    transfer->retry_after[0] = '\0';
    transfer->reason[0] = '\0';
    buf_clear(&transfer->body);
}

bool transfer_prepare(struct transfer *transfer, const struct request *request) {
    begin(transfer, request);
    return set_head(transfer, request) && set_method(transfer->easy, request);
}

void transfer_wait(struct transfer *transfer, const struct request *request) {
    begin(transfer, request);
    transfer->request = request;
}

void transfer_carry(struct transfer *transfer, struct bearer *bearer) {
    transfer->bearer = bearer;
}

/* --- how it ended --- */

int64_t transfer_retry_after(struct span value, int64_t wall_ms) {
    int64_t seconds, date;
    if (value.size == 0)
        return -1;
    bool digits = true;
    for (size_t i = 0; i < value.size; i++)
        digits = digits && value.data[i] >= '0' && value.data[i] <= '9';
    int64_t wait = -1;
    if (digits) /* a number beyond int64 is still a wish for long */
        wait = text_read_integer(value, &seconds) && seconds < LONGEST_RETRY_AFTER_MS / 1000 ? seconds * 1000
                                                                                             : LONGEST_RETRY_AFTER_MS;
    else if (clock_read_http_date(value, &date))
        wait = date > wall_ms ? date - wall_ms : 0;
    return wait > LONGEST_RETRY_AFTER_MS ? LONGEST_RETRY_AFTER_MS : wait;
}

/* In TLS 1.3 a server looks at our certificate after we think that the handshake is over, and refuses it when we ask.
 * It has not read a byte of the request then: so this is no broken connection. Said only by words, on a new connection.
 */
static bool certificate_refused(const struct transfer *transfer) {
    static const char *const alerts[] = {"alert certificate", "alert bad certificate", "alert unsupported certificate",
                                         "alert unknown ca", "alert access denied"};
    long connections = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connections);
    if (connections == 0 || transfer->status != 0)
        return false;
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
        if (strstr(transfer->reason, alerts[i]) != NULL)
            return true;
    return false;
}

static enum reply_fault fault_of(const struct transfer *transfer, CURLcode result) {
    if (result != CURLE_OK && certificate_refused(transfer))
        return REPLY_FAULT_CERTIFICATE;
    switch ((int)result) {
    case CURLE_OK:
        return REPLY_FAULT_NONE;
    case CURLE_COULDNT_RESOLVE_HOST:
        return REPLY_FAULT_NAME;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
        return REPLY_FAULT_PROXY;
    case CURLE_COULDNT_CONNECT:
        return REPLY_FAULT_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return REPLY_FAULT_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return REPLY_FAULT_CERTIFICATE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_NOTFOUND:
        return REPLY_FAULT_TLS;
    case CURLE_OUT_OF_MEMORY:
        return REPLY_FAULT_MEMORY;
    case CURLE_WRITE_ERROR:
        return transfer->body_too_long || transfer->head_too_long ? REPLY_FAULT_TOO_LARGE : REPLY_FAULT_MEMORY;
    default:
        return transfer->sendings > 0 ? REPLY_FAULT_RESET : REPLY_FAULT_OTHER;
    }
}

static enum reply_kind kind_of(const struct transfer *transfer) {
    if (transfer->head_whole)
        return REPLY_ANSWERED;
    if (transfer->aborted)
        return transfer->sendings > 0 ? REPLY_ABORTED : REPLY_NOT_SENT;
    return transfer->sendings > 0 && !certificate_refused(transfer) ? REPLY_AMBIGUOUS : REPLY_NOT_SENT;
}

/* Libcurl gives the chain only to the transfer that made the connection. */
static void note_certificates(struct transfer *transfer) {
    struct curl_certinfo *chain = NULL;
    int64_t end_ms = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_CERTINFO, &chain);
    for (int i = 0; chain != NULL && i < chain->num_of_certs; i++)
        for (const struct curl_slist *line = chain->certinfo[i]; line != NULL; line = line->next)
            if (span_starts_with(span_of(line->data), SPAN("Cert:")))
                end_ms = certificate_earlier(end_ms, certificate_end(span_from(span_of(line->data), 5)));
    if (end_ms != 0)
        transfer->pool->certificate_end_ms = end_ms;
}

static struct reply *unsent_reply(const struct transfer *transfer) {
    struct reply *reply = reply_create(transfer->id, REPLY_NOT_SENT, transfer->unsent);
    if (reply == NULL)
        return NULL;
    reply->platform = transfer->platform;
    if (transfer->unsent != REPLY_FAULT_TOKEN)
        return reply;
    struct span why = token_why(transfer->pool->token);
    reply->retry_after_ms = token_retry_after_ms(transfer->pool->token);
    reply->memory = why.size > 0 ? strndup(why.data, why.size) : NULL;
    if (reply->memory != NULL)
        reply->why = span_of(reply->memory);
    return reply;
}

/* The cause of what was not sent, in libcurl's words, which name no more than the platform's address: a person wants to
 * know which certificate, and what is wrong with it. How long it took is none. */
static void explain(const struct transfer *transfer, struct reply *reply) {
    static const char waited[] = " after ";
    switch ((int)reply->fault) {
    case REPLY_FAULT_NAME:
    case REPLY_FAULT_CONNECT:
    case REPLY_FAULT_TLS:
    case REPLY_FAULT_CERTIFICATE:
    case REPLY_FAULT_PROXY:
        break;
    default:
        return;
    }
    if (reply->kind != REPLY_NOT_SENT || transfer->reason[0] == '\0' ||
        (reply->memory = strdup(transfer->reason)) == NULL)
        return;
    char *after = strstr(reply->memory, waited);
    char *end = after != NULL ? strstr(after, " ms") : NULL;
    size_t digits = after != NULL ? strspn(after + sizeof waited - 1, "0123456789") : 0;
    if (end != NULL && end == after + sizeof waited - 1 + digits)
        memmove(after, end + 3, strlen(end + 3) + 1);
    reply->why = span_of(reply->memory);
}

static void drop_bearer(struct transfer *transfer) {
    bearer_release(transfer->bearer);
    transfer->bearer = NULL;
}

struct reply *transfer_reply(struct transfer *transfer, CURLcode result, int64_t wall_ms) {
    if (transfer->unsent != REPLY_FAULT_NONE && !transfer->aborted) {
        drop_bearer(transfer);
        return unsent_reply(transfer);
    }
    struct reply *reply = reply_create(transfer->id, kind_of(transfer),
                                       transfer->aborted ? REPLY_FAULT_NONE : fault_of(transfer, result));
    if (reply == NULL)
        return NULL;
    reply->platform = transfer->platform;
    if (transfer->bearer != NULL)
        reply->token = transfer->bearer->number;
    drop_bearer(transfer);
    note_certificates(transfer);
    curl_off_t microseconds = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &microseconds);
    reply->duration_ms = (uint32_t)(microseconds / 1000);
    if (reply->kind != REPLY_ANSWERED) {
        explain(transfer, reply);
        return reply;
    }
    reply->status = transfer->status;
    reply->retry_after_ms = transfer_retry_after(span_of(transfer->retry_after), wall_ms);
    reply->body_whole = result == CURLE_OK && !transfer->body.failed;
    if (transfer->body.size > 0) { /* the buffer moves over to the reply */
        reply->body = span_make(transfer->body.data, transfer->body.size);
        reply->memory = transfer->body.data;
        transfer->body = (struct buf){0};
    }
    return reply;
}
