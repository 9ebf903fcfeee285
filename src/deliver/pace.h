/* Pace is how much a platform may be asked at once: requests in flight. It queues nothing. */
#ifndef SLUSS_DELIVER_PACE_H
#define SLUSS_DELIVER_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
    uint32_t most;      /* max-in-flight */
    uint32_t in_flight; /* also requests that were aborted and not answered yet */
};

static inline bool pace_has_room(const struct pace *pace) {
    return pace->in_flight < pace->most;
}

#endif
