/* A sample is an event that the sandbox produces, with the fate it is meant to have. It is for the shipped routes. */
#ifndef SLUSS_CTL_SAMPLE_H
#define SLUSS_CTL_SAMPLE_H

#include "base/buf.h"

#include <stdint.h>

enum sample_kind { SAMPLE_GOOD, SAMPLE_NOT_JSON, SAMPLE_NOT_VALID, SAMPLE_TOMBSTONE };

/* What goes wrong with a good one under --break. */
enum sample_break {
    BREAK_NONE,
    BREAK_UNAVAILABLE,  /* 503 once */
    BREAK_REFUSED,      /* 400 always */
    BREAK_RESET,        /* the connection breaks once, after the request was read */
    BREAK_SLOW,         /* an answer after two seconds */
    BREAK_UNKNOWN_CODE, /* a status code that the table does not have */
    BREAK_UNAUTHORISED  /* 401 to everything for two seconds */
};

enum fate { FATE_WAITING, FATE_DELIVERED, FATE_DEAD_LETTERED, FATE_FILTERED, FATE_COUNT };

const char *fate_name(enum fate fate);

struct sample {
    size_t number; /* from 1 */
    enum sample_kind kind;
    enum sample_break broken;
    const char *route;
    const char *topic;
    enum fate fate;     /* expected */
    const char *reason; /* expected of a dead letter, else "" */
};

/* The `number`-th sample: of every 12, 9 are good. */
struct sample sample_make(size_t number, bool breaks);

/* Its record; a tombstone leaves `value` untouched. Ask both for `failed`. */
void sample_write(const struct sample *sample, int64_t wall_ms, struct buf *key, struct buf *value);

/* What it is, in a few words. */
const char *sample_story(const struct sample *sample);

/* The number in an event's id or Idempotency-Key; 0 when it is none of ours. */
size_t sample_number(struct span id);

#endif
