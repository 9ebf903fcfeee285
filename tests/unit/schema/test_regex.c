/* Regular expressions: the official suite's pattern tests, own tables, errors and their places, and the automaton
 * against PCRE2 on generated patterns and texts. */
#include "schema/regex.h"

#include "base/buf.h"
#include "base/dice.h"
#include "support/memory.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/pattern.h"

static const unsigned ways[] = {0, REGEX_NO_AUTOMATON, REGEX_NO_AUTOMATON | REGEX_NO_JIT};
enum { WAYS = 3 };

static struct regex_context *context;

/* "pattern" against string instances, "patternProperties" with one pattern against the names of object instances. */
static int compare_one(json_t *schema, json_t *test, const char *file, int *count) {
    const char *pattern = json_string_value(json_object_get(schema, "pattern"));
    json_t *data = json_object_get(test, "data");
    const char *name;
    json_t *ignored;
    int wrong = 0;
    for (size_t way = 0; way < WAYS; way++) {
        bool valid = true;
        if (pattern != NULL && json_is_string(data)) {
            valid = pattern_match(pattern, span_make(json_string_value(data), json_string_length(data)), ways[way],
                                  context) == REGEX_MATCH;
        } else if (json_object_size(json_object_get(schema, "patternProperties")) == 1 &&
                   json_is_false(json_object_get(schema, "additionalProperties"))) {
            const char *names = json_object_iter_key(json_object_iter(json_object_get(schema, "patternProperties")));
            json_object_foreach(data, name, ignored) valid =
                valid && pattern_match(names, span_of(name), ways[way], context) == REGEX_MATCH;
        } else {
            continue;
        }
        *count += 1;
        if (valid != json_is_true(json_object_get(test, "valid"))) {
            wrong++;
            print_message("%s: way %zu: %s: %s\n", file, way, pattern,
                          json_string_value(json_object_get(test, "description")));
        }
    }
    return wrong;
}

static void suite(void **state) {
    (void)state;
    static const char *const files[] = {"pattern.json", "patternProperties.json", "optional/ecmascript-regex.json",
                                        "optional/non-bmp-regex.json"};
    static const char *const folders[] = {"draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"};
    const char *root = getenv("JSON_SCHEMA_TEST_SUITE");
    if (root == NULL)
        skip();
    int wrong = 0, count = 0;
    for (size_t d = 0; d < 5; d++)
        for (size_t f = 0; f < 4; f++) {
            char path[512];
            snprintf(path, sizeof path, "%s/tests/%s/%s", root, folders[d], files[f]);
            json_error_t ignored;
            json_t *cases = json_load_file(path, JSON_ALLOW_NUL, &ignored), *one, *test;
            size_t i, j;
            json_array_foreach(cases, i, one) json_array_foreach(json_object_get(one, "tests"), j, test) wrong +=
                compare_one(json_object_get(one, "schema"), test, path, &count);
            json_decref(cases);
        }
    print_message("%d matches, %d wrong\n", count, wrong);
    assert_true(count > 900);
    assert_int_equal(wrong, 0);
}

