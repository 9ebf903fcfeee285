/* Librdkafka's queues alone, wrapped by the linker (--wrap): no threads and no broker, so that a test decides what is
 * fetched when, and hears what would wake a consumer. As librdkafka 2.0 to 2.12 do it: what stands in a queue that is
 * forwarded moves behind what its target holds; a mark of a transaction counts in a queue's length and is passed over
 * when it is its turn, and so is what was fetched for an assignment that is gone. Not a test. */
#ifndef SLUSS_SUPPORT_QUEUES_H
#define SLUSS_SUPPORT_QUEUES_H

#include "base/span.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>

enum { QUEUES_TOPICS = 2, QUEUES_EACH = 4, QUEUES_PARTITIONS = QUEUES_TOPICS * QUEUES_EACH, QUEUES_LONGEST = 64 };

/* What a partition's log holds at a place. */
struct queues_entry {
    int64_t offset;
    size_t key, value; /* bytes */
    bool null;         /* it has no value */
    bool mark;         /* of a transaction: no record */
    rd_kafka_resp_err_t error;
};

extern const struct span queues_topics[QUEUES_TOPICS];

/* Empty logs; a queue that holds `most` is not fetched for. */
void queues_begin(size_t most);

/* Partitions are counted through: topic * QUEUES_EACH + partition. */
size_t queues_write(size_t partition, const struct queues_entry *entry);
size_t queues_written(size_t partition);
const struct queues_entry *queues_entry(size_t partition, size_t index);

/* Fetches at most `most` entries of an assigned partition, if its queue wants more. Returns how many. */
size_t queues_fetch(size_t partition, size_t most);

/* Whether a queue that was empty got something since the last call. */
bool queues_woke(void);

/* What was fetched and is not destroyed, queues that are held, and those that are forwarded. */
size_t queues_alive(void);

#endif
