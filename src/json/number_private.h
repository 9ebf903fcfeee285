/* Number says what a JSON number is exactly: a whole number, a decimal, or neither. It does not check the grammar. */
#ifndef SLUSS_JSON_NUMBER_PRIVATE_H
#define SLUSS_JSON_NUMBER_PRIVATE_H

#include "json/document.h"

/* Fills flags, exponent and integer of a number that is `mantissa` x 10^`exponent`. */
void json_number_set(struct json_node *number, bool negative, uint64_t mantissa, int64_t exponent);

/* The same for digits of any length with at most one point among them. */
void json_number_set_long(struct json_node *number, bool negative, struct span digits, int64_t exponent);

#endif
