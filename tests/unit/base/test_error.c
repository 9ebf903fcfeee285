/* Tests of base/error. */
#include "base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void first_cause_wins(void **state) {
    (void)state;
    struct error error = {0};
    assert_false(error_set(&error, "no file %d", 1));
    assert_false(error_set(&error, "later"));
    assert_string_equal(error.text, "no file 1");
    assert_false(error_context(&error, "route %s", "bygglov"));
    assert_string_equal(error.text, "route bygglov: no file 1");
    assert_false(error_set(NULL, "nobody listens"));
    assert_false(error_context(NULL, "nobody listens"));
    assert_false(error_memory(NULL));
    error = (struct error){0};
    assert_false(error_memory(&error));
    assert_string_equal(error.text, "out of memory");
    assert_true(error.shortage);
}

static void a_shortage_is_told_from_a_fault(void **state) {
    (void)state;
    struct error error = {0};
    assert_false(error_system(&error, EMFILE, "file %d", 1));
    assert_string_equal(error.text, "file 1: Too many open files");
    assert_true(error.shortage);
    assert_false(error_context(&error, "route a"));
    assert_true(error.shortage);
    assert_false(error_set(&error, "later"));
    error = (struct error){0};
    assert_false(error_system(&error, EACCES, "file"));
    assert_string_equal(error.text, "file: Permission denied");
    assert_false(error.shortage);
    assert_false(error_shortage(&error, "later")); /* the first cause wins */
    assert_false(error.shortage);
    assert_false(error_system(NULL, EMFILE, "nobody listens"));
    assert_false(error_shortage(NULL, "nobody listens"));
}

static void long_texts_are_cut(void **state) {
    (void)state;
    struct error error = {0};
    char word[1000];
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    error_set(&error, "%s", word);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    error_context(&error, "%s", "where");
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
    assert_memory_equal(error.text, "where: xxx", 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(first_cause_wins),
                                       cmocka_unit_test(a_shortage_is_told_from_a_fault),
                                       cmocka_unit_test(long_texts_are_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
