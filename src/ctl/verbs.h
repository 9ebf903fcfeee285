/* The verbs of slussctl, one row each; a file per family holds what it does. */
#ifndef SLUSS_CTL_VERBS_H
#define SLUSS_CTL_VERBS_H

#include "ctl/call.h"

extern const struct verb verb_sandbox;
extern const struct verb verb_query;
extern const struct verb verb_check;
extern const struct verb verb_try;
extern const struct verb verb_validate;
extern const struct verb verb_status;
extern const struct verb verb_why;
extern const struct verb verb_release;
extern const struct verb verb_reload;

#endif
