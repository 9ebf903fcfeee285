/* The offset map's text: what goes in comes out, and nothing else is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/dice.h"
#include "settle/tracker.h"

#include <stdio.h>
#include <string.h>

static struct dice dice;
static struct offset_map map, other;
static char text[OFFSET_MAP_SIZE];

static struct offset_try tried(int64_t offset, uint32_t attempts, uint32_t seconds) {
    return (struct offset_try){offset, attempts, seconds, HELD_NOT, -1, 0};
}

static struct offset_try held(int64_t offset, enum held why, int64_t first) {
    return (struct offset_try){offset, 0, 0, why, first, 0};
}

static uint32_t any(size_t below) {
    return (uint32_t)dice_below(&dice, below);
}

static void nothing_to_say(void **state) {
    (void)state;
    offset_map_init(&map, 17);
    assert_int_equal(offset_map_write(&map, 0, text), 0);
    offset_map_settle(&map, 16);
    offset_map_settle(&map, 17 + OFFSET_MAP_BITS);
    offset_map_try(&map, tried(16, 1, 1));
    assert_int_equal(offset_map_write(&map, 0, text), 0);
    assert_false(offset_map_knows(&map, 16));
    assert_false(offset_map_knows(&map, 17));
}

static void comes_back(void **state) {
    (void)state;
    offset_map_init(&map, 5000000000);
    offset_map_settle(&map, 5000000001);
    offset_map_settle(&map, 5000000007);
    offset_map_try(&map, tried(5000000000, 3, 60));
    offset_map_try(&map, tried(5000000002, 4000000000, 4000000000));
    size_t size = offset_map_write(&map, 3, text);
    assert_int_equal(size, strlen("1CC;2,999999999,999999999;0,3,60;01234567"));
    assert_memory_equal(text, "1CC;2,999999999,999999999;0,3,60;", size - 8);
    assert_true(offset_map_read(&other, 5000000000, 3, span_make(text, size)));
    assert_int_equal(offset_map_count(&other), 2);
    assert_true(offset_map_knows(&other, 5000000001));
    assert_false(offset_map_knows(&other, 5000000002));
    assert_true(offset_map_knows(&other, 5000000007));
    assert_false(offset_map_knows(&other, 5000000008));
    assert_int_equal(offset_map_find(&other, 5000000000)->attempts, 3);
    assert_int_equal(offset_map_find(&other, 5000000000)->seconds, 60);
    assert_int_equal(offset_map_find(&other, 5000000002)->attempts, 999999999);
    assert_null(offset_map_find(&other, 5000000001));
}

/* Whoever reads the partition next holds what is held, also when many were tried more often. */
static void held_ones_come_back(void **state) {
    (void)state;
    offset_map_init(&map, 100);
    for (uint32_t i = 0; i < OFFSET_MAP_TRIES; i++)
        offset_map_try(&map, tried(200 + i, 1000, 1));
    offset_map_try(&map, held(100, HELD_DEAD_KEY, 17));
    offset_map_try(&map, held(101, HELD_AMBIGUOUS, -1));
    offset_map_try(&map, held(102, HELD_DEAD_KEY, -1));
    size_t size = offset_map_write(&map, 0, text);
    static const char begin[] = "2;1,0,0,a;0,0,0,h83;2,0,0,h0;100,1000,1;";
    assert_memory_equal(text, begin, sizeof begin - 1);
    assert_true(offset_map_read(&other, 100, 0, span_make(text, size)));
    assert_int_equal(offset_map_held(&other), 3);
    assert_int_equal(offset_map_find(&other, 100)->held, HELD_DEAD_KEY);
    assert_int_equal(offset_map_find(&other, 100)->first, 17);
    assert_int_equal(offset_map_find(&other, 101)->held, HELD_AMBIGUOUS);
    assert_int_equal(offset_map_find(&other, 102)->held, HELD_DEAD_KEY);
    assert_int_equal(offset_map_find(&other, 102)->first, -1);
    assert_int_equal(offset_map_find(&other, 200)->held, HELD_NOT);
}

/* However many are in doubt: nobody sends one of them again. Of as many as there is room for it is known how often they
 * were tried; dead keys, and what is held behind them, come before that. */
