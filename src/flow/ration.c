/* Dividing by the worst case: nobody can ask librdkafka for less than a producer's whole batch of each broker. */
#include "flow/ration.h"

enum { PARTS = 4 };

static size_t least_ahead(const struct ration_consumer *each) {
    return each->answer * each->brokers + RATION_QUEUE;
}

size_t ration_least(const struct ration_consumer *each, uint32_t consumers) {
    return (each->client + least_ahead(each)) * consumers;
}

struct ration ration_divide(const struct ration_consumer *each, uint32_t consumers, size_t memory) {
    size_t least = ration_least(each, consumers), rest = memory > least ? memory - least : 0, more = rest / PARTS;
    return (struct ration){.ahead = least_ahead(each) * consumers + more, .events = rest - more};
}
