/* Control asks a running slussd over its control socket. It interprets nothing. */
#ifndef SLUSS_CTL_CONTROL_H
#define SLUSS_CTL_CONTROL_H

#include "base/buf.h"
#include "base/error.h"

/* GET `path` ("/metrics") over the Unix socket; waits two seconds at most. False with a sentence when nobody
 * answered. */
bool control_get(const char *socket, const char *path, int *status, struct buf *body, struct error *error);

/* The value of a sample in the Prometheus text format: `name`, whose labels include both given (NULL: not asked), as
 * text such as `route="bygglov"`. -1 when it is not there. */
double control_metric(struct span text, const char *name, const char *label, const char *other);

#endif
