/* A template is a text with `{...}` places that an event fills, each encoded for where it stands. It makes no request.
 */
#ifndef SLUSS_SHAPE_TEMPLATE_H
#define SLUSS_SHAPE_TEMPLATE_H

#include "base/buf.h"
#include "base/error.h"
#include "json/path.h"

enum template_kind {
    TEMPLATE_TARGET, /* "/path?query": fills are percent-encoded (RFC 3986 2.1), all but unreserved characters; a path
                        segment with a fill must not end up empty, nor be or hold "." or ".." between slashes when it
                        is decoded */
    TEMPLATE_HEADER, /* header value: a fill with control bytes is refused */
    TEMPLATE_TEXT    /* as it is */
};

struct template;

/* Compiles `/errands/{$.data.arendeId}/status` or `{$.x ?? "default"}`. NULL with a sentence that quotes the place. */
struct template *template_create(enum template_kind kind, struct span text, struct error *error);
void template_destroy(struct template *template);

enum template_result { TEMPLATE_FILLED, TEMPLATE_MISSING, TEMPLATE_MEMORY };

/* The place that could not be filled: the query as the configuration writes it, and why, in fixed words. */
struct template_fault {
    struct span query;
    const char *what;
};

/* As it was given. */
struct span template_text(const struct template *template);

/* The text of a template without places; else SPAN_NONE. */
struct span template_literal(const struct template *template);

/* Adds the filled text to `out`. Strings give their content, numbers their digits, true/false their word; null, arrays,
 * objects and absent nodes are missing unless a default is written. `fault` is set for MISSING. */
enum template_result template_fill(const struct template *template, const struct json_document *document,
                                   struct buf *out, struct template_fault *fault);

#endif