static const struct {
    const char *pattern, *text;
    bool matches;
} rows[] = {
    {"", "", true},
    {"", "a", true},
    {"^", "a", true},
    {"$", "a\n", true},
    {"^$", "", true},
    {"^$", "\n", false},
    {"a$", "a\n", false},
    {"^abc$", "abc", true},
    {"^abc", "abcd", true},
    {"abc$", "xabc", true},
    {"abc", "xabcx", true},
    {"abc", "xabx", false},
    {"^(abc)$", "abc", true},
    {"^a{3}$", "aaa", true},
    {"^a{3}$", "aa", false},
    {"^[A-Z0-9]{3,10}$", "ABC123", true},
    {"^[A-Z0-9]{3,10}$", "AB", false},
    {"^[A-Z0-9]{3,10}$", "ABCDEFGHIJK", false},
    {"^[a-z]+(-[a-z]+)*$", "arende-skapat", true},
    {"^[a-z]+(-[a-z]+)*$", "arende-", false},
    {"^\\d{4}-\\d{2}-\\d{2}$", "2026-11-23", true},
    {"^\\d{4}-\\d{2}-\\d{2}", "2026-11-23T", true},
    {"^.{1,3}$", "åäö", true},
    {"^.{1,3}$", "åäöå", false},
    {"^.{1,3}$", "a\n", false},
    {"^.{1,3}$", "\xe2\x80\xa8", false}, /* U+2028 */
    {"^[^a]$", "😀", true},
    {"^\\S+$", "å\xc2\xa0", false},
    {"^a*ab$", "aaab", true},
    {"^a*ab", "aaac", false},
    {"^a?a?a?aaa$", "aaa", true},
    {"(a|b)*c", "ababx", false},
    {"^(?:a|ab)(?:c|bcd)$", "abcd", true},
    {"\\bfoo\\b", "a foo b", true},
    {"\\bfoo\\b", "afoo", false},
    {"\\bfoo\\b", "foo", true},
    {"\\Bo", "foo", true},
    {"^\\Bo", "oo", false},
    {"\\B",
     "a\xc3\xa9"
     "a",
     false},
    {"\\b", "", false},
    {"\\B", "", true},
    {"a\\b^", "a", false},
    {"\\b^a", "a", true},
    {"(^|,)x(,|$)", "a,x", true},
    {"(^|,)x(,|$)", "ax", false},
    {"^(?=.*\\d)(?=.*[a-z]).{4,}$", "ab1c", true},
    {"^(?=.*\\d)(?=.*[a-z]).{4,}$", "abcd", false},
    {"^(?!foo)", "foobar", false},
    {"(?<=a)b", "ab", true},
    {"(?<!a)b", "ab", false},
    {"^(a)\\1$", "aa", true},
    {"^(?<x>a|b)\\k<x>$", "ab", false},
    {"^\\k<x>(?<x>a)$", "a", true},
    {"^(a)?\\1b$", "b", true},
    {"[]", "a", false},
    {"^([]?)$", "", true}, /* PCRE2 skips the quantifier of an empty class */
    {"^a[]*b$", "ab", true},
    {"^a[]{1,3}b$", "ab", false},
    {"^([^]?)$", "a", true},
    {"^(a|b){2}$", "ab", true},
    {"^((?:a|bc)?)+$", "abca", true},
    {"^[^]$", "\n", true},
    {"[[:alpha:]]", ":]", true}, /* the class [ : a l p h, then ] */
    {"[\\w-a]", "-", true},
    {"[a-\\d]", "-", true},
    {"[-a]", "-", true},
    {"[a-]", "-", true},
    {"^[\\b]$", "\b", true},
    {"^\\u00e5$", "å", true},
    {"^\\ud83d\\ude00$", "😀", true},
    {"^\\u{1F600}$", "😀", true},
    {"^\\x41$", "A", true},
    {"\\ud83d", "😀", false},
    {"^\\*\\_\\:\\\"$", "*_:\"", true},
    {"^a{,3}$", "a{,3}", true},
    {"^{}]$", "{}]", true},
    {"^x{2$", "x{2", true},
    {"^\\p{L}+$", "åΩж", true},
    {"^\\P{L}+$", "1 ", true},
    {"^[^\\p{L}]$", "å", false},
    {"^\\p{Script=Greek}+$", "λόγος", true},
    {"^\\p{Script=Grek}+$", "λόγος", true},
    {"^\\p{scx=Greek}+$", "a", false},
    {"^\\p{Lu}\\p{Ll}*$", "Åsa", true},
    {"^\\p{gc=Decimal_Number}$", "٣", true},
    {"^\\p{Alphabetic}$", "1", false},
    {"^\\p{ASCII}$", "å", false},
    {"^\\p{Any}$", "å", true},
    {"^\\p{Emoji}$", "😀", true},
    {"^\\0$", "", false},
    {"(?=a)*b", "b", true},
    {"^(?:a{2}){2}$", "aaaa", true},
    {"^a+?$", "aaa", true},
    {"^(?:a?){0}$", "", true},
    {"^x|y$", "xa", true},
    {"^(?:x|)$", "", true},
    {"^\\cJ$", "\n", true},
    {"^[\\s\\S]*$", "a\nb", true},
    {"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,}$", "www.varmdo.se", true},
    {"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,}$", "www.-varmdo.se", false},
};

