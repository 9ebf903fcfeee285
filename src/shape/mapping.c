/* Making requests out of messages. Knows no secret and no platform but by its index. */
#include "shape/mapping.h"

#include "base/text.h"
#include "event/detail.h"
#include "event/identity.h"

enum { FIXED_HEADERS = 6 };

/* The state of one mapping. Where it fails, `failed` says how. */
struct making {
    const struct mapping_spec *spec;
    struct event *event;
    const struct message *message;
    struct request *request;
    struct buf buf;
    struct verdict failed;
};

static bool refuse(struct making *making, const char *place, struct span name, struct template_fault fault) {
    struct detail detail = {0};
    detail_text(&detail, "place", span_of(place));
    if (name.data != NULL)
        detail_text(&detail, "name", name);
    if (fault.query.data != NULL)
        detail_text(&detail, "query", fault.query);
    detail_text(&detail, "what", span_of(fault.what));
    making->failed = detail_verdict(&detail, making->event, VERDICT_DEAD, REASON_TEMPLATE);
    return false;
}

static bool no_memory(struct making *making) {
    making->failed = VERDICT(VERDICT_RETRY);
    return false;
}

/* Moves what the buf holds into the arena. */
static bool keep(struct making *making, struct span *text) {
    *text = making->buf.failed ? SPAN_NONE : arena_copy(&making->event->arena, buf_span(&making->buf));
    buf_clear(&making->buf);
    return text->data != NULL || no_memory(making);
}

static bool fill(struct making *making, const struct template *template, const char *place, struct span name,
                 struct span *text) {
    struct template_fault fault;
    struct span literal = template_literal(template);
    if (literal.data != NULL) {
        *text = arena_copy(&making->event->arena, literal);
        return text->data != NULL || no_memory(making);
    }
    switch (template_fill(template, &making->message->document, &making->buf, &fault)) {
    case TEMPLATE_FILLED:
        return keep(making, text);
    case TEMPLATE_MISSING:
        return refuse(making, place, name, fault);
    case TEMPLATE_MEMORY:
        break;
    }
    return no_memory(making);
}

/* What may stand in a header's value on the wire: anything but control bytes. */
static bool is_header_value(struct span value) {
    for (size_t i = 0; i < value.size; i++)
        if ((unsigned char)value.data[i] < 0x20 || value.data[i] == 0x7f)
            return false;
    return true;
}

static bool make_event_id(struct making *making, struct span *id) {
    if (!fill(making, making->spec->event_id, "event-id", SPAN_NONE, id))
        return false;
    if (id->size == 0)
        return refuse(making, "event-id", SPAN_NONE, (struct template_fault){.what = "is empty"});
    if (!is_header_value(*id))
        return refuse(making, "event-id", SPAN_NONE, (struct template_fault){.what = "contains a control character"});
    return true;
}

/* The text of a string member of `$`, or SPAN_NONE. */
static struct span attribute(const struct message *message, struct span name) {
    const struct json_node *node = json_member(&message->document, message->document.node, name);
    return node != NULL && json_node_type(node) == NODE_STRING ? json_text(&message->document, node) : SPAN_NONE;
}

/* A record's header carries the last hop's trace, the CloudEvents extension the trace's beginning. */
static struct span received_trace(const struct event *event, const struct message *message) {
    struct span received = event_header(event, SPAN("traceparent"));
    if (received.data == NULL && message->mode != MESSAGE_PLAIN)
        received = attribute(message, SPAN("traceparent"));
    return received;
}

/* `data` of a structured CloudEvent (JSON event format, section 3.1): base64 is decoded, and a text that its type does
 * not call JSON stands as a JSON string. */
