/* What librdkafka may read ahead of each consumer of a worker, in numbers. It makes no consumer. */
#ifndef SLUSS_DAEMON_AHEAD_H
#define SLUSS_DAEMON_AHEAD_H

#include "flow/plan.h"
#include "kafka/read_ahead.h"

/* Of a route that the worker reads; `share` is its plan, partitions[i] how many the i-th route can get. */
struct read_ahead ahead_of(const struct plan *share, const uint32_t *partitions, uint32_t brokers, uint32_t route);

/* Says in the log where several brokers may send more at once than limits.memory has room for. */
void ahead_say(const struct plan *shares, uint32_t workers, const uint32_t *partitions, uint32_t brokers);

#endif