static void table(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t way = 0; way < WAYS; way++)
            if ((pattern_match(rows[i].pattern, span_of(rows[i].text), ways[way], context) == REGEX_MATCH) !=
                rows[i].matches)
                fail_msg("%s on \"%s\", way %zu", rows[i].pattern, rows[i].text, way);
    assert_int_equal(pattern_match("^\\0$", SPAN("\0"), 0, context), REGEX_MATCH);
    assert_int_equal(pattern_match("a", SPAN("\0a"), 0, context), REGEX_MATCH);
    assert_int_equal(pattern_match("(?=a)a", SPAN("\0a"), 0, context), REGEX_MATCH);
    assert_int_equal(pattern_match("a", SPAN_NONE, 0, context), REGEX_NO_MATCH);
    assert_int_equal(pattern_match("^a|b", SPAN_NONE, 0, context), REGEX_NO_MATCH);
    assert_int_equal(pattern_match("^(?!b)", SPAN_NONE, 0, context), REGEX_MATCH);
}

static void kinds(void **state) {
    (void)state;
    static const struct {
        const char *pattern;
        enum regex_kind kind;
        const char *literal;
    } expected[] = {
        {"", REGEX_ALWAYS, NULL},
        {".*", REGEX_ALWAYS, NULL},
        {"^.*", REGEX_ALWAYS, NULL},
        {"^[\\s\\S]*$", REGEX_ALWAYS, NULL},
        {"^(?:a|[^a])*$", REGEX_ALWAYS, NULL},
        {"(?:a|)", REGEX_ALWAYS, NULL},
        {"[]", REGEX_NEVER, NULL},
        {"a^", REGEX_NEVER, NULL},
        {"^.*$", REGEX_SEQUENCE, NULL},
        {"^x-", REGEX_PREFIX, "x-"},
        {"^x\\.y$", REGEX_EXACT, "x.y"},
        {"^(?:å)$", REGEX_EXACT, "å"},
        {"😀$", REGEX_SUFFIX, "😀"},
        {"/v1/", REGEX_CONTAINS, "/v1/"},
        {"^$", REGEX_EXACT, ""},
        {"^a|b$", REGEX_AUTOMATON, NULL},
        {"[a-z]", REGEX_AUTOMATON, NULL},
        {"^[a-z]*[a-c]$", REGEX_AUTOMATON, NULL},
        {"^[a-z]+[0-9]*", REGEX_SEQUENCE, NULL},
        {"^[a-z]{1,2000}$", REGEX_SEQUENCE, NULL},
        {"^(?=a)", REGEX_PCRE2, NULL},
        {"(a)\\1", REGEX_PCRE2, NULL},
        {"^(?:[ab]*a[ab]{30})$", REGEX_PCRE2, NULL},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct regex *regex = regex_create(span_of(expected[i].pattern), 0, NULL, NULL);
        assert_non_null(regex);
        if (regex_kind(regex) != expected[i].kind)
            fail_msg("%s: kind %d, not %d", expected[i].pattern, (int)regex_kind(regex), (int)expected[i].kind);
        assert_true(span_equal(regex_literal(regex), span_of(expected[i].literal)));
        assert_true(regex_bytes(regex) > 0);
        regex_destroy(regex);
    }
}

