/* Numbers: their grammar and their digits. What they are exactly is said next door, in number.c. */
#include "json/number_private.h"
#include "json/reader_private.h"
#include "json/word.h"

/* The digits from `at`, added to `*number` (which wraps: who cares looks at how many there were). */
static inline const char *read_digits(const char *at, const char *end, uint64_t *number) {
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        *number = *number * 10 + (uint64_t)(*at - '0');
    return at;
}

/* The same for the digits of a fraction, which are many: eight in a step. */
static inline const char *read_fraction(const char *at, const char *end, uint64_t *number) {
    static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    unsigned count;
    do {
        uint64_t value;
        count = word_digits(word_load(at, end), &value);
        *number = *number * powers[count] + value;
        at += count;
    } while (count == 8);
    return at;
}

/* `at` is behind the e. An exponent beyond any use stays beyond any use. */
static const char *read_exponent(struct reader *reader, const char *at, int64_t *exponent) {
    bool negative = at < reader->end && *at == '-';
    if (negative || (at < reader->end && *at == '+'))
        at++;
    const char *start = at;
    int64_t number = 0;
    for (; at < reader->end && *at >= '0' && *at <= '9'; at++)
        if (number < INT32_MAX)
            number = number * 10 + (*at - '0');
    if (at == start)
        return reader_refuse_syntax(reader, at, "an exponent needs a digit");
    *exponent = negative ? -number : number;
    return at;
}

const char *reader_number(struct reader *reader, struct json_node *number, const char *start) {
    const char *end = reader->end;
    bool negative = *start == '-';
    const char *digits = start + negative;
    uint64_t mantissa = 0;
    int64_t exponent = 0;
    const char *at = read_digits(digits, end, &mantissa);
    if (at == digits)
        return reader_refuse_syntax(reader, at, "a number needs a digit");
    if (*digits == '0' && at - digits > 1)
        return reader_refuse_syntax(reader, digits, "a number must not begin with 0");
    int64_t places = 0;
    if (at < end && *at == '.') {
        const char *fraction = at + 1;
        at = read_fraction(fraction, end, &mantissa);
        places = at - fraction;
        if (places == 0)
            return reader_refuse_syntax(reader, at, "a decimal point needs a digit after it");
    }
    size_t written = (size_t)(at - digits);
    if (at < end && (*at | 0x20) == 'e' && (at = read_exponent(reader, at + 1, &exponent)) == NULL)
        return NULL;
    number->type = NODE_NUMBER;
    number->flags = 0;
    number->exponent = 0;
    number->start = (uint32_t)(start - reader->text);
    number->size = (uint32_t)(at - start);
    if (written > 18) {
        json_number_set_long(number, negative, span_make(digits, written), exponent);
    } else if (exponent == places) {
        number->flags = NODE_INTEGER;
        number->is.integer = negative ? -(int64_t)mantissa : (int64_t)mantissa;
    } else {
        json_number_set(number, negative, mantissa, exponent - places);
    }
    return at;
}
