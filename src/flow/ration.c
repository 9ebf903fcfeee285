/* Dividing by the worst case: nobody can ask librdkafka for less than a producer's whole batch of each broker. */
#include "flow/ration.h"

enum { PARTS = 4 };

size_t ration_least_ahead(const struct ration_consumer *each) {
    return each->answer * each->brokers + RATION_QUEUE;
}

size_t ration_least(const struct ration_consumer *each, uint32_t consumers) {
    return (each->client + ration_least_ahead(each)) * consumers;
}

struct ration ration_divide(const struct ration_consumer *each, uint32_t consumers, size_t memory) {
    size_t least = ration_least(each, consumers), rest = memory > least ? memory - least : 0;
    size_t events = ration_events_of(rest);
    return (struct ration){.ahead = ration_least_ahead(each) * consumers + rest - events, .events = events};
}

size_t ration_events_of(size_t rest) {
    return rest - rest / PARTS;
}

size_t ration_rest_for(size_t events) {
    return (events / (PARTS - 1) + 1) * PARTS;
}