static void all_in_doubt_come_back(void **state) {
    (void)state;
    offset_map_init(&map, 5000000000);
    for (int64_t i = 0; i < 1000; i++)
        if (i % 3 == 2)
            offset_map_settle(&map, map.base + i);
        else
            offset_map_try(&map, (struct offset_try){map.base + i, 7, 86400, HELD_AMBIGUOUS, -1, 0});
    offset_map_try(&map, held(map.base + 1001, HELD_DEAD_KEY, map.base - 5));
    offset_map_die(&map, (struct offset_dead){map.base - 5, map.base - 5});
    size_t size = offset_map_write(&map, 0, text);
    assert_true(size <= OFFSET_MAP_SIZE && text[0] == '3');
    assert_true(offset_map_read(&other, map.base, 0, span_make(text, size)));
    assert_int_equal(offset_map_held(&other), 668);
    assert_non_null(offset_map_find(&other, map.base + 1001));
    assert_int_equal(offset_map_find(&other, map.base + 1001)->held, HELD_DEAD_KEY);
    assert_non_null(offset_map_dead(&other, map.base - 5));
    for (int64_t i = 0; i < 1000; i++) {
        const struct offset_try *found = offset_map_find(&other, map.base + i);
        assert_int_equal(offset_map_knows(&other, map.base + i), i % 3 == 2);
        assert_int_equal((found != NULL) + offset_map_doubts(&other, map.base + i), i % 3 == 2 ? 0 : 1);
        assert_true(found == NULL || (found->attempts == 7 && found->held == HELD_AMBIGUOUS));
    }
    assert_true(other.tries > 100);
    assert_false(offset_map_doubts(&other, map.base + 1000) || offset_map_doubts(&other, map.base - 1));
    for (int i = 0; i < 200; i++) {
        dice_init(&dice, (uint64_t)i);
        (void)offset_map_write(&map, 0, text);
        text[any(size)] ^= (char)(1 << any(8));
        assert_false(offset_map_read(&other, map.base, 0, span_make(text, size)));
        assert_int_equal(other.bits + other.tries + other.doubts, 0);
    }
}

/* Where the dead letters of dead keys stand, below the base and above it, the latest first; what is too far away is
 * left out. */
static void dead_keys_come_back(void **state) {
    (void)state;
    offset_map_init(&map, 10000);
    offset_map_die(&map, (struct offset_dead){9990, 9990});
    offset_map_die(&map, (struct offset_dead){10002, 9995});
    offset_map_die(&map, (struct offset_dead){10000 - OFFSET_MAP_BACK, 17});
    offset_map_die(&map, (struct offset_dead){10000 - OFFSET_MAP_BACK - 1, 17});
    size_t size = offset_map_write(&map, 0, text);
    static const char begin[] = "2;d-2,7;d10;d4096,5887;";
    assert_memory_equal(text, begin, sizeof begin - 1);
    assert_true(offset_map_read(&other, 10000, 0, span_make(text, size)));
    assert_int_equal(other.dead_count, 3);
    assert_int_equal(offset_map_dead(&other, 10002)->first, 9995);
    assert_int_equal(offset_map_dead(&other, 9990)->first, 9990);
    assert_int_equal(offset_map_dead(&other, 10000 - OFFSET_MAP_BACK)->first, 17);
    assert_null(offset_map_dead(&other, 10000));
    for (int64_t i = 0; i < 2 * OFFSET_MAP_DEAD; i++)
        offset_map_die(&map, (struct offset_dead){11000 + i, 11000 + i});
    assert_int_equal(map.dead_count, OFFSET_MAP_DEAD);
    assert_int_equal(map.dead[OFFSET_MAP_DEAD - 1].last, 11000 + OFFSET_MAP_DEAD);
    assert_true(offset_map_write(&map, 0, text) <= OFFSET_MAP_SIZE);
}

static void thousand_and_twenty_four_settled_are_small(void **state) {
    (void)state;
    offset_map_init(&map, 0);
    for (int64_t i = 1; i <= 1024; i++)
        offset_map_settle(&map, i);
    assert_true(offset_map_write(&map, 0, text) <= 1 + 171 + 9);
}

