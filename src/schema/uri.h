/* A URI reference taken apart, put together, resolved and checked (RFC 3986, RFC 3987). It fetches nothing. */
#ifndef SLUSS_SCHEMA_URI_H
#define SLUSS_SCHEMA_URI_H

#include "base/buf.h"
#include "base/span.h"

/* The five parts, borrowed from the text, without their delimiters. data == NULL: the part is absent, which differs
 * from empty ("a#" has an empty fragment). The path is never absent. */
struct uri {
    struct span scheme;
    struct span authority;
    struct span path;
    struct span query;
    struct span fragment;
};

/* Splits any text (RFC 3986 appendix B); it checks no grammar and cannot fail. */
void uri_split(struct span text, struct uri *uri);

/* Appends the text of the parts (5.3). Ask out->failed, here and below. */
void uri_write(const struct uri *uri, struct buf *out);

/* True with a scheme: a base to resolve against. */
bool uri_is_absolute(struct span text);

/* Appends `reference` resolved against `base` (5.2.2, strict), dot segments removed. The fragment is the reference's.
 * A base without a scheme is resolved in the same way, as far as it reaches ("schemas/a.json" + "b.json"). */
void uri_resolve(struct span base, struct span reference, struct buf *out);

/* Appends the normal form of 6.2.2 under which equal resources compare equal: scheme and host in lower case, escapes
 * in upper case and decoded where unreserved, dot segments removed, an empty fragment dropped. */
void uri_normalise(struct span text, struct buf *out);

/* The text before the first '#', and what follows it (SPAN_NONE without '#'). */
struct span uri_without_fragment(struct span text);
struct span uri_fragment(struct span text);

/* Appends `text` with %XX decoded. False, and nothing is appended, at a broken escape or when the result is no UTF-8
 * (out->failed tells short memory apart). */
bool uri_percent_decode(struct span text, struct buf *out);

/* JSON Pointer (RFC 6901). `rest` starts as a pointer that is already percent-decoded; each call appends the next
 * token, ~1 and ~0 decoded, and moves `rest` behind it. False at the end (rest empty) or at a malformed token (rest not
 * empty).
 */
bool uri_pointer_next(struct span *rest, struct buf *token);

/* Appends `token` as the reference token of a pointer, '/' in front, ~ and / escaped; with `fragment` also
 * percent-encoded as a URI fragment needs. */
void uri_pointer_add(struct buf *pointer, struct span token, bool fragment);

enum uri_grammar { URI_ABSOLUTE, URI_REFERENCE, IRI_ABSOLUTE, IRI_REFERENCE };

/* Whether the text obeys the grammar: RFC 3986 for URI_*, RFC 3987 for IRI_*; *_ABSOLUTE demands a scheme (a fragment
 * is allowed: the grammar's "URI"). Allocates nothing, linear time. */
bool uri_is_valid(struct span text, enum uri_grammar grammar);

#endif
