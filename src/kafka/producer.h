/* A producer writes dead letters and tells which of them all in-sync replicas have. It keeps nothing on disk and
 * retries nothing after its own time is out: the core does. */
#ifndef SLUSS_KAFKA_PRODUCER_H
#define SLUSS_KAFKA_PRODUCER_H

#include "event/event.h"
#include "kafka/client.h"

struct producer;

enum producer_outcome { PRODUCER_ACKNOWLEDGED, PRODUCER_TOO_LARGE, PRODUCER_FAILED };

struct producer_handler {
    void *owner;
    void (*report)(void *owner, uint64_t id, enum producer_outcome outcome, const char *why);
    struct kafka_log log;
};

/* NULL with a sentence. Idempotent from librdkafka 2.5.3 on; below, one request in flight keeps the order. `properties`
 * are borrowed and outlive the producer. */
struct producer *producer_create(struct kafka_properties properties, const struct producer_handler *handler,
                                 struct error *error);

int producer_descriptor(const struct producer *producer);

/* Copies the bytes; exactly one report follows from producer_serve, also when it is refused at once. Too large is what
 * the broker refuses as such when it is sent alone. */
void producer_write(struct producer *producer, uint64_t id, const char *topic, struct span key, struct span value,
                    const struct header *header, size_t header_count);

/* Serves delivery reports; never blocks. */
void producer_serve(struct producer *producer);

/* Asks for the metadata of a topic, which lets a broker that creates topics create it. Its answer is seen by
 * producer_topic. */
enum producer_topic {
    PRODUCER_TOPIC_UNKNOWN,
    PRODUCER_TOPIC_THERE,
    PRODUCER_TOPIC_MISSING,
    PRODUCER_NO_ANSWER /* no broker gave one: nothing is known of the topic */
};

/* Blocks up to `timeout_ms`: for a thread of its own or a tool. *why is static text. */
enum producer_topic producer_probe(struct producer *producer, const char *topic, int timeout_ms, const char **why);

/* Waits up to `timeout_ms` for what is on its way, then destroys it. */
void producer_destroy(struct producer *producer, int timeout_ms);

#endif
