/* The rows of sluss.cfg, but for `kafka`. What they mean together is checked in platform.c and settings.c. */
#include "settings/parts.h"
#include "settings/reader.h"
#include "settings/types.h"

static const char *const auth_kinds[] = {"none", "basic", "bearer", "header", "oauth2", NULL};
static const char *const versions[] = {"1.2", "1.3", NULL};
static const char *const http_versions[] = {"1.1", NULL};
static const char *const later_http_versions[] = {"2", NULL};
static const char *const levels[] = {"debug", "info", "warning", "error", NULL};
static const char *const formats[] = {"auto", "journal", "json", "text", NULL};

#define SECOND           ((int64_t)1000)
#define HOUR             (3600 * SECOND)
#define MIB              ((int64_t)1 << 20)
#define PLATFORM(member) offsetof(struct platform_spec, member)
#define LOOKUP(member)   offsetof(struct lookup_spec, member)
#define SETTINGS(member) offsetof(struct settings, member)
#define LATER(the_name, text)                                                                                          \
    { .name = (the_name), .type = &type_later, .field = NO_FIELD, .sentence = (text) }
#define GROUP(the_name, the_section, text)                                                                             \
    { .name = (the_name), .type = &type_group, .field = NO_FIELD, .section = &(the_section), .sentence = (text) }
#define DURATION(the_name, the_field, low, high, usual, text)                                                          \
    {                                                                                                                  \
        .name = (the_name), .type = &type_duration, .field = (the_field), .fallback = (usual), .least = (low),         \
        .most = (high), .sentence = (text)                                                                             \
    }
#define NUMBER(the_name, the_field, low, high, usual, text)                                                            \
    {                                                                                                                  \
        .name = (the_name), .type = &type_integer, .field = (the_field), .fallback = (usual), .least = (low),          \
        .most = (high), .sentence = (text)                                                                             \
    }
#define STATUSES(the_name, the_field, usual, text)                                                                     \
    { .name = (the_name), .type = &type_statuses, .field = (the_field), .fallback = (usual), .sentence = (text) }
#define SECRET(the_name, the_field, the_type, text)                                                                    \
    {                                                                                                                  \
        .name = (the_name), .type = &(the_type), .field = (the_field), .flags = OPTION_SECRET | OPTION_QUIET,          \
        .sentence = (text)                                                                                             \
    }

static const struct option auth_rows[] = {
    {.name = "type",
     .type = &type_word,
     .field = PLATFORM(auth.kind),
     .words = auth_kinds,
     .fallback = "none",
     .sentence = "How Sluss authenticates. Mutual TLS is configured under `tls`."},
    {.name = "user",
     .type = &type_text,
     .field = PLATFORM(auth.user),
     .flags = OPTION_QUIET,
     .sentence = "The user, for type \"basic\"."},
    SECRET("password", PLATFORM(auth.password), type_secret, "The password, for type \"basic\"."),
    SECRET("token", PLATFORM(auth.password), type_secret, "The token, for type \"bearer\"."),
    {.name = "name",
     .type = &type_header,
     .field = PLATFORM(auth.header),
     .flags = OPTION_QUIET,
     .sentence = "The name of the header, for type \"header\"."},
    SECRET("value", PLATFORM(auth.password), type_secret, "The value of that header."),
    {.name = "token-url",
     .type = &type_token_url,
     .field = PLATFORM(auth.token_url),
     .flags = OPTION_QUIET,
     .sentence =
         "Where type \"oauth2\" gets its tokens (client credentials grant, RFC 6749). It is asked with the platform's "
         "`tls`, `proxy` and timeouts, before the current token expires, and once more when the platform "
         "answers 401. While there is no token the platform is held: its events wait."},
    {.name = "client-id",
     .type = &type_text,
     .field = PLATFORM(auth.client_id),
     .flags = OPTION_QUIET,
     .sentence = "Sluss's name at the token endpoint, for type \"oauth2\"."},
    SECRET("client-secret", PLATFORM(auth.password), type_secret,
           "The secret that belongs to client-id; both are sent with Basic authentication."),
    {.name = "scope",
     .type = &type_scope,
     .field = PLATFORM(auth.scope),
     .flags = OPTION_QUIET,
     .sentence =
         "The scope to ask for, for type \"oauth2\": words separated by single spaces. Default: none is asked for, the "
         "endpoint decides."},
};

static const struct option tls_rows[] = {
    {.name = "ca",
     .type = &type_file,
     .field = PLATFORM(tls.ca),
     .sentence = "A file of CA certificates that the certificates of the platform and its token endpoint are checked "
                 "against, instead of the system's."},
    {.name = "certificate",
     .type = &type_file,
     .field = PLATFORM(tls.certificate),
     .sentence = "Sluss's own certificate (PEM), for mutual TLS."},
    SECRET("key", PLATFORM(tls.key), type_secret_lines, "The private key of that certificate (PEM, not encrypted)."),
    {.name = "min-version",
     .type = &type_word,
     .field = PLATFORM(tls.minimum),
     .words = versions,
     .least = 12,
     .fallback = "1.2",
     .sentence = "The oldest version of TLS that is accepted."},
};

