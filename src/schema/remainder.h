/* Remainder tells whether a decimal number divides another when both may have any number of digits. It knows no
 * fractions: number.h brings them to whole numbers first. */
#ifndef SLUSS_SCHEMA_REMAINDER_H
#define SLUSS_SCHEMA_REMAINDER_H

#include "base/arena.h"
#include "schema/number.h"

/* Whether the digits of `number`, `zeros` zeros behind them, are a multiple of the digits of `divisor`, which are 20 or
 * more. Takes 4 bytes of `scratch` for 9 digits of the divisor and gives them back, and one of `steps` for each 9
 * digits of the number times 36 of the divisor; zeros beyond four times the divisor's digits cost nothing. */
enum number_multiple remainder_judge(const struct number *number, int64_t zeros, const struct number *divisor,
                                     struct arena *scratch, int64_t *steps);

#endif
