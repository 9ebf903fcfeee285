/* The ops on one string or number, and the kind of a value: what the fast evaluator does most, for it alone. */
#ifndef SLUSS_SCHEMA_RUN_VALUE_H
#define SLUSS_SCHEMA_RUN_VALUE_H

#include "schema/context.h"
#include "schema/program.h"

#define HOT               __attribute__((always_inline)) static inline
#define RARELY(condition) __builtin_expect((condition), 0)

/* Kinds of numbers that are no int64. */
enum kind value_number_kind(const struct schema_context *context, const struct json_node *value);

bool value_in_strings(const struct schema_context *context, const struct strings *strings,
                      const struct json_node *value);
bool value_in_values(struct schema_context *context, const struct values *values, const struct json_node *value);
bool value_bound_holds(const struct schema_context *context, const struct op *op, const struct json_node *value);
bool value_multiple_holds(struct schema_context *context, const struct op *op, const struct json_node *value);
bool value_multiple_of_integer_holds(struct schema_context *context, const struct op *op,
                                     const struct json_node *value);

/* By code, up to OP_LAST_SIMPLE. */
typedef bool value_simple(struct schema_context *context, const struct op *op, const struct json_node *value);
extern value_simple *const value_simple_holds[];

/* Where the bytes of a string or the digits of a number do not decide at once. */
bool value_length_holds(const struct schema_context *context, const struct op *op, const struct json_node *value);
bool value_range_holds(const struct schema_context *context, const struct op *op, const struct json_node *value);

HOT enum kind kind_of(const struct schema_context *context, const struct json_node *value) {
    if (RARELY(value->type == NODE_NUMBER && (value->flags & NODE_INTEGER) == 0))
        return value_number_kind(context, value);
    return (enum kind)value->type;
}

HOT bool same_eight(const char *one, const char *other) {
    uint64_t a, b;
    memcpy(&a, one, 8);
    memcpy(&b, other, 8);
    return a == b;
}

HOT bool same_four(const char *one, const char *other) {
    uint32_t a, b;
    memcpy(&a, one, 4);
    memcpy(&b, other, 4);
    return a == b;
}

/* Most names have 4 to 16 bytes: two looks, which may meet. */
HOT bool same_bytes(const char *one, const char *other, size_t size) {
    if (size >= 8) {
        for (; RARELY(size > 16); one += 8, other += 8, size -= 8)
            if (!same_eight(one, other))
                return false;
        return same_eight(one, other) && same_eight(one + size - 8, other + size - 8);
    }
    if (size >= 4)
        return same_four(one, other) && same_four(one + size - 4, other + size - 4);
    for (size_t i = 0; i < size; i++)
        if (one[i] != other[i])
            return false;
    return true;
}

/* json_text, straight on for the many strings without an escape. */
HOT struct span text_of(const struct json_document *document, const struct json_node *string) {
    if (RARELY((string->flags & NODE_ESCAPED) != 0))
        return json_text(document, string);
    return (struct span){document->source.data + string->start + 1, string->size - 2};
}

/* For texts of the same hash. */
HOT bool equal_text(const struct json_document *document, const struct text *text, const struct json_node *string) {
    struct span own = text_of(document, string);
    return own.size == text->size && same_bytes(own.data, text->data, text->size);
}

HOT bool same_text(const struct schema_context *context, const struct text *text, const struct json_node *string) {
    return equal_text(context->document, text, string);
}

HOT bool length_holds(const struct schema_context *context, const struct op *op, const struct json_node *value) {
    struct span text = text_of(context->document, value);
    int64_t size = (int64_t)text.size;
    if ((value->flags & NODE_ASCII) != 0 || size < op->one.low)
        return size >= op->one.low && size <= op->two.high;
    return (size <= op->two.high && size / 4 >= op->one.low) || value_length_holds(context, op, value);
}

HOT bool range_holds(const struct schema_context *context, const struct op *op, const struct json_node *value) {
    if ((value->flags & NODE_INTEGER) != 0)
        return value->is.integer >= op->one.low && value->is.integer <= op->two.high;
    return value_range_holds(context, op, value);
}

#endif
