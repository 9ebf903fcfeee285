/* A syntax tree written as PCRE2 reads it. Options that belong to the text: see regex_text_write. */
#ifndef SLUSS_SCHEMA_REGEX_TEXT_H
#define SLUSS_SCHEMA_REGEX_TEXT_H

#include "base/buf.h"
#include "schema/regex_tree.h"

/* Appends the text, to be compiled with PCRE2_UTF, DOLLAR_ENDONLY, ALLOW_EMPTY_CLASS, MATCH_UNSET_BACKREF,
 * NEVER_BACKSLASH_C. Groups capture only where the tree refers back. False with a sentence for what PCRE2 cannot do;
 * ask out->failed for memory. */
bool regex_text_write(const struct regex_tree *tree, struct buf *out, struct error *error);

#endif
