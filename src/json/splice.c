/* Writing a member into a JSON text. Copies bytes; parses nothing. */
#include "json/splice.h"

static const struct json_node *find_parent(const struct json_document *document, const struct json_path *into) {
    const struct json_node *node = document->node;
    for (size_t i = 0; i + 1 < json_path_names(into) && node != NULL; i++)
        node = json_member(document, node, json_path_name(into, i));
    return node != NULL && json_node_type(node) == NODE_OBJECT ? node : NULL;
}

uint32_t json_members_end(const struct json_document *document, const struct json_node *object) {
    const char *text = document->source.data;
    uint32_t end = object->start + object->size - 1; /* its closing brace */
    while ((unsigned char)text[end - 1] <= ' ')      /* white space: nothing else is so low there */
        end--;
    return end;
}

enum json_splice json_splice(const struct json_document *document, const struct json_path *into, struct span value,
                             struct buf *out) {
    const struct json_node *parent = find_parent(document, into);
    if (parent == NULL || json_path_names(into) == 0)
        return JSON_SPLICE_NO_PARENT;
    struct span name = json_path_name(into, json_path_names(into) - 1);
    const struct json_node *old = json_member(document, parent, name);
    size_t from = old != NULL ? old->start : json_members_end(document, parent);
    size_t to = old != NULL ? from + old->size : from;
    (void)buf_reserve(out, document->source.size + name.size + value.size + 4); /* `,"":` */
    buf_add(out, span_make(document->source.data, from));
    if (old == NULL) {
        if (json_count(parent) > 0)
            buf_add_byte(out, ',');
        json_write_string(out, name);
        buf_add_byte(out, ':');
    }
    buf_add(out, value);
    buf_add(out, span_from(document->source, to));
    return out->failed ? JSON_SPLICE_MEMORY : JSON_SPLICED;
}

void json_write_string(struct buf *out, struct span text) {
    static const char letters[] = {
        ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    size_t from = 0;
    buf_add_byte(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        char letter = byte < sizeof letters ? letters[byte] : '\0';
        if (letter == '\0' && byte >= 0x20)
            continue;
        buf_add(out, span_make(text.data + from, i - from));
        if (letter != '\0')
            buf_printf(out, "\\%c", letter);
        else
            buf_printf(out, "\\u%04x", (unsigned)byte);
        from = i + 1;
    }
    buf_add(out, span_from(text, from));
    buf_add_byte(out, '"');
}
