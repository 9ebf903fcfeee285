/* Dead keys: found again, forgotten oldest first, and never more than so many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/dice.h"
#include "flow/dead_key.h"

static struct dead_key key(uint64_t lane, int64_t offset) {
    return (struct dead_key){lane, offset, offset, -1, 0};
}

static void is_found_until_removed(void **state) {
    (void)state;
    struct dead_keys keys = {0};
    struct dead_key forgotten;
    struct dice dice;
    dice_init(&dice, 1);
    assert_null(dead_key_find(&keys, 0));
    for (uint64_t i = 0; i < 500; i++)
        assert_false(dead_key_add(&keys, key(i * 7919 % 1009, (int64_t)i), SIZE_MAX, &forgotten));
    for (uint64_t i = 0; i < 500; i += 2)
        dead_key_remove(&keys, dead_key_find(&keys, i * 7919 % 1009));
    assert_int_equal(keys.count, 250);
    for (uint64_t i = 0; i < 500; i++) {
        const struct dead_key *found = dead_key_find(&keys, i * 7919 % 1009);
        if (i % 2 == 0)
            assert_null(found);
        else
            assert_int_equal(found->first, i);
    }
    dead_keys_finish(&keys);
}

static void oldest_is_forgotten(void **state) {
    (void)state;
    struct dead_keys keys = {0};
    struct dead_key forgotten = {0};
    for (uint64_t i = 0; i < DEAD_KEYS_MOST; i++)
        assert_false(dead_key_add(&keys, key(~i, 100 + (int64_t)i), SIZE_MAX, &forgotten));
    dead_key_find(&keys, ~(uint64_t)0)->last = 5000; /* the first one had another letter since */
    assert_true(dead_key_add(&keys, key(42, 9000), SIZE_MAX, &forgotten));
    assert_int_equal(forgotten.first, 101);
    assert_int_equal(keys.count, DEAD_KEYS_MOST);
    assert_non_null(dead_key_find(&keys, 42));
    assert_non_null(dead_key_find(&keys, ~(uint64_t)0));
    assert_null(dead_key_find(&keys, ~(uint64_t)1));
    assert_true(dead_keys_bytes(&keys) <= 64 * 1024);
    dead_keys_finish(&keys);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_found_until_removed),
        cmocka_unit_test(oldest_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
