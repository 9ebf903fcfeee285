/* The formats against the official suite's optional/format tests (where JSON_SCHEMA_TEST_SUITE names it) and own rows.
 */
#include "schema/format.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/format.h"

static const struct {
    const char *folder;
    unsigned draft;
} drafts[] = {
    {"draft4", FORMAT_DRAFT_4},
    {"draft6", FORMAT_DRAFT_6},
    {"draft7", FORMAT_DRAFT_7},
    {"draft2019-09", FORMAT_DRAFT_2019_09},
    {"draft2020-12", FORMAT_DRAFT_2020_12},
};

static const char *const files[] = {
    "date-time",
    "date",
    "duration",
    "ecmascript-regex",
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "iri-reference",
    "iri",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri-reference",
    "uri-template",
    "uri",
    "uuid",
};

/* Runs the string instances of one file; returns how many went wrong and adds to *count. */
static int run_file(const char *path, unsigned draft, struct format_scratch *scratch, int *count) {
    json_error_t ignored;
    json_t *cases = json_load_file(path, JSON_DECODE_ANY | JSON_ALLOW_NUL, &ignored), *one, *test;
    int wrong = 0;
    size_t i, j;
    json_array_foreach(cases, i, one) {
        const char *name = json_string_value(json_object_get(json_object_get(one, "schema"), "format"));
        const struct format *format;
        assert_true(format_find(span_of(name), draft, &format, NULL));
        if (format == NULL)
            print_message("%s: format %s is not known\n", path, name);
        json_array_foreach(json_object_get(one, "tests"), j, test) {
            json_t *data = json_object_get(test, "data");
            if (!json_is_string(data))
                continue;
            struct span text = {json_string_value(data), json_string_length(data)};
            bool valid = format != NULL && format_check(format, text, scratch) == FORMAT_VALID;
            *count += 1;
            if (valid == json_is_true(json_object_get(test, "valid")))
                continue;
            wrong++;
            print_message("%s: %s: %s\n", path, json_string_value(json_object_get(one, "description")),
                          json_string_value(json_object_get(test, "description")));
        }
    }
    json_decref(cases);
    return wrong;
}

static void suite(void **state) {
    (void)state;
    const char *root = getenv("JSON_SCHEMA_TEST_SUITE");
    if (root == NULL)
        skip();
    struct format_scratch scratch;
    format_scratch_init(&scratch);
    int wrong = 0, count = 0;
    for (size_t d = 0; d < sizeof drafts / sizeof drafts[0]; d++)
        for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
            char path[512];
            snprintf(path, sizeof path, "%s/tests/%s/optional/format/%s.json", root, drafts[d].folder, files[f]);
            wrong += run_file(path, drafts[d].draft, &scratch, &count);
        }
    format_scratch_finish(&scratch);
    print_message("%d string instances, %d wrong\n", count, wrong);
    assert_true(count > 1500);
    assert_int_equal(wrong, 0);
}

static const struct format_row rows[] = {
    {"date-time", "2026-11-23T21:20:00+24:00", false},
    {"date-time", "2026-11-23 21:20:00Z", false},
    {"date-time", "2026-11-23T21:20:00.Z", false},
    {"date-time", "2026-11-23T21:20:00.1", false},
    {"date-time", "2026-11-23T21:20", false},
    {"time", "00:59:60+01:00", true},
    {"time", "21:20:00", false},
    {"duration", "PT1M1H", false},
    {"duration", "P1Y1Y", false},
    {"duration", "W", false},
    {"email", "\"a\\\"b\"@example.com", true},
    {"email", "a@b@example.com", false},
    {"email", "a@-example.com", false},
    {"email", "a@[IPv6:2001:db8::1]", true},
    {"email", "a@[x:1]", false},
    {"idn-email", "a@", false},
    {"hostname", "EXAMPLE.com", true},
    {"hostname", "xn--", false},
    {"idn-hostname", "värmdö.se", true},
    {"idn-hostname", "ab--cd.se", false},
    {"ipv6", "1:2:3:4:5:6:7::", true},
    {"ipv6", "1:2:3:4:5:6:7:8::", false},
    {"ipv6", "1:2:3:4:5:6:7:1.2.3.4", false},
    {"ipv6", "::1.2.3.4:5", false},
    {"ipv6", "", false},
    {"ipv6", "1.2.3.4", false},
    {"uri", "https://user:secret@[2001:db8::1]:8443/a;b?c=d/?#e/?", true},
    {"uri", "http://[::1]x/", false},
    {"uri", "http://a:80:80/", false},
    {"uri", "a:", true},
    {"uri", "http://[v.x]/", false},
    {"uri-reference", "a/b:c", true},
    {"uri-reference", "a:b", true},
    {"uri-reference", "@:b", false},
    {"iri", "http://värmdö.se/å?ä#ö", true},
    {"iri-reference", "\xee\x80\x80", false},
    {"iri-reference", "?\xee\x80\x80", true},
    {"uri-template", "/cases{/id}{?a*,b:3}", true},
    {"uri-template", "{a:}", false},
    {"uri-template", "%4", false},
    {"json-pointer", "/~", false},
    {"relative-json-pointer", "1+2/a", true},
    {"relative-json-pointer", "1+0", false},
    {"uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d1638g", false},
};

static void own_rows(void **state) {
    (void)state;
    format_check_rows(rows, sizeof rows / sizeof *rows);
}

static void find(void **state) {
    (void)state;
    const struct format *format;
    assert_true(format_find(SPAN("date"), FORMAT_DRAFT_4, &format, NULL));
    assert_null(format);
    assert_true(format_find(SPAN("date"), FORMAT_DRAFT_7, &format, NULL));
    assert_non_null(format);
    assert_true(format_find(SPAN("uuid"), FORMAT_DRAFT_7, &format, NULL));
    assert_null(format);
    assert_true(format_find(SPAN("nothing-we-know"), FORMAT_DRAFT_2020_12, &format, NULL));
    assert_null(format);
    assert_true(format_find(SPAN("personnummer"), FORMAT_DRAFT_4, &format, NULL));
    assert_non_null(format);
    struct error error = {0};
    assert_false(format_find(SPAN("person-id:pnr|abc"), FORMAT_DRAFT_4, &format, &error));
    assert_string_equal(error.text,
                        "\"abc\" is not a kind of person-id: write person-id, or person-id: with pnr, samnr, "
                        "interim, tf parted by |");
    assert_true(format_find(SPAN("person-id:pnr|samnr"), FORMAT_DRAFT_4, &format, &error));
    assert_int_equal(format->kinds, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(suite), cmocka_unit_test(own_rows), cmocka_unit_test(find)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
