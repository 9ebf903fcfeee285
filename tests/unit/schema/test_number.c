/* multipleOf for numbers of any length, against schoolbook arithmetic on strings of digits: slow, and right. */
#include "schema/number.h"
#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { DIGITS = 600 };

/* A whole number, highest digit first, no zeros in front. */
struct whole {
    int size;
    char digit[4 * DIGITS];
};

static uint64_t state = 20261124;

static unsigned random_below(unsigned bound) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % bound;
}

static struct whole random_whole(int most) {
    struct whole whole = {.size = 1 + (int)random_below((unsigned)most)};
    for (int i = 0; i < whole.size; i++)
        whole.digit[i] = (char)('0' + (random_below(3) == 0 ? 9 * random_below(2) : random_below(10)));
    if (whole.digit[0] == '0')
        whole.digit[0] = '1';
    return whole;
}

static struct whole product(const struct whole *one, const struct whole *other) {
    int sums[4 * DIGITS] = {0};
    for (int i = 0; i < one->size; i++)
        for (int j = 0; j < other->size; j++)
            sums[i + j + 1] += (one->digit[i] - '0') * (other->digit[j] - '0');
    for (int i = one->size + other->size - 1; i > 0; i--) {
        sums[i - 1] += sums[i] / 10;
        sums[i] %= 10;
    }
    struct whole whole = {0};
    for (int i = sums[0] == 0; i < one->size + other->size; i++)
        whole.digit[whole.size++] = (char)('0' + sums[i]);
    return whole;
}

/* number x 10^zeros, digit by digit, the divisor taken away as often as it goes. */
static bool divides(const struct whole *divisor, const struct whole *number, int zeros) {
    char rest[4 * DIGITS + 1] = {0};
    int size = divisor->size + 1;
    for (int i = 0; i < number->size + zeros; i++) {
        memmove(rest, rest + 1, (size_t)size - 1);
        rest[size - 1] = (char)(i < number->size ? number->digit[i] - '0' : 0);
        for (;;) {
            char less[4 * DIGITS + 1] = {0};
            int borrow = 0;
            for (int k = size - 1; k >= 0; k--) {
                int digit = rest[k] - borrow - (k > 0 ? divisor->digit[k - 1] - '0' : 0);
                borrow = digit < 0;
                less[k] = (char)(digit + 10 * borrow);
            }
            if (borrow)
                break;
            memcpy(rest, less, (size_t)size);
        }
    }
    for (int i = 0; i < size; i++)
        if (rest[i] != 0)
            return false;
    return true;
}

static bool is_multiple(struct arena *arena, const char *value, const char *divisor) {
    struct json_document one, other;
    struct number a, b;
    int64_t steps = INT64_MAX;
    assert_true(json_read(arena, span_of(value), NULL, &one, NULL));
    assert_true(json_read(arena, span_of(divisor), NULL, &other, NULL));
    number_read(&one, one.node, &a);
    number_read(&other, other.node, &b);
    enum number_multiple result = number_is_multiple(&a, &b, arena, &steps);
    assert_true(result == MULTIPLE_YES || result == MULTIPLE_NO);
    return result == MULTIPLE_YES;
}

/* whole x 10^exponent as a JSON number in one of its forms. */
static void write(char *text, size_t room, const struct whole *whole, int exponent) {
    int point = (int)random_below((unsigned)whole->size); /* digits behind the point */
    int before = whole->size - point;
    (void)snprintf(text, room, "%s%.*s%s%.*se%d", random_below(2) == 0 ? "-" : "", before, whole->digit,
                   point > 0 ? "." : "", point, whole->digit + before, exponent + point);
}

