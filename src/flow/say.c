/* Appending to the list of actions, and their words. Decides nothing. */
#include "flow/say.h"

#include "flow/flow_private.h"

#include <stdlib.h>

struct action *say(struct flow *flow, enum action_kind kind) {
    struct actions *out = flow->out;
    if (out->count == out->capacity) {
        size_t capacity = out->capacity == 0 ? 32 : out->capacity * 2;
        struct action *list = realloc(out->list, capacity * sizeof *list);
        ENSURE(list != NULL, "out of memory for actions");
        out->list = list;
        out->capacity = capacity;
    }
    struct action *action = &out->list[out->count++];
    memset(action, 0, sizeof *action);
    action->kind = kind;
    return action;
}

struct action *say_report(struct flow *flow, enum report_kind kind, struct place place, int64_t offset) {
    struct action *action = say(flow, ACTION_REPORT);
    action->is.report.kind = kind;
    action->is.report.place = place;
    action->is.report.offset = offset;
    return action;
}

void actions_finish(struct actions *actions) {
    free(actions->list);
    *actions = (struct actions){0};
}

const char *outcome_name(enum outcome outcome) {
    static const char *const names[OUTCOME_COUNT] = {"delivered", "dead-lettered", "filtered", "skipped", "released"};
    return outcome < OUTCOME_COUNT ? names[outcome] : "none";
}
