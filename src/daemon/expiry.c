/* One line a day, long before a certificate ends. Knows files and snapshots, no connections. */
#include "daemon/expiry.h"

#include "http/certificate.h"
#include "ops/log.h"

#include <stdlib.h>

#define MINUTE_MS ((int64_t)60 * 1000)
#define DAY_MS    (24 * 60 * MINUTE_MS)
enum { SOON_DAYS = 30, AT_ONCE_DAYS = 7 };

struct expiry {
    const struct plan *plan;
    int64_t *own_ms;                 /* a platform: the end of our certificate for it; 0 none */
    int64_t *said_ms;                /* 0 never */
    const char *kafka;               /* the file of our certificate for Kafka; NULL none */
    int64_t kafka_ms, kafka_said_ms; /* likewise */
    int64_t looked_ms;
};

struct expiry *expiry_create(const struct plan *plan, const char *kafka) {
    struct expiry *expiry = calloc(1, sizeof *expiry);
    if (expiry == NULL)
        return NULL;
    expiry->plan = plan;
    expiry->kafka = kafka;
    expiry->own_ms = calloc((size_t)plan->platform_count + 1, sizeof *expiry->own_ms);
    expiry->said_ms = calloc((size_t)plan->platform_count + 1, sizeof *expiry->said_ms);
    if (expiry->own_ms != NULL && expiry->said_ms != NULL)
        return expiry;
    expiry_destroy(expiry);
    return NULL;
}

void expiry_destroy(struct expiry *expiry) {
    if (expiry == NULL)
        return;
    free(expiry->own_ms);
    free(expiry->said_ms);
    free(expiry);
}

void expiry_add(const struct expiry *expiry, struct snapshot *sum) {
    for (uint32_t i = 0; i < expiry->plan->platform_count; i++)
        sum->certificate_ms[i] = certificate_earlier(sum->certificate_ms[i], expiry->own_ms[i]);
}

bool expiry_due(int64_t end_ms, int64_t said_ms, int64_t wall_ms) {
    bool said = said_ms != 0 && wall_ms >= said_ms && wall_ms - said_ms < DAY_MS;
    return end_ms != 0 && end_ms - wall_ms < SOON_DAYS * DAY_MS && !said;
}

static enum log_level level_of(int64_t left_ms) {
    return left_ms < AT_ONCE_DAYS * DAY_MS ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
}

static void say(const struct platform_spec *platform, bool own, int64_t left_ms) {
    const struct log_field field[] = {{"platform", platform->name, 0}, {"days-left", SPAN_NONE, left_ms / DAY_MS}};
    enum log_level level = level_of(left_ms);
    const char *whose = own                                  ? "our certificate for the platform"
                        : platform->auth.kind == AUTH_OAUTH2 ? "the platform's certificate, or its token endpoint's,"
                                                             : "the platform's certificate";
    if (left_ms > 0)
        log_say(level, field, 2, "%s expires soon: renew it, or the platform will be held", whose);
    else
        log_say(level, field, 2, "%s has expired: renew it; the platform is held", whose);
}

/* Librdkafka reads it when a client is made. */
static void look_at_kafka(struct expiry *expiry, bool read, int64_t wall_ms) {
    if (read && expiry->kafka != NULL)
        expiry->kafka_ms = certificate_end_of_file(expiry->kafka);
    if (!expiry_due(expiry->kafka_ms, expiry->kafka_said_ms, wall_ms))
        return;
    int64_t left_ms = expiry->kafka_ms - wall_ms;
    const struct log_field field[] = {{"days-left", SPAN_NONE, left_ms / DAY_MS}};
    log_say(level_of(left_ms), field, 1,
            "our certificate for Kafka %s: renew it, then slussctl reload, or no broker lets us in",
            left_ms > 0 ? "expires soon" : "has expired");
    expiry->kafka_said_ms = wall_ms;
}

void expiry_look(struct expiry *expiry, const struct snapshot *sum, int64_t wall_ms) {
    bool read = expiry->looked_ms == 0 || wall_ms < expiry->looked_ms || wall_ms - expiry->looked_ms >= MINUTE_MS;
    for (uint32_t i = 0; i < expiry->plan->platform_count; i++) {
        const struct platform_spec *platform = &expiry->plan->platforms[i];
        if (read && platform->tls.certificate.data != NULL)
            expiry->own_ms[i] = certificate_end_of_file(platform->tls.certificate.data);
        int64_t end_ms = certificate_earlier(sum->certificate_ms[i], expiry->own_ms[i]);
        if (!expiry_due(end_ms, expiry->said_ms[i], wall_ms))
            continue;
        say(platform, end_ms == expiry->own_ms[i], end_ms - wall_ms);
        expiry->said_ms[i] = wall_ms;
    }
    look_at_kafka(expiry, read, wall_ms);
    if (read)
        expiry->looked_ms = wall_ms;
}
