/* What the options of `kafka` mean together. Opens no connection. */
#include "settings/credentials.h"

#include <stdlib.h>
#include <sys/stat.h>

enum { SCRAM_WORKS = 0x02060100 }; /* librdkafka 2.6.1 */

static struct span property(const struct reader *reader, const char *name) {
    for (size_t i = 0; i < reader->property_count; i++)
        if (reader->properties[i].name != NULL && strcmp(reader->properties[i].name, name) == 0)
            return span_of(reader->properties[i].value);
    return SPAN_NONE;
}

static bool is_written(config_setting_t *group, const char *name) {
    return group != NULL && config_setting_get_member(group, name) != NULL;
}

static void check_sasl(struct reader *reader, config_setting_t *group, enum kafka_protocol protocol) {
    static const char *const needed[] = {"sasl-mechanism", "sasl-username", "sasl-password"};
    bool sasl = protocol == KAFKA_SASL_SSL || protocol == KAFKA_SASL_PLAINTEXT;
    for (size_t i = 0; i < 3; i++) {
        if (sasl && !is_written(group, needed[i]))
            reader_problem(reader, SEVERITY_ERROR, PROBLEM_REQUIRED, group, "security-protocol",
                           CURE(reader, "write `%s = ...;`", needed[i]), "this protocol needs `%s`", needed[i]);
        if (!sasl && is_written(group, needed[i]))
            reader_problem(reader, SEVERITY_ERROR, PROBLEM_CONFLICT, group, needed[i],
                           SPAN("write security-protocol = \"SASL_SSL\", or remove it"),
                           "`%s` has no effect without a SASL protocol", needed[i]);
    }
    if (protocol == KAFKA_SASL_PLAINTEXT)
        reader_problem(reader, SEVERITY_WARNING, PROBLEM_RISK, group, "security-protocol", SPAN("write \"SASL_SSL\""),
                       "events and the password's proof travel unencrypted");
    int version = reader->options->librdkafka;
    struct span mechanism = property(reader, "sasl.mechanism");
    if (version != 0 && version < SCRAM_WORKS && mechanism.data != NULL && span_starts_with(mechanism, SPAN("SCRAM-")))
        reader_problem(
            reader, SEVERITY_ERROR, PROBLEM_KAFKA, group, "sasl-mechanism",
            SPAN("build Sluss with a newer one (./dev build release --librdkafka newest: 2.6.1 or later), or "
                 "use \"PLAIN\" over SASL_SSL"),
            "librdkafka %d.%d.%d cannot use " SPAN_FORMAT " with Kafka 3.7.2, 3.8.1, 3.9 and later",
            version >> 24 & 0xff, version >> 16 & 0xff, version >> 8 & 0xff, SPAN_ARGUMENT(mechanism));
}

static size_t size_of_file(struct span path) {
    struct stat found;
    return path.data != NULL && stat(path.data, &found) == 0 && S_ISREG(found.st_mode) ? (size_t)found.st_size : 0;
}

/* Measured with librdkafka 2.0, which keeps its certificates in each client. An answer is a mebibyte, and librdkafka
 * adds 400 bytes a record: to events of that size as much again. */
struct ration_consumer kafka_measure(const struct reader *reader) {
    enum { CLIENT = 512 * 1024, OF_CERTIFICATE = 4, ANSWER = 1024 * 1024, OF_ANSWER = 2 };
    struct span servers = property(reader, "bootstrap.servers"), fetch = property(reader, "fetch.max.bytes");
    size_t most = fetch.data != NULL ? strtoul(fetch.data, NULL, 10) : 0;
    struct ration_consumer each = {.client =
                                       CLIENT + OF_CERTIFICATE * size_of_file(property(reader, "ssl.ca.location")),
                                   .answer = OF_ANSWER * (most > ANSWER ? most : ANSWER),
                                   .brokers = 1};
    for (size_t i = 0; i < servers.size; i++)
        each.brokers += servers.data[i] == ',' ? 1 : 0;
    return each;
}

void kafka_check(struct reader *reader, config_setting_t *group) {
    const struct kafka_settings *kafka = &reader->settings->kafka;
    check_sasl(reader, group, kafka->protocol);
    if (is_written(group, "ssl-certificate-location") != is_written(group, "ssl-key-location"))
        reader_problem(reader, SEVERITY_ERROR, PROBLEM_REQUIRED, group,
                       is_written(group, "ssl-key-location") ? "ssl-key-location" : "ssl-certificate-location",
                       SPAN("mutual TLS needs ssl-certificate-location and ssl-key-location"),
                       "one half of mutual TLS is missing");
    credentials_check(reader, group,
                      &(struct credentials){.ca = property(reader, "ssl.ca.location"),
                                            .certificate = property(reader, "ssl.certificate.location"),
                                            .key = property(reader, "ssl.key.location"),
                                            .password = property(reader, "ssl.key.password"),
                                            .has_password = is_written(group, "ssl-key-password")});
    if (kafka->heartbeat_interval_ms >= kafka->session_timeout_ms)
        reader_problem(reader, SEVERITY_ERROR, PROBLEM_CONFLICT, group,
                       is_written(group, "session-timeout-ms") ? "session-timeout-ms" : "heartbeat-interval-ms",
                       SPAN("make the session timeout about three times as long as the heartbeat interval"),
                       "`heartbeat-interval-ms` (%u) is not below `session-timeout-ms` (%u)",
                       kafka->heartbeat_interval_ms, kafka->session_timeout_ms);
    if (kafka->max_poll_interval_ms < kafka->session_timeout_ms)
        reader_problem(reader, SEVERITY_ERROR, PROBLEM_CONFLICT, group,
                       is_written(group, "max-poll-interval-ms") ? "max-poll-interval-ms" : "session-timeout-ms",
                       SPAN("make `max-poll-interval-ms` the longer one"),
                       "`max-poll-interval-ms` (%u) is below `session-timeout-ms` (%u)", kafka->max_poll_interval_ms,
                       kafka->session_timeout_ms);
}
