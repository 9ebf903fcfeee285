/* A verdict is what a stage says of an event, with the reason that travels along. It is not the event's fate: flow
 * decides that. */
#ifndef SLUSS_EVENT_VERDICT_H
#define SLUSS_EVENT_VERDICT_H

#include "base/span.h"

enum verdict_kind {
    VERDICT_PASS,  /* on to the next stage */
    VERDICT_WAIT,  /* a lookup is under way: the stage is called again with its answer */
    VERDICT_RETRY, /* the same again later (memory was short) */
    VERDICT_SKIP,  /* settled by a written rule: enrich's absent = "skip-event" */
    VERDICT_DEAD   /* to the dead letters */
};

/* The stable words of `sluss-reason`. */
enum reason {
    REASON_NONE,
    REASON_NOT_JSON,      /* not-json: also bad UTF-8 and duplicate keys */
    REASON_TOO_DEEP,      /* too-deep */
    REASON_TOO_LARGE,     /* too-large */
    REASON_ENVELOPE,      /* envelope: not the CloudEvent that it says it is */
    REASON_SCHEMA,        /* schema: does not satisfy it */
    REASON_SCHEMA_ERROR,  /* schema-error: the validator met a limit */
    REASON_LOOKUP_ABSENT, /* lookup-absent */
    REASON_ENRICH,        /* enrich: `into` has no parent object */
    REASON_TEMPLATE,      /* template: a value that path, header or body needs is missing or of no usable kind */
    REASON_TOMBSTONE,     /* tombstone */
    REASON_REFUSED,       /* refused: the platform refused it `refusals` times */
    REASON_GAVE_UP,       /* gave-up: its patience `retry.for` ended */
    REASON_AMBIGUOUS,     /* ambiguous: sent, no answer, and ambiguous = "dead-letter" */
    REASON_FOLLOWED,      /* followed: an earlier event of its key was dead-lettered */
    REASON_COUNT
};

const char *reason_name(enum reason reason);

enum stage { STAGE_DECODE, STAGE_VALIDATE, STAGE_ENRICH, STAGE_SHAPE, STAGE_DELIVER, STAGE_SETTLE, STAGE_COUNT };

const char *stage_name(enum stage stage);

struct verdict {
    enum verdict_kind kind;
    enum reason reason; /* for SKIP and DEAD */
    struct span
        detail; /* one line of compact ASCII JSON in the event's arena, for `sluss-detail`; never event values */
};

#define VERDICT(the_kind) ((struct verdict){.kind = (the_kind)})

#endif
