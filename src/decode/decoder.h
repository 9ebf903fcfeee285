/* The decoder turns a record into a message: plain JSON or a CloudEvent. It does not check what the message says. */
#ifndef SLUSS_DECODE_DECODER_H
#define SLUSS_DECODE_DECODER_H

#include "event/event.h"
#include "event/message.h"
#include "event/verdict.h"
#include "json/reader.h"

enum decode_format {
    DECODE_AUTO, /* content-type application/cloudevents* = structured; else a ce_specversion header = binary; else
                    plain */
    DECODE_JSON,
    DECODE_CLOUDEVENTS /* anything else is an event error */
};

struct decode_spec {
    enum decode_format format;
    struct json_limits limits;
    bool data_needed; /* the route uses `data` (schema-of or body): a plain message is an event error under "auto" */
};

/* PASS with `message` filled (in the event's arena), DEAD (not-json, too-deep, too-large, envelope), or RETRY (memory).
 * The event has a value: tombstones are judged before. */
struct verdict decode(const struct decode_spec *spec, struct event *event, struct message *message);

#endif
