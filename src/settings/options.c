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
     .sentence = "How Sluss proves who it is. Mutual TLS is written under `tls`."},
    {.name = "user",
     .type = &type_text,
     .field = PLATFORM(auth.user),
     .flags = OPTION_QUIET,
     .sentence = "The user of type \"basic\"."},
    SECRET("password", PLATFORM(auth.password), type_secret, "The password of type \"basic\"."),
    SECRET("token", PLATFORM(auth.password), type_secret, "The token of type \"bearer\"."),
    {.name = "name",
     .type = &type_header,
     .field = PLATFORM(auth.header),
     .flags = OPTION_QUIET,
     .sentence = "The name of the header of type \"header\"."},
    SECRET("value", PLATFORM(auth.password), type_secret, "The value of that header."),
    {.name = "token-url",
     .type = &type_token_url,
     .field = PLATFORM(auth.token_url),
     .flags = OPTION_QUIET,
     .sentence = "Where type \"oauth2\" takes its tokens (the client credentials grant of RFC 6749): asked with the "
                 "platform's `tls`, `proxy` and timeouts, ahead of the end of the token before, and once more when the "
                 "platform answers 401. While there is none the platform is held: its events wait."},
    {.name = "client-id",
     .type = &type_text,
     .field = PLATFORM(auth.client_id),
     .flags = OPTION_QUIET,
     .sentence = "Sluss's name at the token endpoint, of type \"oauth2\"."},
    SECRET("client-secret", PLATFORM(auth.password), type_secret,
           "The secret to it; both are sent by Basic authentication."),
    {.name = "scope",
     .type = &type_scope,
     .field = PLATFORM(auth.scope),
     .flags = OPTION_QUIET,
     .sentence = "What the token is asked for, of type \"oauth2\": words divided by single blanks. Default: what the "
                 "endpoint gives by itself."},
};

static const struct option tls_rows[] = {
    {.name = "ca",
     .type = &type_file,
     .field = PLATFORM(tls.ca),
     .sentence = "The file of certificates that the platform's, and its token endpoint's, is checked against, and no "
                 "others; default: the system's."},
    {.name = "certificate",
     .type = &type_file,
     .field = PLATFORM(tls.certificate),
     .sentence = "Sluss's own certificate (PEM), for mutual TLS."},
    SECRET("key", PLATFORM(tls.key), type_secret_lines, "The private key to it (PEM, not encrypted)."),
    {.name = "min-version",
     .type = &type_word,
     .field = PLATFORM(tls.minimum),
     .words = versions,
     .least = 12,
     .fallback = "1.2",
     .sentence = "The oldest version of TLS that is spoken."},
};

static const struct option breaker_rows[] = {
    NUMBER("failures", PLATFORM(breaker.failures), 1, 1000, "5", "Platform faults in a row that open the breaker."),
    NUMBER("share", PLATFORM(breaker.share), 1, 100, "85",
           "Or so many percent of the last `of` attempts within `within`."),
    NUMBER("of", PLATFORM(breaker.of), 1, 1000, "50", "How many attempts `share` counts."),
    DURATION("within", PLATFORM(breaker.within_ms), 100, HOUR, "10s", "How far back they count."),
    DURATION("open", PLATFORM(breaker.open_ms), 10, HOUR, "30s", "The wait before the platform is asked again."),
    DURATION("max-open", PLATFORM(breaker.max_open_ms), 10, 24 * HOUR, "5m", "That wait doubles each time up to this."),
};

static const struct section auth_section = {"platforms.NAME.auth", OPTIONS(auth_rows), NULL};
static const struct section tls_section = {"platforms.NAME.tls", OPTIONS(tls_rows), NULL};
static const struct section breaker_section = {"platforms.NAME.breaker", OPTIONS(breaker_rows), NULL};

