/* URIs: the reference resolution examples of RFC 3986 section 5.4, the normal form, pointers in fragments. */
#include "schema/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *base, *reference, *expected;
} resolutions[] = {
    {"http://a/b/c/d;p?q", "g:h", "g:h"},
    {"http://a/b/c/d;p?q", "g", "http://a/b/c/g"},
    {"http://a/b/c/d;p?q", "./g", "http://a/b/c/g"},
    {"http://a/b/c/d;p?q", "g/", "http://a/b/c/g/"},
    {"http://a/b/c/d;p?q", "/g", "http://a/g"},
    {"http://a/b/c/d;p?q", "//g", "http://g"},
    {"http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y"},
    {"http://a/b/c/d;p?q", "g?y", "http://a/b/c/g?y"},
    {"http://a/b/c/d;p?q", "#s", "http://a/b/c/d;p?q#s"},
    {"http://a/b/c/d;p?q", "g#s", "http://a/b/c/g#s"},
    {"http://a/b/c/d;p?q", "g?y#s", "http://a/b/c/g?y#s"},
    {"http://a/b/c/d;p?q", ";x", "http://a/b/c/;x"},
    {"http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q"},
    {"http://a/b/c/d;p?q", ".", "http://a/b/c/"},
    {"http://a/b/c/d;p?q", "./", "http://a/b/c/"},
    {"http://a/b/c/d;p?q", "..", "http://a/b/"},
    {"http://a/b/c/d;p?q", "../", "http://a/b/"},
    {"http://a/b/c/d;p?q", "../g", "http://a/b/g"},
    {"http://a/b/c/d;p?q", "../..", "http://a/"},
    {"http://a/b/c/d;p?q", "../../g", "http://a/g"},
    {"http://a/b/c/d;p?q", "../../../g", "http://a/g"},
    {"http://a/b/c/d;p?q", "../../../../g", "http://a/g"},
    {"http://a/b/c/d;p?q", "/./g", "http://a/g"},
    {"http://a/b/c/d;p?q", "/../g", "http://a/g"},
    {"http://a/b/c/d;p?q", "g.", "http://a/b/c/g."},
    {"http://a/b/c/d;p?q", "..g", "http://a/b/c/..g"},
    {"http://a/b/c/d;p?q", "./../g", "http://a/b/g"},
    {"http://a/b/c/d;p?q", "./g/.", "http://a/b/c/g/"},
    {"http://a/b/c/d;p?q", "g/../h", "http://a/b/c/h"},
    {"http://a/b/c/d;p?q", "g;x=1/../y", "http://a/b/c/y"},
    {"http://a/b/c/d;p?q", "g?y/../x", "http://a/b/c/g?y/../x"},
    {"http://a/b/c/d;p?q", "http:g", "http:g"},
    {"http://a", "b", "http://a/b"},
    {"urn:example:a", "#b", "urn:example:a#b"},
    {"urn:uuid:1", "", "urn:uuid:1"},
    {"schemas/a.json", "b.json", "schemas/b.json"},
    {"a.json", "#/b", "a.json#/b"},
    {"", "a", "a"},
    {"a:/b", "/..//c", "a:/.//c"},
    {"http://a/b#c", "", "http://a/b"},
};

static void resolve(void **state) {
    (void)state;
    struct buf out = {0};
    for (size_t i = 0; i < sizeof resolutions / sizeof resolutions[0]; i++) {
        buf_clear(&out);
        uri_resolve(span_of(resolutions[i].base), span_of(resolutions[i].reference), &out);
        assert_string_equal(buf_text(&out), resolutions[i].expected);
    }
    buf_finish(&out);
}

static void normalise(void **state) {
    (void)state;
    static const char *const pairs[] = {
        "HTTP://User@Example.COM/%7euser/%2f/./a/../b#",
        "http://User@example.com/~user/%2F/b",
        "http://a/b?%c3%a5#%41",
        "http://a/b?%C3%A5#A",
        "urn:UUID:A",
        "urn:UUID:A",
        "a/../b",
        "a/../b",
        "http://a/%2e%2e/b",
        "http://a/b",
        "#",
        "",
    };
    struct buf out = {0};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i += 2) {
        buf_clear(&out);
        uri_normalise(span_of(pairs[i]), &out);
        assert_string_equal(buf_text(&out), pairs[i + 1]);
    }
    buf_finish(&out);
}

static void parts(void **state) {
    (void)state;
    struct uri uri;
    uri_split(SPAN("a:?#"), &uri);
    assert_true(span_equal(uri.scheme, SPAN("a")));
    assert_null(uri.authority.data);
    assert_non_null(uri.query.data);
    assert_non_null(uri.fragment.data);
    assert_int_equal(uri.fragment.size, 0);
    uri_split(SPAN("1a:b"), &uri);
    assert_null(uri.scheme.data);
    uri_split(SPAN_NONE, &uri);
    assert_non_null(uri.path.data);
    assert_true(uri_is_absolute(SPAN("urn:a")));
    assert_false(uri_is_absolute(SPAN("//a/b:c")));
    assert_true(span_equal(uri_without_fragment(SPAN("a#b#c")), SPAN("a")));
    assert_true(span_equal(uri_fragment(SPAN("a#b#c")), SPAN("b#c")));
    assert_null(uri_fragment(SPAN("a")).data);
}

static void pointers(void **state) {
    (void)state;
    struct buf out = {0};
    assert_true(uri_percent_decode(SPAN("/a%25b/%C3%A5~1~0"), &out));
    struct span rest = buf_span(&out);
    struct buf token = {0};
    assert_true(uri_pointer_next(&rest, &token));
    assert_string_equal(buf_text(&token), "a%b");
    buf_clear(&token);
    assert_true(uri_pointer_next(&rest, &token));
    assert_string_equal(buf_text(&token), "å/~");
    assert_false(uri_pointer_next(&rest, &token));
    assert_int_equal(rest.size, 0);
    buf_clear(&out);
    assert_false(uri_percent_decode(SPAN("%C3"), &out));
    assert_false(uri_percent_decode(SPAN("%4"), &out));
    assert_int_equal(out.size, 0);
    rest = SPAN("/~2");
    assert_false(uri_pointer_next(&rest, &token));
    assert_int_equal(rest.size, 3);
    uri_pointer_add(&out, SPAN("a/~ %"), true);
    uri_pointer_add(&out, SPAN("a/~ %"), false);
    assert_string_equal(buf_text(&out), "/a~1~0%20%25/a~1~0 %");
    buf_finish(&out);
    buf_finish(&token);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(resolve), cmocka_unit_test(normalise), cmocka_unit_test(parts),
                                       cmocka_unit_test(pointers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
