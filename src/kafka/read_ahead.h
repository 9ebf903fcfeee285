/* How much librdkafka may read ahead of a route: pure arithmetic over limits.memory. It makes no queue. */
#ifndef SLUSS_KAFKA_READ_AHEAD_H
#define SLUSS_KAFKA_READ_AHEAD_H

#include <stddef.h>

struct read_ahead {
    size_t inlets; /* so many queues at most, at least 1: more partitions share them */
    size_t bytes;  /* that each may take, beside an answer */
};

/* Half of a worker's part of limits.memory is divided among all partitions that it can get; the route has `own` of
 * `all`. Each queue may take an answer beyond its limit: where there is no room for one of each partition there are
 * fewer queues, and room in each for an answer of every broker, for each may lead partitions of it. `brokers` 0: nobody
 * could say, and a few are assumed. */
struct read_ahead read_ahead_divide(size_t memory, size_t own, size_t all, size_t brokers);

/* What so many routes take at least, each of which has a queue of its own. */
size_t read_ahead_least(size_t routes);

#endif
