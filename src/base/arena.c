/* Bump allocation in blocks that double. No single free, no destructors. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_BLOCK = 4096 - 32, LARGEST_STEP = 1 << 20 };

/* Blocks in a stock; none where a checker is to see each block's end. */
#if defined(__SANITIZE_ADDRESS__)
enum { MOST_IN_STOCK = 0 };
#else
enum { MOST_IN_STOCK = 64 };
#endif

struct arena_block {
    struct arena_block *older;
    size_t capacity;
    _Alignas(ARENA_ALIGNMENT) char bytes[];
};

void arena_init(struct arena *arena, size_t limit) {
    arena_init_from(arena, limit, NULL);
}

void arena_init_from(struct arena *arena, size_t limit, struct arena_stock *stock) {
    *arena = (struct arena){.limit = limit, .stock = stock};
}

static struct arena_block *take_block(struct arena_stock *stock, size_t capacity) {
    if (stock == NULL || stock->block == NULL || capacity != FIRST_BLOCK)
        return malloc(sizeof(struct arena_block) + capacity);
    struct arena_block *block = stock->block;
    stock->block = block->older;
    stock->count--;
    return block;
}

static void give_block(struct arena_stock *stock, struct arena_block *block) {
    if (stock == NULL || block->capacity != FIRST_BLOCK || stock->count + 1 > MOST_IN_STOCK) {
        free(block);
        return;
    }
    block->older = stock->block;
    stock->block = block;
    stock->count++;
}

void arena_stock_finish(struct arena_stock *stock) {
    for (struct arena_block *block = stock->block, *older; block != NULL; block = older) {
        older = block->older;
        free(block);
    }
    *stock = (struct arena_stock){0};
}

void arena_finish(struct arena *arena) {
    while (arena->block != NULL) {
        struct arena_block *older = arena->block->older;
        give_block(arena->stock, arena->block);
        arena->block = older;
    }
    arena->end = NULL;
    arena->left = 0;
    arena->bytes = 0;
}

void arena_go_back(struct arena *arena, struct arena_mark mark) {
    while (arena->block != mark.block) {
        struct arena_block *older = arena->block->older;
        arena->bytes -= sizeof *arena->block + arena->block->capacity;
        give_block(arena->stock, arena->block);
        arena->block = older;
    }
    arena->end = arena->block != NULL ? arena->block->bytes + arena->block->capacity : NULL;
    arena->left = mark.left;
}

/* Blocks grow, so the newest is the largest: it is the one to keep. */
void arena_reset(struct arena *arena) {
    if (arena->block == NULL)
        return;
    struct arena_block *older = arena->block->older;
    while (older != NULL) {
        struct arena_block *next = older->older;
        free(older);
        older = next;
    }
    arena->block->older = NULL;
    arena->left = arena->block->capacity;
    arena->bytes = sizeof *arena->block + arena->block->capacity;
}

static bool add_block(struct arena *arena, size_t size) {
    size_t capacity = FIRST_BLOCK;
    if (arena->block != NULL)
        capacity = arena->block->capacity < LARGEST_STEP ? arena->block->capacity * 2 : arena->block->capacity;
    if (capacity < size)
        capacity = size;
    if (arena->limit != 0) {
        size_t room = arena->limit > arena->bytes ? arena->limit - arena->bytes : 0;
        if (room < sizeof(struct arena_block) + size) {
            arena->full = true;
            return false;
        }
        if (capacity > room - sizeof(struct arena_block))
            capacity = room - sizeof(struct arena_block);
        capacity -= capacity % ARENA_ALIGNMENT;
    }
    if (capacity > SIZE_MAX / 2)
        return false;
    struct arena_block *block = take_block(arena->stock, capacity);
    if (block == NULL) {
        arena->starved = true;
        return false;
    }
    block->older = arena->block;
    block->capacity = capacity;
    arena->block = block;
    arena->end = block->bytes + capacity;
    arena->left = capacity;
    arena->bytes += sizeof *block + capacity;
    return true;
}

void *arena_take_seldom(struct arena *arena, size_t size) {
    if (size > SIZE_MAX / 4)
        return NULL;
    size = arena_round(size);
    if ((arena->block == NULL || arena->left < size) && !add_block(arena, size))
        return NULL;
    arena->left -= size;
    return arena->end - arena->left - size;
}

void *arena_resize(struct arena *arena, void *piece, size_t old_size, size_t new_size) {
    if (new_size > SIZE_MAX / 4)
        return NULL;
    size_t had = arena_round(old_size), wanted = arena_round(new_size);
    bool newest = piece != NULL && (char *)piece + had == arena->end - arena->left;
    if (newest && wanted <= had + arena->left) {
        arena->left = arena->left + had - wanted;
        return piece;
    }
    if (wanted <= had)
        return piece;
    void *larger = arena_take(arena, new_size);
    if (larger != NULL && piece != NULL && old_size > 0)
        memcpy(larger, piece, old_size);
    return larger;
}

void *arena_take_zero(struct arena *arena, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / 4 / size)
        return NULL;
    void *bytes = arena_take(arena, count * size);
    if (bytes != NULL)
        memset(bytes, 0, count * size);
    return bytes;
}

struct span arena_copy(struct arena *arena, struct span bytes) {
    if (bytes.data == NULL)
        return SPAN_NONE;
    char *copy = arena_take(arena, bytes.size + 1);
    if (copy == NULL)
        return SPAN_NONE;
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    copy[bytes.size] = '\0';
    return (struct span){copy, bytes.size};
}

struct span arena_printf(struct arena *arena, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : arena_take(arena, (size_t)length + 1);
    if (text != NULL)
        (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text == NULL ? SPAN_NONE : (struct span){text, (size_t)length};
}
