/* Hostile numbers, divided by a byte 0x1e: whether the first is a multiple of the second, against schoolbook
 * arithmetic digit by digit where that is quick enough; the order must be the same both ways. */
#include "schema/number.h"
#include "json/reader.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { QUICK = 1000 }; /* digits */

/* number x 10^zeros, digit by digit, the divisor taken away as often as it goes. */
static bool divides(const struct number *divisor, const struct number *number, int64_t zeros) {
    char rest[QUICK + 2] = {0}, less[QUICK + 2];
    uint32_t size = divisor->digits + 1;
    for (uint32_t i = 0; i < number->digits + zeros; i++) {
        memmove(rest, rest + 1, size - 1);
        rest[size - 1] = (char)(i < number->digits ? number_digit(number, i) - '0' : 0);
        for (;;) {
            int borrow = 0;
            for (uint32_t k = size; k-- > 0;) {
                int digit = rest[k] - borrow - (k > 0 ? number_digit(divisor, k - 1) - '0' : 0);
                borrow = digit < 0;
                less[k] = (char)(digit + 10 * borrow);
            }
            if (borrow != 0)
                break;
            memcpy(rest, less, size);
        }
    }
    for (uint32_t i = 0; i < size; i++)
        if (rest[i] != 0)
            return false;
    return true;
}

static void check(const struct number *number, const struct number *divisor, struct arena *arena) {
    int64_t steps = 1000000, zeros = number->exponent - divisor->exponent;
    if (number_order(number, divisor) != -number_order(divisor, number))
        abort();
    if (divisor->digits == 0)
        return;
    enum number_multiple multiple = number_is_multiple(number, divisor, arena, &steps);
    if (divisor->digits > QUICK || number->digits > QUICK || zeros > QUICK || zeros < -QUICK)
        return;
    bool wanted = number->digits == 0 || (zeros >= 0 && divides(divisor, number, zeros));
    if (multiple != (wanted ? MULTIPLE_YES : MULTIPLE_NO))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    const uint8_t *middle = size > 0 ? memchr(bytes, 0x1e, size) : NULL;
    if (middle == NULL)
        return 0;
    struct span one = span_make(bytes, (size_t)(middle - bytes)), other = span_make(middle + 1, size - one.size - 1);
    struct arena arena;
    struct json_document number_json, divisor_json;
    arena_init(&arena, 0);
    if (json_read(&arena, one, NULL, &number_json, NULL) && json_read(&arena, other, NULL, &divisor_json, NULL) &&
        json_node_type(number_json.node) == NODE_NUMBER && json_node_type(divisor_json.node) == NODE_NUMBER) {
        struct number number, divisor;
        number_read(&number_json, number_json.node, &number);
        number_read(&divisor_json, divisor_json.node, &divisor);
        check(&number, &divisor, &arena);
    }
    arena_finish(&arena);
    return 0;
}
