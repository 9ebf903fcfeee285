/* A tail reads what is in some topics from their beginning, without a group. It commits nothing and disturbs nobody. */
#ifndef SLUSS_KAFKA_TAIL_H
#define SLUSS_KAFKA_TAIL_H

#include "base/error.h"
#include "base/span.h"

#include <stdint.h>

struct tail;

/* Reads partitions 0 ... `partitions`-1 of each topic; `topics` ends with NULL. NULL with a sentence. */
struct tail *tail_create(const char *servers, const char *const topics[], int partitions, struct error *error);

struct tail_record {
    const char *topic;
    int32_t partition;
    int64_t offset;
    struct span key;
    struct span value;
};

/* The next record, or false when there is none now; never waits. Its spans live until the next call. */
bool tail_next(struct tail *tail, struct tail_record *record);

/* The last header of that name of the record given out last, or SPAN_NONE. */
struct span tail_header(const struct tail *tail, const char *name);

void tail_destroy(struct tail *tail);

#endif
