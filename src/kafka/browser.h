/* A browser reads topics from their beginning without joining a group: it commits nothing and takes no partition from
 * anybody. The sandbox looks at its dead letters with it. */
#ifndef SLUSS_KAFKA_BROWSER_H
#define SLUSS_KAFKA_BROWSER_H

#include "base/error.h"
#include "base/span.h"

#include <stdint.h>

struct browser;

/* Reads partitions 0 ... `partitions`-1 of each topic; `topics` ends with NULL. NULL with a sentence. */
struct browser *browser_create(const char *servers, const char *const topics[], int partitions, struct error *error);

struct browser_record {
    const char *topic;
    int32_t partition;
    int64_t offset;
    struct span key;
    struct span value;
};

/* The next record, or false when there is none now; never waits. Its spans live until the next call. */
bool browser_next(struct browser *browser, struct browser_record *record);

/* The last header of that name of the record given out last, or SPAN_NONE. */
struct span browser_header(const struct browser *browser, const char *name);

void browser_destroy(struct browser *browser);

#endif
