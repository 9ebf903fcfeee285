/* A trial takes one event through the stages of one route, in flow's order, and prints each of them. Nothing is sent,
 * retried or settled. */
#ifndef SLUSS_CTL_TRIAL_H
#define SLUSS_CTL_TRIAL_H

#include "event/event.h"
#include "settings/settings.h"

struct trial_spec {
    const struct settings *settings;
    const struct route *route;
    struct span key; /* SPAN_NONE: none */
    struct span value;
    const struct header *headers;
    size_t header_count;
    int reply_status; /* 0: no answer is played */
    struct span reply_body;
};

/* Gives the exit status: 0 it would be delivered, 1 it would not. Something of
 * ours that failed is said in `error`. */
int trial_run(const struct trial_spec *spec, struct error *error);

#endif
