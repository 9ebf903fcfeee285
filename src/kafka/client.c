/* Turning properties into librdkafka's configuration. Opens nothing. */
#include "kafka/client.h"

#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

/* A client's main thread wakes up to a millisecond before its timer is due and looks at the clock until then, three
 * times a second (librdkafka 2.0, 2.3: it waits whole milliseconds): two thirds of what an idle consumer takes. So its
 * waits may end late. Five milliseconds, for what wakes one of many clients wakes all whose wait has ended. */
enum { SLACK_NS = 5 * 1000 * 1000 };

static bool set(rd_kafka_conf_t *conf, struct kafka_properties properties, struct error *error) {
    for (size_t i = 0; i < properties.count; i++) {
        const struct kafka_property *one = &properties.list[i];
        char why[256] = "";
        /* librdkafka's own sentence may quote the value, which may be a password: only the kind of fault is reported.
         */
        rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, one->name, one->value, why, sizeof why);
        if (result == RD_KAFKA_CONF_UNKNOWN)
            return error_set(error, "kafka property %s is not known to librdkafka %s: remove it or use a newer library",
                             one->name, rd_kafka_version_str());
        if (result != RD_KAFKA_CONF_OK)
            return error_set(error,
                             "kafka property %s has a value that librdkafka %s refuses: see its CONFIGURATION.md",
                             one->name, rd_kafka_version_str());
    }
    return true;
}

/* A property for the other side is accepted by librdkafka with a warning; leaving it out keeps the log clean. */
static bool is_for_other_side(const char *name, bool producer) {
    static const char *const consumer_only[] = {"session.timeout.ms",
                                                "heartbeat.interval.ms",
                                                "max.poll.interval.ms",
                                                "fetch.",
                                                "group.",
                                                "queued.",
                                                "isolation.level",
                                                "check.crcs",
                                                NULL};
    static const char *const producer_only[] = {"linger.ms", "compression.", "batch.", "message.timeout.ms", NULL};
    const char *const *names = producer ? consumer_only : producer_only;
    for (; *names != NULL; names++)
        if (strncmp(name, *names, strlen(*names)) == 0)
            return true;
    return false;
}

/* Why a broker's certificate is not believed, which librdkafka does not say by itself. What OpenSSL refuses stays
 * refused. */
static int explain(rd_kafka_t *client, const char *broker, int32_t id, int *fault, int depth, const char *certificate,
                   size_t size, char *why, size_t room, void *owner) {
    (void)client, (void)broker, (void)id, (void)depth, (void)certificate, (void)size, (void)owner;
    if (*fault == X509_V_OK)
        return 1;
    (void)snprintf(why, room, "%s: renew the broker's certificate, or see to bootstrap-servers and ssl-ca-location",
                   X509_verify_cert_error_string(*fault));
    return 0;
}

static bool is_written(struct kafka_properties user, const char *name) {
    for (size_t i = 0; i < user.count; i++)
        if (strcmp(user.list[i].name, name) == 0)
            return true;
    return false;
}

static bool set_defaults(rd_kafka_conf_t *conf, struct kafka_properties defaults, struct kafka_properties user,
                         struct error *error) {
    bool done = true;
    for (size_t i = 0; done && i < defaults.count; i++)
        if (strcmp(defaults.list[i].name, KAFKA_RECONNECT_MOST) != 0 || !is_written(user, "reconnect.backoff.ms"))
            done = set(conf, (struct kafka_properties){&defaults.list[i], 1}, error);
    return done;
}

rd_kafka_conf_t *kafka_conf_create(struct kafka_properties defaults, struct kafka_properties user,
                                   struct kafka_properties fixed, bool producer, struct error *error) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set_ssl_cert_verify_cb(conf, explain); /* refused by a library that knows no TLS */
    bool done = set_defaults(conf, defaults, user, error);
    for (size_t i = 0; done && i < user.count; i++)
        if (!is_for_other_side(user.list[i].name, producer))
            done = set(conf, (struct kafka_properties){&user.list[i], 1}, error);
    if (done && set(conf, fixed, error))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

/* Threads inherit the slack of the one that makes them. */
rd_kafka_t *kafka_consumer_create(rd_kafka_conf_t *conf, char *why, size_t room) {
    int own = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    bool more = own > 0 && own < SLACK_NS && prctl(PR_SET_TIMERSLACK, (unsigned long)SLACK_NS, 0, 0, 0) == 0;
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, room);
    if (more)
        (void)prctl(PR_SET_TIMERSLACK, (unsigned long)own, 0, 0, 0);
    return client;
}

bool kafka_refused(struct error *error, const char *why) {
    if (rd_kafka_last_error() == RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE)
        return error_shortage(error, "librdkafka could not start: %s: raise TasksMax and LimitNOFILE", why);
    return error_set(error, "librdkafka refused to start: %s", why);
}

void kafka_log_event(const struct kafka_log *log, rd_kafka_event_t *event) {
    const char *facility, *text;
    int level;
    if (log->say == NULL || rd_kafka_event_log(event, &facility, &text, &level) != 0)
        return;
    char sentence[512];
    (void)snprintf(sentence, sizeof sentence, "librdkafka %s: %s", facility, text);
    log->say(log->owner, level, sentence);
}

int kafka_version(void) {
    return rd_kafka_version();
}

const char *kafka_version_text(void) {
    return rd_kafka_version_str();
}
