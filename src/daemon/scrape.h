/* A scrape turns the counters of all workers into the metrics of CONTRACT 7. It counts nothing. */
#ifndef SLUSS_DAEMON_SCRAPE_H
#define SLUSS_DAEMON_SCRAPE_H

#include "base/buf.h"
#include "daemon/snapshot.h"

/* Versions of libraries, for sluss_build_info. */
struct scrape_build {
    const char *version, *librdkafka, *curl, *jansson;
};

void scrape_write(struct buf *out, const struct plan *plan, const struct snapshot *sum,
                  const struct scrape_build *build, int64_t now_ms, int64_t wall_ms);

#endif
