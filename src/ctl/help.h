/* Help teaches what slussctl can do, from the same rows that the command line is read by. It is not the manual. */
#ifndef SLUSS_CTL_HELP_H
#define SLUSS_CTL_HELP_H

#include "ctl/call.h"

#include <stdio.h>

/* All verbs, a line each. */
void help_all(FILE *out, const struct verb *const verbs[], const struct option *common);

/* One verb with its options and its lesson. */
void help_verb(FILE *out, const struct verb *verb, const struct option *common);

#endif
