/* A census counts brokers, and the partitions of topics, before consumers are made, because the sizes of their queues,
 * which depend on it, cannot be changed later. It joins no group and creates no topic. */
#ifndef SLUSS_KAFKA_CENSUS_H
#define SLUSS_KAFKA_CENSUS_H

#include "kafka/client.h"

/* Asks a broker for each topic, blocks for no longer than about `within_ms` together, and for as long at most until its
 * client has ended. Fills partitions[i] for topics[i] (each ended by a NUL), and returns how many brokers there are; 0:
 * nobody could say. */
uint32_t census_take(struct kafka_properties properties, const struct span *topics, size_t count, int within_ms,
                     uint32_t *partitions);

#endif
