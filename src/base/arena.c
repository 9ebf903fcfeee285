/* Bump allocation in blocks that double. No single free, no destructors. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A first block has room for an event of half a KiB with its request; an event of one KiB and its request are kept in a
 * second one, and what is made on the way takes a third for a moment. */
enum { FIRST_BLOCK = 2176 - 32, SECOND_BLOCK = 2 * FIRST_BLOCK, LARGEST_STEP = 1 << 20, SMALL_PIECES = 4096 };

/* Blocks in a stock, of each size; none where a checker is to see each block's end. */
#if defined(__SANITIZE_ADDRESS__)
static const size_t most_in_stock[ARENA_STOCKED] = {0};
#else
static const size_t most_in_stock[ARENA_STOCKED] = {128, 128, 4};
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

/* NULL: such blocks are not kept. */
static struct arena_shelf *find_shelf(struct arena_stock *stock, size_t capacity) {
    for (size_t i = 0, size = FIRST_BLOCK; stock != NULL && i < ARENA_STOCKED; i++, size *= 2)
        if (capacity == size)
            return &stock->shelf[i];
    return NULL;
}

static struct arena_block *take_block(struct arena_stock *stock, size_t capacity) {
    struct arena_shelf *shelf = find_shelf(stock, capacity);
    struct arena_block *block = shelf != NULL ? shelf->block : NULL;
    if (block == NULL) {
        block = malloc(sizeof(struct arena_block) + capacity);
        if (block != NULL)
            block->capacity = capacity;
        return block;
    }
    shelf->block = block->older;
    shelf->count--;
    return block;
}

static void give_block(struct arena_stock *stock, struct arena_block *block) {
    struct arena_shelf *shelf = find_shelf(stock, block->capacity);
    if (shelf == NULL || shelf->count + 1 > most_in_stock[shelf - stock->shelf]) {
        free(block);
        return;
    }
    block->older = shelf->block;
    shelf->block = block;
    shelf->count++;
}

void arena_stock_finish(struct arena_stock *stock) {
    for (size_t i = 0; i < ARENA_STOCKED; i++)
        for (struct arena_block *block = stock->shelf[i].block, *older; block != NULL; block = older) {
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

static void put_block(struct arena *arena, struct arena_block *block) {
    block->older = arena->block;
    arena->block = block;
    arena->end = block->bytes + block->capacity;
    arena->left = block->capacity;
    arena->bytes += sizeof *block + block->capacity;
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
    put_block(arena, block);
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

/* Of what was taken since the mark. */
static bool is_since(const struct arena *arena, struct arena_mark mark, const char *bytes) {
    for (const struct arena_block *block = arena->block; block != NULL; block = block->older) {
        const char *end = block->bytes + block->capacity;
        if (block == mark.block)
            return bytes >= end - mark.left && bytes <= end;
        if (bytes >= block->bytes && bytes <= end)
            return true;
    }
    return false;
}

/* Copies the pieces `which` says to `to`, and has them say that they stand at `place`. */
static void move_pieces(struct span *const *piece, size_t count, uint64_t which, char *to, const char *place) {
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if ((which >> i & 1) == 0)
            continue;
        if (piece[i]->size > 0)
            memcpy(to + at, piece[i]->data, piece[i]->size);
        piece[i]->data = place + at;
        at += arena_round(piece[i]->size);
    }
}

/* A block for so many bytes alone, unless it is no smaller than what goes for it. */
static struct arena_block *make_smaller(const struct arena *arena, struct arena_mark mark, size_t size) {
    size_t capacity = size <= FIRST_BLOCK ? FIRST_BLOCK : size <= SECOND_BLOCK ? SECOND_BLOCK : size, goes = 0;
    for (const struct arena_block *block = arena->block; block != mark.block; block = block->older)
        goes += block->capacity;
    return capacity < goes ? take_block(arena->stock, capacity) : NULL;
}

void arena_keep(struct arena *arena, struct arena_mark mark, struct span *const *piece, size_t count) {
    if (arena->block == mark.block)
        return;
    char small[SMALL_PIECES];
    uint64_t which = 0;
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        if (piece[i]->data != NULL && is_since(arena, mark, piece[i]->data)) {
            which |= (uint64_t)1 << i;
            size += arena_round(piece[i]->size);
        }
    if (mark.block != NULL && size <= mark.left && size <= sizeof small) {
        char *place = mark.block->bytes + mark.block->capacity - mark.left;
        move_pieces(piece, count, which, small, place);
        arena_go_back(arena, mark);
        memcpy(place, small, size);
        arena->left -= size;
        return;
    }
    struct arena_block *block = make_smaller(arena, mark, size);
    if (block == NULL)
        return;
    move_pieces(piece, count, which, block->bytes, block->bytes);
    arena_go_back(arena, mark);
    put_block(arena, block);
    arena->left -= size;
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
