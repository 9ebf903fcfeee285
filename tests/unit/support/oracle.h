/* jansson as the oracle of our reader: what both must say of a text, by the written list in json/reader.h. It knows no
 * text of its own. */
#ifndef SLUSS_SUPPORT_ORACLE_H
#define SLUSS_SUPPORT_ORACLE_H

#include "json/reader.h"

/* Why the verdicts on a text may differ. */
enum oracle_difference {
    ORACLE_SAME,  /* both read it and found the same, or both refused it */
    ORACLE_RANGE, /* we read a number that jansson refuses as too big */
    ORACLE_NUL,   /* we read \u0000 and jansson does not, or it overlooks a NUL byte and we do not */
    ORACLE_LIMIT, /* beyond one of our limits */
    ORACLE_WRONG  /* anything else: a bug, `*why` says which */
};

/* Reads the text both ways, and holds our document against jansson's and against its own rules. */
enum oracle_difference oracle_compare(struct span text, const struct json_limits *limits, const char **why);

#endif
