/* The inside of a context: what one thread needs while it runs a program. Only for this folder. */
#ifndef SLUSS_SCHEMA_CONTEXT_H
#define SLUSS_SCHEMA_CONTEXT_H

#include "schema/format.h"
#include "schema/number.h"
#include "schema/regex.h"
#include "schema/schema.h"

struct schema_context {
    const struct json_document *document;
    int64_t steps;     /* left of the budget */
    uint32_t depth;    /* nested calls left */
    const char *fault; /* why the result is SCHEMA_ERROR, or NULL */
    bool is_short;     /* the fault is a shortage of the machine's memory */
    uint64_t *marks;   /* evaluated members or items of the value in hand, where a program keeps track of them */
    uint64_t *top;     /* the first free word of `words` */
    uint64_t *end;
    struct arena scratch; /* dropped after each run */
    struct format_scratch formats;
    struct buf decoded; /* what contentEncoding hides */
    struct regex_context *regex;
    struct schema_limits limits;
    uint64_t words[512];
};

/* Fills the budgets for one run on a document. */
void context_start(struct schema_context *context, const struct json_document *document);

/* Remembers why the run cannot go on (the first cause wins) and stops it. Returns false. */
bool context_fault(struct schema_context *context, const char *fault);

/* The same where the heap gave nothing; and where an arena, or what was written on the way to it, could not be had:
 * the fault is the arena's limit when that was met, else a shortage. */
bool context_shortage(struct schema_context *context);
bool context_arena(struct schema_context *context, const struct arena *arena, const char *fault);

/* Takes steps from the budget. False with a fault when there are none left. */
bool context_spend(struct schema_context *context, uint64_t steps);

/* Whether an instance's string, array (else *one and *two are equal) or number fits; false with a fault when it cannot
 * be said. */
bool context_match(struct schema_context *context, const struct regex *regex, struct span text);
bool context_format(struct schema_context *context, const struct format *format, struct span text);
bool context_unique(struct schema_context *context, const struct json_node *array, uint32_t *one, uint32_t *two);
bool context_multiple(struct schema_context *context, const struct number *number, const struct number *divisor);

#endif
