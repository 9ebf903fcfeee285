/* Rations divide limits.memory, or a worker's part of it, between the clients of its consumers, what Kafka sends ahead
 * of what was asked for, and the events. Pure arithmetic; read_ahead.h and budget.h divide the parts on. */
#ifndef SLUSS_FLOW_RATION_H
#define SLUSS_FLOW_RATION_H

#include <stddef.h>
#include <stdint.h>

enum { RATION_QUEUE = 256 * 1024 }; /* bytes that a queue may hold at least, beside answers */

/* What one consumer takes, in bytes. */
struct ration_consumer {
    size_t client;    /* before it reads */
    size_t answer;    /* one broker's answer, which is kept whole until its last record was read */
    uint32_t brokers; /* that may answer at the same time */
};

struct ration {
    size_t ahead;  /* bytes that all its consumers together may have read ahead */
    size_t events; /* bytes for what the core has of them */
};

/* Bytes that each of so many consumers must have in any case, together: for a client, and one queue with answers. */
size_t ration_least(const struct ration_consumer *each, uint32_t consumers);

/* Of it what one may read ahead. */
size_t ration_least_ahead(const struct ration_consumer *each);

/* Beyond the least a quarter is for reading ahead, the rest for events; nothing where there is less than that. */
struct ration ration_divide(const struct ration_consumer *each, uint32_t consumers, size_t memory);

/* What events have of so much beyond the least; and how much that must be for so much for events. */
size_t ration_events_of(size_t rest);
size_t ration_rest_for(size_t events);

#endif
