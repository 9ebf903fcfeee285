/* The words of reasons and stages. No sentences: those belong to who judged. */
#include "event/verdict.h"

const char *reason_name(enum reason reason) {
    static const char *const names[REASON_COUNT] = {
        [REASON_NONE] = "none",
        [REASON_NOT_JSON] = "not-json",
        [REASON_TOO_DEEP] = "too-deep",
        [REASON_TOO_LARGE] = "too-large",
        [REASON_ENVELOPE] = "envelope",
        [REASON_SCHEMA] = "schema",
        [REASON_SCHEMA_ERROR] = "schema-error",
        [REASON_LOOKUP_ABSENT] = "lookup-absent",
        [REASON_ENRICH] = "enrich",
        [REASON_TEMPLATE] = "template",
        [REASON_TOMBSTONE] = "tombstone",
        [REASON_REFUSED] = "refused",
        [REASON_GAVE_UP] = "gave-up",
        [REASON_AMBIGUOUS] = "ambiguous",
        [REASON_FOLLOWED] = "followed",
    };
    return reason < REASON_COUNT ? names[reason] : "none";
}

const char *stage_name(enum stage stage) {
    static const char *const names[STAGE_COUNT] = {"decode", "validate", "enrich", "shape", "deliver", "settle"};
    return stage < STAGE_COUNT ? names[stage] : "none";
}
