/* Control asks a running slussd over its control socket. It interprets nothing. */
#ifndef SLUSS_CTL_CONTROL_H
#define SLUSS_CTL_CONTROL_H

#include "base/buf.h"
#include "base/error.h"

/* GET `path` ("/metrics") over the Unix socket; waits two seconds at most. False with a sentence when nobody
 * answered. */
bool control_get(const char *socket, const char *path, int *status, struct buf *body, struct error *error);

/* POST, likewise. */
bool control_post(const char *socket, const char *path, int *status, struct buf *body, struct error *error);

/* The socket that the configuration names (as far as it can be read), unless --socket does: into `socket`. */
struct call;
void control_socket(const struct call *call, struct buf *socket);

/* A text as an argument in a path: everything but letters, digits and -._~/ percent-encoded. */
void control_encode(struct buf *out, const char *text);

/* The value of a sample in the Prometheus text format: `name`, whose labels include both given (NULL: not asked), as
 * text such as `route="bygglov"`. -1 when it is not there. */
double control_metric(struct span text, const char *name, const char *label, const char *other);

#endif
