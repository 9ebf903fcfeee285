/* Judging a message by a compiled schema, and saying why it failed. Compiles nothing. */
#include "validate/gate.h"

#include "event/detail.h"
#include "schema/schema.h"

/* A dead letter's header stays small: a limit of complaints, and none is added once the detail has this many bytes. */
enum { MOST_COMPLAINTS = 8, ENOUGH_BYTES = 3 << 10 };

struct schema_context *gate_context_create(void) {
    return schema_context_create(NULL);
}

void gate_context_destroy(struct schema_context *context) {
    schema_context_destroy(context);
}

/* A limit of the validator ends the event; a shortage of memory says nothing of it. */
static struct verdict refuse_limit(const struct gate_spec *spec, const struct schema_context *context,
                                   struct event *event) {
    const char *fault = schema_context_fault(context);
    struct detail detail = {0};
    if (schema_context_is_short(context))
        return VERDICT(VERDICT_RETRY);
    detail_text(&detail, "schema", spec->name);
    detail_text(&detail, "what", span_of(fault != NULL ? fault : "a limit of the validator was met"));
    return detail_verdict(&detail, event, VERDICT_DEAD, REASON_SCHEMA_ERROR);
}

static struct verdict refuse_absent(const struct gate_spec *spec, struct event *event) {
    struct detail detail = {0};
    detail_item(&detail);
    detail_text(&detail, "instance", SPAN("/data"));
    detail_text(&detail, "schema", spec->name);
    detail_text(&detail, "what", SPAN("is absent or not JSON, and the schema is applied to it"));
    return detail_verdict(&detail, event, VERDICT_DEAD, REASON_SCHEMA);
}

/* Pointers of complaints begin at the instance; under schema-of = "data" that is /data of the event. */
static void write_complaint(struct detail *detail, const struct gate_spec *spec, const struct schema_complaint *one) {
    char pointer[512];
    struct span instance = one->instance;
    if (spec->of_data) {
        size_t most = sizeof pointer - 5;
        size_t size = instance.size < most ? instance.size : most;
        memcpy(pointer, "/data", 5);
        if (size > 0)
            memcpy(pointer + 5, instance.data, size);
        instance = span_make(pointer, size + 5);
    }
    detail_item(detail);
    detail_text(detail, "instance", instance);
    detail_text(detail, "schema", one->path);
    detail_text(detail, "keyword", one->keyword);
    detail_text(detail, "what", one->sentence);
}

static struct verdict refuse(const struct gate_spec *spec, struct schema_context *context, struct event *event,
                             const struct message *message, const struct json_node *node) {
    struct schema_complaints complaints = {0};
    struct detail detail = {0};
    enum schema_result result = schema_explain(spec->program, context, &message->document, node, SCHEMA_SHOW_NOTHING,
                                               &event->arena, &complaints);
    if (result == SCHEMA_ERROR && schema_context_is_short(context))
        return VERDICT(VERDICT_RETRY);
    if (result == SCHEMA_ERROR) /* explaining takes more than judging: the judgement stands without its reasons */
        complaints.count = 0;
    for (size_t i = 0; i < complaints.count && i < MOST_COMPLAINTS && detail.text.size < ENOUGH_BYTES; i++)
        write_complaint(&detail, spec, &complaints.complaint[i]);
    if (complaints.count == 0) {
        detail_text(&detail, "schema", spec->name);
        detail_text(&detail, "what",
                    result == SCHEMA_ERROR ? SPAN("does not satisfy the schema; to explain it went past a limit")
                                           : SPAN("does not satisfy the schema"));
    }
    return detail_verdict(&detail, event, VERDICT_DEAD, REASON_SCHEMA);
}

struct verdict gate_check(const struct gate_spec *spec, struct schema_context *context, struct event *event,
                          const struct message *message) {
    if (spec->program == NULL)
        return VERDICT(VERDICT_PASS);
    const struct json_node *node = message->document.node;
    if (spec->of_data)
        node = json_member(&message->document, node, SPAN("data"));
    if (node == NULL)
        return refuse_absent(spec, event);
    switch (schema_validate(spec->program, context, &message->document, node)) {
    case SCHEMA_VALID:
        return VERDICT(VERDICT_PASS);
    case SCHEMA_INVALID:
        return refuse(spec, context, event, message, node);
    case SCHEMA_ERROR:
        break;
    }
    return refuse_limit(spec, context, event);
}