static void never_larger_than_its_size(void **state) {
    (void)state;
    offset_map_init(&map, 1000000000);
    for (int64_t i = 0; i < 2 * OFFSET_MAP_BITS; i++)
        offset_map_settle(&map, map.base + i);
    for (uint32_t i = 0; i < 2 * OFFSET_MAP_TRIES; i++)
        offset_map_try(&map, tried(map.base + 100000000 + i, 100000000 + i, 999999999));
    assert_int_equal(map.tries, OFFSET_MAP_TRIES);
    size_t size = offset_map_write(&map, INT32_MAX, text);
    assert_true(size <= OFFSET_MAP_SIZE);
    assert_null(memchr(text, 0, size));
    assert_true(offset_map_read(&other, map.base, INT32_MAX, span_make(text, size)));
    assert_int_equal(offset_map_count(&other), OFFSET_MAP_BITS);
    assert_true(other.tries > 40 && other.tries < OFFSET_MAP_TRIES); /* as many as there was room for ... */
    assert_int_equal(other.tried[0].attempts, 100000000 + 2 * OFFSET_MAP_TRIES - 1); /* ... the most tried */
}

static void refusals_come_back(void **state) {
    (void)state;
    offset_map_init(&map, 17);
    offset_map_try(&map, (struct offset_try){.offset = 17, .attempts = 5, .seconds = 9, .refusals = 2, .first = -1});
    offset_map_try(&map,
                   (struct offset_try){.offset = 19, .attempts = 1, .refusals = 1, .held = HELD_DEAD_KEY, .first = 18});
    size_t size = offset_map_write(&map, 0, text);
    assert_memory_equal(text, "2;2,1,0,r1,h1;0,5,9,r2;", size - 8);
    assert_true(offset_map_read(&other, 17, 0, span_make(text, size)));
    assert_int_equal(offset_map_find(&other, 17)->refusals, 2);
    assert_int_equal(offset_map_find(&other, 19)->refusals, 1);
    assert_int_equal(offset_map_find(&other, 19)->held, HELD_DEAD_KEY);
    assert_int_equal(offset_map_find(&other, 19)->first, 18);
}

static void of_another_place_is_not_believed(void **state) {
    (void)state;
    offset_map_init(&map, 17);
    offset_map_settle(&map, 18);
    struct span good = span_make(text, offset_map_write(&map, 2, text));
    assert_true(offset_map_read(&other, 17, 2, good));
    assert_false(offset_map_read(&other, 16, 2, good)); /* a tool that moves offsets copies the text */
    assert_false(offset_map_read(&other, 17, 3, good));
    assert_false(offset_map_read(&other, -1, 2, good));
    assert_int_equal(other.bits, 0);
}

