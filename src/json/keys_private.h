/* Keys finds the key that stands twice among the many of a large object, in linear time whatever they are. It is not
 * for looking names up. */
#ifndef SLUSS_JSON_KEYS_PRIVATE_H
#define SLUSS_JSON_KEYS_PRIVATE_H

#include "base/arena.h"
#include "json/document.h"

/* Sets `*twice` to the second of two equal keys of `object`, or NULL. False when memory is short; what it needs, up to
 * 16 bytes a member, is given back to the arena. */
bool json_keys_twice(struct arena *arena, const struct json_document *document, const struct json_node *object,
                     const struct json_node **twice);

/* Equal decoded texts; both are strings. */
static inline bool json_keys_equal(const struct json_document *document, const struct json_node *one,
                                   const struct json_node *other) {
    return one->is.text.hash == other->is.text.hash && span_equal(json_text(document, one), json_text(document, other));
}

#endif
