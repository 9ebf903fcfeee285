/* Escape decodes what stands behind a backslash in a JSON string or an RFC 9535 name. It does not look for the end of
 * the string. */
#ifndef SLUSS_JSON_ESCAPE_PRIVATE_H
#define SLUSS_JSON_ESCAPE_PRIVATE_H

#include <stddef.h>

/* Decodes the escape whose backslash is at `at`; there is at least one byte behind it. `quote` is the quote that may be
 * escaped. Writes UTF-8 to `*out`, never more bytes than it reads, and moves it on. Returns the place behind, or NULL
 * and a sentence. */
const char *json_escape_decode(const char *at, const char *end, char quote, char **out, const char **sentence);

#endif
