/* An arena is memory that is given back all at once: everything one event needs lives in its arena. Nothing in it is
 * freed singly. */
#ifndef SLUSS_BASE_ARENA_H
#define SLUSS_BASE_ARENA_H

#include "base/span.h"

struct arena_block;

enum { ARENA_ALIGNMENT = 16 };

/* First, second and third blocks that arenas left, for those that need one next: the heap takes longer to give and take
 * them. Start with `struct arena_stock stock = {0};`. Of one thread; outlives its arenas. */
enum { ARENA_STOCKED = 3 };
struct arena_stock {
    struct arena_shelf {
        struct arena_block *block;
        size_t count;
    } shelf[ARENA_STOCKED];
};

/* Start with arena_init. Not for two threads at once. */
struct arena {
    struct arena_stock *stock; /* NULL: the heap's */
    struct arena_block *block; /* the newest */
    char *end;                 /* of it */
    size_t left;               /* bytes free in it, up to its end; a multiple of ARENA_ALIGNMENT */
    size_t bytes;              /* taken from the heap by all blocks: what the accounting counts */
    size_t limit;              /* most that `bytes` may become; 0 = no limit */
    bool full;                 /* the limit refused a piece; who wants to know clears it before */
    bool starved;              /* the heap refused one; likewise */
};

void arena_init(struct arena *arena, size_t limit);

/* The same, with its blocks from a stock (may be NULL) and back to it. */
void arena_init_from(struct arena *arena, size_t limit, struct arena_stock *stock);
void arena_stock_finish(struct arena_stock *stock);

/* Gives all memory back. The arena may be used again. */
void arena_finish(struct arena *arena);

/* Forgets everything but keeps the largest block for the next user (scratch arenas). */
void arena_reset(struct arena *arena);

/* Where an arena stands; going back there gives back all that was taken since, and the memory it took. What was taken
 * before must not have been resized since. */
struct arena_mark {
    struct arena_block *block;
    size_t left;
};

static inline struct arena_mark arena_mark(const struct arena *arena) {
    return (struct arena_mark){arena->block, arena->left};
}

void arena_go_back(struct arena *arena, struct arena_mark mark);

/* The same, but for these pieces, at most ARENA_PIECES: those that were taken since the mark move nearer together, and
 * their spans say where to. Where that gives no memory back, all stays as it is. */
enum { ARENA_PIECES = 64 };
void arena_keep(struct arena *arena, struct arena_mark mark, struct span *const *piece, size_t count);

/* arena_take when a new block is needed, or nothing is wanted. */
void *arena_take_seldom(struct arena *arena, size_t size);

static inline size_t arena_round(size_t size) {
    return (size + (ARENA_ALIGNMENT - 1)) & ~(size_t)(ARENA_ALIGNMENT - 1);
}

/* `size` bytes aligned for any type, not cleared. NULL when memory is short or the limit would be passed. */
static inline void *arena_take(struct arena *arena, size_t size) {
    if (size - 1 >= arena->left)
        return arena_take_seldom(arena, size);
    char *bytes = arena->end - arena->left;
    arena->left -= arena_round(size);
    return bytes;
}

/* The same, cleared, for `count` elements of `size` (checked for overflow). */
void *arena_take_zero(struct arena *arena, size_t count, size_t size);

/* Makes a piece of this arena larger or smaller: in place when it is the newest, else by a copy (or, when smaller, not
 * at all). Size 0 gives it back. NULL when memory is short: then it stands as it was. */
void *arena_resize(struct arena *arena, void *piece, size_t old_size, size_t new_size);

/* A copy of the bytes with a NUL behind them (not counted). data == NULL when memory is short; SPAN_NONE stays
 * SPAN_NONE. */
struct span arena_copy(struct arena *arena, struct span bytes);

/* A formatted text in the arena; data == NULL when memory is short. */
struct span arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
