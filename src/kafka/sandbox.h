/* The sandbox broker is librdkafka's built-in mock cluster: a Kafka for trying things out. It is not durable: it keeps
 * 5 MB a partition in memory and forgets all of it at its end. */
#ifndef SLUSS_KAFKA_SANDBOX_H
#define SLUSS_KAFKA_SANDBOX_H

#include "base/error.h"

struct sandbox;

/* Starts it on loopback; topics are created when first used, with 4 partitions. NULL with a sentence. */
struct sandbox *sandbox_create(struct error *error);

/* "127.0.0.1:PORT" */
const char *sandbox_servers(const struct sandbox *sandbox);

void sandbox_destroy(struct sandbox *sandbox);

#endif