static void broken_ones_are_not_believed(void **state) {
    (void)state;
    dice_init(&dice, 7);
    for (int round = 0; round < 300; round++) {
        offset_map_init(&map, any(1000));
        for (int i = 0; i < 20; i++)
            offset_map_settle(&map, map.base + any(1 + 4 * (size_t)round));
        for (int i = 0; i < 5; i++)
            offset_map_try(&map, tried(map.base + any(50), 1 + any(9), 1));
        size_t size = offset_map_write(&map, 0, text);
        assert_true(offset_map_read(&other, map.base, 0, span_make(text, size)));
        for (int64_t i = 0; i < OFFSET_MAP_BITS; i++)
            assert_int_equal(offset_map_knows(&map, map.base + i), offset_map_knows(&other, map.base + i));
        assert_int_equal(map.tries, other.tries);
        assert_false(offset_map_read(&other, map.base, 0, span_make(text, any(size))));
        text[any(size)] ^= (char)(1 << any(8));
        assert_false(offset_map_read(&other, map.base, 0, span_make(text, size)));
        assert_int_equal(other.bits + other.tries, 0);
    }
    static const char *const foreign[] = {
        "", "hello", "1", "1;;;;;;;;;;;;", "2CC;01234567", "\xff\xfe garbage of others"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        assert_false(offset_map_read(&other, 0, 0, span_of(foreign[i])));
}

/* Writes the sum of what the text says now. */
static void seal(size_t size, int32_t partition, int64_t base) {
    enum { CHECK_SIZE = 9 };
    char whole[OFFSET_MAP_SIZE + 64], end[CHECK_SIZE + 1];
    int length =
        snprintf(whole, sizeof whole, "%d/%lld/%.*s", (int)partition, (long long)base, (int)size - CHECK_SIZE, text);
    uint32_t sum = ~0U;
    for (int i = 0; i < length; i++) {
        sum ^= (unsigned char)whole[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (0xEDB88320U & (0U - (sum & 1)));
    }
    (void)snprintf(end, sizeof end, ";%08x", ~sum);
    memcpy(text + size - CHECK_SIZE, end, CHECK_SIZE);
}

/* It may mean by the same text something else: nothing of it is believed, whole as it is. */
static void a_newer_version_is_not_ours(void **state) {
    (void)state;
    offset_map_init(&map, 100);
    offset_map_settle(&map, 101);
    offset_map_try(&map, tried(102, 3, 4));
    size_t size = offset_map_write(&map, 7, text);
    seal(size, 7, 100);
    assert_true(offset_map_read(&other, 100, 7, span_make(text, size)));
    for (const char *version = "456789"; *version != '\0'; version++) {
        text[0] = *version;
        seal(size, 7, 100);
        assert_false(offset_map_read(&other, 100, 7, span_make(text, size)));
        assert_int_equal(other.bits + other.tries, 0);
    }
}

/* Whole, and not as we write: none of it is believed. */
static void what_is_whole_and_wrong_is_not_ours(void **state) {
    (void)state;
    static const char *const bodies[] = {"1\x01;1,2,3", "1A1,2,3",   "1A;x,2,3",    "1A;1;2",    "1A;1,2,",
                                         "2A;1,2,3,q1", "2A;1,2,3,", "2A;1,2,3,r",  "2A;1,2,3x", "2A;dx",
                                         "2A;d1,",      "3A;a\x01",  "1A;1,2,3,r1", "2;a"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        size_t size = (size_t)snprintf(text, sizeof text, "%s;00000000", bodies[i]);
        seal(size, 7, 100);
        assert_false(offset_map_read(&other, 100, 7, span_make(text, size)));
        assert_int_equal(other.bits + other.tries + other.doubts, 0);
    }
    size_t size = (size_t)snprintf(text, sizeof text, "2C;1,2,3,r1;d5;00000000");
    seal(size, 7, 100);
    assert_true(offset_map_read(&other, 100, 7, span_make(text, size)));
    /* what lies too far off to be written in nine digits is left out */
    offset_map_init(&map, 0);
    offset_map_try(&map, tried(5, 2, 1));
    offset_map_try(&map, tried(2000000000, 3, 1));
    offset_map_die(&map, (struct offset_dead){2000000000, 2000000000});
    assert_true(offset_map_read(&other, 0, 0, span_make(text, offset_map_write(&map, 0, text))));
    assert_int_equal(other.tries, 1);
    assert_int_equal(other.dead_count, 0);
}

static void tracker_tells_what_is_settled(void **state) {
    (void)state;
    struct tracker tracker;
    assert_true(tracker_init(&tracker, 4, 4, 10));
    uint32_t slot[4];
    for (int i = 0; i < 4; i++)
        slot[i] = tracker_admit(&tracker, 10 + 2 * i);
    tracker_settle(&tracker, slot[1]);
    tracker_settle(&tracker, slot[3]);
    offset_map_init(&map, tracker_base(&tracker));
    tracker_map(&tracker, &map);
    assert_int_equal(offset_map_count(&map), 2);
    assert_true(offset_map_knows(&map, 12) && offset_map_knows(&map, 16));
    tracker_finish(&tracker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_say),
        cmocka_unit_test(comes_back),
        cmocka_unit_test(held_ones_come_back),
        cmocka_unit_test(all_in_doubt_come_back),
        cmocka_unit_test(dead_keys_come_back),
        cmocka_unit_test(thousand_and_twenty_four_settled_are_small),
        cmocka_unit_test(never_larger_than_its_size),
        cmocka_unit_test(refusals_come_back),
        cmocka_unit_test(of_another_place_is_not_believed),
        cmocka_unit_test(broken_ones_are_not_believed),
        cmocka_unit_test(a_newer_version_is_not_ours),
        cmocka_unit_test(what_is_whole_and_wrong_is_not_ours),
        cmocka_unit_test(tracker_tells_what_is_settled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
