/* Telling plain JSON from CloudEvents, and reading plain JSON. The envelope is read next door. */
#include "decode/decoder.h"

#include "decode/envelope_private.h"
#include "event/detail.h"

static enum reason reason_of(enum json_fault fault) {
    switch (fault) {
    case JSON_FAULT_DEPTH:
        return REASON_TOO_DEEP;
    case JSON_FAULT_SIZE:
    case JSON_FAULT_MEMBERS:
        return REASON_TOO_LARGE;
    case JSON_FAULT_NONE:
    case JSON_FAULT_SYNTAX:
    case JSON_FAULT_UTF8:
    case JSON_FAULT_DUPLICATE:
    case JSON_FAULT_MEMORY:
        break;
    }
    return REASON_NOT_JSON;
}

struct verdict decode_problem(struct event *event, const struct json_problem *problem) {
    if (problem->fault == JSON_FAULT_MEMORY)
        return VERDICT(VERDICT_RETRY);
    struct detail detail = {0};
    detail_number(&detail, "offset", problem->offset);
    detail_number(&detail, "line", problem->line);
    detail_number(&detail, "column", problem->column);
    detail_text(&detail, "what", span_of(problem->sentence));
    return detail_verdict(&detail, event, VERDICT_DEAD, reason_of(problem->fault));
}

static struct verdict decode_plain(const struct decode_spec *spec, struct event *event, struct message *message) {
    struct json_problem problem;
    message->mode = MESSAGE_PLAIN;
    if (!json_read(&event->arena, event->value, &spec->limits, &message->document, &problem))
        return decode_problem(event, &problem);
    return VERDICT(VERDICT_PASS);
}

static bool is_structured(struct span type) {
    struct span family = SPAN("application/cloudevents");
    return type.size >= family.size && span_equal_nocase((struct span){type.data, family.size}, family);
}

struct verdict decode(const struct decode_spec *spec, struct event *event, struct message *message) {
    *message = (struct message){.mode = MESSAGE_PLAIN};
    if (spec->format == DECODE_JSON)
        return decode_plain(spec, event, message);
    struct span content_type = event_header(event, SPAN("content-type"));
    if (is_structured(content_type))
        return envelope_structured(spec, event, content_type, message);
    if (event_header(event, SPAN("ce_specversion")).data != NULL)
        return envelope_binary(spec, event, message);
    if (spec->format == DECODE_CLOUDEVENTS)
        return detail_dead(event, REASON_ENVELOPE,
                           "is not a CloudEvent: neither a content-type header application/cloudevents+json nor a "
                           "ce_specversion header");
    if (spec->data_needed)
        return detail_dead(event, REASON_ENVELOPE, "is not a CloudEvent, so it has no `data`, which the route uses");
    return decode_plain(spec, event, message);
}
