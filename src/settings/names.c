/* Names and addresses as options: topics, URLs, hosts, sockets, header names, statuses, starts. Looks nothing up. */
#include "base/clock.h"
#include "base/text.h"
#include "settings/parts.h"
#include "settings/reader.h"
#include "settings/types.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <sys/un.h>

#define READ(name)                                                                                                     \
    static bool name(struct reader *reader, const struct option *option, const struct span *items, size_t count,       \
                     void *field, struct buf *normal, struct complaint *complaint)

static void write_texts(struct buf *out, const struct span *items, size_t count) {
    buf_add_text(out, "[ ");
    for (size_t i = 0; i < count; i++) {
        buf_add_text(out, i > 0 ? ", " : "");
        normal_text(out, items[i]);
    }
    buf_add_text(out, " ]");
}

/* --- Kafka --- */

bool type_is_topic(struct span name) {
    if (name.size == 0 || name.size > 249 || span_equal(name, SPAN(".")) || span_equal(name, SPAN("..")))
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (!isalnum((unsigned char)name.data[i]) && strchr("._-", name.data[i]) == NULL)
            return false;
    return true;
}

static bool check_topic(const struct option *option, struct span name, struct complaint *complaint) {
    return type_is_topic(name) ||
           complain(complaint, PROBLEM_NAME, "a topic is up to 249 letters, digits, '.', '_' and '-'",
                    "`%s`: this is not a topic name: \"" SPAN_FORMAT "\"", option->name, SPAN_ARGUMENT(name));
}

READ(read_topic) {
    (void)reader, (void)count;
    if (!check_topic(option, items[0], complaint))
        return false;
    *(struct span *)field = items[0];
    normal_text(normal, items[0]);
    return true;
}

READ(read_topics) {
    (void)reader;
    if (count == 0)
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` is empty", option->name);
    for (size_t i = 0; i < count; i++) {
        complaint->item = i;
        if (!check_topic(option, items[i], complaint))
            return false;
        for (size_t j = 0; j < i; j++)
            if (span_equal(items[i], items[j]))
                return complain(complaint, PROBLEM_DUPLICATE, "remove one of them",
                                "`%s` names the topic \"" SPAN_FORMAT "\" twice", option->name,
                                SPAN_ARGUMENT(items[i]));
    }
    *(struct topics *)field = (struct topics){items, (uint32_t)count};
    if (count == 1)
        normal_text(normal, items[0]);
    else
        write_texts(normal, items, count);
    return true;
}

READ(read_group_id) {
    (void)reader, (void)count;
    bool good = items[0].size > 0 && items[0].size <= 200;
    for (size_t i = 0; good && i < items[0].size; i++)
        good = isgraph((unsigned char)items[0].data[i]);
    if (!good)
        return complain(complaint, PROBLEM_NAME, "use up to 200 letters, digits, '.', '_' and '-'",
                        "`%s`: this is not a consumer group name", option->name);
    *(struct span *)field = items[0];
    normal_text(normal, items[0]);
    return true;
}

static bool is_port(struct span text) {
    int64_t port;
    return text.size > 0 && text.size <= 5 && text_read_integer(text, &port) && port >= 1 && port <= 65535;
}

static bool is_host(struct span host) {
    if (host.size == 0 || host.size > 253)
        return false;
    for (size_t i = 0; i < host.size; i++)
        if (!isalnum((unsigned char)host.data[i]) && strchr("._-", host.data[i]) == NULL)
            return false;
    return true;
}

static bool is_address6(struct span text) {
    char address[INET6_ADDRSTRLEN + 1];
    struct in6_addr bytes;
    if (text.size >= sizeof address)
        return false;
    memcpy(address, text.data, text.size);
    address[text.size] = '\0';
    return inet_pton(AF_INET6, address, &bytes) == 1;
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT. False when it is none; port data NULL: none. */
static bool divide(struct span text, struct span *host, struct span *port) {
    *port = SPAN_NONE;
    if (span_starts_with(text, SPAN("["))) {
        const char *end = memchr(text.data, ']', text.size);
        if (end == NULL)
            return false;
        *host = (struct span){text.data + 1, (size_t)(end - text.data) - 1};
        struct span rest = span_from(text, host->size + 2);
        if (rest.size > 0 && rest.data[0] != ':')
            return false;
        if (rest.size > 0)
            *port = span_from(rest, 1);
        return is_address6(*host) && (port->data == NULL || is_port(*port));
    }
    const char *colon = memchr(text.data, ':', text.size);
    *host = colon == NULL ? text : (struct span){text.data, (size_t)(colon - text.data)};
    if (colon != NULL)
        *port = span_from(text, host->size + 1);
    return is_host(*host) && (port->data == NULL || is_port(*port));
}

READ(read_servers) {
    (void)reader, (void)count;
    struct span rest = items[0], host, port;
    static const char cure[] = "write \"HOST:PORT,HOST:PORT\"; the protocol is set by security-protocol";
    for (;;) {
        const char *comma = memchr(rest.data, ',', rest.size);
        struct span server = comma == NULL ? rest : (struct span){rest.data, (size_t)(comma - rest.data)};
        if (!divide(span_trim(server), &host, &port))
            return complain(complaint, PROBLEM_FORM, cure, "`%s`: this is not a server: \"" SPAN_FORMAT "\"",
                            option->name, SPAN_ARGUMENT(server));
        if (comma == NULL)
            break;
        rest = span_from(rest, server.size + 1);
    }
    *(struct span *)field = items[0];
    normal_text(normal, items[0]);
    return true;
}

READ(read_start) {
    (void)count;
    struct start *start = field;
    *start = (struct start){START_EARLIEST, 0, items[0]};
    if (reader->route.data == NULL)
        reader->start = SPAN("earliest"); /* a wrong start is told once, not by every route */
    if (span_equal(items[0], SPAN("stop")))
        start->kind = START_STOP;
    else if (span_equal(items[0], SPAN("latest")))
        return complain(
            complaint, PROBLEM_FORM, "write the time from which on events matter, or \"earliest\"",
            "start = \"latest\" is refused: it means something else at every restart, and events in between "
            "are lost");
    else if (clock_read_date(items[0], &start->wall_ms))
        start->kind = START_TIME;
    else if (!span_equal(items[0], SPAN("earliest")))
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` is not a place to begin at: \"" SPAN_FORMAT "\"",
                        option->name, SPAN_ARGUMENT(items[0]));
    if (reader->route.data == NULL)
        reader->start = items[0];
    normal_text(normal, items[0]);
    return true;
}

