/* Tests of base/table. A model of plain arrays beside it. */
#include "base/table.h"

#include "base/dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

enum { KEYS = 500 };

static struct span key_of(char text[16], size_t number) {
    int length = snprintf(text, 16, "key-%zu", number);
    return span_make(text, (size_t)length);
}

static void against_a_model(void **state) {
    (void)state;
    struct table table;
    struct dice dice;
    int values[KEYS];
    bool there[KEYS] = {false};
    size_t count = 0;
    table_init(&table, 17);
    dice_init(&dice, 4711);
    for (int step = 0; step < 100000; step++) {
        size_t number = (size_t)dice_below(&dice, KEYS);
        char text[16];
        struct span key = key_of(text, number);
        assert_ptr_equal(table_find(&table, key), there[number] ? &values[number] : NULL);
        if (dice_below(&dice, 2) == 0) {
            assert_true(table_put(&table, key, &values[number]));
            count += !there[number];
            there[number] = true;
        } else {
            assert_ptr_equal(table_remove(&table, key), there[number] ? &values[number] : NULL);
            count -= there[number];
            there[number] = false;
        }
        assert_int_equal(table.count, count);
    }
    size_t position = 0, seen = 0;
    struct span key;
    void *value;
    while (table_next(&table, &position, &key, &value)) {
        char text[16];
        size_t number = (size_t)((int *)value - values);
        assert_true(there[number] && span_equal(key, key_of(text, number)));
        seen++;
    }
    assert_int_equal(seen, count);
    assert_true(table_bytes(&table) > count * 5);
    table_finish(&table);
    assert_null(table_find(&table, SPAN("key-1")));
}

static void odd_keys(void **state) {
    (void)state;
    struct table table;
    int one, two, three;
    table_init(&table, 0);
    assert_null(table_remove(&table, SPAN("")));
    assert_true(table_put(&table, SPAN(""), &one));
    assert_true(table_put(&table, SPAN("a\0b"), &two));
    assert_true(table_put(&table, SPAN("a"), &three));
    assert_true(table_put(&table, SPAN("a"), &one));
    assert_ptr_equal(table_find(&table, SPAN("")), &one);
    assert_ptr_equal(table_find(&table, SPAN("a\0b")), &two);
    assert_ptr_equal(table_find(&table, SPAN("a")), &one);
    assert_int_equal(table.count, 3);
    table_finish(&table);
}

static void hashes_depend_on_the_seed(void **state) {
    (void)state;
    assert_true(hash_bytes(SPAN("key"), 1) != hash_bytes(SPAN("key"), 2));
    assert_true(hash_bytes(SPAN("key"), 1) != hash_bytes(SPAN("kez"), 1));
    assert_true(hash_bytes(SPAN("12345678"), 1) != hash_bytes(SPAN("12345678\0"), 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(against_a_model), cmocka_unit_test(odd_keys),
                                       cmocka_unit_test(hashes_depend_on_the_seed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