static bool structured_data(struct making *making) {
    const struct json_document *document = &making->message->document;
    struct request *request = making->request;
    const struct json_node *data = json_member(document, document->node, SPAN("data"));
    struct span type = attribute(making->message, SPAN("datacontenttype"));
    if (data != NULL) {
        bool is_text = json_node_type(data) == NODE_STRING && type.data != NULL && !message_type_is_json(type);
        request->body = is_text ? json_text(document, data) : json_source(document, data);
        return true;
    }
    struct span base64 = attribute(making->message, SPAN("data_base64"));
    if (base64.data == NULL)
        return refuse(making, "body", SPAN("data"), (struct template_fault){.what = "is absent"});
    if (text_read_base64(&making->buf, base64))
        return keep(making, &request->body);
    if (making->buf.failed)
        return no_memory(making);
    return refuse(making, "body", SPAN("data_base64"), (struct template_fault){.what = "is not base64"});
}

/* The event's JSON text in the body of a batch. A binary CloudEvent's attributes are not part of its data: only a batch
 * of CloudEvents contains it whole. */
static bool bundle_text(struct making *making) {
    const struct message *message = making->message;
    const struct json_document *document = &message->document;
    struct span *body = &making->request->body;
    bool cloudevents = making->spec->bundle == BUNDLE_CLOUDEVENTS;
    *body = document->source;
    if (cloudevents && message->mode == MESSAGE_PLAIN)
        return refuse(making, "body", SPAN_NONE, (struct template_fault){.what = "is not a CloudEvent"});
    if (cloudevents || (message->mode != MESSAGE_BINARY && making->spec->body == BODY_EVENT))
        return true;
    if (message->mode == MESSAGE_BINARY) {
        *body = message->data_start == 0
                    ? SPAN_NONE
                    : span_make(body->data + message->data_start, body->size - message->data_start - 1);
    } else {
        const struct json_node *data = json_member(document, document->node, SPAN("data"));
        *body = data == NULL ? SPAN_NONE : json_source(document, data);
    }
    return body->data != NULL || refuse(making, "body", SPAN("data"),
                                        (struct template_fault){.what = "is not JSON, which a batch is made of"});
}

static bool make_body(struct making *making) {
    const struct message *message = making->message;
    struct request *request = making->request;
    request->body = SPAN_NONE;
    if (making->spec->bundle != BUNDLE_NONE)
        return bundle_text(making);
    if (making->spec->body == BODY_NONE)
        return true;
    if (message->mode == MESSAGE_BINARY) {
        struct span source = message->document.source;
        request->body = making->event->value;
        if (message->data_start != 0)
            request->body = (struct span){source.data + message->data_start, source.size - message->data_start - 1};
        return true;
    }
    if (making->spec->body == BODY_DATA)
        return structured_data(making);
    request->body = message->document.source;
    return true;
}

static struct span default_content_type(const struct making *making) {
    const struct message *message = making->message;
    if (message->mode == MESSAGE_STRUCTURED && making->spec->body == BODY_EVENT)
        return SPAN("application/cloudevents+json");
    struct span type = message->content_type;
    if (message->mode == MESSAGE_STRUCTURED)
        type = attribute(message, SPAN("datacontenttype"));
    return type.data != NULL ? type : SPAN("application/json");
}

static void add_header(struct making *making, struct span name, struct span value) {
    making->request->headers[making->request->header_count++] = (struct header){.name = name, .value = value};
}

static bool is_attribute(const struct header *header) {
    return span_starts_with(header->name, SPAN("ce_")) && header->value.data != NULL;
}

/* CloudEvents HTTP binding, section 3.1.3.2: printable ASCII stands as it is, but for space, `"` and `%`. */
static bool add_attribute(struct making *making, const struct header *header) {
    struct span name, value;
    buf_add_text(&making->buf, "ce-");
    buf_add(&making->buf, span_from(header->name, 3));
    if (!keep(making, &name))
        return false;
    for (size_t i = 0; i < header->value.size; i++) {
        char byte = header->value.data[i];
        if (byte > 0x20 && byte < 0x7f && byte != '"' && byte != '%')
            buf_add_byte(&making->buf, byte);
        else
            buf_printf(&making->buf, "%%%02X", (unsigned)(unsigned char)byte);
    }
    if (!keep(making, &value))
        return false;
    add_header(making, name, value);
    return true;
}

