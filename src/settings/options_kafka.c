/* The rows of `kafka`: Sluss's own options and the properties of librdkafka that are passed on. Everything else is
 * refused: a property can load code, run commands, reach into the network or break a promise of Sluss. */
#include "settings/reader.h"
#include "settings/types.h"

static const char *const protocols[] = {"SSL", "SASL_SSL", "PLAINTEXT", "SASL_PLAINTEXT", NULL};
static const char *const mechanisms[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", NULL};
static const char *const later_mechanisms[] = {"OAUTHBEARER", "GSSAPI", NULL};
static const char *const endpoint_checks[] = {"https", NULL};
static const char *const families[] = {"any", "v4", "v6", NULL};
static const char *const codecs[] = {"none", "gzip", "snappy", "lz4", "zstd", NULL};

#define FIELD(member)  offsetof(struct settings, kafka.member)
#define PROPERTY(flag) (OPTION_PROPERTY | (flag))
/* A property that librdkafka has a default for; its sentence is of CONFIGURATION.md. */
#define NUMBER(the_name, low, high, flag, text)                                                                        \
    {                                                                                                                  \
        .name = (the_name), .type = &type_integer, .field = NO_FIELD, .least = (low), .most = (high),                  \
        .flags = PROPERTY(flag), .sentence = (text)                                                                    \
    }
#define OTHER(the_name, the_type, flag, text)                                                                          \
    { .name = (the_name), .type = (the_type), .field = NO_FIELD, .flags = PROPERTY(flag), .sentence = (text) }

static const struct option rows[] = {
    {.name = "bootstrap-servers",
     .type = &type_servers,
     .field = NO_FIELD,
     .flags = PROPERTY(OPTION_REQUIRED),
     .sentence = "The brokers to contact first, separated by commas: HOST:PORT; without :PORT it is 9092, whatever "
                 "security-protocol says. `limits.memory` has room for what so many send at once."},
    {.name = "group-id",
     .type = &type_group_id,
     .field = FIELD(group_id),
     .flags = OPTION_REQUIRED,
     .sentence = "The prefix of the routes' consumer groups: a route reads in the group GROUP-ID.ROUTE."},
    {.name = "start",
     .type = &type_start,
     .field = NO_FIELD,
     .sentence =
         "Where to begin in a partition without a committed offset: at the earliest record, at the first record from "
         "a time on, or not at all. Required here or in the route. A partition stands still, also after a reload, "
         "whose group has lost the offset that it acknowledged to the running process: the log says which and how "
         "to set it. After a restart the process does not know it, and this option decides."},
    {.name = "security-protocol",
     .type = &type_word,
     .field = FIELD(protocol),
     .words = protocols,
     .fallback = "SSL",
     .flags = PROPERTY(0),
     .sentence = "How to connect to the brokers. Without encryption only if that is written out."},
    {.name = "sasl-mechanism",
     .type = &type_word,
     .field = NO_FIELD,
     .words = mechanisms,
     .later = later_mechanisms,
     .flags = PROPERTY(0),
     .sentence = "How Sluss authenticates, with a SASL protocol. SCRAM needs librdkafka 2.6.1 or newer."},
    OTHER("sasl-username", &type_text, 0, "The user, for PLAIN and SCRAM."),
    OTHER("sasl-password", &type_secret, OPTION_SECRET, "The user's password."),
    {.name = "ssl-ca-location",
     .type = &type_file,
     .field = NO_FIELD,
     .flags = PROPERTY(0),
     .sentence = "The CA certificates that the brokers' certificates are checked against; default: the system's."},
    OTHER("ssl-crl-location", &type_file, 0, "A file of revoked certificates."),
    OTHER("ssl-certificate-location", &type_file, 0, "Sluss's own certificate, for mutual TLS."),
    OTHER("ssl-key-location", &type_file, 0, "The private key of that certificate."),
    OTHER("ssl-key-password", &type_secret, OPTION_SECRET, "The password of that key."),
    OTHER("ssl-cipher-suites", &type_text, 0, "The allowed TLS ciphers."),
    OTHER("ssl-curves-list", &type_text, 0, "The allowed TLS curves."),
    OTHER("ssl-sigalgs-list", &type_text, 0, "The allowed TLS signature algorithms."),
    {.name = "ssl-endpoint-identification-algorithm",
     .type = &type_word,
     .field = NO_FIELD,
     .words = endpoint_checks,
     .flags = PROPERTY(0),
     .sentence = "Check brokers' names against their certificates. This cannot be switched off."},
    {.name = "session-timeout-ms",
     .type = &type_integer,
     .field = FIELD(session_timeout_ms),
     .fallback = "10000",
     .least = 1000,
     .most = 3600000,
     .flags = PROPERTY(OPTION_CONSUMER),
     .sentence =
         "After a crash the rest of the group takes over within this time, and slussd itself when it is started "
         "again: Kafka waits that long for the process that has gone (milliseconds)."},
    {.name = "heartbeat-interval-ms",
     .type = &type_integer,
     .field = FIELD(heartbeat_interval_ms),
     .fallback = "1000",
     .least = 100,
     .most = 3600000,
     .flags = PROPERTY(OPTION_CONSUMER),
     .sentence = "How often a member shows its group that it is alive, and hears who joined or left (milliseconds)."},
    {.name = "max-poll-interval-ms",
     .type = &type_integer,
     .field = FIELD(max_poll_interval_ms),
     .fallback = "300000",
     .least = 10000,
     .most = 86400000,
     .flags = PROPERTY(OPTION_CONSUMER),
     .sentence = "A member that does nothing for this long loses its partitions (milliseconds)."},
    OTHER("client-id", &type_text, 0, "The name that appears in the brokers' logs; default sluss."),
    OTHER("client-rack", &type_text, 0, "The rack of this host, to read from nearby replicas."),
    NUMBER("socket-timeout-ms", 10, 300000, 0, "The time limit for a broker's answer (milliseconds)."),
    NUMBER("socket-connection-setup-timeout-ms", 1000, 2147483647, 0,
           "The time limit for connecting to a broker (milliseconds)."),
    OTHER("socket-keepalive-enable", &type_switch, 0, "Keep-alive packets on idle connections; default true."),
    OTHER("socket-nagle-disable", &type_switch, 0, "Send small packets at once."),
    NUMBER("socket-send-buffer-bytes", 0, 100000000, 0, "The socket's send buffer; 0: the system's."),
    NUMBER("socket-receive-buffer-bytes", 0, 100000000, 0, "The socket's receive buffer; 0: the system's."),
    NUMBER("socket-max-fails", 0, 1000000, 0, "Disconnect after this many failed requests."),
    NUMBER("connections-max-idle-ms", 0, 2147483647, 0,
           "Close connections that were idle for this long (milliseconds); 0: never."),
    NUMBER("reconnect-backoff-ms", 0, 3600000, 0, "Wait at least this long before reconnecting (milliseconds)."),
    NUMBER(
        "reconnect-backoff-max-ms", 0, 3600000, 0,
        "Wait at most this long before reconnecting (milliseconds). Default: 1000, with more than 50 routes 20 for "
        "each "
        "(a route counts once for each of its workers), from 500 routes on 10000, as also where reconnect-backoff-ms "
        "is written."),
    NUMBER("broker-address-ttl", 0, 86400000, 0, "How long to remember a broker's address (milliseconds)."),
    {.name = "broker-address-family",
     .type = &type_word,
     .field = NO_FIELD,
     .words = families,
     .flags = PROPERTY(0),
     .sentence = "Which kind of IP addresses to use."},
    NUMBER("metadata-max-age-ms", 15000, 86400000, 0, "How long to trust what is known of a topic (milliseconds)."),
    NUMBER("receive-message-max-bytes", 1000, 2147483647, 0, "The largest answer to accept from a broker."),
    NUMBER("fetch-wait-max-ms", 0, 300000, OPTION_CONSUMER,
           "How long a broker may wait to fill a fetch (milliseconds): for this long an empty partition can delay a "
           "full one "
           "of the same broker, and this often an idle route asks. Default: 20; with more than 4 routes 5 for each (a "
           "route counts once for each of its workers); from 100 routes on 500."),
    NUMBER("fetch-min-bytes", 1, 100000000, OPTION_CONSUMER, "The least that a broker collects for a fetch."),
    NUMBER("fetch-max-bytes", 0, 2147483135, OPTION_CONSUMER,
           "The most that one fetch returns; default 1048576. With more, each consumer "
           "has twice as much of `limits.memory` for each broker."),
    NUMBER("max-partition-fetch-bytes", 1, 1000000000, OPTION_CONSUMER,
           "The most that one fetch returns of one partition."),
    NUMBER("fetch-error-backoff-ms", 0, 300000, OPTION_CONSUMER, "The wait after a failed fetch (milliseconds)."),
    {.name = "compression-codec",
     .type = &type_word,
     .field = NO_FIELD,
     .words = codecs,
     .flags = PROPERTY(0),
     .sentence = "The compression of dead letters."},
};

const struct section section_kafka = {"kafka", OPTIONS(rows), NULL};

const char *option_refused_property(struct span name) {
    static const struct {
        const char *name, *why;
    } refused[] = {
        {"plugin-library-paths", "it loads code"},
        {"ssl-engine-location", "it loads code"},
        {"ssl-engine-id", "it loads code"},
        {"ssl-providers", "it loads code"},
        {"sasl-kerberos-kinit-cmd", "it runs a command"},
        {"sasl-kerberos-service-name", "GSSAPI is not supported yet"},
        {"sasl-kerberos-principal", "GSSAPI is not supported yet"},
        {"sasl-kerberos-keytab", "GSSAPI is not supported yet"},
        {"sasl-oauthbearer-token-endpoint-url", "it lets librdkafka ask any address; OAUTHBEARER is not supported yet"},
        {"sasl-oauthbearer-config", "OAUTHBEARER is not supported yet"},
        {"sasl-oauthbearer-method", "OAUTHBEARER is not supported yet"},
        {"enable-ssl-certificate-verification", "brokers' certificates are always checked"},
        {"enable-auto-commit", "Sluss commits what is settled and nothing else"},
        {"enable-auto-offset-store", "Sluss commits what is settled and nothing else"},
        {"auto-commit-interval-ms", "Sluss commits what is settled and nothing else"},
        {"auto-offset-reset", "write `start`: an offset out of range stops the partition"},
        {"isolation-level", "only committed records are read"},
        {"check-crcs", "records are always checked"},
        {"partition-assignment-strategy", "it is roundrobin, so that old and new versions share a group"},
        {"group-instance-id",
         "two processes with the same one would both send a key's events until the older one hears of it"},
        {"group-protocol", "the classic protocol is the one that Sluss was proved with"},
        {"queued-max-messages-kbytes", "it follows from limits.memory"},
        {"queued-min-messages", "it follows from limits.memory"},
        {"topic-metadata-refresh-interval-ms", "Sluss needs 15 s to find new topics in time"},
        {"allow-auto-create-topics", "a route must not create what it reads"},
        {"acks", "a dead letter counts when all in-sync replicas have it"},
        {"request-required-acks", "a dead letter counts when all in-sync replicas have it"},
        {"enable-idempotence", "Sluss chooses it by librdkafka's version"},
        {"max-in-flight", "Sluss chooses it by librdkafka's version"},
        {"transactional-id", "Sluss uses no transactions"},
        {"message-max-bytes", "the topic's own limit decides"},
        {"message-timeout-ms", "Sluss writes a dead letter again by itself"},
        {"linger-ms", "Sluss chooses it"},
        {"statistics-interval-ms", "see /metrics"},
        {"debug", "librdkafka would log what Sluss promises not to log"},
        {"log-level", "write log.level"},
        {"metadata-broker-list", "write `bootstrap-servers`"},
        {"sasl-mechanisms", "write `sasl-mechanism`"},
        {"ssl-key-pem", "write `ssl-key-location`"},
        {"ssl-certificate-pem", "write `ssl-certificate-location`"},
        {"ssl-ca-pem", "write `ssl-ca-location`"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (span_equal(name, span_of(refused[i].name)))
            return refused[i].why;
    return NULL;
}
