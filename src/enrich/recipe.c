/* Taking a key, finding, splicing. Knows no file and no platform: tables and answers are handed in. */
#include "enrich/recipe.h"

#include "event/detail.h"
#include "json/graft.h"

enum { FEW_ROWS = 2000 }; /* of a table that stays near by itself */

static struct verdict end(const struct recipe *recipe, struct event *event, enum verdict_kind kind, enum reason reason,
                          const char *what) {
    struct detail detail = {0};
    detail_text(&detail, "key", json_path_text(recipe->key));
    detail_text(&detail, "into", json_path_text(recipe->into));
    detail_text(&detail, "what", span_of(what));
    return detail_verdict(&detail, event, kind, reason);
}

/* In binary mode only what lies below `data` is a JSON text of the sender's: attributes travel in headers. */
static bool is_inside(const struct recipe *recipe, const struct message *message) {
    return message->mode != MESSAGE_BINARY || (message->data_start != 0 && json_path_names(recipe->into) > 1 &&
                                               span_equal(json_path_name(recipe->into, 0), SPAN("data")));
}

/* The limits are those of the sender's text: the envelope that decode wrote around it comes on top. */
static struct json_limits limits_of(const struct message *message, const struct json_limits *limits) {
    struct json_limits all = *limits;
    if (message->mode == MESSAGE_BINARY) {
        all.size += all.size != 0 ? message->data_start + 1 : 0;
        all.depth += all.depth != 0;
    }
    return all;
}

static struct verdict splice(const struct recipe *recipe, struct span value, const struct json_limits *limits,
                             struct event *event, struct message *message) {
    if (!is_inside(recipe, message))
        return end(recipe, event, VERDICT_DEAD, REASON_ENRICH,
                   "a CloudEvent in binary mode can only be completed inside JSON data, below $.data");
    struct json_limits all = limits_of(message, limits);
    struct json_problem problem;
    switch (json_graft(&event->arena, &message->document, recipe->into, value, &all, &message->document, &problem)) {
    case JSON_SPLICED:
        return VERDICT(VERDICT_PASS);
    case JSON_SPLICE_NO_PARENT:
        return end(recipe, event, VERDICT_DEAD, REASON_ENRICH, "the parent of `into` is absent or no object");
    case JSON_SPLICE_MEMORY:
        return VERDICT(VERDICT_RETRY);
    case JSON_SPLICE_REFUSED:
        break;
    }
    return end(recipe, event, VERDICT_DEAD, problem.fault == JSON_FAULT_DEPTH ? REASON_TOO_DEEP : REASON_TOO_LARGE,
               "with the found value the event passes a limit");
}

static struct verdict absent(const struct recipe *recipe, const char *what, const struct json_limits *limits,
                             struct event *event, struct message *message) {
    switch (recipe->absent) {
    case ABSENT_LEAVE_OUT:
        return VERDICT(VERDICT_PASS);
    case ABSENT_DEFAULT:
        return splice(recipe, recipe->fallback, limits, event, message);
    case ABSENT_SKIP_EVENT:
        return end(recipe, event, VERDICT_SKIP, REASON_LOOKUP_ABSENT, what);
    case ABSENT_DEAD_LETTER:
        break;
    }
    return end(recipe, event, VERDICT_DEAD, REASON_LOOKUP_ABSENT, what);
}

static struct span find_key(const struct recipe *recipe, const struct message *message) {
    return message_text(&message->document, json_path_find(recipe->key, &message->document));
}

void recipe_foresee(const struct recipe *recipe, const struct lookup_table *table, const struct message *message) {
    if (table != NULL && lookup_table_rows(table) > FEW_ROWS)
        lookup_table_foresee(table, find_key(recipe, message));
}

struct verdict recipe_run(const struct recipe *recipe, const struct lookup_table *table, const struct answer *answer,
                          const struct json_limits *limits, struct event *event, struct message *message,
                          struct span *key_text) {
    struct span key = find_key(recipe, message);
    if (key.data == NULL)
        return absent(recipe, "the event has no key for the lookup", limits, event, message);
    enum answer_kind kind = answer != NULL ? answer->kind : ANSWER_NONE;
    struct span found = kind == ANSWER_FOUND ? answer->text : SPAN_NONE;
    if (table != NULL) {
        found = lookup_table_find(table, key);
        kind = found.data != NULL ? ANSWER_FOUND : ANSWER_ABSENT;
    }
    switch (kind) {
    case ANSWER_NONE:
        *key_text = key;
        return VERDICT(VERDICT_WAIT);
    case ANSWER_FOUND:
        return splice(recipe, found, limits, event, message);
    case ANSWER_ABSENT:
        return absent(recipe, "the lookup has no answer for this key", limits, event, message);
    case ANSWER_DEAD:
        break;
    }
    return answer->why;
}
