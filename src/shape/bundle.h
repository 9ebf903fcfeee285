/* A bundle is the request of a batch: the texts of several events in one body, under one id. Which events are in it,
 * and when it is sent, is decided elsewhere (flow/batch.h). */
#ifndef SLUSS_SHAPE_BUNDLE_H
#define SLUSS_SHAPE_BUNDLE_H

#include "shape/mapping.h"

/* A share is what mapping_apply makes of an event for a route with a bundle: method, target, the event's text as body,
 * and as headers its id (Idempotency-Key) and then the route's own. */

/* Whether two shares may go in one request: same target, same values of the route's own headers. */
bool bundle_alike(const struct request *one, const struct request *other);

/* What a text adds to the body's size; SPAN_NONE: what the body has without any. */
size_t bundle_size(enum bundle_format format, struct span text);

/* Fills the request from `count` shares, at least one, in this order. Platform, place and offset are the first's; the
 * others are its rest. The body holds the texts byte for byte (ndjson: a line break between the parts of a text, which
 * means nothing in JSON, becomes a space). Its id is the SHA-256 of the shares' ids, each ended by a line feed, in hex:
 * the same events in the same order have the same id. Everything lives in the arena; false when memory is short. */
bool bundle_make(const struct mapping_spec *spec, const struct request *const *shares, size_t count,
                 struct arena *arena, struct request *request);

#endif