static void mistakes(void **state) {
    (void)state;
    static const struct {
        const char *pattern;
        size_t position;
    } wrong[] = {
        {"(", 0},        {"a)", 1},         {"[a", 0},       {"a**", 2},
        {"*a", 0},       {"a|+", 2},        {"\\", 0},       {"\\a", 1},
        {"\\8", 1},      {"\\1", 1},        {"(a)\\2", 4},   {"[z-a]", 1},
        {"a{3,2}", 1},   {"(?i)a", 0},      {"(?P<n>x)", 0}, {"(?#x)", 0},
        {"(?>a)", 0},    {"a++", 2},        {"\\u12", 2},    {"\\u{110000}", 2},
        {"\\xg0", 1},    {"\\c1", 1},       {"\\k<n>", 3},   {"(?<n>a)(?<n>b)", 10},
        {"\\p{Foo}", 2}, {"\\p{latin}", 2}, {"\\pL", 2},     {"\\p{Script=Nope}", 2},
        {"[\\", 1},      {"^*", 1},         {"\\b+", 2},     {"(?<1>a)", 3},
        {"[\\B]", 2},    {"\\00", 1},       {"(?<n", 3},     {"{1}", 0},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct error error = {0};
        size_t position = 999;
        struct regex *regex = regex_create(span_of(wrong[i].pattern), 0, &position, &error);
        if (regex != NULL || position != wrong[i].position || error.text[0] == '\0')
            fail_msg("%s: %zu, %s", wrong[i].pattern, position, error.text);
        struct arena arena;
        bool memory;
        arena_init(&arena, 0);
        assert_false(regex_is_valid(span_of(wrong[i].pattern), &arena, &memory, NULL));
        assert_false(memory);
        arena_finish(&arena);
    }
}

/* Patterns that backtrack for ever, recurse, or grow: bounded time, and a limit is an error. */
static void hostile(void **state) {
    (void)state;
    struct buf text = {0};
    for (int i = 0; i < 200000; i++)
        buf_add_byte(&text, 'a');
    buf_add_byte(&text, '!');
    assert_int_equal(pattern_match("^(a+)+$", buf_span(&text), 0, context), REGEX_NO_MATCH);
    assert_int_equal(pattern_match("^(a|b)*!$", buf_span(&text), 0, context), REGEX_MATCH);
    struct span few = {text.data + 200001 - 61, 61};
    assert_int_equal(pattern_match("^(a+)+$", few, REGEX_NO_AUTOMATON, context), REGEX_ERROR);
    assert_int_equal(pattern_match("^(a+)+$", few, REGEX_NO_AUTOMATON | REGEX_NO_JIT, context), REGEX_ERROR);
    assert_int_equal(pattern_match("^(?=(a+)+$)", few, 0, context), REGEX_ERROR);
    buf_clear(&text);
    for (int i = 0; i < 300; i++)
        buf_add_byte(&text, '(');
    for (int i = 0; i < 300; i++)
        buf_add_byte(&text, ')');
    assert_null(regex_create(buf_span(&text), 0, NULL, NULL));
    static const char *const large[] = {"(?:(?:a{1000}){1000}){1000}", "(?:(?:(?:){1000000}){1000000}){1000000}",
                                        "(?:(?:a|){1000}){1000}", "((a{0,100}){0,100}){0,100}b"};
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++)
        regex_destroy(regex_create(span_of(large[i]), 0, NULL, NULL));
    buf_clear(&text);
    for (int i = 0; i < 13000; i++)
        buf_add_text(&text, "\\p{L}");
    regex_destroy(regex_create(buf_span(&text), 0, NULL, NULL));
    buf_finish(&text);
}

/* Each allocation of a compile fails once, and all from each one on: an error, nothing lost. */
static void no_memory(void **state) {
    (void)state;
    static const char *const patterns[] = {"^abc$",    "^[a-z]{2}-\\d+$", "(a|b)+c",
                                           "^\\p{Lu}", "\\bx\\b",         "^(?=a)(?<n>b)\\k<n>"};
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        for (int forever = 0; forever < 2; forever++)
            for (size_t number = 0;; number++) {
                struct error error = {0};
                size_t live = memory_live();
                memory_fail(number, forever != 0);
                struct regex *regex = regex_create(span_of(patterns[i]), REGEX_NO_JIT, NULL, &error);
                size_t failed = memory_heal();
                assert_true(failed > 0 || regex != NULL);
                assert_true((regex == NULL) == (error.text[0] != '\0'));
                regex_destroy(regex);
                assert_int_equal(memory_live(), live);
                if (failed == 0)
                    break;
            }
    memory_fail(0, true);
    assert_null(regex_context_create(0));
    struct arena arena;
    bool memory = false;
    arena_init(&arena, 0);
    assert_false(regex_is_valid(SPAN("a"), &arena, &memory, NULL));
    assert_true(memory);
    memory_heal();
    arena_finish(&arena);
}

