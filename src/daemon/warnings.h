/* What the log has said of the configuration already: a warning that stands there still is not repeated at each reload.
 * It judges nothing. */
#ifndef SLUSS_DAEMON_WARNINGS_H
#define SLUSS_DAEMON_WARNINGS_H

#include "settings/problems.h"

/* Start with `struct warnings warnings = {0};`. */
struct warnings {
    uint64_t *said; /* of each its hash */
    size_t count, capacity;
};

void warnings_finish(struct warnings *warnings);

/* The problems without the warnings that were said before, in `news`, whose list is to be freed; they are said now.
 * Returns how many were left out. Where memory is short the list is NULL and none is left out: all are to be said. */
size_t warnings_news(struct warnings *warnings, const struct problems *problems, struct problems *news);

/* A configuration was taken: what it has is all there is; a warning that is gone and comes back is news. */
void warnings_keep(struct warnings *warnings, const struct problems *problems);

#endif
