/* A farewell is the end of a librdkafka client, which waits for its threads: on a thread of its own, so that one that
 * never ends is waited for no longer than it may take. It closes and reads nothing. */
#ifndef SLUSS_KAFKA_FAREWELL_H
#define SLUSS_KAFKA_FAREWELL_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

struct farewell;

/* Begins to destroy the client. Where no thread can be had it does so at once, and blocks; NULL then. */
struct farewell *farewell_begin(rd_kafka_t *client_take, int flags, int within_ms);

/* Waits until it is destroyed, or `within_ms` after the beginning: false then. It is left as it is, with its threads
 * and all that they use, and with the descriptors that they write to. Frees the farewell; NULL is fine. */
bool farewell_end(struct farewell *farewell);

/* How many were left in the life of this process: their threads may run when it ends, which therefore must not wait for
 * them nor take away what they use (exit handlers). */
unsigned farewell_left(void);

#endif
