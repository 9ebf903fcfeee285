/* A template is a text with `{...}` places that an event fills, each encoded for where it stands. It makes no request.
 */
#ifndef SLUSS_SHAPE_TEMPLATE_H
#define SLUSS_SHAPE_TEMPLATE_H

#include "base/buf.h"
#include "base/error.h"
#include "json/path.h"

enum template_kind {
    TEMPLATE_TARGET, /* path segments, and query values behind the first '?': percent-encoded (RFC 3986 2.1); a filled
                        segment must not be empty, "." or ".." */
    TEMPLATE_HEADER, /* header value: control bytes make it a missing value */
    TEMPLATE_TEXT    /* event-id: as it is */
};

struct template;

/* Compiles `/errands/{$.data.arendeId}/status` or `{$.x ?? "default"}`. NULL with a sentence that quotes the place. */
struct template *template_create(enum template_kind kind, struct span text, struct error *error);
void template_destroy(struct template *template);

enum template_result { TEMPLATE_FILLED, TEMPLATE_MISSING, TEMPLATE_MEMORY };

/* Writes the filled text. Strings give their content, numbers their digits, true/false their word; null, arrays,
 * objects and absent nodes are missing unless a default is written. *missing is then the query's text (the
 * configuration's own words). */
enum template_result template_fill(const struct template *template, const struct json_document *document,
                                   struct buf *out, struct span *missing);

#endif
