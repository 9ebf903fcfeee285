/* Each consumer has what one takes at least, the rest goes by partitions. */
#include "daemon/ahead.h"

#include "flow/share.h"
#include "ops/log.h"

_Static_assert((int)RATION_QUEUE == (int)READ_AHEAD_LEAST, "every consumer has room for one queue");

static uint32_t count_of(const uint32_t *partitions, uint32_t route) {
    return partitions[route] > 0 ? partitions[route] : 1;
}

struct read_ahead ahead_of(const struct plan *share, const uint32_t *partitions, uint32_t brokers, uint32_t route) {
    size_t least = ration_least_ahead(&share->consumer), own = count_of(partitions, route);
    size_t consumers = 0, all = 0; /* this route is among them */
    for (uint32_t i = 0; i < share->route_count; i++)
        if (share_reads(share, i, share->worker)) {
            consumers++;
            all += count_of(partitions, i);
        }
    size_t rest = share->ahead_limit > least * consumers ? share->ahead_limit - least * consumers : 0;
    return read_ahead_divide(least + (all > 0 ? rest / all * own : 0), own, brokers, share->consumer.answer);
}

/* Less would do where producers send small batches: so it is no warning. */
void ahead_say(const struct plan *shares, uint32_t workers, const uint32_t *partitions, uint32_t brokers) {
    enum { MIB = 1 << 20 };
    size_t excess = 0;
    for (uint32_t worker = 0; worker < workers; worker++)
        for (uint32_t route = 0; route < shares[worker].route_count; route++)
            if (share_reads(&shares[worker], route, worker))
                excess += ahead_of(&shares[worker], partitions, brokers, route).excess;
    if (brokers > 0 && excess > 0)
        log_say(LOG_LEVEL_INFO, NULL, 0,
                "%u brokers may send batches of a mebibyte at once: of these the process may hold %zu MiB beyond "
                "limits.memory, unless bootstrap-servers names as many, so that they are counted",
                brokers, (excess + MIB - 1) / MIB);
}