/* A random pattern over a small alphabet. */
static void generate(struct dice *dice, struct buf *out, int depth) {
    static const char *const atoms[] = {"a",   "b",   "ab",     "å", "[ab]", "[^a]", ".", "\\w",
                                        "\\W", "\\s", "[a-cå]", "1", "\\d",  "-",    "😀", "[^\\wå]"};
    static const char *const times[] = {"*", "+", "?", "{2}", "{1,3}", "{0,2}?", "{2,}"};
    static const char *const edges[] = {"^", "$", "\\b", "\\B"};
    uint64_t roll = dice_below(dice, depth > 3 ? 6 : 10);
    if (roll < 6) {
        buf_add_text(out, atoms[dice_below(dice, sizeof atoms / sizeof atoms[0])]);
    } else if (roll == 6) {
        buf_add_text(out, "(?:");
        generate(dice, out, depth + 1);
        buf_add_text(out, ")");
        buf_add_text(out, times[dice_below(dice, sizeof times / sizeof times[0])]);
    } else if (roll == 7) {
        buf_add_text(out, "(");
        generate(dice, out, depth + 1);
        buf_add_text(out, "|");
        generate(dice, out, depth + 1);
        buf_add_text(out, ")");
    } else if (roll == 8) {
        buf_add_text(out, edges[dice_below(dice, 4)]);
        generate(dice, out, depth + 1);
    } else {
        generate(dice, out, depth + 1);
        generate(dice, out, depth + 1);
        if (dice_below(dice, 3) == 0)
            buf_add_text(out, "$");
    }
}

static void differential(void **state) {
    (void)state;
    static const char *const letters[] = {"a", "b", "c", "å", "1", " ", "-", "\n", "😀", "ab"};
    struct dice dice;
    dice_init(&dice, 4);
    struct buf pattern = {0}, text = {0};
    const char *rounds = getenv("SLUSS_REGEX_ROUNDS");
    int count = rounds != NULL ? atoi(rounds) : 3000, compared = 0;
    for (int i = 0; i < count; i++) {
        buf_clear(&pattern);
        if (dice_below(&dice, 2) == 0)
            buf_add_text(&pattern, "^");
        generate(&dice, &pattern, 0);
        struct regex *own = regex_create(buf_span(&pattern), 0, NULL, NULL);
        struct regex *other = regex_create(buf_span(&pattern), REGEX_NO_AUTOMATON, NULL, NULL);
        assert_true((own == NULL) == (other == NULL));
        for (int j = 0; own != NULL && j < 20; j++) {
            buf_clear(&text);
            for (uint64_t left = dice_below(&dice, j % 2 == 0 ? 8 : 24); left > 0; left--)
                buf_add_text(&text, letters[dice_below(&dice, 10)]);
            enum regex_result result = regex_match(other, buf_span(&text), context);
            if (result == REGEX_ERROR)
                continue;
            compared++;
            if (regex_match(own, buf_span(&text), context) != result)
                fail_msg("%s on \"%s\": PCRE2 says %d", buf_text(&pattern), buf_text(&text), (int)result);
        }
        regex_destroy(own);
        regex_destroy(other);
    }
    print_message("%d comparisons\n", compared);
    buf_finish(&pattern);
    buf_finish(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(suite),       cmocka_unit_test(table),
                                       cmocka_unit_test(kinds),       cmocka_unit_test(mistakes),
                                       cmocka_unit_test(hostile),     cmocka_unit_test(no_memory),
                                       cmocka_unit_test(differential)};
    context = regex_context_create(0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    regex_context_destroy(context);
    return failed;
}
