/* Behind rewrites look-behinds of several lengths as alternatives of one length each, which is what PCRE2 before 10.43
 * can look back over. It matches nothing itself. */
#ifndef SLUSS_SCHEMA_REGEX_BEHIND_H
#define SLUSS_SCHEMA_REGEX_BEHIND_H

#include "schema/regex_tree.h"

/* Rewrites every look-behind of the tree that needs it: (?<=ab{1,2}|c) becomes (?<=ab|abb|c). At most 64 alternatives;
 * what they would be is tried out by choosing, so time is bounded by them. False with a sentence when there are more or
 * one has no longest, or with *memory. Trees with back references stay as they are: there the order of choices counts.
 */
bool regex_behind_rewrite(struct regex_tree *tree, struct arena *arena, bool *memory, struct error *error);

#endif