/* --- addresses --- */

enum url_tail { URL_BARE, URL_PATH, URL_QUERY };

/* scheme://host[:port], and what `most` allows behind it: nothing, a path, or a query too. Never a user or fragment. */
static bool read_url(const struct option *option, struct span url, enum url_tail most, struct complaint *complaint) {
    struct span rest = span_starts_with(url, SPAN("https://"))  ? span_from(url, 8)
                       : span_starts_with(url, SPAN("http://")) ? span_from(url, 7)
                                                                : SPAN_NONE;
    if (rest.data == NULL)
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` begins neither with https:// nor with http://",
                        option->name);
    size_t size = 0;
    while (size < rest.size && strchr("/?#", rest.data[size]) == NULL)
        size++;
    struct span authority = {rest.data, size}, tail = span_from(rest, size), host, port;
    if (memchr(authority.data, '@', authority.size) != NULL)
        return complain(complaint, PROBLEM_SECRET, "write credentials as an option `auth`, with \"secret:NAME\"",
                        "`%s` contains a user name", option->name);
    if (!divide(authority, &host, &port))
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` has no valid host and port", option->name);
    if (most == URL_BARE && tail.size > 0 && !span_equal(tail, SPAN("/")))
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` has more than scheme, host and port", option->name);
    if (most != URL_QUERY && (memchr(tail.data, '?', tail.size) != NULL || memchr(tail.data, '#', tail.size) != NULL))
        return complain(complaint, PROBLEM_FORM, "a query belongs to the route's `path`",
                        "`%s` has a query or fragment", option->name);
    if (memchr(tail.data, '#', tail.size) != NULL)
        return complain(complaint, PROBLEM_FORM, "remove it", "`%s` has a fragment", option->name);
    for (size_t i = 0; i < tail.size; i++) {
        struct span here = span_from(tail, i);
        bool dots = span_starts_with(here, SPAN("/../")) || span_equal(here, SPAN("/..")) ||
                    span_starts_with(here, SPAN("/./")) || span_equal(here, SPAN("/."));
        if (!isgraph((unsigned char)tail.data[i]) || strchr("\"<>\\^`{|}", tail.data[i]) != NULL || dots)
            return complain(complaint, PROBLEM_FORM, "write it percent-encoded and without \"..\"",
                            "`%s` has a path that is not plain", option->name);
    }
    return true;
}

