/* Identity derives the names an event goes by: for platforms, for traces, for people. It draws nothing: the same event
 * has the same names over every attempt, restart and replay. */
#ifndef SLUSS_EVENT_IDENTITY_H
#define SLUSS_EVENT_IDENTITY_H

#include "event/event.h"

/* "topic/partition/offset": the event-id of a route that sets none. In the arena; data NULL when memory was short. */
struct span identity_default(struct arena *arena, struct span topic, int32_t partition, int64_t offset);

struct identity {
    /* Standard Webhooks' id: the first 27 characters of base64url(SHA-256(event-id)), so no dots and nothing that a
     * user controls. */
    struct span webhook_id;
    /* W3C Trace Context, section 3.2. A valid `traceparent` of the event goes on as it came, for Sluss reports no spans
     * of its own that a new parent-id could name (as version 00 where it is of a later one); else a trace begins whose
     * ids are derived from the event-id, not sampled. */
    struct span traceparent;
};

/* `traceparent` is the event's own (data NULL: none). The texts live in the arena; false when memory was short. */
bool identity_derive(struct arena *arena, struct span event_id, struct span traceparent, struct identity *identity);

#endif
