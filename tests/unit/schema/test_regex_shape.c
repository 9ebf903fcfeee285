/* Patterns of fixed shape, as those of dates and numbers, and texts that fit or nearly do: ours against PCRE2. */
#include "schema/regex.h"

#include "base/buf.h"
#include "base/dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* Parts of a pattern, and two texts that fit each. */
static const struct {
    const char *pattern, *text[2];
} parts[] = {
    {"[0-9]", {"0", "9"}},
    {"[0-9]{4}", {"2026", "0000"}},
    {"-", {"-", "-"}},
    {"[Tt]", {"T", "t"}},
    {"(0[1-9]|1[0-2])", {"09", "12"}},
    {"(0[1-9]|[12][0-9]|3[01])", {"30", "29"}},
    {"([0-5][0-9]|60)", {"60", "59"}},
    {"(ab|cd)", {"ab", "cd"}},
    {"(?:x|yz)", {"x", "yz"}},
    {"[^ -/]", {"a", "å"}},
    {"[a-zå-ö]{2}", {"zö", "ab"}},
    {"(\\.[0-9]+)?", {"", ".123456789"}},
    {"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])", {"Z", "+01:00"}},
};
static const char *const letters[] = {"0", "1", "9", "-", "T", "a", "z", "å", "\xf0\x9f\x98\x80", " ", "é", "\x7f"};

static struct regex_context *context;

enum {
    PARTS = sizeof parts / sizeof parts[0],
    CLASSES = 4,
    SHAPES = 8
}; /* the first parts; the last have no one length */

/* Of some patterns all parts are classes, so that they become sequences. */
static void generate(struct dice *dice, struct buf *pattern, size_t *chosen, size_t count) {
    bool classes = dice_below(dice, 3) == 0;
    buf_clear(pattern);
    buf_add_text(pattern, dice_below(dice, 8) == 0 ? "" : "^");
    for (size_t i = 0; i < count; i++) {
        chosen[i] = dice_below(dice, classes ? CLASSES : dice_below(dice, 4) == 0 ? PARTS : SHAPES);
        buf_add_text(pattern, parts[chosen[i]].pattern);
    }
    buf_add_text(pattern, dice_below(dice, 4) == 0 ? "" : "$");
}

/* A text that fits, and up to two places of it changed: another letter, one too many, cut off. */
static void spoil(struct dice *dice, struct buf *text, const size_t *chosen, size_t count) {
    struct buf whole = {0};
    for (size_t i = 0; i < count; i++)
        buf_add_text(&whole, parts[chosen[i]].text[dice_below(dice, 2)]);
    uint64_t left = dice_below(dice, 3);
    buf_clear(text);
    for (size_t at = 0; at < whole.size; at++) {
        bool first = ((unsigned char)whole.data[at] & 0xc0) != 0x80; /* of a character */
        if (left > 0 && first && dice_below(dice, 12) == 0) {
            left--;
            uint64_t way = dice_below(dice, 4);
            if (way == 0)
                break;
            buf_add_text(text, letters[dice_below(dice, sizeof letters / sizeof letters[0])]);
            if (way > 1 && (unsigned char)whole.data[at] < 0x80)
                continue;
        }
        buf_add_byte(text, whole.data[at]);
    }
    buf_finish(&whole);
}

static void shapes(void **state) {
    (void)state;
    struct dice dice;
    dice_init(&dice, 7);
    struct buf pattern = {0}, text = {0};
    size_t chosen[24], kinds[REGEX_PCRE2 + 1] = {0}, fits = 0, compared = 0;
    for (int round = 0; round < 1500; round++) {
        size_t count = 1 + dice_below(&dice, 24);
        generate(&dice, &pattern, chosen, count);
        struct regex *own = regex_create(buf_span(&pattern), 0, NULL, NULL);
        struct regex *other = regex_create(buf_span(&pattern), REGEX_NO_AUTOMATON, NULL, NULL);
        assert_true(own != NULL && other != NULL);
        kinds[regex_kind(own)]++;
        for (int i = 0; i < 30; i++) {
            spoil(&dice, &text, chosen, count);
            enum regex_result result = regex_match(other, buf_span(&text), context);
            if (result == REGEX_ERROR)
                continue;
            compared++;
            fits += result == REGEX_MATCH;
            if (regex_match(own, buf_span(&text), context) != result)
                fail_msg("%s on \"%s\": PCRE2 says %d", buf_text(&pattern), buf_text(&text), (int)result);
        }
        regex_destroy(own);
        regex_destroy(other);
    }
    print_message("%zu comparisons, %zu fit; %zu sequences, %zu automata\n", compared, fits, kinds[REGEX_SEQUENCE],
                  kinds[REGEX_AUTOMATON]);
    assert_true(fits > compared / 5 && fits < compared * 4 / 5);
    assert_true(kinds[REGEX_SEQUENCE] > 100 && kinds[REGEX_AUTOMATON] > 500);
    buf_finish(&pattern);
    buf_finish(&text);
}

/* Each byte of a date and time replaced by each other one. */
static void every_byte(void **state) {
    (void)state;
    static const char *const patterns[] = {
        "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)"
        "?"
        "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+]01:00$",
        "^[0-9T:+-]{1,30}$",
    };
    for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
        struct regex *own = regex_create(span_of(patterns[p]), 0, NULL, NULL);
        struct regex *other = regex_create(span_of(patterns[p]), REGEX_NO_AUTOMATON, NULL, NULL);
        assert_true(own != NULL && other != NULL);
        for (size_t at = 0; at < 25; at++)
            for (int byte = 0; byte < 0x80; byte++) {
                char text[] = "2026-11-23T08:15:00+01:00";
                text[at] = (char)byte;
                for (size_t size = at + 1; size <= 25; size++)
                    assert_int_equal(regex_match(own, span_make(text, size), context),
                                     regex_match(other, span_make(text, size), context));
            }
        regex_destroy(own);
        regex_destroy(other);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes),
        cmocka_unit_test(every_byte),
    };
    context = regex_context_create(0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    regex_context_destroy(context);
    return failed;
}
