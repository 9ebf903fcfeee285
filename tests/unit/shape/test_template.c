/* A table of encodings, and what cannot be filled or compiled. */
#include "shape/template.h"

#include "support/memory.h"
#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char event[] =
    "{\"id\":\"A-1\",\"plain\":\"abcXYZ019-._~\",\"hard\":\"a/b c?d&e=f#g%h+i\",\"utf8\":\"Å\","
    "\"escaped\":\"\\u00c5\\\"\\\\\",\"newline\":\"a\\r\\nX: y\",\"zero\":\"\\u0000\",\"del\":\"\\u007f\","
    "\"number\":-1.50e+3,\"big\":12345678901234567890123,\"yes\":true,\"no\":false,\"null\":null,"
    "\"list\":[1],\"object\":{\"a b\":\"deep\"},\"empty\":\"\",\"dot\":\".\",\"dots\":\"..\","
    "\"up\":\"../admin\",\"inside\":\"2026/../../admin\",\"back\":\"2026\\\\..\",\"semicolon\":\"a/..;b/c\","
    "\"here\":\"./a\",\"number/year\":\"BN/2026-17\",\"ends\":\"a./..b/...;.\"}";

static enum template_result fill(enum template_kind kind, const char *text, struct buf *out,
                                 struct template_fault *fault) {
    struct error error = {0};
    struct template *template = template_create(kind, span_of(text), &error);
    if (template == NULL)
        fail_msg("%s: %s", text, error.text);
    struct arena arena;
    struct json_document document;
    arena_init(&arena, 0);
    assert_true(json_read(&arena, span_of(event), NULL, &document, NULL));
    enum template_result result = template_fill(template, &document, out, fault);
    arena_finish(&arena);
    template_destroy(template);
    return result;
}

