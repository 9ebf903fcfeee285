/* Tests of json/path: what compiles, what it names, what it finds. */
#include "json/path.h"

#include "base/buf.h"
#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void compiles_names(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *names; /* joined by | */
    } rows[] = {
        {"$", ""},
        {"$.a", "a"},
        {"$.a.b_1.c", "a|b_1|c"},
        {"$['a']", "a"},
        {"$[\"a b\"]['c']", "a b|c"},
        {"$ .a [ 'b' ] .c", "a|b|c"},
        {"$.\xc3\xa5\xf0\x9f\x98\x80", "\xc3\xa5\xf0\x9f\x98\x80"},
        {"$['']", ""},
        {"$['it\\'s']", "it's"},
        {"$[\"\\\"\"]", "\""},
        {"$['\"']", "\""},
        {"$['\\u00e5\\n\\/']", "\xc3\xa5\n/"},
        {"$['\\uD83D\\uDE00']", "\xf0\x9f\x98\x80"},
        {"$._", "_"},
        {"$['$.a']", "$.a"},
        {"$\n.a", "a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error error = {0};
        struct buf names = {0};
        struct json_path *path = json_path_create(span_of(rows[i].text), &error);
        assert_string_equal(error.text, "");
        for (size_t j = 0; j < json_path_names(path); j++) {
            if (j > 0)
                buf_add_byte(&names, '|');
            buf_add(&names, json_path_name(path, j));
        }
        assert_string_equal(buf_text(&names), rows[i].names);
        assert_true(span_equal(json_path_text(path), span_of(rows[i].text)));
        buf_finish(&names);
        json_path_destroy(path);
    }
}

static void refuses_with_the_place(void **state) {
    (void)state;
    static const struct {
        const char *text, *what, *where;
    } rows[] = {
        {"", "begins with '$'", "character 1 "},
        {"a", "begins with '$'", "character 1 "},
        {" $", "begins with '$'", "character 1 "},
        {"@.a", "begins with '$'", "character 1 "},
        {"$a", "expected '.' or '['", "character 2 "},
        {"$ ", "expected '.' or '['", "character 2 "},
        {"$.a ", "expected '.' or '['", "character 4 "},
        {"$.", "expected a member name", "character 3 "},
        {"$. a", "expected a member name", "character 3 "},
        {"$.1a", "expected a member name", "character 3 "},
        {"$.'a'", "expected a member name", "character 3 "},
        {"$.a-b", "expected '.' or '['", "character 4 "},
        {"$[", "expected a name in quotes", "character 3 "},
        {"$[a]", "expected a name in quotes", "character 3 "},
        {"$['a'", "expected ']'", "character 6 "},
        {"$['a", "without closing quote", "character 5 "},
        {"$['a\\x']", "invalid escape", "character 5 "},
        {"$['\\\"']", "invalid escape", "character 4 "},
        {"$[\"\\'\"]", "invalid escape", "character 4 "},
        {"$['\\ud800']", "surrogate", "character 4 "},
        {"$['a\nb']", "control character", "character 5 "},
        {"$..a", "not supported yet", "character 3 "},
        {"$.*", "not supported yet", "character 3 "},
        {"$[*]", "not supported yet", "character 3 "},
        {"$[0]", "not supported yet", "character 3 "},
        {"$[-1]", "not supported yet", "character 3 "},
        {"$[1:2]", "not supported yet", "character 3 "},
        {"$[?@.a]", "not supported yet", "character 3 "},
        {"$['a','b']", "not supported yet", "character 6 "},
        {"$.a[0].b", "not supported yet", "character 5 "},
        {"$.\xff", "UTF-8", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error error = {0};
        assert_null(json_path_create(span_of(rows[i].text), &error));
        if (strstr(error.text, rows[i].what) == NULL || strstr(error.text, rows[i].where) == NULL)
            fail_msg("%s: %s", rows[i].text, error.text);
    }
    assert_null(json_path_create(SPAN("$.a\0b"), NULL));
    json_path_destroy(NULL);
}

static void finds_nodes(void **state) {
    (void)state;
    struct arena arena;
    struct json_document document;
    arena_init(&arena, 0);
    assert_true(
        json_read(&arena, SPAN("{\"a\":{\"b\":{\"c\":7}},\"d\":[{\"a\":1}],\"\":{\"\":8}}"), NULL, &document, NULL));
    static const struct {
        const char *path, *source; /* NULL: nothing */
    } rows[] = {{"$.a.b.c", "7"},    {"$['a']['b']", "{\"c\":7}"}, {"$.a.c", NULL},       {"$.d.a", NULL},
                {"$.a.b.c.d", NULL}, {"$['']['']", "8"},           {"$.d", "[{\"a\":1}]"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_path *path = json_path_create(span_of(rows[i].path), NULL);
        const struct json_node *node = json_path_find(path, &document);
        assert_int_equal(node != NULL, rows[i].source != NULL);
        if (node != NULL)
            assert_true(span_equal(json_source(&document, node), span_of(rows[i].source)));
        json_path_destroy(path);
    }
    struct json_path *root = json_path_create(SPAN("$"), NULL);
    assert_ptr_equal(json_path_find(root, &document), document.node);
    json_path_destroy(root);
    arena_finish(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(compiles_names), cmocka_unit_test(refuses_with_the_place),
                                       cmocka_unit_test(finds_nodes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
