/* Metrics writes the Prometheus text format 0.0.4. It counts nothing itself. */
#ifndef SLUSS_OPS_METRICS_H
#define SLUSS_OPS_METRICS_H

#include "base/buf.h"

#include <stdint.h>

/* The lines "# HELP" and "# TYPE" of a family; its samples follow. */
void metrics_family(struct buf *out, const char *name, const char *type, const char *help);

struct metrics_label {
    const char *name;
    struct span value; /* escaped as the format wants */
};

/* One sample. `suffix` is "", "_bucket", "_sum" or "_count". */
void metrics_sample(struct buf *out, const char *name, const char *suffix, const struct metrics_label *label,
                    size_t labels, double value);

/* The version of the jansson library, for sluss_build_info. */
const char *metrics_jansson_version(void);

#endif
