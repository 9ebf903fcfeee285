/* Splice puts a member into a JSON text: every byte outside the member stays as it came. It does not read the text
 * again. */
#ifndef SLUSS_JSON_SPLICE_H
#define SLUSS_JSON_SPLICE_H

#include "base/buf.h"
#include "json/path.h"

enum json_splice {
    JSON_SPLICED,
    JSON_SPLICE_NO_PARENT, /* the parent of the last name is absent or no object */
    JSON_SPLICE_REFUSED,   /* of a graft: the whole passes a limit, or the value is no JSON text */
    JSON_SPLICE_MEMORY
};

/* Writes to `out` the document's source with the member that `into` names set to `value` (a complete JSON text): an
 * existing member's value is replaced in place, else the member is appended last in its parent. `into` has at least one
 * name. */
enum json_splice json_splice(const struct json_document *document, const struct json_path *into, struct span value,
                             struct buf *out);

/* Where an object's last member ends in the source, or its opening brace when it has none. */
uint32_t json_members_end(const struct json_document *document, const struct json_node *object);

/* Writes `text` (UTF-8) as a JSON string with quotes. */
void json_write_string(struct buf *out, struct span text);

#endif
