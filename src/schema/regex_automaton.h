/* A deterministic automaton over classes of code points: one table look-up a character, no memory, no way back. It
 * finds whether a text matches somewhere, not where. */
#ifndef SLUSS_SCHEMA_REGEX_AUTOMATON_H
#define SLUSS_SCHEMA_REGEX_AUTOMATON_H

#include "schema/regex_graph.h"

struct regex_automaton;

/* Makes the automaton of a tree. TOO_LARGE (or not regular): use PCRE2. `arena` is scratch; the automaton is its
 * caller's. */
enum regex_fit regex_automaton_make(const struct regex_tree *tree, struct arena *arena,
                                    struct regex_automaton **automaton, uint32_t *work);
void regex_automaton_destroy(struct regex_automaton *automaton);

bool regex_automaton_match(const struct regex_automaton *automaton, struct span text);

/* Whether every text matches, and whether none does. */
bool regex_automaton_is_always(const struct regex_automaton *automaton);
bool regex_automaton_is_never(const struct regex_automaton *automaton);
size_t regex_automaton_bytes(const struct regex_automaton *automaton);

#endif
