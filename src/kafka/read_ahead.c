/* An answer of Kafka's is a mebibyte, or a whole batch of a producer's where that is larger, which its default is not.
 */
#include "kafka/read_ahead.h"

enum {
    BROKERS = 3,                      /* of which nobody says how many there are */
    ENOUGH_OF_ROUTE = 8 * 1024 * 1024 /* bytes of all its queues: 6,000 events of half a KiB and a fetch more */
};

/* What is left of a queue's memory beside answers. Beyond what is read while the next comes there is no use in more. */
static size_t queue_of(size_t memory, size_t answers, size_t queues) {
    size_t enough = ENOUGH_OF_ROUTE / queues, bytes = memory > answers ? memory - answers : 0;
    bytes = bytes < enough ? bytes : enough;
    return bytes < READ_AHEAD_LEAST ? READ_AHEAD_LEAST : bytes;
}

struct read_ahead read_ahead_divide(size_t part, size_t partitions, size_t brokers, size_t answer) {
    if (part / (answer + READ_AHEAD_LEAST) >= partitions)
        return (struct read_ahead){partitions, queue_of(part / partitions, answer, partitions), 0};
    size_t leaders = brokers > 0 ? brokers : BROKERS;
    size_t answers = answer * (leaders < partitions ? leaders : partitions), least = answers + READ_AHEAD_LEAST;
    size_t inlets = part / least > 1 ? part / least : 1;
    return (struct read_ahead){inlets, queue_of(part / inlets, answers, inlets), least > part ? least - part : 0};
}
