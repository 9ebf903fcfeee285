/* The formats of JSON Schema and our Swedish ones: a table from name to check. It never decides whether a format is
 * asserted; that is the compiler's. */
#ifndef SLUSS_SCHEMA_FORMAT_H
#define SLUSS_SCHEMA_FORMAT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"

enum format_result {
    FORMAT_VALID,
    FORMAT_INVALID,
    FORMAT_ERROR, /* memory was short: the text is neither valid nor invalid */
};

/* The drafts as a bit set. */
enum format_draft {
    FORMAT_DRAFT_4 = 1,
    FORMAT_DRAFT_6 = 2,
    FORMAT_DRAFT_7 = 4,
    FORMAT_DRAFT_2019_09 = 8,
    FORMAT_DRAFT_2020_12 = 16,
    FORMAT_DRAFT_ANY = 31,
};

/* Room for the few checks that need any (idn-*, hostname with xn--, regex); one a thread, made once. */
struct format_scratch {
    struct arena arena; /* emptied by each check that used it */
};
void format_scratch_init(struct format_scratch *scratch);
void format_scratch_finish(struct format_scratch *scratch);

/* One row. Static: never freed, shared by threads. Exactly one of the two functions is set. */
struct format {
    struct span name;
    unsigned drafts; /* enum format_draft: the drafts that define it; ours are in all */
    bool (*holds)(struct span text);
    enum format_result (*check)(struct span text, const struct format *format, struct format_scratch *scratch);
    unsigned kinds;     /* person-id only: enum swedish_kind */
    const char *wanted; /* for complaints, after "must be": "a date as in RFC 3339, such as 2026-11-23" */
};

/* Finds the format that `draft` (one bit of enum format_draft) knows under `name`. True with *format == NULL: not
 * known, to be ignored. False with a sentence: one of our own names is used wrongly ("person-id:abc"). */
bool format_find(struct span name, unsigned draft, const struct format **format, struct error *error);

/* Checks a string, which must be valid UTF-8 and may contain NUL. date, time, date-time, duration, email, hostname
 * without xn--, ipv4, ipv6, uri*, iri*, uri-template, pointers, uuid and the Swedish formats allocate nothing. */
static inline enum format_result format_check(const struct format *format, struct span text,
                                              struct format_scratch *scratch) {
    if (format->holds != NULL)
        return format->holds(text) ? FORMAT_VALID : FORMAT_INVALID;
    return format->check(text, format, scratch);
}

/* The rows in the order of the table, for lists and tests. */
const struct format *format_table(size_t *count);

#endif
