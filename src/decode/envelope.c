/* Reading CloudEvents in both modes of Kafka. Attributes are checked where the standard requires them; no profile is.
 */
#include "decode/envelope_private.h"

#include "base/text.h"
#include "event/detail.h"
#include "json/splice.h"

enum { DEFAULT_SIZE = 1 << 20 }; /* as json_read's */

static struct verdict refuse(struct event *event, const char *attribute, const char *what) {
    struct detail detail = {0};
    detail_text(&detail, "attribute", span_of(attribute));
    detail_text(&detail, "what", span_of(what));
    return detail_verdict(&detail, event, VERDICT_DEAD, REASON_ENVELOPE);
}

static const char *attribute_fault(const struct json_node *value) {
    if (value == NULL || json_node_type(value) == NODE_NULL)
        return "is required";
    if (json_node_type(value) != NODE_STRING || value->size == 2) /* its quotes */
        return "must be a text that is not empty";
    return NULL;
}

/* Core specification, section "Required Attributes". */
static struct verdict check_attributes(struct event *event, const struct json_document *document) {
    const struct json_node *root = document->node, *version = json_member(document, root, SPAN("specversion"));
    const char *fault = attribute_fault(version);
    if (fault == NULL && !span_equal(json_text(document, version), SPAN("1.0")))
        fault = "must be \"1.0\", the only version Sluss reads";
    if (fault != NULL)
        return refuse(event, "specversion", fault);
    if ((fault = attribute_fault(json_member(document, root, SPAN("id")))) != NULL)
        return refuse(event, "id", fault);
    if ((fault = attribute_fault(json_member(document, root, SPAN("source")))) != NULL)
        return refuse(event, "source", fault);
    if ((fault = attribute_fault(json_member(document, root, SPAN("type")))) != NULL)
        return refuse(event, "type", fault);
    return VERDICT(VERDICT_PASS);
}

/* "application/cloudevents+json", with or without parameters. */
static bool is_event_format_json(struct span type) {
    struct span json = SPAN("application/cloudevents+json");
    if (type.size < json.size || !span_equal_nocase((struct span){type.data, json.size}, json))
        return false;
    struct span rest = span_trim(span_from(type, json.size));
    return rest.size == 0 || rest.data[0] == ';';
}

struct verdict envelope_structured(const struct decode_spec *spec, struct event *event, struct span content_type,
                                   struct message *message) {
    struct json_problem problem;
    message->mode = MESSAGE_STRUCTURED;
    if (!is_event_format_json(content_type))
        return detail_dead(event, REASON_ENVELOPE,
                           "its content-type is another event format than application/cloudevents+json");
    if (!json_read(&event->arena, event->value, &spec->limits, &message->document, &problem))
        return decode_problem(event, &problem);
    if (json_node_type(message->document.node) != NODE_OBJECT)
        return detail_dead(event, REASON_ENVELOPE, "a structured CloudEvent must be an object");
    bool data = json_member(&message->document, message->document.node, SPAN("data")) != NULL;
    if (data && json_member(&message->document, message->document.node, SPAN("data_base64")) != NULL)
        return refuse(event, "data_base64", "is there beside data; only one of them may be");
    return check_attributes(event, &message->document);
}

/* The name behind "ce_": small letters and digits (so it can become an HTTP header), and not one that means something
 * else here. NULL when it is right. */
static const char *name_fault(struct span name) {
    if (name.size == 0 || name.size > 64)
        return "a ce_ header's name must have 1 to 64 characters";
    for (size_t i = 0; i < name.size; i++)
        if (!((name.data[i] >= 'a' && name.data[i] <= 'z') || (name.data[i] >= '0' && name.data[i] <= '9')))
            return "a ce_ header's name must be made of a-z and 0-9";
    if (span_equal(name, SPAN("data")) || span_equal(name, SPAN("datacontenttype")))
        return "ce_data and ce_datacontenttype are not attributes: the value is the data, content-type its type";
    return NULL;
}

