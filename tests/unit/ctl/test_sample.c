/* The sandbox's samples: how many of each kind, what they look like, how they are recognised. */
#include "ctl/sample.h"

#include "json/path.h"
#include "json/reader.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { DOZEN = 12, TWO_DOZEN = 24 };

static void of_every_dozen_nine_are_good(void **state) {
    (void)state;
    for (size_t first = 1; first <= 5 * DOZEN; first += DOZEN) {
        size_t kinds[SAMPLE_TOMBSTONE + 1] = {0};
        for (size_t number = first; number < first + DOZEN; number++) {
            struct sample sample = sample_make(number, false);
            kinds[sample.kind]++;
            assert_int_equal(sample.broken, BREAK_NONE);
        }
        assert_int_equal(kinds[SAMPLE_GOOD], 9);
        assert_int_equal(kinds[SAMPLE_NOT_JSON], 1);
        assert_int_equal(kinds[SAMPLE_NOT_VALID], 1);
        assert_int_equal(kinds[SAMPLE_TOMBSTONE], 1);
    }
}

static void every_third_good_one_breaks_in_turn(void **state) {
    size_t breaks[BREAK_UNAUTHORISED + 1] = {0};
    (void)state;
    for (size_t number = 1; number <= TWO_DOZEN; number++)
        breaks[sample_make(number, true).broken]++;
    assert_int_equal(breaks[BREAK_NONE], TWO_DOZEN - 6);
    for (size_t kind = BREAK_UNAVAILABLE; kind <= BREAK_UNAUTHORISED; kind++)
        assert_int_equal(breaks[kind], 1);
}

/* The member's text as written, or "" where there is none. */
static bool member_is(const struct json_document *document, const char *query, const char *source) {
    struct json_path *path = json_path_create(span_of(query), NULL);
    const struct json_node *node = json_path_find(path, document);
    bool is = node != NULL && span_equal(json_source(document, node), span_of(source));
    json_path_destroy(path);
    return is;
}

static void records_are_what_they_say(void **state) {
    (void)state;
    for (size_t number = 1; number <= TWO_DOZEN; number++) {
        struct sample sample = sample_make(number, false);
        struct buf key = {0}, value = {0};
        struct json_document document;
        struct arena arena;
        arena_init(&arena, 0);
        sample_write(&sample, 0, &key, &value);
        assert_false(key.failed || value.failed);
        assert_true(key.size > 0);
        if (sample.kind == SAMPLE_TOMBSTONE)
            assert_int_equal(value.size, 0);
        else
            assert_int_equal(json_read(&arena, buf_span(&value), NULL, &document, NULL),
                             sample.kind != SAMPLE_NOT_JSON);
        if (sample.kind == SAMPLE_GOOD)
            assert_true(member_is(&document, "$.data.kommunkod", "\"0120\""));
        if (sample.kind == SAMPLE_NOT_VALID)
            assert_true(member_is(&document, "$.data.kommunkod", "120"));
        buf_finish(&key);
        buf_finish(&value);
        arena_finish(&arena);
    }
}

static void ids_lead_back_to_the_number(void **state) {
    (void)state;
    assert_int_equal(sample_number(SPAN("https://id.varmdo.example/system/bygglov/sandbox-17")), 17);
    assert_int_equal(sample_number(SPAN("sandbox-1")), 1);
    assert_int_equal(sample_number(SPAN("sandbox-")), 0);
    assert_int_equal(sample_number(SPAN("17")), 0);
    assert_int_equal(sample_number(SPAN("")), 0);
    assert_int_equal(sample_number(SPAN_NONE), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_every_dozen_nine_are_good),
        cmocka_unit_test(every_third_good_one_breaks_in_turn),
        cmocka_unit_test(records_are_what_they_say),
        cmocka_unit_test(ids_lead_back_to_the_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
