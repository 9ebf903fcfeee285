/* Look-behinds of several lengths: what they find, what is refused and how. */
#include "base/buf.h"
#include "schema/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/pattern.h"

static struct regex_context *context;

/* Several lengths are tried one by one; without an end, or with too many, the sentence names the cure. */
static void looks_behind(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool match;
    } rows[] = {
        {"(?<=a|bc)d", "bcd", true},
        {"(?<=a|bc)d", "cd", false},
        {"(?<!a|bc)d", "bcd", false},
        {"(?<!a|bc)d", "cd", true},
        {"(?<=x(?:a|bc){1,2})d", "xbcad", true},
        {"(?<=x(?:a|bc){1,2})d", "xbcaad", false},
        {"(?<=^a{0,3})b", "aab", true},
        {"(?<=^a{0,3})b", "aaaab", false},
        {"(?<=\\p{L}{1,2}-)\\d", "å-1", true},
        {"(?<=(?<!c|de)a?)b", "deb", false},
        {"(?<=(?<!c|de)a?)b", "feab", true},
        {"(?<=a?(b|)c)d", "cd", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((pattern_match(rows[i].pattern, span_of(rows[i].text), 0, context) == REGEX_MATCH) != rows[i].match)
            fail_msg("%s on %s", rows[i].pattern, rows[i].text);
    static const struct {
        const char *pattern, *says;
    } wrong[] = {
        {"(?<=a+)b", "a look-behind that repeats without end is not supported: give its *, + or {n,} a bound, as "
                     "{0,9}"},
        {"(?<!(?:a|b*)c)b", "a look-behind that repeats without end"},
        {"(?<=a{0,64})b", "may have 64 forms, this one has more"},
        {"(?<=(?:a|bc){60000})b", "may have 64 forms, this one has more"},
        {"(?<=a?b?c?d?e?f?g?)b", "may have 64 forms, this one has more"},
        {"(?<=a?(?:bb){5000}(?:c|dd)(?:e|ff){20})b", "may have 64 forms, this one has more"},
        {"(c)(?<=a|\\1b)b", "beside back references: give each"},
        {"(?<=a?b?c?d?e?(?<=a?b?c?d?e?(?<=a?b?c?d?e?(?<=a?b?c?d?e?x)x)x)x)b", "too long for PCRE2"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct error error = {0};
        struct regex *regex = regex_create(span_of(wrong[i].pattern), 0, NULL, &error);
        if (regex != NULL || strstr(error.text, wrong[i].says) == NULL)
            fail_msg("%s: %s", wrong[i].pattern, error.text);
    }
    assert_int_equal(pattern_match("(?<=a{0,63})b", SPAN("b"), 0, context), REGEX_MATCH);
    assert_int_equal(pattern_match("(?<=a?b?c?d?e?f?)g", SPAN("g"), 0, context), REGEX_MATCH);
}

static unsigned dice = 4711;

static unsigned roll(unsigned sides) {
    dice = dice * 1103515245 + 12345;
    return (dice >> 16) % sides;
}

/* A pattern with few choices, all of an end. */
static void write_pattern(struct buf *out, int depth) {
    switch (roll(depth > 3 ? 2 : 6)) {
    case 0:
    case 1:
        buf_add_byte(out, (char)('a' + roll(2)));
        break;
    case 2:
        buf_add_text(out, "(?:");
        write_pattern(out, depth + 1);
        buf_add_byte(out, '|');
        write_pattern(out, depth + 1);
        buf_add_byte(out, ')');
        break;
    case 3:
        buf_add_text(out, "(?:");
        write_pattern(out, depth + 1);
        buf_add_text(out, roll(2) == 0 ? "){0,2}" : "){2}");
        break;
    default:
        write_pattern(out, depth + 1);
        write_pattern(out, depth + 1);
        break;
    }
}

/* "(?<=X)c$" finds what the automaton of "(?:X)c$" finds. */
static void looks_behind_as_forward(void **state) {
    (void)state;
    unsigned made = 0, matches = 0;
    for (int round = 0; round < 3000; round++) {
        struct buf part = {0}, behind = {0}, forward = {0};
        write_pattern(&part, 0);
        buf_printf(&behind, "(?<=%s)c$", buf_text(&part));
        buf_printf(&forward, "(?:%s)c$", buf_text(&part));
        struct error error = {0};
        struct regex *one = regex_create(buf_span(&behind), 0, NULL, &error);
        struct regex *other = regex_create(buf_span(&forward), 0, NULL, &error);
        assert_non_null(other);
        assert_true(one != NULL || strstr(error.text, "64 forms") != NULL);
        made += one != NULL;
        for (int i = 0; one != NULL && i < 20; i++) {
            char text[12];
            size_t size = roll(sizeof text - 1);
            for (size_t k = 0; k < size; k++)
                text[k] = (char)('a' + roll(2));
            text[size] = 'c';
            struct span whole = {text, size + 1};
            enum regex_result result = regex_match(one, whole, context);
            if (result != regex_match(other, whole, context))
                fail_msg("%s on " SPAN_FORMAT, buf_text(&behind), SPAN_ARGUMENT(whole));
            matches += result == REGEX_MATCH;
        }
        regex_destroy(one);
        regex_destroy(other);
        buf_finish(&part);
        buf_finish(&behind);
        buf_finish(&forward);
    }
    assert_true(made > 2000 && matches > 5000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_behind),
        cmocka_unit_test(looks_behind_as_forward),
    };
    context = regex_context_create(0);
    int failed = context != NULL ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
    regex_context_destroy(context);
    return failed;
}
