/* Header says which names a route may give its own headers. It sets none. */
#ifndef SLUSS_SHAPE_HEADER_H
#define SLUSS_SHAPE_HEADER_H

#include "base/error.h"
#include "base/span.h"

/* False with a sentence and the cure for what is no header name, belongs to the connection (Host, Content-Length ...),
 * to the platform (Authorization) or to Sluss (CONTRACT 5). */
bool header_allowed(struct span name, struct error *error);

#endif
