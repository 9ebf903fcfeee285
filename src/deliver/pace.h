/* Pace is how much a platform may be asked: requests in flight, first attempts before repeated ones, requests in a
 * time. It queues nothing and keeps no timer. */
#ifndef SLUSS_DELIVER_PACE_H
#define SLUSS_DELIVER_PACE_H

#include "deliver/platform.h"

struct pace {
    uint32_t most;       /* max-in-flight */
    uint32_t in_flight;  /* also requests that were aborted and not answered yet */
    uint32_t again;      /* of them, attempts after an event's first */
    uint32_t most_again; /* so many of those while first attempts wait: the retry budget, at least 1 */
    uint64_t rate;       /* thousandths of a request a second, which is millionths a millisecond; 0 no limit */
    int64_t level;       /* the bucket: millionths of a request that may be sent at once */
    int64_t most_level;  /* a tenth of a second's, at least one request */
    int64_t level_ms;    /* when it was that full */
};

/* With a full bucket. */
void pace_init(struct pace *pace, const struct platform_spec *spec, int64_t now_ms);

/* Whether one more request may be in flight; `again`: it repeats one, and first attempts are waiting. */
bool pace_has_room(const struct pace *pace, bool again);

/* When the rate lets the next request go: `now_ms`, or later. */
int64_t pace_ready_ms(struct pace *pace, int64_t now_ms);

/* A request goes out: there is room for it and the rate lets it go. `again`: it is not its event's first. */
void pace_take(struct pace *pace, bool again, int64_t now_ms);

/* It was answered. What the rate counted stays counted. */
void pace_give_back(struct pace *pace, bool again);

#endif
