/* The metaschemas of the standard, embedded at build time. They are texts: the registry reads one when it is first
 * referenced. */
#ifndef SLUSS_SCHEMA_METASCHEMA_H
#define SLUSS_SCHEMA_METASCHEMA_H

#include "base/span.h"

struct metaschema {
    struct span uri; /* without fragment */
    struct span text;
};

extern const struct metaschema metaschema_table[];
extern const size_t metaschema_count;

#endif
