/* Classifying numbers and turning them into doubles, exactly. Formats nothing. */
#include "json/number_private.h"

#include <stdio.h>
#include <stdlib.h>

/* What a number is, from its digits: mantissa x 10^exponent without zeros at the mantissa's end. */
void json_number_set(struct json_node *number, bool negative, uint64_t mantissa, int64_t exponent) {
    number->is.integer = 0;
    if (mantissa == 0)
        exponent = 0;
    while (exponent < 0 && mantissa % 10 == 0) {
        mantissa /= 10;
        exponent++;
    }
    uint64_t most = (uint64_t)INT64_MAX + negative;
    while (exponent > 0 && mantissa <= most / 10) {
        mantissa *= 10;
        exponent--;
    }
    if (mantissa > most)
        return;
    while (exponent > 0 && mantissa % 10 == 0) {
        mantissa /= 10;
        exponent++;
    }
    if (exponent < INT16_MIN || exponent > INT16_MAX)
        return;
    number->flags = exponent == 0 ? NODE_INTEGER : NODE_DECIMAL;
    number->exponent = (int16_t)exponent;
    number->is.integer = negative ? (int64_t)(0 - mantissa) : (int64_t)mantissa;
}

/* The digits of a number of any length: zeros at both ends do not count against the 19 that a mantissa holds. */
void json_number_set_long(struct json_node *number, bool negative, struct span digits, int64_t exponent) {
    number->is.integer = 0;
    uint64_t mantissa = 0;
    int64_t zeros = 0; /* met since the last digit that is none */
    bool fraction = false;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] == '.') {
            fraction = true;
            continue;
        }
        exponent -= fraction;
        zeros++;
        if (digits.data[i] == '0')
            continue;
        for (; zeros > 0; zeros--) {
            if (mantissa > UINT64_MAX / 10 - 1)
                return;
            mantissa *= 10;
        }
        mantissa += (uint64_t)(digits.data[i] - '0');
    }
    json_number_set(number, negative, mantissa, exponent + zeros);
}

/* As many digits as can matter to the nearest double; what stands behind them only breaks ties. */
enum { DIGITS = 800 };

/* The number behind an e; beyond any use it stays beyond any use. */
static int64_t exponent_of(struct span text) {
    bool negative = span_starts_with(text, SPAN("-"));
    int64_t exponent = 0;
    for (size_t i = negative || span_starts_with(text, SPAN("+")) ? 1 : 0; i < text.size && exponent < INT32_MAX; i++)
        exponent = exponent * 10 + (text.data[i] - '0');
    return negative ? -exponent : exponent;
}

/* Any number, by strtod on digits and an exponent: a text without a decimal point means the same in every locale. */
static double real_of_text(struct span text) {
    char plain[DIGITS + 32];
    size_t used = 0, at = 0;
    int64_t exponent = 0;
    bool fraction = false, beyond = false;
    if (text.data[0] == '-')
        plain[used++] = text.data[at++];
    size_t sign = used;
    for (; at < text.size && (text.data[at] | 0x20) != 'e'; at++) {
        char digit = text.data[at];
        if (digit == '.') {
            fraction = true;
        } else if (used == DIGITS) {
            beyond = beyond || digit != '0';
            exponent += !fraction;
        } else {
            if (digit != '0' || used > sign)
                plain[used++] = digit;
            exponent -= fraction;
        }
    }
    if (beyond) {
        plain[used++] = '1';
        exponent--;
    }
    exponent += exponent_of(span_from(text, at + 1));
    (void)snprintf(plain + used, sizeof plain - used, "%se%lld", used == sign ? "0" : "", (long long)exponent);
    return strtod(plain, NULL);
}

/* Up to 2^53 and 10^22 both factors are exact doubles, so one operation rounds once (Clinger 1990). */
double json_double(const struct json_document *document, const struct json_node *number) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if ((number->flags & NODE_INTEGER) != 0)
        return (double)number->is.integer;
    int64_t mantissa = number->is.integer;
    int exponent = number->exponent;
    if ((number->flags & NODE_DECIMAL) != 0 && mantissa <= INT64_C(1) << 53 && mantissa >= -(INT64_C(1) << 53) &&
        exponent >= -22 && exponent <= 22)
        return exponent < 0 ? (double)mantissa / powers[-exponent] : (double)mantissa * powers[exponent];
    return real_of_text(json_source(document, number));
}
