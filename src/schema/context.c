/* Budgets, scratch memory and the ways a run fails. One context a thread. */
#include "schema/context.h"

#include "schema/equal.h"

#include <stdlib.h>

struct schema_context *schema_context_create(const struct schema_limits *limits) {
    struct schema_context *context = malloc(sizeof *context);
    if (context == NULL)
        return NULL;
    memset(context, 0, sizeof *context);
    if (limits != NULL)
        context->limits = *limits;
    if (context->limits.depth == 0)
        context->limits.depth = 4096;
    if (context->limits.memory == 0)
        context->limits.memory = 64 << 20;
    arena_init(&context->scratch, context->limits.memory);
    format_scratch_init(&context->formats);
    context->regex = regex_context_create(context->limits.regex);
    if (context->regex == NULL) {
        schema_context_destroy(context);
        return NULL;
    }
    return context;
}

void schema_context_destroy(struct schema_context *context) {
    if (context == NULL)
        return;
    arena_finish(&context->scratch);
    format_scratch_finish(&context->formats);
    buf_finish(&context->decoded);
    regex_context_destroy(context->regex);
    free(context);
}

const char *schema_context_fault(const struct schema_context *context) {
    return context->fault != NULL ? context->fault : "";
}

bool schema_context_is_short(const struct schema_context *context) {
    return context->is_short;
}

void context_start(struct schema_context *context, const struct json_document *document) {
    uint64_t steps = context->limits.steps;
    if (steps == 0)
        steps = UINT64_C(1000000) + UINT64_C(1000) * document->count;
    context->steps = steps > INT64_MAX ? INT64_MAX : (int64_t)steps;
    context->document = document;
    context->depth = context->limits.depth;
    context->fault = NULL;
    context->is_short = false;
    context->scratch.full = false;
    context->marks = NULL;
    context->top = context->words;
    context->end = context->words + sizeof context->words / sizeof context->words[0];
    if (context->scratch.block != NULL)
        arena_reset(&context->scratch);
}

bool context_fault(struct schema_context *context, const char *fault) {
    if (context->fault == NULL)
        context->fault = fault;
    context->steps = -1;
    return false;
}

bool context_shortage(struct schema_context *context) {
    context->is_short = context->is_short || context->fault == NULL;
    return context_fault(context, "the machine has no memory left");
}

bool context_arena(struct schema_context *context, const struct arena *arena, const char *fault) {
    return arena->full ? context_fault(context, fault) : context_shortage(context);
}

bool context_spend(struct schema_context *context, uint64_t steps) {
    context->steps -= steps > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)steps;
    return context->steps >= 0 || context_fault(context, "more steps than allowed");
}

bool context_match(struct schema_context *context, const struct regex *regex, struct span text) {
    enum regex_result result = regex_match(regex, text, context->regex);
    context->steps -= (int64_t)(text.size / 64) + regex_context_spent(context->regex) / 10;
    if (result == REGEX_SHORTAGE)
        return context_shortage(context);
    if (result == REGEX_ERROR)
        return context_fault(context, "a regular expression went past its limit of steps or memory");
    return result == REGEX_MATCH;
}

bool context_format(struct schema_context *context, const struct format *format, struct span text) {
    enum format_result result = format_check(format, text, &context->formats);
    if (result == FORMAT_ERROR)
        return context_shortage(context);
    return result == FORMAT_VALID;
}

bool context_unique(struct schema_context *context, const struct json_node *array, uint32_t *one, uint32_t *two) {
    switch (equal_items(context->document, array, &context->scratch, &context->steps, one, two)) {
    case EQUAL_NONE:
        return true;
    case EQUAL_FOUND:
        return false;
    case EQUAL_MEMORY:
        return context_arena(context, &context->scratch, "uniqueItems takes more memory than allowed");
    case EQUAL_STEPS:
        break;
    }
    return context_fault(context, "more steps than allowed");
}

bool context_multiple(struct schema_context *context, const struct number *number, const struct number *divisor) {
    switch (number_is_multiple(number, divisor, &context->scratch, &context->steps)) {
    case MULTIPLE_YES:
        return true;
    case MULTIPLE_NO:
        return false;
    case MULTIPLE_MEMORY:
        return context_arena(context, &context->scratch, "multipleOf takes more memory than allowed");
    case MULTIPLE_STEPS:
        break;
    }
    return context_fault(context, "more steps than allowed");
}
