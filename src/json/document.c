/* Finding members by name. Changes nothing and reads no text. */
#include "json/document.h"

#include "json/word_private.h"

uint32_t json_hash(struct span text) {
    uint64_t hash = WORD_HASH_START;
    const char *end = text.data + text.size;
    const char *at = text.data;
    for (; end - at >= 8; at += 8)
        hash = word_hash(hash, word_load(at, end));
    return word_hash_end(hash, word_load(at, end), text.size);
}

const struct json_node *json_member_hashed(const struct json_document *document, const struct json_node *object,
                                           struct span name, uint32_t hash) {
    if (object->type != NODE_OBJECT || (object->is.filter & json_filter(hash)) == 0)
        return NULL;
    const struct json_node *key = json_first(object);
    for (uint32_t left = object->is.count; left > 0; left--, key = json_next(document, key + 1))
        if (key->is.text.hash == hash && span_equal(json_text(document, key), name))
            return key + 1;
    return NULL;
}

const struct json_node *json_member(const struct json_document *document, const struct json_node *object,
                                    struct span name) {
    return json_member_hashed(document, object, name, json_hash(name));
}
