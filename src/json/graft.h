/* A graft is a document with one member more: made from the document it grew on, without reading that text again. It
 * is not for texts without a document. */
#ifndef SLUSS_JSON_GRAFT_H
#define SLUSS_JSON_GRAFT_H

#include "json/path.h"
#include "json/reader.h"
#include "json/splice.h"

/* Sets the member that `into` names to `value` (a complete JSON text), as json_splice does, and makes the document of
 * that text, as json_read would read it with these limits, in `arena`. What `document` borrows must outlive the graft.
 * JSON_SPLICE_REFUSED: json_read would refuse it, `problem` says why. `graft` may be `document`. */
enum json_splice json_graft(struct arena *arena, const struct json_document *document, const struct json_path *into,
                            struct span value, const struct json_limits *limits, struct json_document *graft,
                            struct json_problem *problem);

#endif