static const struct option platform_rows[] = {
    {.name = "base-url",
     .type = &type_base_url,
     .field = PLATFORM(base_url),
     .flags = OPTION_REQUIRED,
     .sentence = "Where the platform is; scheme, host and port come from here and nowhere else."},
    {.name = "proxy",
     .type = &type_proxy,
     .field = PLATFORM(proxy),
     .sentence = "The proxy on the way; the environment's is never used."},
    GROUP("auth", auth_section, "Credentials."),
    GROUP("tls", tls_section, "Certificates and versions of TLS."),
    LATER("sign", "A signature of every request."),
    DURATION("connect-timeout", PLATFORM(connect_timeout_ms), 10, HOUR, "5s", "How long connecting may take."),
    DURATION("timeout", PLATFORM(timeout_ms), 10, HOUR, "30s",
             "How long one attempt may take, from its first byte to the last."),
    {.name = "http",
     .type = &type_word,
     .field = NO_FIELD,
     .words = http_versions,
     .later = later_http_versions,
     .fallback = "1.1",
     .sentence = "The version of HTTP."},
    NUMBER("max-in-flight", PLATFORM(max_in_flight), 1, 4096, "16", "Requests under way at the same time."),
    {.name = "rate",
     .type = &type_rate,
     .field = PLATFORM(rate),
     .least = 1,
     .most = (int64_t)1000000 * 1000,
     .sentence = "How many requests in a time, probes and repetitions included; at most a tenth of a second's at once, "
                 "or one. Default: no limit."},
    NUMBER("retry-budget", PLATFORM(retry_budget), 1, 100, "20",
           "While first attempts wait, at most so many percent of `max-in-flight` (at least one) are repeated ones."),
    LATER("adaptive", "Whether the number in flight adapts to the platform."),
    GROUP("breaker", breaker_section, "When to stop asking a platform that cannot answer."),
    STATUSES("success", PLATFORM(success), "200-299",
             "What a status means: the first list that holds it, in this order. Success: the event is delivered."),
    STATUSES("retry", PLATFORM(retry), "408, 425, 429, 500-599", "The event is sent again later."),
    STATUSES("hold", PLATFORM(hold), "401, 403, 407", "The platform refuses Sluss: everything for it waits."),
    STATUSES("dead-letter", PLATFORM(dead_letter), "400-499", "The platform refuses the event."),
    {.name = "accept-body",
     .type = &type_acceptance,
     .field = PLATFORM(accept),
     .sentence = "What the body of a successful answer must say; else the event is tried again. Comparisons of a query "
                 "with a number, a text, true, false or null, joined by && and ||."},
    {.name = "permanent-body",
     .type = &type_texts,
     .field = PLATFORM(permanent),
     .sentence = "Texts in the body of a failed answer that put the event aside at once; not where the platform is "
                 "held."},
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
     .sentence = "The column of the keys."},
    {.name = "value",
     .type = &type_text,
     .field = LOOKUP(value),
     .sentence = "The column that is the answer; without it the whole row is, as an object."},
    DURATION("reload", LOOKUP(reload_ms), SECOND, 24 * HOUR, "60s",
             "The file is looked at at least so often; a change makes it sooner."),
    LATER("platform", "A lookup that asks a platform."),
    LATER("request", "Its request."),
    LATER("template", "Its body."),
    LATER("result", "Where in the answer the result stands."),
    LATER("cache", "How long answers are kept."),
    LATER("topic", "A lookup in a compacted topic."),
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
     .sentence = "An address of the loopback for metrics and health, read-only."},
};

static const struct option limit_rows[] = {
    {.name = "memory",
     .type = &type_size,
     .field = SETTINGS(limits.memory),
     .fallback = "256 MiB",
     .least = 16 * MIB,
     .most = (int64_t)1 << 40,
     .sentence = "So much memory events may take: before it is used up reading stops until there is room. Handling one "
                 "event may take a quarter of it, divided by the workers; one that takes more is put aside as too "
                 "large."},
    {.name = "event",
     .type = &type_size,
     .field = SETTINGS(limits.json.size),
     .fallback = "1 MiB",
     .least = 1024,
     .most = 1024 * MIB,
     .sentence = "The largest event; a larger one is put aside."},
    NUMBER("depth", SETTINGS(limits.json.depth), 1, 1000, "64", "The deepest event; a deeper one is put aside."),
};

static const struct option log_rows[] = {
    {.name = "level",
     .type = &type_word,
     .field = SETTINGS(log.level),
     .words = levels,
     .fallback = "info",
     .sentence = "What is said."},
    {.name = "format",
     .type = &type_word,
     .field = SETTINGS(log.format),
     .words = formats,
     .fallback = "auto",
     .sentence = "How it is said; auto: the journal under systemd, else text."},
};

static const struct section platform_section = {"platforms.NAME", OPTIONS(platform_rows), platforms_read};
static const struct section lookup_section = {"lookups.NAME", OPTIONS(lookup_rows), lookups_read};
static const struct section admin_section = {"admin", OPTIONS(admin_rows), NULL};
static const struct section limits_section = {"limits", OPTIONS(limit_rows), NULL};
static const struct section log_section = {"log", OPTIONS(log_rows), NULL};
static const struct section routes_section = {"routes", NULL, 0, routes_skip};

static const struct option rows[] = {
    NUMBER("workers", SETTINGS(workers), 1, 64, "1",
           "Threads that move events. Each route lives on one of them, the k-th by name on worker k modulo `workers`, "
           "or on as many as its own `workers` says. Each has its part of a platform's rate and requests in flight, "
           "and of `limits.memory`."),
    GROUP("kafka", section_kafka, "The brokers. Dashes stand for the dots of librdkafka's property names."),
    {.name = "platforms",
     .type = &type_named,
     .field = NO_FIELD,
     .section = &platform_section,
     .sentence = "The e-service platforms, by name."},
    {.name = "lookups",
     .type = &type_named,
     .field = NO_FIELD,
     .section = &lookup_section,
     .sentence = "What completes events, by name."},
    GROUP("admin", admin_section, "Control, metrics and health."),
    GROUP("limits", limits_section, "Limits of this process."),
    GROUP("log", log_section, "What Sluss says."),
    {.name = "routes",
     .type = &type_groups,
     .field = NO_FIELD,
     .section = &routes_section,
     .sentence = "Usually absent: each route has a file in routes.d. Where it stands, routes.d is not read. "
                 "slussd --print writes it."},
};

const struct section section_sluss = {"", OPTIONS(rows), NULL};
