/* A message is an event's decoded content: the JSON value that `$` means. It is not the record, whose bytes stay as
 * they came. */
#ifndef SLUSS_EVENT_MESSAGE_H
#define SLUSS_EVENT_MESSAGE_H

#include "json/reader.h"

enum message_mode {
    MESSAGE_PLAIN,      /* `$` is the record's value */
    MESSAGE_STRUCTURED, /* a CloudEvent in structured mode: `$` is the record's value */
    MESSAGE_BINARY /* a CloudEvent in binary mode: `$` is an object of the ce_ attributes and the value as `data` */
};

/* Lives in the event's arena. Enriching replaces `document` by one over a new text; everything untouched is
 * byte-identical. */
struct message {
    enum message_mode mode;
    struct json_document document;
    struct span content_type; /* binary mode: datacontenttype; else SPAN_NONE */
    size_t data_start; /* binary mode with JSON data: where the value's bytes stand in the document's source; they end
                          one byte before its end. 0: all else */
};

/* A value as text, for keys and places: a string's content, a number's digits as written, true or false; SPAN_NONE for
 * null, array, object and NULL. */
struct span message_text(const struct json_document *document, const struct json_node *node);

/* Is it a JSON media type: application/json, text/json, anything +json? Parameters do not matter. */
bool message_type_is_json(struct span content_type);

#endif
