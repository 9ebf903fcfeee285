/* A teardown destroys a librdkafka client within a time limit. rd_kafka_destroy blocks until the client's threads have
 * ended, so it runs on a thread of its own: a client that never ends is left behind. It leaves no group first. */
#ifndef SLUSS_KAFKA_TEARDOWN_H
#define SLUSS_KAFKA_TEARDOWN_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

struct teardown;

/* Begins to destroy the client. Where no thread can be started, destroys it at once, blocking, and returns NULL. */
struct teardown *teardown_begin(rd_kafka_t *client_take, int flags, int within_ms);

/* Waits until the client is destroyed, or until `within_ms` after the beginning: then false, and the client stays as it
 * is, with its threads, all that they use and the descriptors that they write to. Frees the teardown; NULL is fine. */
bool teardown_end(struct teardown *teardown);

/* A thread that asks librdkafka something is not waited for any more, and keeps its client until it is answered; or it
 * was, and has destroyed that. */
void teardown_leave(void);
void teardown_return(void);

/* How many clients this process has left behind. Their threads may still run when it ends, so it must neither wait for
 * them nor run exit handlers, which would take away what they use. */
unsigned teardown_left(void);

#endif
