/* Tests of base/arena. What it counts and where it stops. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void takes_aligned_memory(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t size = 0; size < 3000; size += 7) {
        char *bytes = arena_take(&arena, size);
        assert_non_null(bytes);
        assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
        memset(bytes, 0xa5, size);
    }
    unsigned char *zeros = arena_take_zero(&arena, 100, 3);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(zeros[i], 0);
    arena_finish(&arena);
    assert_int_equal(arena.bytes, 0);
    assert_non_null(arena_take(&arena, 1));
    arena_finish(&arena);
}

static void refuses_beyond_the_limit(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 10000);
    assert_non_null(arena_take(&arena, 5000));
    assert_null(arena_take(&arena, 6000));
    assert_non_null(arena_take(&arena, 1000));
    assert_true(arena.bytes <= 10000);
    assert_null(arena_take(&arena, SIZE_MAX));
    assert_null(arena_take_zero(&arena, SIZE_MAX / 2, 4));
    assert_null(arena_copy(&arena, span_make("", 1000000)).data);
    arena_finish(&arena);
}

static void reset_keeps_the_largest_block(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    arena_reset(&arena);
    for (int i = 0; i < 100; i++)
        assert_non_null(arena_take(&arena, 1000));
    arena_reset(&arena);
    size_t kept = arena.bytes;
    assert_true(kept > 30000);
    for (size_t i = 0; i < 30; i++)
        assert_non_null(arena_take(&arena, 1000));
    assert_int_equal(arena.bytes, kept);
    arena_finish(&arena);
}

static void goes_back_to_where_it_stood(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct arena_mark empty = arena_mark(&arena);
    assert_non_null(arena_copy(&arena, SPAN("kept")).data);
    char *kept = arena_take(&arena, 100);
    assert_non_null(kept);
    memset(kept, 'k', 100);
    struct arena_mark mark = arena_mark(&arena);
    size_t bytes = arena.bytes;
    char *next = arena_take(&arena, 10);
    for (int i = 0; i < 100; i++)
        assert_non_null(arena_take(&arena, 1000));
    arena_go_back(&arena, mark);
    assert_int_equal(arena.bytes, bytes);
    assert_ptr_equal(arena_take(&arena, 10), next);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(kept[i], 'k');
    arena_go_back(&arena, empty);
    assert_int_equal(arena.bytes, 0);
    assert_non_null(arena_take(&arena, 10));
    arena_finish(&arena);
}

/* What stands before the mark, or nowhere in it, stays where it is. */
static void keeps_what_is_needed(void **state) {
    enum { PIECES = 5 };
    (void)state;
    for (size_t kept = 1; kept < 100000; kept = kept * 3 + 1)
        for (int before = 0; before < 3; before++) {
            struct arena_stock stock = {0};
            struct arena arena;
            arena_init_from(&arena, 0, &stock);
            if (before > 0)
                assert_non_null(arena_take(&arena, before == 1 ? 100 : 5000));
            struct span old = before == 1 ? arena_copy(&arena, SPAN("old")) : SPAN("elsewhere"), none = SPAN_NONE;
            struct span same = old;
            struct arena_mark mark = arena_mark(&arena);
            size_t bytes = arena.bytes;
            struct span first = arena_copy(&arena, SPAN("first"));
            for (int i = 0; i < 200; i++)
                assert_non_null(arena_take(&arena, 1000));
            char *large = arena_take(&arena, kept);
            memset(large, 'l', kept);
            struct span second = {large, kept}, empty = {large, 0};
            assert_non_null(arena_take(&arena, 300000));
            size_t grown = arena.bytes;
            struct span *const piece[PIECES] = {&first, &none, &old, &second, &empty};
            arena_keep(&arena, mark, piece, PIECES);
            assert_true(arena.bytes < grown);
            assert_true(arena.bytes <= bytes + 5000 + kept);
            assert_true(span_equal(first, SPAN("first")));
            assert_ptr_equal(old.data, same.data);
            assert_null(none.data);
            assert_int_equal(second.size, kept);
            for (size_t i = 0; i < kept; i++)
                assert_int_equal(second.data[i], 'l');
            char *next = arena_take(&arena, 100); /* over nothing that is kept */
            memset(next, 'n', 100);
            assert_true(span_equal(first, SPAN("first")));
            assert_int_equal(second.data[kept - 1], 'l');
            arena_go_back(&arena, mark);
            assert_int_equal(arena.bytes, bytes);
            arena_finish(&arena);
            arena_stock_finish(&stock);
        }
}

static void keeps_all_where_nothing_is_won(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    assert_non_null(arena_take(&arena, 100));
    struct arena_mark mark = arena_mark(&arena);
    struct span piece = arena_copy(&arena, SPAN("piece")), before = piece, *const one[] = {&piece};
    arena_keep(&arena, mark, one, 1);
    assert_ptr_equal(piece.data, before.data);
    piece = before = span_make(arena_take(&arena, 100000), 100000);
    size_t bytes = arena.bytes;
    arena_keep(&arena, mark, one, 1);
    assert_ptr_equal(piece.data, before.data);
    assert_int_equal(arena.bytes, bytes);
    arena_finish(&arena);
}

static void resizes_the_newest_in_place(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    char *first = arena_take(&arena, 100);
    memset(first, 'a', 100);
    size_t left = arena.left;
    assert_ptr_equal(arena_resize(&arena, first, 100, 1000), first);
    assert_ptr_equal(arena_resize(&arena, first, 1000, 100), first);
    assert_int_equal(arena.left, left);
    char *second = arena_take(&arena, 10);
    assert_ptr_equal(arena_resize(&arena, first, 100, 50), first);
    char *moved = arena_resize(&arena, first, 100, 200);
    assert_ptr_not_equal(moved, first);
    assert_memory_equal(moved, first, 100);
    assert_ptr_equal(arena_resize(&arena, moved, 200, 0), moved);
    assert_ptr_equal(arena_take(&arena, 1), moved);
    char *far = arena_resize(&arena, second, 10, 100000);
    assert_memory_equal(far, second, 10);
    assert_null(arena_resize(&arena, far, 100000, SIZE_MAX));
    arena_finish(&arena);
}

static void copies_and_prints(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct span copy = arena_copy(&arena, SPAN("a\0b"));
    assert_true(span_equal(copy, SPAN("a\0b")));
    assert_int_equal(copy.data[3], 0);
    assert_null(arena_copy(&arena, SPAN_NONE).data);
    assert_non_null(arena_copy(&arena, SPAN("")).data);
    assert_true(span_equal(arena_printf(&arena, "%d-%s", 17, "x"), SPAN("17-x")));
    arena_finish(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_aligned_memory),          cmocka_unit_test(refuses_beyond_the_limit),
        cmocka_unit_test(reset_keeps_the_largest_block), cmocka_unit_test(goes_back_to_where_it_stood),
        cmocka_unit_test(keeps_what_is_needed),          cmocka_unit_test(keeps_all_where_nothing_is_won),
        cmocka_unit_test(resizes_the_newest_in_place),   cmocka_unit_test(copies_and_prints)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