static const struct option breaker_rows[] = {
    NUMBER("failures", PLATFORM(breaker.failures), 1, 1000, "5",
           "The breaker opens after this many platform faults in a row,"),
    NUMBER("share", PLATFORM(breaker.share), 1, 100, "85",
           "or when this percentage of the last `of` attempts within `within` were platform faults."),
    NUMBER("of", PLATFORM(breaker.of), 1, 1000, "50", "The number of attempts that `share` refers to."),
    DURATION("within", PLATFORM(breaker.within_ms), 100, HOUR, "10s", "How far back these attempts may lie."),
    DURATION("open", PLATFORM(breaker.open_ms), 10, HOUR, "30s",
             "How long the breaker stays open before the platform is tried again."),
    DURATION("max-open", PLATFORM(breaker.max_open_ms), 10, 24 * HOUR, "5m",
             "That time doubles with each failed try, up to this."),
};

static const struct section auth_section = {"platforms.NAME.auth", OPTIONS(auth_rows), NULL};
static const struct section tls_section = {"platforms.NAME.tls", OPTIONS(tls_rows), NULL};
static const struct section breaker_section = {"platforms.NAME.breaker", OPTIONS(breaker_rows), NULL};

static const struct option platform_rows[] = {
    {.name = "base-url",
     .type = &type_base_url,
     .field = PLATFORM(base_url),
     .flags = OPTION_REQUIRED,
     .sentence = "The address of the platform; scheme, host and port come from here and nowhere else."},
    {.name = "proxy",
     .type = &type_proxy,
     .field = PLATFORM(proxy),
     .sentence = "A proxy to connect through; the environment's proxy is never used."},
    GROUP("auth", auth_section, "Credentials."),
    GROUP("tls", tls_section, "Certificates and TLS versions."),
    LATER("sign", "Sign every request."),
    DURATION("connect-timeout", PLATFORM(connect_timeout_ms), 10, HOUR, "5s", "The time limit for connecting."),
    DURATION("timeout", PLATFORM(timeout_ms), 10, HOUR, "30s",
             "The time limit for one attempt, from its first byte to the last."),
    {.name = "http",
     .type = &type_word,
     .field = NO_FIELD,
     .words = http_versions,
     .later = later_http_versions,
     .fallback = "1.1",
     .sentence = "The HTTP version."},
    NUMBER("max-in-flight", PLATFORM(max_in_flight), 1, 4096, "16", "The most requests under way at the same time."),
    {.name = "rate",
     .type = &type_rate,
     .field = PLATFORM(rate),
     .least = 1,
     .most = (int64_t)1000000 * 1000,
     .sentence =
         "The most requests per unit of time, probes and repetitions included. Bursts are limited to what a tenth "
         "of a second allows, or to one request. Default: no limit."},
    NUMBER(
        "retry-budget", PLATFORM(retry_budget), 1, 100, "20",
        "While first attempts wait, repeated ones take at most this percentage of `max-in-flight` (but at least one)."),
    LATER("adaptive", "Adapt the number of requests in flight to the platform."),
    GROUP("breaker", breaker_section, "When to stop sending to a platform that cannot answer."),
    STATUSES("success", PLATFORM(success), "200-299",
             "What a status means: the first of these four lists that contains it decides. Success: the event is "
             "delivered."),
    STATUSES("retry", PLATFORM(retry), "408, 425, 429, 500-599", "The event is sent again later."),
    STATUSES("hold", PLATFORM(hold), "401, 403, 407", "The platform refuses Sluss: all events for it wait."),
    STATUSES("dead-letter", PLATFORM(dead_letter), "400-499", "The platform refuses the event."),
    {.name = "accept-body",
     .type = &type_acceptance,
     .field = PLATFORM(accept),
     .sentence =
         "A condition on the body of a successful answer; if it does not hold, the event is tried again. It consists "
         "of comparisons of a query with a number, a text, true, false or null, joined by && and ||."},
    {.name = "permanent-body",
     .type = &type_texts,
     .field = PLATFORM(permanent),
     .sentence =
         "An event is dead-lettered at once if the body of a failed answer contains one of these texts, unless the "
         "answer's status holds the platform."},
};

static const struct option lookup_rows[] = {
    {.name = "table",
     .type = &type_file,
     .field = LOOKUP(file),
     .folder = "tables",
     .flags = OPTION_REQUIRED,
     .sentence = "A CSV file whose first row names the columns; relative to DIR/tables."},
    {.name = "key",
     .type = &type_text,
     .field = LOOKUP(key),
     .flags = OPTION_REQUIRED,
     .sentence = "The column that contains the keys."},
    {.name = "value",
     .type = &type_text,
     .field = LOOKUP(value),
     .sentence = "The column that contains the answer; without it the answer is the whole row, as an object."},
    DURATION("reload", LOOKUP(reload_ms), SECOND, 24 * HOUR, "60s",
             "How often to look for a change of the file; usually a change is noticed sooner."),
    LATER("platform", "Look up at a platform."),
    LATER("request", "The request for it."),
    LATER("template", "The body of that request."),
    LATER("result", "Where in the answer the result is."),
    LATER("cache", "How long answers are kept."),
    LATER("topic", "Look up in a compacted topic."),
};