static void agrees_with_schoolbook(void **unused) {
    (void)unused;
    int yes = 0;
    for (int round = 0; round < 4000; round++) {
        struct whole divisor = random_whole(round % 50 == 0 ? DIGITS : 60), number = random_whole(90);
        if (random_below(2) == 0)
            number = product(&divisor, &number);
        int low = (int)random_below(40) - 20, zeros = (int)random_below(random_below(8) == 0 ? 300 : 4);
        char value[4 * DIGITS + 32], of[4 * DIGITS + 32];
        write(value, sizeof value, &number, low + zeros);
        write(of, sizeof of, &divisor, low);
        struct arena arena;
        arena_init(&arena, 0);
        bool wanted = divides(&divisor, &number, zeros);
        char *positive = of[0] == '-' ? of + 1 : of;
        if (is_multiple(&arena, value, positive) != wanted)
            fail_msg("%s is %sa multiple of %s", value, wanted ? "" : "not ", positive);
        arena_finish(&arena);
        yes += wanted;
    }
    assert_true(yes > 1000 && yes < 3000);
}

/* 10^n is a multiple of 2^n and 5^n, 10^(n-1) is not: as many zeros as a divisor can need. */
static void counts_zeros(void **unused) {
    (void)unused;
    for (int prime = 2; prime <= 5; prime += 3) {
        struct whole factor = {.size = 1, .digit = {(char)('0' + prime)}}, power = factor;
        for (int n = 2; n < 700; n++) {
            power = product(&power, &factor);
            char divisor[DIGITS], value[16];
            struct arena arena;
            arena_init(&arena, 0);
            (void)snprintf(divisor, sizeof divisor, "%.*s", power.size, power.digit);
            (void)snprintf(value, sizeof value, "1e%d", n);
            assert_true(is_multiple(&arena, value, divisor));
            (void)snprintf(value, sizeof value, "1e%d", n - 1);
            assert_false(is_multiple(&arena, value, divisor));
            arena_finish(&arena);
        }
    }
}

static void far_exponents(void **unused) {
    (void)unused;
    static const struct {
        const char *value, *divisor;
        bool multiple;
    } rows[] = {
        {"1", "1e-1000000", true},
        {"1e-1000001", "1e-1000000", false},
        {"123456789012345678901234567890", "1e-999999999999999999", true},
        {"1e999999999999999999", "1e999999999999999998", true},
        {"1e3999999999999999998", "1e3999999999999999999", false},
        {"1e308", "123456789012345678901", false},
        {"1e999999999999999999", "1.00000000000000000000000000000000000000001", false},
        {"5e1000000", "0.00000000000000000000000011920928955078125", true},
        {"1e308", "340282366920938463463374607431768211456", true},
        {"1e127", "340282366920938463463374607431768211456", false},
        {"0", "123456789012345678901234567890", true},
        {"-0e5", "1e999999999", true},
        {"18446744073709551615", "9223372036854775807", false},
        {"18446744073709551614", "9223372036854775807", true},
        {"9223372036854775807.0", "9223372036854775807", true},
        {"9999999999999999999e9", "9999999999999999999", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, 0);
        if (is_multiple(&arena, rows[i].value, rows[i].divisor) != rows[i].multiple)
            fail_msg("%s of %s", rows[i].value, rows[i].divisor);
        arena_finish(&arena);
    }
}

/* A long divisor costs steps before it costs time. */
static void long_divisions_are_bounded(void **unused) {
    (void)unused;
    enum { LONG = 1 << 20 };
    static char text[LONG];
    memset(text, '7', sizeof text);
    struct json_node node = {.type = NODE_NUMBER, .size = sizeof text};
    struct json_document json = {.source = {text, sizeof text}, .node = &node, .count = 1};
    struct number number;
    number_read(&json, &node, &number);
    struct arena arena;
    arena_init(&arena, 0);
    int64_t steps = 1000000;
    assert_int_equal(number_is_multiple(&number, &number, &arena, &steps), MULTIPLE_STEPS);
    struct json_node few = {.type = NODE_NUMBER, .size = 100};
    struct number divisor;
    number_read(&json, &few, &divisor);
    assert_int_equal(number_is_multiple(&number, &divisor, &arena, &steps), MULTIPLE_NO);
    assert_true(steps > 0 && steps < 500000);
    arena_finish(&arena);
    arena_init(&arena, 16);
    steps = 1000000;
    assert_int_equal(number_is_multiple(&number, &divisor, &arena, &steps), MULTIPLE_MEMORY);
    arena_finish(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_schoolbook),
        cmocka_unit_test(counts_zeros),
        cmocka_unit_test(far_exponents),
        cmocka_unit_test(long_divisions_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
