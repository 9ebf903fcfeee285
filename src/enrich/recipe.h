/* A recipe is one lookup of a route: it takes a key from the message, looks it up and splices the answer in. It does
 * not know how answers are found. */
#ifndef SLUSS_ENRICH_RECIPE_H
#define SLUSS_ENRICH_RECIPE_H

#include "enrich/table.h"
#include "event/event.h"
#include "event/message.h"
#include "event/verdict.h"
#include "json/path.h"
#include "json/reader.h"

/* A lookup as sluss.cfg names it. Only tables so far; platform and topic lookups will be further kinds. */
struct lookup_spec {
    struct span name;
    struct span file;  /* the resolved path of the table */
    struct span key;   /* its column */
    struct span value; /* its column, or SPAN_NONE: the whole row */
    int64_t reload_ms;
};

enum absent { ABSENT_DEAD_LETTER, ABSENT_LEAVE_OUT, ABSENT_DEFAULT, ABSENT_SKIP_EVENT };

struct recipe {
    uint32_t lookup; /* index in the plan */
    struct json_path *key;
    struct json_path *into;
    enum absent absent;
    struct span fallback; /* ABSENT_DEFAULT: the value of `default`, as a JSON text */
};

/* The answer to a lookup that took time, put into the passage by flow. */
enum answer_kind { ANSWER_NONE, ANSWER_FOUND, ANSWER_ABSENT, ANSWER_DEAD };
struct answer {
    enum answer_kind kind;
    struct span text;   /* FOUND: a JSON text */
    struct verdict why; /* DEAD */
};

/* Runs one recipe. `table` is the current table of recipe->lookup, or NULL when that lookup takes time: then, with
 * answer->kind NONE, the verdict is WAIT and *key_text the key to look up; called again with the answer it goes on.
 * PASS with message->document replaced when a member was set; SKIP or DEAD (lookup-absent, enrich, too-large when the
 * enriched text breaks `limits`) ; RETRY (memory). Keys compare as text: a string's content, a number's digits as
 * written, true/false; null, array, object or no node = absent. */
struct verdict recipe_run(const struct recipe *recipe, const struct lookup_table *table, const struct answer *answer,
                          const struct json_limits *limits, struct event *event, struct message *message,
                          struct span *key_text);

/* Prefetches what recipe_run will look at in a large `table` (may be NULL); worth while if other work comes in between.
 */
void recipe_foresee(const struct recipe *recipe, const struct lookup_table *table, const struct message *message);

#endif
