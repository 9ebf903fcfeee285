/* Strings and numbers of the fast evaluator that need more than a comparison. Exact, without allocation. */
#include "schema/run_value.h"

#include "schema/equal.h"
#include "schema/regex_automaton.h"
#include "schema/regex_sequence.h"
#include "schema/words.h"

#include <stdio.h>

enum kind value_number_kind(const struct schema_context *context, const struct json_node *value) {
    bool whole = (value->flags & NODE_DECIMAL) != 0 ? value->exponent > 0 : number_is_integer(context->document, value);
    return whole ? KIND_INTEGER : KIND_NUMBER;
}

bool value_in_strings(const struct schema_context *context, const struct strings *strings,
                      const struct json_node *value) {
    uint32_t at = json_hash(text_of(context->document, value)) & strings->mask;
    for (; strings->slot[at].size != TEXT_FREE; at = (at + 1) & strings->mask)
        if (same_text(context, &strings->slot[at], value))
            return true;
    return false;
}

bool value_in_values(struct schema_context *context, const struct values *values, const struct json_node *value) {
    int64_t cost = value->type >= NODE_ARRAY ? equal_cost(context->document, value) : 1;
    uint32_t at = (uint32_t)equal_hash(context->document, value) & values->mask;
    for (; values->slot[at] != NULL; at = (at + 1) & values->mask) {
        context->steps -= cost;
        if (context->steps < 0)
            return false; /* program_run says why */
        if (equal_values(values->json, values->slot[at], context->document, value))
            return true;
    }
    return false;
}

bool value_length_holds(const struct schema_context *context, const struct op *op, const struct json_node *value) {
    int64_t length = words_length(context->document, value);
    return length >= op->one.low && length <= op->two.high;
}

static const int64_t powers[] = {1,
                                 10,
                                 100,
                                 1000,
                                 10000,
                                 100000,
                                 1000000,
                                 10000000,
                                 100000000,
                                 1000000000,
                                 10000000000,
                                 100000000000,
                                 1000000000000,
                                 10000000000000,
                                 100000000000000,
                                 1000000000000000,
                                 10000000000000000,
                                 100000000000000000,
                                 1000000000000000000};
enum { POWERS = sizeof powers / sizeof powers[0] };

/* An integer as a number taken apart. */
static int order_integer(const struct number *number, int64_t integer) {
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%lld", (long long)integer);
    struct json_node node = {.type = NODE_NUMBER, .size = (uint32_t)size};
    struct json_document json = {.source = {digits, (size_t)size}, .node = &node, .count = 1};
    struct number other;
    number_read(&json, &node, &other);
    return number_order(number, &other);
}

/* Numbers beyond int64, or with more digits than a decimal has. */
static bool range_holds_slowly(const struct schema_context *context, const struct op *op,
                               const struct json_node *value) {
    struct number number;
    number_read(context->document, value, &number);
    return ((op->flags & RANGE_LOW) == 0 || order_integer(&number, op->one.low) >= 0) &&
           ((op->flags & RANGE_HIGH) == 0 || order_integer(&number, op->two.high) <= 0);
}

/* -1, 0, 1: m x 10^-places against an integer. When the product does not fit, the integer is the larger by size. */
static int order_decimal(int64_t mantissa, int places, int64_t integer) {
    int64_t scaled;
    if (__builtin_mul_overflow(integer, powers[places], &scaled))
        return integer > 0 ? -1 : 1;
    return mantissa < scaled ? -1 : mantissa > scaled;
}

bool value_range_holds(const struct schema_context *context, const struct op *op, const struct json_node *value) {
    int places = -value->exponent;
    if ((value->flags & NODE_DECIMAL) == 0 || places < 0 || places >= POWERS)
        return range_holds_slowly(context, op, value);
    return ((op->flags & RANGE_LOW) == 0 || order_decimal(value->is.integer, places, op->one.low) >= 0) &&
           ((op->flags & RANGE_HIGH) == 0 || order_decimal(value->is.integer, places, op->two.high) <= 0);
}

bool value_bound_holds(const struct schema_context *context, const struct op *op, const struct json_node *value) {
    struct number number;
    number_read(context->document, value, &number);
    int order = number_order(&number, op->one.number);
    switch (op->flags + KEYWORD_MINIMUM) {
    case KEYWORD_MINIMUM:
        return order >= 0;
    case KEYWORD_MAXIMUM:
        return order <= 0;
    case KEYWORD_EXCLUSIVE_MINIMUM:
        return order > 0;
    default:
        return order < 0;
    }
}

bool value_multiple_holds(struct schema_context *context, const struct op *op, const struct json_node *value) {
    const struct number *divisor = op->one.number;
    if ((value->flags & (NODE_INTEGER | NODE_DECIMAL)) != 0 &&
        divisor->digits < POWERS) { /* both small: one division */
        int64_t power = ((value->flags & NODE_DECIMAL) != 0 ? value->exponent : 0) - divisor->exponent;
        int64_t scaled;
        if (power < 0 && (value->flags & NODE_DECIMAL) != 0)
            return false; /* the last digit is not 0 */
        if (power >= 0 && power < POWERS && !__builtin_mul_overflow(value->is.integer, powers[power], &scaled))
            return scaled % (int64_t)divisor->small == 0;
    }
    struct number number;
    number_read(context->document, value, &number);
    return context_multiple(context, &number, divisor);
}

bool value_multiple_of_integer_holds(struct schema_context *context, const struct op *op,
                                     const struct json_node *value) {
    if ((value->flags & NODE_INTEGER) == 0)
        return value_multiple_holds(context, op, value);
    return op->two.high == 1 || value->is.integer % op->two.high == 0;
}

/* --- the ops up to OP_LAST_SIMPLE: a function each, as one function for all would save registers for all --- */

#define SIMPLE(name)                                                                                                   \
    static bool name(struct schema_context *context, const struct op *op, const struct json_node *value)

SIMPLE(never) {
    (void)context, (void)op, (void)value;
    return false;
}

SIMPLE(length) {
    return length_holds(context, op, value);
}

SIMPLE(range) {
    return range_holds(context, op, value);
}

SIMPLE(string) {
    return same_text(context, op->one.text, value);
}

SIMPLE(strings) {
    return value_in_strings(context, op->one.strings, value);
}

/* A text that a pattern is held against takes steps as it is long. */
HOT struct span text_to_match(struct schema_context *context, const struct json_node *value) {
    struct span text = text_of(context->document, value);
    context->steps -= (int64_t)(text.size / 64);
    return text;
}

SIMPLE(sequence) {
    return regex_sequence_match(op->one.sequence, text_to_match(context, value));
}

SIMPLE(automaton) {
    return regex_automaton_match(op->one.automaton, text_to_match(context, value));
}

value_simple *const value_simple_holds[OP_LAST_SIMPLE + 1] = {
    [OP_END] = never,     [OP_FAIL] = never,      [OP_LENGTH] = length,     [OP_RANGE] = range,
    [OP_STRING] = string, [OP_STRINGS] = strings, [OP_SEQUENCE] = sequence, [OP_AUTOMATON] = automaton,
};
