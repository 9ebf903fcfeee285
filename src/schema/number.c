/* Exact decimal comparison and divisibility on the digits of the source. Long divisors are left to remainder.c. */
#include "schema/number.h"

#include "schema/remainder.h"

static const int64_t FAR_EXPONENT = 4000000000000000000;

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

static int64_t read_exponent(const char *at, const char *end) {
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    int64_t exponent = 0;
    for (; at < end && is_digit(*at); at++)
        exponent = exponent < FAR_EXPONENT / 10 ? exponent * 10 + (*at - '0') : FAR_EXPONENT;
    return negative ? -exponent : exponent;
}

static void read_small(struct number *number) {
    number->small = 0;
    if (number->digits > 19)
        return;
    const char *at = number->first;
    for (uint32_t i = 0; i < number->digits; at++)
        if (*at != '.')
            number->small = number->small * 10 + (uint64_t)(*at - '0'), i++;
}

void number_read(const struct json_document *json, const struct json_node *node, struct number *number) {
    struct span text = json_source(json, node);
    const char *at = text.data, *end = text.data + text.size;
    *number = (struct number){.negative = at < end && *at == '-'};
    if (number->negative)
        at++;
    const char *last = NULL, *point = NULL; /* the last digit that is not 0; the point */
    int64_t behind = 0;                     /* places from the last significant digit to the point */
    uint32_t since = 0;                     /* zeros after `last` */
    for (; at < end && (is_digit(*at) || *at == '.'); at++) {
        if (*at == '.') {
            point = at;
            continue;
        }
        if (*at != '0') {
            number->digits += last == NULL ? 1 : since + 1;
            if (last == NULL)
                number->first = at;
            last = at;
            since = 0;
        } else if (last != NULL) {
            since++;
        }
    }
    if (last == NULL) {
        number->negative = false;
        return;
    }
    const char *stop = at; /* behind the digits */
    if (point == NULL)
        behind = stop - last - 1;
    else if (last < point)
        behind = point - last - 1;
    else
        behind = -(last - point);
    number->exponent = behind;
    if (at < end && (*at == 'e' || *at == 'E'))
        number->exponent += read_exponent(at + 1, end);
    number->point = point != NULL && point > number->first && point < last ? point : NULL;
    read_small(number);
}

static int order_size(const struct number *one, const struct number *other) {
    int64_t a = (int64_t)one->digits + one->exponent, b = (int64_t)other->digits + other->exponent;
    if (a != b)
        return a < b ? -1 : 1;
    uint32_t count = one->digits < other->digits ? one->digits : other->digits;
    for (uint32_t i = 0; i < count; i++)
        if (number_digit(one, i) != number_digit(other, i))
            return number_digit(one, i) < number_digit(other, i) ? -1 : 1;
    return one->digits == other->digits ? 0 : one->digits < other->digits ? -1 : 1;
}

int number_order(const struct number *one, const struct number *other) {
    int a = one->digits == 0 ? 0 : one->negative ? -1 : 1;
    int b = other->digits == 0 ? 0 : other->negative ? -1 : 1;
    if (a != b)
        return a < b ? -1 : 1;
    return a == 0 ? 0 : a * order_size(one, other);
}

int number_compare(const struct json_document *json, const struct json_node *one,
                   const struct json_document *other_json, const struct json_node *other) {
    if ((one->flags & other->flags & NODE_INTEGER) != 0)
        return one->is.integer < other->is.integer ? -1 : one->is.integer > other->is.integer;
    struct number a, b;
    number_read(json, one, &a);
    number_read(other_json, other, &b);
    return number_order(&a, &b);
}

bool number_is_integer(const struct json_document *json, const struct json_node *node) {
    if ((node->flags & NODE_INTEGER) != 0)
        return true;
    struct number number;
    number_read(json, node, &number);
    return number.digits == 0 || number.exponent >= 0;
}

bool number_is_written_integer(const struct json_document *json, const struct json_node *node) {
    if ((node->flags & NODE_INTEGER) == 0)
        return number_is_integer(json, node);
    struct span text = json_source(json, node);
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '.' || text.data[i] == 'e' || text.data[i] == 'E')
            return false;
    return true;
}

int number_sign(const struct json_document *json, const struct json_node *node) {
    struct number number;
    number_read(json, node, &number);
    return number.digits == 0 ? 0 : number.negative ? -1 : 1;
}

bool number_is_negative(const struct json_document *json, const struct json_node *node) {
    return number_sign(json, node) < 0;
}

__extension__ typedef unsigned __int128 wide;

static uint64_t multiply(uint64_t one, uint64_t other, uint64_t modulus) {
    return (uint64_t)((wide)one * other % modulus);
}

static bool is_small_multiple(const struct number *number, int64_t power, uint64_t modulus) {
    uint64_t rest = 0;
    if (number->digits <= 19)
        rest = number->small % modulus;
    for (uint32_t i = 0; number->digits > 19 && i < number->digits; i++)
        rest = (uint64_t)(((wide)rest * 10 + (unsigned char)(number_digit(number, i) - '0')) % modulus);
    for (uint64_t base = 10 % modulus; power > 0 && rest != 0; power /= 2) {
        if (power % 2 == 1)
            rest = multiply(rest, base, modulus);
        base = multiply(base, base, modulus);
    }
    return rest == 0;
}

/* value = n x 10^e, divisor = d x 10^f with n and d not ending in 0: for e < f no multiple (n would have to end in 0),
 * else n x 10^(e-f) must be 0 modulo d. */
enum number_multiple number_is_multiple(const struct number *number, const struct number *divisor,
                                        struct arena *scratch, int64_t *steps) {
    if (number->digits == 0)
        return MULTIPLE_YES;
    int64_t power = number->exponent - divisor->exponent;
    if (power < 0)
        return MULTIPLE_NO;
    if (divisor->digits > 19)
        return remainder_judge(number, power, divisor, scratch, steps);
    *steps -= number->digits / 64;
    if (*steps < 0)
        return MULTIPLE_STEPS;
    return is_small_multiple(number, power, divisor->small) ? MULTIPLE_YES : MULTIPLE_NO;
}

uint64_t number_hash(const struct json_document *json, const struct json_node *node) {
    uint64_t hash = 0xcbf29ce484222325;
    if ((node->flags & NODE_INTEGER) != 0)
        return (hash ^ (uint64_t)node->is.integer) * 0x9e3779b97f4a7c15;
    struct number number;
    number_read(json, node, &number);
    for (uint32_t i = 0; i < number.digits; i++)
        hash = (hash ^ (unsigned char)number_digit(&number, i)) * 0x100000001b3;
    return (hash ^ (uint64_t)number.exponent ^ (number.negative ? 1U << 31 : 0)) * 0x9e3779b97f4a7c15;
}
