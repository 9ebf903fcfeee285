/* The allocator's entry points, wrapped by the linker (--wrap). Which allocation fails is only known beforehand while
 * no thread but the test's own allocates. */
#include "support/memory.h"

#include <stdatomic.h>
#include <stdint.h>

static atomic_size_t live, calls, first = SIZE_MAX, failed;
static atomic_bool for_ever;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *memory);

void memory_fail(size_t number, bool forever) {
    calls = 0;
    failed = 0;
    first = number;
    for_ever = forever;
}

size_t memory_heal(void) {
    first = SIZE_MAX;
    return failed;
}

size_t memory_live(void) {
    return live;
}

static bool fails(void) {
    size_t number = calls++, from = first;
    bool now = from != SIZE_MAX && (number == from || (for_ever && number > from));
    failed += now;
    return now;
}

static void *count(void *memory) {
    live += memory != NULL;
    return memory;
}

void *__wrap_malloc(size_t size) {
    return fails() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t count_of, size_t size) {
    return fails() ? NULL : count(__real_calloc(count_of, size));
}

void *__wrap_realloc(void *old, size_t size) {
    if (fails())
        return NULL;
    void *memory = __real_realloc(old, size);
    live += old == NULL && memory != NULL;
    return memory;
}

void __wrap_free(void *memory) {
    live -= memory != NULL;
    __real_free(memory);
}
