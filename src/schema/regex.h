/* A regular expression of ECMA-262 (u flag), compiled once and matched by any thread. It captures nothing: a string
 * matches somewhere, or not.
 *
 * Patterns without look-around and back references run in linear time without allocation (a literal, a sequence of
 * classes, or an automaton over classes of code points); the others run on PCRE2 with limits. Beyond the u flag's
 * syntax these are accepted, as patterns in the wild need them (ECMA-262 Annex B): escaped punctuation, lone { } ],
 * a hyphen next to \d \w \s in a class, quantified look-aheads. A look-behind of several lengths may have 64
 * forms; more, or one without an end, are valid syntax, but regex_create refuses them. */
#ifndef SLUSS_SCHEMA_REGEX_H
#define SLUSS_SCHEMA_REGEX_H

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"

#include <stdint.h>

struct regex;
struct regex_automaton;
struct regex_sequence;

enum regex_flag {
    REGEX_NO_JIT = 1,       /* PCRE2 interprets, also where its JIT would be allowed */
    REGEX_NO_AUTOMATON = 2, /* everything goes to PCRE2: for the differential tests */
    REGEX_QUICK = 4,        /* no automaton, whose construction may take some 10 ms: for the thousandth pattern */
};

/* How it runs; ALWAYS and the literals let the compiler leave `pattern` out or make it something cheaper. */
enum regex_kind {
    REGEX_ALWAYS,   /* matches every string */
    REGEX_NEVER,    /* matches no string */
    REGEX_EXACT,    /* ^literal$ */
    REGEX_PREFIX,   /* ^literal */
    REGEX_SUFFIX,   /* literal$ */
    REGEX_CONTAINS, /* literal */
    REGEX_SEQUENCE,
    REGEX_AUTOMATON,
    REGEX_PCRE2,
};

/* Compiles the pattern (valid UTF-8). NULL with a sentence that names the place in the pattern; *position (may be NULL)
 * is that byte offset. `flags` of enum regex_flag. */
struct regex *regex_create(struct span pattern, unsigned flags, size_t *position, struct error *error);
void regex_destroy(struct regex *regex);

enum regex_kind regex_kind(const struct regex *regex);
struct span regex_literal(const struct regex *regex); /* of EXACT, PREFIX, SUFFIX, CONTAINS; else SPAN_NONE */
size_t regex_bytes(const struct regex *regex);        /* memory it holds, PCRE2's included */
uint32_t regex_work(const struct regex *regex);       /* steps that the search for an automaton took, up to 2 million */
const struct regex_sequence *regex_sequence(const struct regex *regex);   /* of SEQUENCE, else NULL */
const struct regex_automaton *regex_automaton(const struct regex *regex); /* of AUTOMATON, else NULL */

/* Match data, limits and stack of PCRE2: one a thread, made once, used for all expressions. NULL when memory is short.
 */
struct regex_context;
struct regex_context *regex_context_create(uint32_t match_limit); /* backtracking steps a match; 0: 100,000 */
void regex_context_destroy(struct regex_context *context);

enum regex_result {
    REGEX_NO_MATCH,
    REGEX_MATCH,
    REGEX_ERROR,    /* a limit of PCRE2: neither of the two */
    REGEX_SHORTAGE, /* the machine has no memory left: neither as well, and another time it may be one */
};

/* `text` must be valid UTF-8; it may contain NUL. Only REGEX_PCRE2 touches the context. */
enum regex_result regex_match(const struct regex *regex, struct span text, struct regex_context *context);

/* What matches on PCRE2 may have cost since this was last asked: 0 for those that ended within FEW backtracking steps
 * (most do), else the whole limit. */
uint32_t regex_context_spent(struct regex_context *context);

/* Whether the pattern is ECMA-262 syntax (the format "regex"). False with a sentence; *memory tells that memory was
 * short instead. `arena` is scratch. */
bool regex_is_valid(struct span pattern, struct arena *arena, bool *memory, struct error *error);

#endif
