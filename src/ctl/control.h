/* Control asks a running slussd over its control socket. It interprets nothing. */
#ifndef SLUSS_CTL_CONTROL_H
#define SLUSS_CTL_CONTROL_H

#include "base/buf.h"
#include "base/error.h"

/* Instead of a status of HTTP where there was no answer. */
enum { CONTROL_NOBODY = 0, CONTROL_SILENT = -1 /* somebody listens, and the time is over */ };

/* GET `path` ("/metrics") over the Unix socket; waits five seconds at most. False with a sentence when there was no
 * answer, or none of slussd's. */
bool control_get(const char *socket, const char *path, int *status, struct buf *body, struct error *error);

/* POST, likewise; waits a minute at most: a configuration with large tables takes its time. */
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