READ(read_base_url) {
    (void)reader, (void)count;
    if (!read_url(option, items[0], URL_PATH, complaint))
        return false;
    struct span url = items[0];
    while (url.size > 0 && url.data[url.size - 1] == '/')
        url.size--;
    *(struct span *)field = reader_copy(reader, url);
    normal_text(normal, url);
    return true;
}

bool type_is_plain(struct span url) {
    return span_starts_with(url, SPAN("http://"));
}

bool type_is_local(struct span url) {
    struct span rest = span_from(url, type_is_plain(url) ? 7 : 8), host, port;
    size_t size = 0;
    char text[64];
    struct in_addr bytes;
    while (size < rest.size && strchr("/?", rest.data[size]) == NULL)
        size++;
    if (size == 0 || !divide((struct span){rest.data, size}, &host, &port))
        return false;
    (void)snprintf(text, sizeof text, SPAN_FORMAT, SPAN_ARGUMENT(host));
    return span_equal(host, SPAN("::1")) || span_equal(host, SPAN("localhost")) ||
           (span_starts_with(host, SPAN("127.")) && inet_pton(AF_INET, text, &bytes) == 1);
}

READ(read_token_url) {
    (void)count;
    if (!read_url(option, items[0], URL_QUERY, complaint))
        return false;
    if (type_is_plain(items[0]) && !type_is_local(items[0]))
        return complain(complaint, PROBLEM_FORM, "write https://",
                        "`%s` is not encrypted: the secret and the token would travel in the clear", option->name);
    if (memmem(items[0].data, items[0].size, "secret", 6) != NULL ||
        memmem(items[0].data, items[0].size, "password", 8) != NULL)
        return complain(complaint, PROBLEM_FORM, "write client-secret = \"secret:NAME\"",
                        "`%s` must not hold a secret: it is shown as it stands", option->name);
    *(struct span *)field = reader_copy(reader, items[0]);
    normal_text(normal, items[0]);
    return true;
}

/* RFC 6749, section 3.3. */
READ(read_scope) {
    (void)count;
    struct span scope = items[0];
    for (size_t i = 0; i < scope.size; i++) {
        unsigned char byte = (unsigned char)scope.data[i];
        bool blank = byte == ' ';
        if ((blank && (i == 0 || i + 1 == scope.size || scope.data[i - 1] == ' ')) ||
            (!blank && (byte < 0x21 || byte > 0x7e || byte == '"' || byte == '\\')))
            return complain(complaint, PROBLEM_FORM, NULL, "`%s` is not a scope: \"" SPAN_FORMAT "\"", option->name,
                            SPAN_ARGUMENT(scope));
    }
    *(struct span *)field = reader_copy(reader, scope);
    normal_text(normal, scope);
    return true;
}

READ(read_proxy) {
    (void)reader, (void)count;
    if (!read_url(option, items[0], URL_BARE, complaint))
        return false;
    *(struct span *)field = items[0];
    normal_text(normal, items[0]);
    return true;
}

READ(read_listen) {
    (void)reader, (void)count;
    struct listen *listen = field;
    struct span host, port;
    int64_t number = 0;
    if (!divide(items[0], &host, &port) || port.data == NULL || !text_read_integer(port, &number))
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` is not an address with a port: \"" SPAN_FORMAT "\"",
                        option->name, SPAN_ARGUMENT(items[0]));
    char address[64];
    struct in_addr bytes;
    (void)snprintf(address, sizeof address, SPAN_FORMAT, SPAN_ARGUMENT(host));
    bool loopback = span_equal(host, SPAN("::1")) || span_equal(host, SPAN("localhost")) ||
                    (span_starts_with(host, SPAN("127.")) && inet_pton(AF_INET, address, &bytes) == 1);
    if (!loopback)
        return complain(complaint, PROBLEM_FORM, "listen on 127.0.0.1 and let a proxy do the rest",
                        "`%s` is not on the loopback: it has no authentication", option->name);
    *listen = (struct listen){reader_copy(reader, host), (uint32_t)number};
    normal_text(normal, items[0]);
    return true;
}

READ(read_socket) {
    (void)reader, (void)count;
    if (items[0].size == 0 || items[0].data[0] != '/')
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` is not an absolute path", option->name);
    if (items[0].size >= sizeof((struct sockaddr_un *)0)->sun_path)
        return complain(complaint, PROBLEM_RANGE, "use a shorter path", "`%s` is longer than %zu bytes", option->name,
                        sizeof((struct sockaddr_un *)0)->sun_path - 1);
    *(struct span *)field = items[0];
    normal_text(normal, items[0]);
    return true;
}

