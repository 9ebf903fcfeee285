/* Reading single values out of a message. Makes no message: decode does. */
#include "event/message.h"

struct span message_text(const struct json_document *document, const struct json_node *node) {
    if (node == NULL)
        return SPAN_NONE;
    switch (json_node_type(node)) {
    case NODE_STRING:
        return json_text(document, node);
    case NODE_NUMBER:
    case NODE_FALSE:
    case NODE_TRUE:
        return json_source(document, node);
    case NODE_NULL:
    case NODE_ARRAY:
    case NODE_OBJECT:
        break;
    }
    return SPAN_NONE;
}

bool message_type_is_json(struct span type) {
    const char *semicolon = memchr(type.data, ';', type.size);
    type = span_trim((struct span){type.data, semicolon == NULL ? type.size : (size_t)(semicolon - type.data)});
    return span_equal_nocase(type, SPAN("application/json")) || span_equal_nocase(type, SPAN("text/json")) ||
           (type.size > 5 && span_equal_nocase(span_from(type, type.size - 5), SPAN("+json")));
}