static void places_are_filled_and_encoded(void **state) {
    (void)state;
    static const struct {
        enum template_kind kind;
        const char *text;
        const char *filled;
    } rows[] = {
        {TEMPLATE_TARGET, "/", "/"},
        {TEMPLATE_TARGET, "/errands/{$.id}/status", "/errands/A-1/status"},
        {TEMPLATE_TARGET, "/{$.plain}", "/abcXYZ019-._~"},
        {TEMPLATE_TARGET, "/{$.hard}", "/a%2Fb%20c%3Fd%26e%3Df%23g%25h%2Bi"},
        {TEMPLATE_TARGET, "/x?q={$.hard}&r={$['id']}", "/x?q=a%2Fb%20c%3Fd%26e%3Df%23g%25h%2Bi&r=A-1"},
        {TEMPLATE_TARGET, "/{$.utf8}", "/%C3%85"},
        {TEMPLATE_TARGET, "/{$.escaped}", "/%C3%85%22%5C"},
        {TEMPLATE_TARGET, "/{$.newline}", "/a%0D%0AX%3A%20y"},
        {TEMPLATE_TARGET, "/{$.zero}", "/%00"},
        {TEMPLATE_TARGET, "/{$.number}/{$.big}", "/-1.50e%2B3/12345678901234567890123"},
        {TEMPLATE_TARGET, "/{$.yes}{$.no}", "/truefalse"},
        {TEMPLATE_TARGET, "/a{$.empty}/", "/a/"},
        {TEMPLATE_TARGET, "/a{$.dots}b{$.empty}", "/a..b"},
        {TEMPLATE_TARGET, "/{$.dots}{$.dot}", "/..."},
        {TEMPLATE_TARGET, "/x?q={$.empty}&r={$.dots}/", "/x?q=&r=../"},
        {TEMPLATE_TARGET, "/x?a?{$.empty}", "/x?a?"},
        {TEMPLATE_TARGET, "/../%7e//{$.id}", "/../%7e//A-1"},
        {TEMPLATE_TARGET, "/{$['number/year']}/{$.ends}", "/BN%2F2026-17/a.%2F..b%2F...%3B."},
        {TEMPLATE_TARGET, "/x?q={$.up}", "/x?q=..%2Fadmin"},
        {TEMPLATE_TARGET, "/{$.x ?? \"a/\\u00c5}\"}", "/a%2F%C3%85%7D"},
        {TEMPLATE_TARGET, "/{$.null ?? \"none\"}/{$.list??\"l\"}/{$.id ?? \"none\"}", "/none/l/A-1"},
        {TEMPLATE_TARGET, "/{$.object['a b']}", "/deep"},
        {TEMPLATE_TARGET, "/{$['a}b ?? c'] ?? \"d\"}", "/d"},
        {TEMPLATE_HEADER, "", ""},
        {TEMPLATE_HEADER, "a b;{$.hard}", "a b;a/b c?d&e=f#g%h+i"},
        {TEMPLATE_HEADER, "{$.utf8}", "Å"},
        {TEMPLATE_HEADER, "{$.empty}", ""},
        {TEMPLATE_TEXT, "{$.id}/{$.newline}", "A-1/a\r\nX: y"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = {0};
        struct template_fault fault;
        enum template_result result = fill(rows[i].kind, rows[i].text, &out, &fault);
        if (result != TEMPLATE_FILLED || !span_equal(buf_span(&out), span_of(rows[i].filled)))
            fail_msg("%s became \"%s\"", rows[i].text, buf_text(&out));
        buf_finish(&out);
    }
}

static void a_value_that_is_missing_or_unusable_is_named(void **state) {
    (void)state;
    static const struct {
        enum template_kind kind;
        const char *text;
        const char *query;
        const char *what;
    } rows[] = {
        {TEMPLATE_TARGET, "/a/{$.x.y}", "$.x.y", "is absent"},
        {TEMPLATE_TARGET, "/a/{ $.null }", "$.null", "is null"},
        {TEMPLATE_TARGET, "/a/{$.list}", "$.list", "is an array or an object"},
        {TEMPLATE_TARGET, "/a/{$.object}?b", "$.object", "is an array or an object"},
        {TEMPLATE_TARGET, "/{$.empty}", "$.empty", "makes an empty path segment"},
        {TEMPLATE_TARGET, "/{$.empty}/a", "$.empty", "makes an empty path segment"},
        {TEMPLATE_TARGET, "/{$.empty}?a", "$.empty", "makes an empty path segment"},
        {TEMPLATE_TARGET, "/{$.x ?? \"\"}", "$.x", "makes an empty path segment"},
        {TEMPLATE_TARGET, "/{$.dot}/a", "$.dot", "makes a path segment of dots"},
        {TEMPLATE_TARGET, "/a/{$.dots}", "$.dots", "makes a path segment of dots"},
        {TEMPLATE_TARGET, "/a/{$.dot}{$.dot}?b", "$.dot", "makes a path segment of dots"},
        {TEMPLATE_TARGET, "/a/.{$.empty}/{$.id}", "$.empty", "makes a path segment of dots"},
        {TEMPLATE_TARGET, "/a/{$.up}/b", "$.up", "makes a path segment of dots"},
        {TEMPLATE_TARGET, "/a/{$.here}", "$.here", "makes a path segment of dots"},
        {TEMPLATE_TARGET, "/a/{$.inside}?b", "$.inside", "makes a path segment of dots"},
        {TEMPLATE_TARGET, "/a/{$.back}", "$.back", "makes a path segment of dots"},
        {TEMPLATE_TARGET, "/a/{$.semicolon}", "$.semicolon", "makes a path segment of dots"},
        {TEMPLATE_TARGET, "/a/%2e{$.dot}", "$.dot", "makes a path segment of dots"},
        {TEMPLATE_TARGET, "/a/{$.dots};v=1/b", "$.dots", "makes a path segment of dots"},
        {TEMPLATE_HEADER, "{$.newline}", "$.newline", "contains a control character"},
        {TEMPLATE_HEADER, "{$.zero}", "$.zero", "contains a control character"},
        {TEMPLATE_HEADER, "{$.del}", "$.del", "contains a control character"},
        {TEMPLATE_TEXT, "{$}", "$", "is an array or an object"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error error = {0};
        struct template *template = template_create(rows[i].kind, span_of(rows[i].text), &error);
        if (template == NULL)
            fail_msg("%s: %s", rows[i].text, error.text);
        struct arena arena;
        struct json_document document;
        arena_init(&arena, 0);
        assert_true(json_read(&arena, span_of(event), NULL, &document, NULL));
        struct buf out = {0};
        struct template_fault fault = {0};
        assert_int_equal(template_fill(template, &document, &out, &fault), TEMPLATE_MISSING);
        if (!span_equal(fault.query, span_of(rows[i].query)) || strcmp(fault.what, rows[i].what) != 0)
            fail_msg("%s: " SPAN_FORMAT " %s", rows[i].text, SPAN_ARGUMENT(fault.query), fault.what);
        buf_finish(&out);
        arena_finish(&arena);
        template_destroy(template);
    }
}

static void a_wrong_template_is_refused_with_its_place(void **state) {
    (void)state;
    static const struct {
        enum template_kind kind;
        const char *text;
        const char *sentence;
    } rows[] = {
        {TEMPLATE_TARGET, "", "a path must begin with \"/\""},
        {TEMPLATE_TARGET, "errands", "a path must begin with \"/\""},
        {TEMPLATE_TARGET, "{$.id}", "a path must begin with \"/\""},
        {TEMPLATE_TARGET, "/a#b", "\"#\" begins a fragment"},
        {TEMPLATE_TARGET, "/a b", "byte 3 after \"/a\" must be percent-encoded: %20"},
        {TEMPLATE_TARGET, "/a\r\nb", "byte 3 after \"/a\" must be percent-encoded: %0D"},
        {TEMPLATE_TARGET, "/\xc3\x85", "byte 2 after \"/\" must be percent-encoded: %C3"},
        {TEMPLATE_TARGET, "/a%2", "\"%\" must be followed by two hex digits"},
        {TEMPLATE_TARGET, "/a%zz", "\"%\" must be followed by two hex digits"},
        {TEMPLATE_TARGET, "/{$.id", "the place \"{$.id\" has no \"}\""},
        {TEMPLATE_TARGET, "/{$['id}", "the place \"{$['id}\" has no \"}\""},
        {TEMPLATE_TARGET, "/$.id}", "a \"}\" without its \"{\""},
        {TEMPLATE_TARGET, "/{}", "in the place {}: "},
        {TEMPLATE_TARGET, "/{id}", "in the place {id}: "},
        {TEMPLATE_TARGET, "/{$.a[0]}", "in the place {$.a[0]}: "},
        {TEMPLATE_TARGET, "/{$.x ?? none}", "in the place {$.x ?? none}: after \"?\?\" a text in double quotes"},
        {TEMPLATE_TARGET, "/{$.x ?? 1}", "in the place {$.x ?? 1}: after \"?\?\" a text in double quotes"},
        {TEMPLATE_TARGET, "/{$.x ??}", "in the place {$.x ??}: after \"?\?\" a text in double quotes"},
        {TEMPLATE_HEADER, "a\nb", "a control byte (0x0a)"},
        {TEMPLATE_TEXT, "a\x7f", "a control byte (0x7f)"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error error = {0};
        assert_null(template_create(rows[i].kind, span_of(rows[i].text), &error));
        if (!span_starts_with(span_of(error.text), span_of(rows[i].sentence)))
            fail_msg("%s: %s", rows[i].text, error.text);
    }
}

static void short_memory_is_told_at_every_allocation(void **state) {
    (void)state;
    size_t live = memory_live();
    for (int forever = 0; forever < 2; forever++)
        for (size_t number = 0, failed = 1; failed > 0; number++) {
            struct error error = {0};
            memory_fail(number, forever != 0);
            struct template *template = template_create(TEMPLATE_TARGET, SPAN("/a/{$.id}/{$.x ?? \"none\"}"), &error);
            failed = memory_heal();
            assert_int_equal(template == NULL, failed > 0);
            assert_true(failed == 0 || strstr(error.text, "out of memory") != NULL);
            template_destroy(template);
            assert_int_equal(memory_live(), live);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_filled_and_encoded),
        cmocka_unit_test(a_value_that_is_missing_or_unusable_is_named),
        cmocka_unit_test(a_wrong_template_is_refused_with_its_place),
        cmocka_unit_test(short_memory_is_told_at_every_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