/* --- HTTP --- */

READ(read_header) {
    (void)reader, (void)count;
    if (!header_is_name(items[0]))
        return complain(complaint, PROBLEM_FORM, NULL, "`%s` is not a header name", option->name);
    *(struct span *)field = items[0];
    normal_text(normal, items[0]);
    return true;
}

static bool read_range(struct span text, struct status_range *range) {
    int64_t first, last;
    const char *dash = memchr(text.data, '-', text.size);
    struct span low = dash == NULL ? text : (struct span){text.data, (size_t)(dash - text.data)};
    struct span high = dash == NULL ? text : span_from(text, low.size + 1);
    if (low.size != 3 || high.size != 3 || !text_read_integer(low, &first) || !text_read_integer(high, &last))
        return false;
    *range = (struct status_range){(int)first, (int)last};
    return first >= 200 && last <= 599 && first <= last;
}

READ(read_statuses) {
    struct status_range *ranges = reader_take(reader, count + 1, sizeof *ranges);
    if (ranges == NULL)
        return complain(complaint, PROBLEM_FILE, "", "out of memory");
    for (size_t i = 0; i < count; i++) {
        complaint->item = i;
        if (!read_range(items[i], &ranges[i]))
            return complain(complaint, PROBLEM_FORM, NULL,
                            "`%s`: this is neither an HTTP status nor a range: \"" SPAN_FORMAT "\"", option->name,
                            SPAN_ARGUMENT(items[i]));
    }
    *(struct status_list *)field = (struct status_list){ranges, count};
    write_texts(normal, items, count);
    return true;
}

const struct option_type type_topic = {SHAPE_TEXT, "a topic", "a topic's name", read_topic};
const struct option_type type_topics = {SHAPE_TEXTS, "a topic or an array of topics",
                                        "\"TOPIC\" or [ \"TOPIC\", \"TOPIC\" ]", read_topics};
const struct option_type type_group_id = {SHAPE_TEXT, "a name", "a \"name\"", read_group_id};
const struct option_type type_servers = {SHAPE_TEXT, "a text", "\"HOST:PORT,HOST:PORT\"", read_servers};
const struct option_type type_start = {SHAPE_TEXT, "a place to begin at",
                                       "\"earliest\", a time such as \"2026-11-23T00:00:00+01:00\", or \"stop\"",
                                       read_start};
const struct option_type type_base_url = {SHAPE_TEXT, "a URL", "\"https://HOST[:PORT][/PATH]\"", read_base_url};
const struct option_type type_token_url = {SHAPE_TEXT, "a URL", "\"https://HOST[:PORT][/PATH][?QUERY]\"",
                                           read_token_url};
const struct option_type type_scope = {SHAPE_TEXT, "a scope", "words such as \"errands.write status.read\"",
                                       read_scope};
const struct option_type type_proxy = {SHAPE_TEXT, "a URL", "\"http://HOST:PORT\"", read_proxy};
const struct option_type type_listen = {SHAPE_TEXT, "an address", "\"127.0.0.1:PORT\" or \"[::1]:PORT\"", read_listen};
const struct option_type type_socket = {SHAPE_TEXT, "a path", "an absolute path", read_socket};
const struct option_type type_header = {SHAPE_TEXT, "a header's name", "a name such as \"X-Api-Key\"", read_header};
const struct option_type type_statuses = {SHAPE_TEXTS, "an array of statuses",
                                          "[ \"200-299\", \"409\" ] with numbers from 200 to 599", read_statuses};
