/* Settings are one configuration generation as read from files: checked, complete, compiled. Reading them needs no
 * broker, no root and no network; it changes nothing. */
#ifndef SLUSS_SETTINGS_SETTINGS_H
#define SLUSS_SETTINGS_SETTINGS_H

#include "base/buf.h"
#include "flow/plan.h"
#include "settings/problems.h"
#include "json/reader.h"

/* A property for librdkafka in its own dotted notation. */
struct kafka_setting {
    const char *name;
    const char *value; /* a secret is filled in here: never show it */
    bool secret;
    bool consumer_only;
};

enum kafka_protocol { KAFKA_SSL, KAFKA_SASL_SSL, KAFKA_PLAINTEXT, KAFKA_SASL_PLAINTEXT };

struct kafka_settings {
    const struct kafka_setting *properties; /* with bootstrap.servers, security.protocol, session.timeout.ms */
    size_t count;
    struct span group_id;
    enum kafka_protocol protocol; /* not encrypted only when it is written so */
    uint32_t session_timeout_ms, heartbeat_interval_ms, max_poll_interval_ms;
};

struct listen {
    struct span host; /* without brackets; SPAN_NONE: does not listen */
    uint32_t port;
};

struct admin_settings {
    struct span socket; /* a path */
    struct listen listen;
};

enum settings_log_level { SETTINGS_LOG_DEBUG, SETTINGS_LOG_INFO, SETTINGS_LOG_WARNING, SETTINGS_LOG_ERROR };
enum settings_log_format { SETTINGS_LOG_AUTO, SETTINGS_LOG_JOURNAL, SETTINGS_LOG_JSON, SETTINGS_LOG_TEXT };

struct log_settings {
    enum settings_log_level level;
    enum settings_log_format format;
};

struct limit_settings {
    size_t memory;
    struct json_limits json; /* event and depth */
};

struct settings {
    struct plan plan;    /* the whole; `generation` is the caller's, in the shares too */
    struct plan *shares; /* each worker's part of it */
    struct kafka_settings kafka;
    struct admin_settings admin;
    struct log_settings log;
    struct limit_settings limits;
    uint32_t workers;
    struct span folder; /* DIR, absolute */
    struct span file;   /* sluss.cfg as it was found */

    /* below: settings' own */
    struct arena arena;
    struct schema_registry *registry;
    struct shared_schema *schemas; /* compiled, each once */
    struct span normal;
};

/* What reading depends on beside the files. */
struct settings_options {
    const char *path;        /* a sluss.cfg, or a folder that holds one; NULL: /etc/sluss */
    const char *credentials; /* $CREDENTIALS_DIRECTORY, or NULL */
    int librdkafka;          /* its version as a number (0x020002ff); 0: unknown, nothing is said about it */
    bool check;              /* only checked, not run: secrets may be missing */
};

/* Reads, checks and compiles everything, and adds all problems (sorted). A route with errors is left out, the others
 * are not affected; NULL when sluss.cfg itself has errors or memory is short. */
struct settings *settings_read(const struct settings_options *options, struct problems *problems);
void settings_destroy(struct settings *settings);

/* Adds the control socket's path, also where sluss.cfg has errors: whoever asks a running slussd about them must find
 * it. The default where the file says nothing or cannot be read. */
void settings_find_socket(const struct settings_options *options, struct buf *socket);

/* The file of our certificate for Kafka; NULL none. */
const char *settings_kafka_certificate(const struct settings *settings);

/* Says which configuration generation this is, to the plan and to each worker's share of it. */
void settings_number(struct settings *settings, uint64_t generation);

/* The normal form: every option with its effective value, defaults marked, the routes as one group (a sluss.cfg with a
 * group `routes` is complete by itself: routes.d is not read then). It parses to itself. No secrets. */
struct span settings_normal(const struct settings *settings);

/* The options' part of the manual page sluss.cfg(5), in scdoc's language. */
void settings_write_manual(struct buf *out);

#endif
