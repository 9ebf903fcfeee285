/* A Unicode property as \p{...} names it (ECMA-262 tables "Non-binary", "Binary", "General_Category"). Which code
 * points have it libunistring says, or PCRE2 where libunistring does not know it. */
#ifndef SLUSS_SCHEMA_REGEX_PROPERTY_H
#define SLUSS_SCHEMA_REGEX_PROPERTY_H

#include "schema/regex_set.h"

struct regex_property {
    struct regex_property *next; /* the pattern's other properties: equal ones are one object */
    struct regex_set points;     /* filled when first asked for */
    bool filled;
    char text[48]; /* what PCRE2 calls it between the braces */
    bool negated;  /* \P */
    enum regex_property_source {
        REGEX_PROPERTY_CATEGORY,
        REGEX_PROPERTY_BINARY,
        REGEX_PROPERTY_SCRIPT,
        REGEX_PROPERTY_ASCII,
        REGEX_PROPERTY_ANY,
        REGEX_PROPERTY_ASSIGNED,
        REGEX_PROPERTY_PCRE2_ONLY
    } source;
    uint32_t mask;                /* CATEGORY */
    bool (*test)(uint32_t point); /* BINARY: libunistring's */
    const void *script;           /* SCRIPT: libunistring's */
};

/* Reads what stands between the braces. False when ECMA-262 has no such property. */
bool regex_property_read(struct span text, bool negated, struct regex_property *property);

/* Adds its code points; false when memory is short. Not for PCRE2_ONLY. */
bool regex_property_add(struct regex_property *property, struct regex_set *set, struct arena *arena);

#endif
