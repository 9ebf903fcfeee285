/* Number compares JSON numbers by their exact mathematical value, whatever their size or form. No rounding anywhere. */
#ifndef SLUSS_SCHEMA_NUMBER_H
#define SLUSS_SCHEMA_NUMBER_H

#include "base/arena.h"
#include "json/document.h"

/* A number taken apart: sign, significant digits without zeros at either end, exponent of the last one. It borrows the
 * source text. */
struct number {
    bool negative;
    uint64_t small;    /* the digits as a number, when `digits` <= 19 */
    uint32_t digits;   /* 0: the value is 0 */
    int64_t exponent;  /* value = digits x 10^exponent; beyond 4 x 10^18 it is cut there */
    const char *first; /* the first significant digit in the source */
    const char *point; /* the decimal point if it stands behind `first`, else NULL */
};

void number_read(const struct json_document *json, const struct json_node *node, struct number *number);

/* A significant digit, '0' to '9', counted from the highest. */
static inline char number_digit(const struct number *number, uint32_t index) {
    const char *at = number->first + index;
    return number->point != NULL && at >= number->point ? at[1] : at[0];
}

/* -1, 0, 1. */
int number_compare(const struct json_document *json, const struct json_node *one,
                   const struct json_document *other_json, const struct json_node *other);

/* The same on numbers taken apart. */
int number_order(const struct number *one, const struct number *other);

/* A value without fraction: 1, 1.0, 1e400. */
bool number_is_integer(const struct json_document *json, const struct json_node *node);
/* The same as it was written: no point, no exponent, or too large for 64 bits (draft 4). */
bool number_is_written_integer(const struct json_document *json, const struct json_node *node);

int number_sign(const struct json_document *json, const struct json_node *node);
bool number_is_negative(const struct json_document *json, const struct json_node *node);

/* STEPS, MEMORY: it cannot be said with what is left of either. */
enum number_multiple { MULTIPLE_NO, MULTIPLE_YES, MULTIPLE_STEPS, MULTIPLE_MEMORY };

/* Whether the one is a whole multiple of the other, which is not 0. Time is one step for 64 digits; divisors of 20
 * digits or more take what remainder.h says. */
enum number_multiple number_is_multiple(const struct number *number, const struct number *divisor,
                                        struct arena *scratch, int64_t *steps);

/* Equal numbers have equal hashes. */
uint64_t number_hash(const struct json_document *json, const struct json_node *node);

#endif