static const struct option admin_rows[] = {
    {.name = "socket",
     .type = &type_socket,
     .field = SETTINGS(admin.socket),
     .fallback = "/run/sluss/slussd.sock",
     .sentence = "The control socket."},
    {.name = "listen",
     .type = &type_listen,
     .field = SETTINGS(admin.listen),
     .sentence = "A loopback address for metrics and health, read-only."},
};

static const struct option limit_rows[] = {
    {.name = "memory",
     .type = &type_size,
     .field = SETTINGS(limits.memory),
     .fallback = "256 MiB",
     .least = 16 * MIB,
     .most = (int64_t)1 << 40,
     .sentence =
         "The memory for events, and for what Kafka sends of them ahead. Each consumer, one for each route and worker "
         "that reads it, is set aside 2.75 MiB: half a mebibyte for its client, four times the size of "
         "`ssl-ca-location`, which every client keeps, and 2.25 MiB for what it reads, or 2 MiB more for each further "
         "server that `bootstrap-servers` names, for all may send at once. An eighth must be left; of what is left a "
         "quarter is for reading ahead, the rest, divided among the workers, for events. Reading stops before that is "
         "used up, until there is room again. Handling a single event may take a quarter of it; one that takes more is "
         "dead-lettered as too large. With several platforms a quarter is set aside for them, so that each of them "
         "always has room for one event, however much waits for others that are down; an event then has a quarter of "
         "the rest. That room is for events of up to a mebibyte where seven routes to as many platforms share 256 MiB, "
         "of half of that where fourteen do; slussctl check warns where it is less than `event`. The process takes up "
         "to 30 MB more, and on top of that: the lookups' tables; 10 KiB of each "
         "partition, 80 KiB where a batch may have 1000 events, to know what is settled; what a producer's batch has "
         "more than a mebibyte uncompressed, or 400 bytes for each event that is smaller than that; a batch of each "
         "partition that stands still, behind a held key, say; and what brokers send that `bootstrap-servers` does not "
         "name: the log says at the start how much that may be."},
    {.name = "event",
     .type = &type_size,
     .field = SETTINGS(limits.json.size),
     .fallback = "1 MiB",
     .least = 1024,
     .most = 1024 * MIB,
     .sentence = "The largest event; a larger one is dead-lettered."},
    NUMBER("depth", SETTINGS(limits.json.depth), 1, 1000, "64",
           "The deepest nesting of an event; a deeper one is dead-lettered."),
};

static const struct option log_rows[] = {
    {.name = "level",
     .type = &type_word,
     .field = SETTINGS(log.level),
     .words = levels,
     .fallback = "info",
     .sentence = "The least severe messages to log."},
    {.name = "format",
     .type = &type_word,
     .field = SETTINGS(log.format),
     .words = formats,
     .fallback = "auto",
     .sentence = "How to log; auto: to the journal under systemd, otherwise as text."},
};

static const struct section platform_section = {"platforms.NAME", OPTIONS(platform_rows), platforms_read};
static const struct section lookup_section = {"lookups.NAME", OPTIONS(lookup_rows), lookups_read};
static const struct section admin_section = {"admin", OPTIONS(admin_rows), NULL};
static const struct section limits_section = {"limits", OPTIONS(limit_rows), NULL};
static const struct section log_section = {"log", OPTIONS(log_rows), NULL};
static const struct section routes_section = {"routes", NULL, 0, routes_skip};

static const struct option rows[] = {
    NUMBER("workers", SETTINGS(workers), 1, 64, "1",
           "Threads that move events. Each route lives on one of them, or on as many as its own `workers` says. They "
           "share a platform's rate and requests in flight, and `limits.memory`. See WORKERS."),
    GROUP("kafka", section_kafka, "How to reach Kafka. librdkafka's properties are written with dashes for dots."),
    {.name = "platforms",
     .type = &type_named,
     .field = NO_FIELD,
     .section = &platform_section,
     .sentence = "The e-service platforms, by name."},
    {.name = "lookups",
     .type = &type_named,
     .field = NO_FIELD,
     .section = &lookup_section,
     .sentence = "The lookups that complete events, by name."},
    GROUP("admin", admin_section, "Control, metrics and health."),
    GROUP("limits", limits_section, "Limits of this process."),
    GROUP("log", log_section, "The log."),
    {.name = "routes",
     .type = &type_groups,
     .field = NO_FIELD,
     .section = &routes_section,
     .sentence =
         "Usually absent: each route has a file in routes.d. If it is given, routes.d is not read. slussd --print "
         "writes it."},
};

const struct section section_sluss = {"", OPTIONS(rows), NULL};
