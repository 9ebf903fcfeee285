/* Texts on which readers disagree, with our verdict and jansson's. Every difference is one of the written list in
 * json/reader.h. */
#include "support/oracle.h"
#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct row {
    struct span text;
    enum json_fault fault; /* ours */
    enum oracle_difference difference;
};

#define GOOD(text)                                                                                                     \
    { SPAN(text), JSON_FAULT_NONE, ORACLE_SAME }
#define BAD(text)                                                                                                      \
    { SPAN(text), JSON_FAULT_SYNTAX, ORACLE_SAME }
#define NOT_UTF8(text)                                                                                                 \
    { SPAN(text), JSON_FAULT_UTF8, ORACLE_SAME }
#define TWICE(text)                                                                                                    \
    { SPAN(text), JSON_FAULT_DUPLICATE, ORACLE_SAME }
#define OVERLOOKED(text)                                                                                               \
    { SPAN(text), JSON_FAULT_SYNTAX, ORACLE_NUL }
#define DIFFERS(text, which)                                                                                           \
    { SPAN(text), JSON_FAULT_NONE, ORACLE_##which }

static const struct row values[] = {
    GOOD("null"),
    GOOD("true"),
    GOOD("false"),
    GOOD("0"),
    GOOD("\"\""),
    GOOD("[]"),
    GOOD("{}"),
    GOOD(" \t\r\n[ 1 , 2 ]\n "),
    GOOD("{ \"a\" : { } , \"b\" : [ ] }"),
    GOOD("[[[[]]]]"),
    GOOD("[{},{}]"),
    GOOD("{\"\":0}"),
    GOOD("{\"a\":{\"a\":{\"a\":1}}}"),
    GOOD("[null,true,false]"),
    BAD(""),
    BAD(" "),
    BAD("nul"),
    BAD("nulll"),
    BAD("Null"),
    BAD("NULL"),
    BAD("tru"),
    BAD("truee"),
    BAD("fals"),
    BAD("True"),
    BAD("undefined"),
    BAD("NaN"),
    BAD("Infinity"),
    BAD("-Infinity"),
    BAD("nan"),
    BAD("a"),
    BAD("'a'"),
    BAD("["),
    BAD("]"),
    BAD("{"),
    BAD("}"),
    BAD("[1"),
    BAD("[1,"),
    BAD("[,1]"),
    BAD("[1,]"),
    BAD("[1,,2]"),
    BAD("[,]"),
    BAD("[1 2]"),
    BAD("[1;2]"),
    BAD("[1:2]"),
    BAD("[1}"),
    BAD("{]"),
    BAD("[}"),
    BAD("[[]"),
    BAD("[]]"),
    BAD("[] []"),
    BAD("{\"a\"}"),
    BAD("{\"a\":}"),
    BAD("{:1}"),
    BAD("{\"a\":1,}"),
    BAD("{,\"a\":1}"),
    BAD("{\"a\":1,,\"b\":2}"),
    BAD("{\"a\" 1}"),
    BAD("{\"a\"::1}"),
    BAD("{\"a\",1}"),
    BAD("{\"a\":1 \"b\":2}"),
    BAD("{a:1}"),
    BAD("{'a':1}"),
    BAD("{1:1}"),
    BAD("{null:1}"),
    BAD("{[]:1}"),
    BAD("{\"a\":1"),
    BAD("{\"a\":1]"),
    BAD("{\"a\":1}}"),
    BAD("{}{}"),
    BAD("1 2"),
    BAD("null,"),
    BAD("[1]x"),
    BAD("[1]\0"),
    BAD("\0"),
    BAD("[\0]"),
    BAD("[1,\0,2]"),
    BAD("[\0 1]"),
    BAD("[\"a\"\0]"),
    OVERLOOKED("[1\0]"),
    OVERLOOKED("[true\0,1.5\0 ]"),
    OVERLOOKED("1e5\0"),
    BAD("/* c */1"),
    BAD("[1]//c"),
    BAD("[1]#"),
    BAD("\f[]"),
    BAD("\v1"),
    BAD("\xc2\xa0[]"),
    BAD("[1\xc2\xa0]"),
    BAD("\xef\xbb\xbf{}"),
    BAD("\xef\xbb\xbf"),
    BAD("\xfe\xff\0[\0]"),
    BAD("[\0]\0"),
    BAD("[\xe2\x80\xa8]"),
    BAD("*"),
    BAD("<a>"),
    BAD("(1)"),
    BAD("[1\n"),
    BAD("\x1e[]"),
};

static const struct row numbers[] = {
    GOOD("1"),
    GOOD("-1"),
    GOOD("-0"),
    GOOD("0.0"),
    GOOD("-0.0"),
    GOOD("0e0"),
    GOOD("0E+0"),
    GOOD("0e-0"),
    GOOD("10"),
    GOOD("1.5"),
    GOOD("-1.5e3"),
    GOOD("1e2"),
    GOOD("1E2"),
    GOOD("1e+2"),
    GOOD("1e-2"),
    GOOD("1e02"),
    GOOD("1e0000000002"),
    GOOD("0.1"),
    GOOD("0.10"),
    GOOD("123.456e-78"),
    GOOD("9007199254740993"),
    GOOD("9007199254740993.0"),
    GOOD("9223372036854775807"),
    GOOD("-9223372036854775808"),
    GOOD("1e308"),
    GOOD("1.7976931348623157e308"),
    GOOD("1.7976931348623158e308"),
    GOOD("2.2250738585072011e-308"),
    GOOD("4.9e-324"),
    GOOD("1e-400"),
    GOOD("0e400"),
    GOOD("0e99999999999"),
    GOOD("1e-99999999999"),
    GOOD("0.000000000000000000000000000001"),
    GOOD("1.00000000000000011102230246251565404236316680908203125"),
    GOOD("1.00000000000000011102230246251565404236316680908203124"),
    GOOD("1.00000000000000011102230246251565404236316680908203126"),
    GOOD("8.5e22"),
    GOOD("9007199254740993e22"),
    GOOD("123456789012345678e-5"),
    GOOD("0.3e1"),
    GOOD("100000000000000000000.0"),
    GOOD("12345678901234567890.5"),
    GOOD("0.1234567890123456789012345678901234567890"),
    DIFFERS("9223372036854775808", RANGE),
    DIFFERS("-9223372036854775809", RANGE),
    DIFFERS("[1e400]", RANGE),
    DIFFERS("-1e309", RANGE),
    DIFFERS("1e99999999999999999999", RANGE),
    DIFFERS("{\"a\":18446744073709551616}", RANGE),
    DIFFERS("100000000000000000000", RANGE),
    DIFFERS("1.8e308", RANGE),
    BAD("-"),
    BAD("+1"),
    BAD("01"),
    BAD("-01"),
    BAD("00"),
    BAD("0x1"),
    BAD("1."),
    BAD(".5"),
    BAD("-.5"),
    BAD("1.e1"),
    BAD("1e"),
    BAD("1e+"),
    BAD("1E-"),
    BAD("1e1.5"),
    BAD("1.5.5"),
    BAD("--1"),
    BAD("- 1"),
    BAD("1 .5"),
    BAD("1. 5"),
    BAD("1e 5"),
    BAD("1_000"),
    BAD("1,5"),
    BAD("0b1"),
    BAD("1a"),
    BAD("1e5e5"),
    BAD("-a"),
    BAD("0.e1"),
    BAD("0e"),
    BAD("[-]"),
    BAD("[1.]"),
    BAD("[01]"),
    BAD("[1e]"),
    BAD("1-"),
    BAD("1+1"),
    BAD("-Inf"),
    BAD("012"),
    BAD("1f"),
    BAD("\xef\xbc\x91"),
    BAD("\xd9\xa1"),
};

static const struct row strings[] = {
    GOOD("\"a\""),
    GOOD("\"1234567\""),
    GOOD("\"12345678\""),
    GOOD("\"123456789\""),
    GOOD("\"\x7f\""),
    GOOD("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    GOOD("\"\\u0041\\u00e5\\u20ac\""),
    GOOD("\"\\uD83D\\uDE00\""),
    GOOD("\"\\ud83d\\ude00x\""),
    GOOD("\"\\uabcd\\uABCD\""),
    GOOD("\"\\u0001\\u001f\""),
    GOOD("\"\\uffff\\ufffe\""),
    GOOD("\"\\uDBFF\\uDFFF\""),
    GOOD("\"\\u2028\""),
    GOOD("\"\\\\u0000\""),
    GOOD("\"\\u0080\\u07ff\\u0800\""),
    GOOD("\"\xc3\xa5\xc3\xa4\xc3\xb6\""),
    GOOD("\"\xe2\x82\xac\""),
    GOOD("\"\xf0\x9f\x98\x80\""),
    GOOD("\"\xc2\x80\""),
    GOOD("\"\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""),
    GOOD("\"1234567\xc3\xa5\""),
    GOOD("\"\xc3\xa5 12345678 \xc3\xa5\""),
    GOOD("\"\xef\xbb\xbf\""),
    GOOD("\"\xe2\x80\xa8\""),
    DIFFERS("\"\\u0000\"", NUL),
    DIFFERS("[\"a\\u0000b\"]", NUL),
    DIFFERS("{\"\\u0000\":1}", NUL),
    DIFFERS("{\"a\\u0000b\":1,\"a\":2,\"a\\u0000c\":3}", NUL),
    DIFFERS("[\"\\u0000\",1e999]", RANGE),
    BAD("\""),
    BAD("\"a"),
    BAD("\"1234567"),
    BAD("\"12345678"),
    BAD("\"\\"),
    BAD("\"\\\""),
    BAD("\"\\a\""),
    BAD("\"\\0\""),
    BAD("\"\\x41\""),
    BAD("\"\\'\""),
    BAD("\"\\U0041\""),
    BAD("\"\\u\""),
    BAD("\"\\u1\""),
    BAD("\"\\u12\""),
    BAD("\"\\u123\""),
    BAD("\"\\u123g\""),
    BAD("\"\\u 123\""),
    BAD("\"\\u+123\""),
    BAD("\"\\u-123\""),
    BAD("\"\\u12\\n4\""),
    BAD("\"\\ \""),
    BAD("\"\\\n\""),
    BAD("\"\\\0\""),
    BAD("\"\n\""),
    BAD("\"\t\""),
    BAD("\"\0\""),
    BAD("\"\x1f\""),
    BAD("\"1234567\n\""),
    BAD("\"\xc3\xa5\n\""),
    BAD("\"\\ud800\""),
    BAD("\"\\udbff\""),
    BAD("\"\\udc00\""),
    BAD("\"\\udfff\""),
    BAD("\"\\ud800\\ud800\""),
    BAD("\"\\ud800x\""),
    BAD("\"\\ud800\\u0041\""),
    BAD("\"\\udc00\\ud800\""),
    BAD("\"\\ud800\\n\""),
    BAD("\"\\ud800\\\""),
    BAD("\"\\ud800\\u\""),
    BAD("\"\\ud800\\udc0\""),
    BAD("\"\\ud800\\udc0g\""),
    BAD("{\"\\ud800\":1}"),
    BAD("\"\\\xc3\xa5\""),
    BAD("\"a\" \"b\""),
    BAD("\"a\"b"),
    BAD("[\"a]"),
    BAD("{\"a:1}"),
    BAD("[\"a\",\"b]"),
    BAD("\"\x08\""),
    NOT_UTF8("\"\x80\""),
    NOT_UTF8("\"\xbf\""),
    NOT_UTF8("\"\xc0\x80\""),
    NOT_UTF8("\"\xc1\xbf\""),
    NOT_UTF8("\"\xc3\""),
    NOT_UTF8("\"\xc3(\""),
    NOT_UTF8("\"\xe0\x80\x80\""),
    NOT_UTF8("\"\xe0\x9f\xbf\""),
    NOT_UTF8("\"\xe2\x82\""),
    NOT_UTF8("\"\xed\xa0\x80\""),
    NOT_UTF8("\"\xed\xbf\xbf\""),
    NOT_UTF8("\"\xed\xa0\xbd\xed\xb8\x80\""),
    NOT_UTF8("\"\xf0\x80\x80\x80\""),
    NOT_UTF8("\"\xf0\x8f\xbf\xbf\""),
    NOT_UTF8("\"\xf4\x90\x80\x80\""),
    NOT_UTF8("\"\xf5\x80\x80\x80\""),
    NOT_UTF8("\"\xf8\x88\x80\x80\x80\""),
    NOT_UTF8("\"\xfe\""),
    NOT_UTF8("\"\xff\""),
    NOT_UTF8("\"\xf0\x9f\x98\""),
    NOT_UTF8("\"\xe5\xe4\xf6\""),
    NOT_UTF8("{\"\xff\":1}"),
    NOT_UTF8("\"1234567\xff\""),
    NOT_UTF8("\"\xc3"),
    NOT_UTF8("\"\xf0\x9f\x98"),
    NOT_UTF8("\"ok \xc3\xa5 \xe5\""),
    NOT_UTF8("[\"\xff\",\"\\x\"]"),
};

static const struct row keys[] = {
    GOOD("{\"a\":1,\"b\":1}"),
    GOOD("{\"a\":{\"a\":1},\"b\":{\"a\":1}}"),
    GOOD("[{\"a\":1},{\"a\":1}]"),
    GOOD("{\"a\":1,\"A\":2}"),
    GOOD("{\"a\":1,\"a \":2}"),
    GOOD("{\"\xc3\xa5\":1,\"a\xcc\x8a\":2}"),
    GOOD("{\"\":1,\" \":2}"),
    TWICE("{\"a\":1,\"a\":1}"),
    TWICE("{\"a\":1,\"b\":2,\"a\":3}"),
    TWICE("{\"\":1,\"\":2}"),
    TWICE("{\"a\":1,\"\\u0061\":2}"),
    TWICE("{\"\\u0061\":1,\"a\":2}"),
    TWICE("{\"\\u0061\":1,\"\\u0061\":2}"),
    TWICE("{\"\xc3\xa5\":1,\"\\u00e5\":2}"),
    TWICE("{\"/\":1,\"\\/\":2}"),
    TWICE("[{\"x\":{\"a\":1,\"a\":1}}]"),
    TWICE("{\"a\":{\"b\":1},\"a\":{\"c\":2}}"),
    TWICE("{\"a\":[],\"b\":{},\"b\":[]}"),
    TWICE("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}"),
    TWICE("{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1,"
          "\"n\":1,\"o\":1,\"a\":1}"),
    TWICE("{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1,"
          "\"n\":1,\"o\":1,\"p\":1,\"a\":1}"),
    TWICE("{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1,"
          "\"n\":1,\"o\":1,\"p\":1,\"q\":1,\"q\":2}"),
    {SPAN("{\"\\u0000\":1,\"\\u0000\":2}"), JSON_FAULT_DUPLICATE, ORACLE_SAME},
};

static void check(const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *why = "";
        struct arena arena;
        struct json_document document;
        struct json_problem problem = {0};
        arena_init(&arena, 0);
        bool read = json_read(&arena, rows[i].text, NULL, &document, &problem);
        enum oracle_difference difference = oracle_compare(rows[i].text, NULL, &why);
        if (read != (rows[i].fault == JSON_FAULT_NONE) || problem.fault != rows[i].fault ||
            difference != rows[i].difference)
            fail_msg("row %zu, <" SPAN_FORMAT ">: fault %d, difference %d %s", i, SPAN_ARGUMENT(rows[i].text),
                     (int)problem.fault, (int)difference, why);
        arena_finish(&arena);
    }
}

static void values_and_structure(void **state) {
    (void)state;
    check(values, sizeof values / sizeof *values);
}

static void all_numbers(void **state) {
    (void)state;
    check(numbers, sizeof numbers / sizeof *numbers);
}

static void all_strings(void **state) {
    (void)state;
    check(strings, sizeof strings / sizeof *strings);
}

static void all_keys(void **state) {
    (void)state;
    check(keys, sizeof keys / sizeof *keys);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(values_and_structure), cmocka_unit_test(all_numbers),
                                       cmocka_unit_test(all_strings), cmocka_unit_test(all_keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