/* The headers of CONTRACT 5 that every request has. */
static bool add_names(struct making *making) {
    const struct event *event = making->event;
    struct arena *arena = &making->event->arena;
    struct span topic = making->spec->topics[event->place.topic];
    struct span place = identity_default(arena, topic, event->place.partition, event->offset);
    struct span id = place;
    struct identity identity;
    if (place.data == NULL)
        return no_memory(making);
    if (making->spec->event_id != NULL && !make_event_id(making, &id))
        return false;
    if (!identity_derive(arena, id, received_trace(event, making->message), &identity))
        return no_memory(making);
    add_header(making, SPAN("Idempotency-Key"), id);
    add_header(making, SPAN("webhook-id"), identity.webhook_id);
    add_header(making, SPAN("traceparent"), identity.traceparent);
    add_header(making, SPAN("Sluss-Route"), making->spec->route);
    add_header(making, SPAN("Sluss-Event"), place);
    return true;
}

/* The headers that the event gives its request besides those of CONTRACT 5. */
static bool add_own(struct making *making) {
    const struct mapping_spec *spec = making->spec;
    for (size_t i = 0; i < spec->header_count; i++) {
        struct span value;
        if (!fill(making, spec->headers[i].value, "header", spec->headers[i].name, &value))
            return false;
        add_header(making, spec->headers[i].name, value);
    }
    return true;
}

/* A share's headers: its id, then the route's own. */
static bool make_share(struct making *making) {
    const struct event *event = making->event;
    struct arena *arena = &making->event->arena;
    struct span id;
    making->request->header_count = 0;
    making->request->headers = arena_take(arena, (1 + making->spec->header_count) * sizeof(struct header));
    if (making->request->headers == NULL)
        return no_memory(making);
    if (making->spec->event_id != NULL && !make_event_id(making, &id))
        return false;
    if (making->spec->event_id == NULL)
        id = identity_default(arena, making->spec->topics[event->place.topic], event->place.partition, event->offset);
    if (id.data == NULL)
        return no_memory(making);
    add_header(making, SPAN("Idempotency-Key"), id);
    return add_own(making);
}

static bool make_headers(struct making *making) {
    const struct mapping_spec *spec = making->spec;
    const struct event *event = making->event;
    bool binary = making->message->mode == MESSAGE_BINARY && spec->body == BODY_EVENT;
    size_t most = FIXED_HEADERS + spec->header_count;
    for (size_t i = 0; binary && i < event->header_count; i++)
        most += is_attribute(&event->headers[i]);
    making->request->header_count = 0;
    making->request->headers = arena_take_zero(&making->event->arena, most, sizeof(struct header));
    if (making->request->headers == NULL)
        return no_memory(making);
    if (spec->body != BODY_NONE) {
        struct span type = spec->content_type.data != NULL ? spec->content_type : default_content_type(making);
        if (!is_header_value(type))
            return refuse(making, "content-type", SPAN_NONE,
                          (struct template_fault){.what = "contains a control character"});
        add_header(making, SPAN("Content-Type"), type);
    }
    if (!add_names(making))
        return false;
    for (size_t i = 0; binary && i < event->header_count; i++)
        if (is_attribute(&event->headers[i]) && !add_attribute(making, &event->headers[i]))
            return false;
    return add_own(making);
}

struct verdict mapping_apply(const struct mapping_spec *spec, struct event *event, const struct message *message,
                             struct request *request) {
    struct making making = {.spec = spec, .event = event, .message = message, .request = request};
    request->method = spec->method;
    bool made = fill(&making, spec->target, "path", SPAN_NONE, &request->target) && make_body(&making) &&
                (spec->bundle != BUNDLE_NONE ? make_share(&making) : make_headers(&making));
    buf_finish(&making.buf);
    return made ? VERDICT(VERDICT_PASS) : making.failed;
}
