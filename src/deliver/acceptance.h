/* An acceptance is a condition on the body of an answer: `$.code == 20`. It does not know statuses. */
#ifndef SLUSS_DELIVER_ACCEPTANCE_H
#define SLUSS_DELIVER_ACCEPTANCE_H

#include "base/error.h"
#include "base/span.h"

struct acceptance;

/* Compiles the logical expressions of RFC 9535 (2.3.5.1) that are made of comparisons of a simple member query with a
 * literal (== != < <= > >=), and of existence tests `$.a`, `!$.a`, joined by && and ||; no parentheses. NULL with a
 * sentence. Immutable; may be used by several threads. */
struct acceptance *acceptance_create(struct span text, struct error *error);
void acceptance_destroy(struct acceptance *acceptance);

/* Whether the body satisfies it. One that is no JSON text (none at all, not UTF-8, a key twice, deeper than 64)
 * satisfies nothing, not even `!=`. Time and memory are bounded by the body's size, at most 64 KiB. */
bool acceptance_met(const struct acceptance *acceptance, struct span body);

#endif
