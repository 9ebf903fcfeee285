/* Finding members by name. Changes nothing and reads no text. */
#include "json/document.h"

static bool is_named(const struct json_document *document, const struct json_node *key, struct span name) {
    struct span text = json_text(document, key);
    return text.size == name.size && word_same(text.data, name.data, name.size);
}

const struct json_node *json_seek_member(const struct json_document *document, const struct json_node *object,
                                         struct span name, uint32_t hash) {
    const struct json_node *key = json_first(object);
    for (uint32_t left = object->is.count; left > 0; left--, key = json_next(document, key + 1))
        if (key->is.text.hash == hash && is_named(document, key, name))
            return key + 1;
    return NULL;
}
