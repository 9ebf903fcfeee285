/* An answer of Kafka's is a mebibyte, or a whole batch of a producer's where that is larger, which its default is not.
 * Librdkafka adds 400 bytes a record: to small ones more than as much again. */
#include "kafka/read_ahead.h"

enum {
    ANSWER = 2 * 1024 * 1024,         /* bytes */
    LEAST_QUEUE = 256 * 1024,         /* likewise */
    BROKERS = 3,                      /* of which nobody says how many there are */
    ENOUGH_OF_ROUTE = 8 * 1024 * 1024 /* likewise, of all its queues: 6,000 events of half a KiB and a fetch more */
};

static size_t between(size_t least, size_t bytes, size_t most) {
    size_t above = bytes < least ? least : bytes;
    return above < most ? above : most;
}

/* Beyond what is read while the next comes there is no use in more. */
static size_t enough(size_t queues) {
    size_t each = ENOUGH_OF_ROUTE / queues;
    return each < LEAST_QUEUE ? LEAST_QUEUE : each;
}

struct read_ahead read_ahead_divide(size_t memory, size_t own, size_t all, size_t brokers) {
    size_t half = memory / 2, part = half / all * own, room = part / (ANSWER + LEAST_QUEUE);
    if (room >= own)
        return (struct read_ahead){room, between(LEAST_QUEUE, half / all, enough(own))};
    size_t answers = ANSWER * (brokers > 0 ? brokers : BROKERS);
    size_t inlets = part / (answers + LEAST_QUEUE) > 1 ? part / (answers + LEAST_QUEUE) : 1, each = part / inlets;
    return (struct read_ahead){inlets, between(LEAST_QUEUE, each > answers ? each - answers : 0, enough(inlets))};
}

size_t read_ahead_least(size_t routes) {
    return routes * (ANSWER + LEAST_QUEUE);
}
