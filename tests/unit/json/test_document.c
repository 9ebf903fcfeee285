/* Tests of json/document: members, numbers and doubles. */
#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <stdlib.h>

static void finds_members(void **state) {
    (void)state;
    struct arena arena;
    struct json_document document;
    struct span text = SPAN("{\"a\":{\"x\":[1]},\"\\u0062\":2,\"\":3,\"\xc3\xa5\":4,\"12345678\":5,\"123456789\":6}");
    arena_init(&arena, 0);
    assert_true(json_read(&arena, text, NULL, &document, NULL));
    const struct json_node *root = document.node;
    static const struct {
        struct span name;
        int64_t value;
    } rows[] = {{SPAN("b"), 2}, {SPAN(""), 3}, {SPAN("\xc3\xa5"), 4}, {SPAN("12345678"), 5}, {SPAN("123456789"), 6}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct json_node *value = json_member(&document, root, rows[i].name);
        assert_non_null(value);
        assert_int_equal(value->is.integer, rows[i].value);
        assert_ptr_equal(value, json_member_hashed(&document, root, rows[i].name, json_hash(rows[i].name)));
    }
    assert_null(json_member(&document, root, SPAN("x")));
    assert_null(json_member(&document, root, SPAN("a\0")));
    const struct json_node *inner = json_member(&document, json_member(&document, root, SPAN("a")), SPAN("x"));
    assert_int_equal(json_node_type(inner), NODE_ARRAY);
    assert_null(json_member(&document, inner, SPAN("x")));
    arena_finish(&arena);
}

enum { NEITHER, INTEGER = NODE_INTEGER, DECIMAL = NODE_DECIMAL };

static void numbers_are_exact(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int flag;
        int64_t integer;
        int exponent;
    } rows[] = {
        {"0", INTEGER, 0, 0},
        {"-0", INTEGER, 0, 0},
        {"-0.000", INTEGER, 0, 0},
        {"0e-99999", INTEGER, 0, 0},
        {"0.0000000000000000000000000e99", INTEGER, 0, 0},
        {"1.0", INTEGER, 1, 0},
        {"-12.00", INTEGER, -12, 0},
        {"1e2", INTEGER, 100, 0},
        {"1.5e1", INTEGER, 15, 0},
        {"1500e-2", INTEGER, 15, 0},
        {"1e18", INTEGER, 1000000000000000000, 0},
        {"1.0000000000000000000000000", INTEGER, 1, 0},
        {"100000000000000000000000000e-26", INTEGER, 1, 0},
        {"9223372036854775807", INTEGER, INT64_MAX, 0},
        {"-9223372036854775808", INTEGER, INT64_MIN, 0},
        {"9223372036854775807.00", INTEGER, INT64_MAX, 0},
        {"922337203685477580.7e1", INTEGER, INT64_MAX, 0},
        {"1250.5", DECIMAL, 12505, -1},
        {"1250.50", DECIMAL, 12505, -1},
        {"0.1", DECIMAL, 1, -1},
        {"-0.0001", DECIMAL, -1, -4},
        {"1e-7", DECIMAL, 1, -7},
        {"1e19", DECIMAL, 1, 19},
        {"12e400", DECIMAL, 12, 400},
        {"-1.20e400", DECIMAL, -12, 399},
        {"9223372036854775810", DECIMAL, 922337203685477581, 1},
        {"1e32767", DECIMAL, 1, 32767},
        {"1e-32768", DECIMAL, 1, -32768},
        {"922337203685477580.5", DECIMAL, 9223372036854775805, -1},
        {"-922337203685477580.8", DECIMAL, INT64_MIN, -1},
        {"0.0000000000000000000000000000012345", DECIMAL, 12345, -34},
        {"1e32768", NEITHER, 0, 0},
        {"1e-32769", NEITHER, 0, 0},
        {"1e99999999999999999999", NEITHER, 0, 0},
        {"9223372036854775808", NEITHER, 0, 0},
        {"-9223372036854775809", NEITHER, 0, 0},
        {"18446744073709551616", NEITHER, 0, 0},
        {"18446744073709551621", NEITHER, 0, 0},
        {"1.00000000000000000000000001", NEITHER, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena;
        struct json_document document;
        arena_init(&arena, 0);
        assert_true(json_read(&arena, span_of(rows[i].text), NULL, &document, NULL));
        const struct json_node *number = document.node;
        if (number->flags != rows[i].flag || number->is.integer != rows[i].integer ||
            number->exponent != rows[i].exponent)
            fail_msg("%s: flags %d, %lld x 10^%d", rows[i].text, number->flags, (long long)number->is.integer,
                     number->exponent);
        arena_finish(&arena);
    }
}

static double double_of(const char *text) {
    struct arena arena;
    struct json_document document;
    arena_init(&arena, 0);
    assert_true(json_read(&arena, span_of(text), NULL, &document, NULL));
    double real = json_double(&document, document.node);
    arena_finish(&arena);
    return real;
}

/* Against the C library's own conversion, which rounds correctly. */
static void doubles_are_nearest(void **state) {
    (void)state;
    static const char *const texts[] = {
        "0.1",
        "0.3",
        "1e22",
        "1e23",
        "8.5e22",
        "9007199254740993",
        "-9007199254740993.0",
        "9007199254740993e22",
        "1.7976931348623157e308",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "4.9e-324",
        "2.4e-324",
        "2.5e-324",
        "-5e-324",
        "1e-400",
        "0.000001",
        "123456.789e-3",
        "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000011102230246251565404236316680908203124",
        "1.00000000000000011102230246251565404236316680908203126",
        "6929495644600919.5",
        "3.14159265358979323846264338327950288",
        "7.2057594037927933e16",
        "1e0000000000000000000000000005",
        "18446744073709551616",
        "123456789012345678901234567890e-20",
        "0.00000000000000000000000000000000000000000000000001",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_true(double_of(texts[i]) == strtod(texts[i], NULL));
    assert_true(isinf(double_of("1e309")) && double_of("-1e99999999999999999999") < 0);
    assert_true(double_of("1e-99999999999999999999") == 0);
}

/* Half way between two doubles by a digit that stands very far behind. */
static void ties_are_broken_by_the_last_digit(void **state) {
    (void)state;
    char text[2000];
    memset(text, '0', sizeof text);
    static const char half[] = "1.00000000000000011102230246251565404236316680908203125";
    memcpy(text, half, sizeof half - 1);
    text[sizeof text - 2] = '1';
    text[sizeof text - 1] = '\0';
    assert_true(double_of(text) > 1.0);
    text[sizeof text - 2] = '0';
    assert_true(double_of(text) == 1.0);
}

static void the_locale_does_not_matter(void **state) {
    (void)state;
    if (setlocale(LC_NUMERIC, "sv_SE.UTF-8") == NULL && setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL)
        skip();
    double real = double_of("12345678901234567890.5");
    setlocale(LC_NUMERIC, "C");
    assert_true(real == 12345678901234567890.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_members),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(doubles_are_nearest),
        cmocka_unit_test(ties_are_broken_by_the_last_digit),
        cmocka_unit_test(the_locale_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