/* Adds the attributes as members of an object that stays open. NULL when they are right. */
static const char *write_attributes(const struct event *event, struct buf *out) {
    buf_add_byte(out, '{');
    for (size_t i = 0; i < event->header_count; i++) {
        const struct header *header = &event->headers[i];
        if (!span_starts_with(header->name, SPAN("ce_")) || header->value.data == NULL)
            continue;
        struct span name = span_from(header->name, 3);
        const char *fault = name_fault(name);
        if (fault == NULL && !text_is_utf8(header->value))
            fault = "a ce_ header's value must be UTF-8";
        if (fault != NULL)
            return fault;
        json_write_string(out, name);
        buf_add_byte(out, ':');
        json_write_string(out, header->value);
        buf_add_byte(out, ',');
    }
    return NULL;
}

/* Adds the data and closes the object. JSON stands exactly as it came; what is not JSON stands as base64; an empty
 * value that says nothing of its type is no data. */
static void write_data(struct span value, struct message *message, struct buf *out) {
    struct span type = message->content_type;
    bool absent = value.size == 0 && type.data == NULL;
    if (type.data != NULL) {
        buf_add_text(out, "\"datacontenttype\":");
        json_write_string(out, type);
        buf_add_byte(out, ',');
    }
    if (!absent && (type.data == NULL || message_type_is_json(type))) {
        buf_add_text(out, "\"data\":");
        message->data_start = out->size;
        buf_add(out, value);
    } else if (!absent) {
        buf_add_text(out, "\"data_base64\":\"");
        text_write_base64(out, value);
        buf_add_byte(out, '"');
    } else if (out->size > 1)
        out->size--;
    buf_add_byte(out, '}');
}

/* Is the value one JSON value, and so the last member? `1,"id":"x"` would put members of its own behind `data`. */
static bool data_is_whole(const struct message *message) {
    const struct json_document *document = &message->document;
    if (message->data_start == 0)
        return true;
    const struct json_node *data = json_member(document, document->node, SPAN("data"));
    return data != NULL && data->start >= message->data_start && data->after == document->count;
}

/* Reads the object that was written. A fault in the data is reported by its place in the value, as the sender knows it.
 */
static struct verdict read_written(const struct decode_spec *spec, struct event *event, struct message *message,
                                   struct span text) {
    struct json_limits limits = spec->limits;
    struct json_problem problem = {0};
    struct json_document value;
    limits.size = text.size;
    limits.depth += limits.depth != 0;
    if (json_read(&event->arena, text, &limits, &message->document, &problem) && data_is_whole(message))
        return check_attributes(event, &message->document);
    struct json_problem own = problem;
    if (message->data_start != 0 && !json_read(&event->arena, event->value, &spec->limits, &value, &own))
        return decode_problem(event, &own);
    if (problem.fault == JSON_FAULT_DUPLICATE)
        return detail_dead(event, REASON_ENVELOPE, "the same ce_ header is there twice");
    return decode_problem(event, &problem);
}

struct verdict envelope_binary(const struct decode_spec *spec, struct event *event, struct message *message) {
    if (event->value.size > (spec->limits.size != 0 ? spec->limits.size : DEFAULT_SIZE))
        return detail_dead(event, REASON_TOO_LARGE, "the value has more bytes than limits.event allows");
    message->mode = MESSAGE_BINARY;
    message->content_type = event_header(event, SPAN("content-type"));
    if (message->content_type.data != NULL && !text_is_utf8(message->content_type))
        return detail_dead(event, REASON_ENVELOPE, "its content-type must be UTF-8");
    struct buf out = {0};
    const char *fault = write_attributes(event, &out);
    if (fault == NULL)
        write_data(event->value, message, &out);
    struct span text = out.failed || fault != NULL ? SPAN_NONE : arena_copy(&event->arena, buf_span(&out));
    buf_finish(&out);
    if (fault != NULL)
        return detail_dead(event, REASON_ENVELOPE, fault);
    return text.data == NULL ? VERDICT(VERDICT_RETRY) : read_written(spec, event, message, text);
}
