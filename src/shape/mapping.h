/* A mapping makes the request of an event: method, target, headers, body. It sends nothing and adds no credentials. */
#ifndef SLUSS_SHAPE_MAPPING_H
#define SLUSS_SHAPE_MAPPING_H

#include "event/event.h"
#include "event/message.h"
#include "event/request.h"
#include "event/verdict.h"
#include "shape/template.h"

/* How the texts of several events stand in one body. */
enum bundle_format {
    BUNDLE_NONE, /* each event is a request of its own */
    BUNDLE_JSON_ARRAY,
    BUNDLE_NDJSON,     /* one event a line */
    BUNDLE_CLOUDEVENTS /* a JSON array of structured CloudEvents */
};

enum body_kind { BODY_EVENT, BODY_DATA, BODY_NONE };

struct mapping_header {
    struct span name;
    struct template *value;
};

struct mapping_spec {
    uint32_t platform; /* index in the plan */
    struct span method;
    struct template *target;
    struct mapping_header *headers;
    size_t header_count;
    enum body_kind body;
    enum bundle_format bundle;
    struct span content_type;  /* SPAN_NONE: by the message (CONTRACT 3) */
    struct template *event_id; /* NULL: topic/partition/offset */
    struct span route;         /* names for Sluss-Route and Sluss-Event */
    const struct span *topics;
};

/* With a bundle: the event's share of one, see shape/bundle.h. Else fills method, target, headers and body of `request`
 * (id, attempt and the rest are flow's) in the event's arena, with the headers of CONTRACT 5: Idempotency-Key,
 * webhook-id, traceparent, Sluss-Route, Sluss-Event and Content-Type; body "event" of a binary CloudEvent gets ce-*
 * headers. PASS, DEAD (template: names the place that is missing), or RETRY (memory). A header's value may be empty. */
struct verdict mapping_apply(const struct mapping_spec *spec, struct event *event, const struct message *message,
                             struct request *request);

#endif
