/* Tests of json/splice: every byte outside the member stays. */
#include "json/splice.h"

#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void splices(void **state) {
    (void)state;
    static const struct {
        const char *text, *into, *value;
        const char *expected; /* NULL: no parent */
    } rows[] = {
        {"{}", "$.a", "1", "{\"a\":1}"},
        {"{ }", "$.a", "1", "{\"a\":1 }"},
        {" { \"b\" : 1.50 } ", "$.a", "\"x\"", " { \"b\" : 1.50,\"a\":\"x\" } "},
        {"{\"b\":{\"c\":[1]},\"d\":{}}", "$.b.e", "null", "{\"b\":{\"c\":[1],\"e\":null},\"d\":{}}"},
        {"{\"b\":{\"c\":[1]},\"d\":{}}", "$.d.e", "{}", "{\"b\":{\"c\":[1]},\"d\":{\"e\":{}}}"},
        {"{\"a\": 1 ,\"b\":2}", "$.a", "[0.10]", "{\"a\": [0.10] ,\"b\":2}"},
        {"{\"\\u0061\":{\"x\":1},\"b\":2}", "$.a", "9", "{\"\\u0061\":9,\"b\":2}"},
        {"{\"a\":{\"x\":1,\"y\":2}}", "$.a.x", "9", "{\"a\":{\"x\":9,\"y\":2}}"},
        {"{}", "$[\"\\\"\\n\xc3\xa5\"]", "1", "{\"\\\"\\n\xc3\xa5\":1}"},
        {"{\"a\":1}", "$.b.c", "1", NULL},
        {"{\"a\":[]}", "$.a.c", "1", NULL},
        {"{\"a\":null}", "$.a.c", "1", NULL},
        {"[]", "$.a", "1", NULL},
        {"{}", "$", "1", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena;
        struct json_document document;
        struct buf out = {0};
        struct json_path *path = json_path_create(span_of(rows[i].into), NULL);
        assert_non_null(path);
        arena_init(&arena, 0);
        assert_true(json_read(&arena, span_of(rows[i].text), NULL, &document, NULL));
        enum json_splice result = json_splice(&document, path, span_of(rows[i].value), &out);
        assert_int_equal(result, rows[i].expected != NULL ? JSON_SPLICED : JSON_SPLICE_NO_PARENT);
        assert_string_equal(buf_text(&out), rows[i].expected != NULL ? rows[i].expected : "");
        if (result == JSON_SPLICED) {
            assert_true(json_read(&arena, buf_span(&out), NULL, &document, NULL));
            assert_true(span_equal(json_source(&document, json_path_find(path, &document)), span_of(rows[i].value)));
        }
        buf_finish(&out);
        json_path_destroy(path);
        arena_finish(&arena);
    }
}

static void writes_strings(void **state) {
    (void)state;
    static const struct {
        struct span text;
        const char *expected;
    } rows[] = {
        {SPAN(""), "\"\""},
        {SPAN("plain"), "\"plain\""},
        {SPAN("\"\\/"), "\"\\\"\\\\/\""},
        {SPAN("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
        {SPAN("\0a\x1f\x7f"), "\"\\u0000a\\u001f\x7f\""},
        {SPAN("\xc3\xa5 \xf0\x9f\x98\x80"), "\"\xc3\xa5 \xf0\x9f\x98\x80\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena;
        struct json_document document;
        struct buf out = {0};
        arena_init(&arena, 0);
        json_write_string(&out, rows[i].text);
        assert_string_equal(buf_text(&out), rows[i].expected);
        assert_true(json_read(&arena, buf_span(&out), NULL, &document, NULL));
        assert_true(span_equal(json_text(&document, document.node), rows[i].text));
        buf_finish(&out);
        arena_finish(&arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(splices), cmocka_unit_test(writes_strings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
