/* The ops on one string or number, and the kind of a value: what the fast evaluator does most, for it alone. */
#ifndef SLUSS_SCHEMA_RUN_VALUE_H
#define SLUSS_SCHEMA_RUN_VALUE_H

#include "schema/context.h"
#include "schema/program.h"

#define HOT __attribute__((always_inline)) static inline

/* Kinds of numbers that are no int64. */
enum kind value_number_kind(const struct schema_context *context, const struct json_node *value);

bool value_in_strings(const struct schema_context *context, const struct strings *strings,
                      const struct json_node *value);
bool value_in_values(struct schema_context *context, const struct values *values, const struct json_node *value);
bool value_bound_holds(const struct schema_context *context, const struct op *op, const struct json_node *value);
bool value_multiple_holds(struct schema_context *context, const struct op *op, const struct json_node *value);
bool value_multiple_of_integer_holds(struct schema_context *context, const struct op *op,
                                     const struct json_node *value);

/* Where the bytes of a string or the digits of a number do not decide at once. */
bool value_length_holds(const struct schema_context *context, const struct op *op, const struct json_node *value);
bool value_range_holds(const struct schema_context *context, const struct op *op, const struct json_node *value);

HOT enum kind kind_of(const struct schema_context *context, const struct json_node *value) {
    unsigned type = value->type;
    if (type == NODE_NUMBER && (value->flags & NODE_INTEGER) == 0)
        return value_number_kind(context, value);
    return (enum kind)(type + (type > NODE_NUMBER));
}

HOT bool same_bytes(const char *one, const char *other, size_t size) {
    if (size >= 8) {
        uint64_t a, b;
        size_t at = 0;
        for (; at + 8 < size; at += 8) {
            memcpy(&a, one + at, 8);
            memcpy(&b, other + at, 8);
            if (a != b)
                return false;
        }
        memcpy(&a, one + size - 8, 8);
        memcpy(&b, other + size - 8, 8);
        return a == b;
    }
    if (size >= 4) {
        uint32_t a, b, c, d;
        memcpy(&a, one, 4);
        memcpy(&b, other, 4);
        memcpy(&c, one + size - 4, 4);
        memcpy(&d, other + size - 4, 4);
        return ((a ^ b) | (c ^ d)) == 0;
    }
    for (size_t i = 0; i < size; i++)
        if (one[i] != other[i])
            return false;
    return true;
}

HOT bool same_text(const struct schema_context *context, const struct text *text, const struct json_node *string) {
    if (text->hash != string->is.text.hash)
        return false;
    struct span own = json_text(context->document, string);
    return own.size == text->size && same_bytes(own.data, text->data, text->size);
}

HOT bool length_holds(const struct schema_context *context, const struct op *op, const struct json_node *value) {
    struct span text = json_text(context->document, value);
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
