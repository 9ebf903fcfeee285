/* A scrape turns the counters of all workers into the metrics of CONTRACT 7. It counts nothing. */
#ifndef SLUSS_DAEMON_SCRAPE_H
#define SLUSS_DAEMON_SCRAPE_H

#include "base/buf.h"
#include "daemon/snapshot.h"

/* What no worker counts. */
struct scrape_process {
    const char *version, *librdkafka, *curl, *jansson; /* for sluss_build_info */
    uint32_t platform_count;                           /* the first so many of the plan's are in use */
    bool kafka_answers, reload_ok;
};

/* `plan` gives the names to `sum`: also of routes and platforms that are no more. */
void scrape_write(struct buf *out, const struct plan *plan, const struct snapshot *sum,
                  const struct scrape_process *process, int64_t now_ms, int64_t wall_ms);

#endif
