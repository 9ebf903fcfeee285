/* The client side of Kafka that consumer and producer share: properties and error words. It holds no connection. */
#ifndef SLUSS_KAFKA_CLIENT_H
#define SLUSS_KAFKA_CLIENT_H

#include "base/error.h"
#include "base/span.h"

#include <librdkafka/rdkafka.h>

/* A property by librdkafka's own dotted name. `value` may be a secret: it is never shown. */
struct kafka_property {
    const char *name;
    const char *value;
};

/* What one side wants: its own defaults, then the user's properties, then what must be as it is. */
struct kafka_properties {
    const struct kafka_property *list;
    size_t count;
};

/* As a default it is left out where the user has written the other one, reconnect.backoff.ms, which may be longer. */
#define KAFKA_RECONNECT_MOST "reconnect.backoff.max.ms"

/* A configuration with all of `defaults`, `user`, `fixed` set in this order, logs going to the client's queue.
 * Properties that belong to the other kind of client (librdkafka says so) are passed over in `user`. NULL with a
 * sentence. */
rd_kafka_conf_t *kafka_conf_create(struct kafka_properties defaults, struct kafka_properties user,
                                   struct kafka_properties fixed, bool producer, struct error *error);

/* A consumer's client, which costs little while nothing comes; takes `conf`. NULL as from rd_kafka_new: then `conf` is
 * the caller's yet. Its threads may wait a few milliseconds longer than they mean to, but for what comes to them. */
rd_kafka_t *kafka_consumer_create(rd_kafka_conf_t *conf, char *why, size_t room);

/* The sentence of a client that rd_kafka_new did not make, to be called directly after it; `why` is what it said.
 * Returns false. */
bool kafka_refused(struct error *error, const char *why);

/* Where lines of librdkafka's own log go, and errors that concern no single event; `level` is syslog's (3 error ... 7
 * debug). */
struct kafka_log {
    void *owner;
    void (*say)(void *owner, int level, const char *sentence);
};

/* Passes on the line of a log event. */
void kafka_log_event(const struct kafka_log *log, rd_kafka_event_t *event);

/* The version of the linked library as a number (0x020002ff) and as text. */
int kafka_version(void);
const char *kafka_version_text(void);

#endif
