/* How much librdkafka may read ahead of a route: pure arithmetic over its part of limits.memory. It makes no queue. */
#ifndef SLUSS_KAFKA_READ_AHEAD_H
#define SLUSS_KAFKA_READ_AHEAD_H

#include <stddef.h>

enum { READ_AHEAD_LEAST = 256 * 1024 }; /* bytes that a queue may hold at least, beside answers */

struct read_ahead {
    size_t inlets; /* so many queues at most, at least 1: more partitions share them */
    size_t bytes;  /* that each may take, beside an answer */
    size_t excess; /* bytes that even one queue may hold beyond the route's part; 0 none */
};

/* Divides the `part` of a route that can get so many partitions, of each of which a queue may hold an `answer` beyond
 * its limit. Where there is no room for one of each partition there are fewer queues, and room in each for an answer of
 * every broker, for each may lead partitions of it. `brokers` 0: nobody could say, and a few are assumed. */
struct read_ahead read_ahead_divide(size_t part, size_t partitions, size_t brokers, size_t answer);

#endif
