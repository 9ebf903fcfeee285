/* A binary heap of pointers. Owns no timer. */
#include "flow/timer.h"

#include "base/bug.h"

#include <stdlib.h>

void timers_finish(struct timers *timers) {
    free(timers->heap);
    *timers = (struct timers){0};
}

bool timers_join(struct timers *timers) {
    if (timers->owners == timers->capacity) {
        size_t capacity = timers->capacity == 0 ? 64 : timers->capacity * 2;
        struct timer **heap = realloc(timers->heap, capacity * sizeof(struct timer *));
        if (heap == NULL)
            return false;
        timers->heap = heap;
        timers->capacity = capacity;
    }
    timers->owners++;
    return true;
}

void timers_leave(struct timers *timers) {
    ENSURE(timers->owners > 0, "a timer left that never joined");
    timers->owners--;
}

static bool earlier(const struct timer *one, const struct timer *other) {
    return one->at_ms != other->at_ms ? one->at_ms < other->at_ms : one->turn < other->turn;
}

static void put(struct timers *timers, size_t place, struct timer *timer) {
    timers->heap[place] = timer;
    timer->place = (uint32_t)place + 1;
}

static void rise(struct timers *timers, size_t place, struct timer *timer) {
    while (place > 0 && earlier(timer, timers->heap[(place - 1) / 2])) {
        put(timers, place, timers->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put(timers, place, timer);
}

static void sink(struct timers *timers, size_t place, struct timer *timer) {
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= timers->count)
            break;
        if (child + 1 < timers->count && earlier(timers->heap[child + 1], timers->heap[child]))
            child++;
        if (!earlier(timers->heap[child], timer))
            break;
        put(timers, place, timers->heap[child]);
        place = child;
    }
    put(timers, place, timer);
}

void timers_set(struct timers *timers, struct timer *timer, int64_t at_ms) {
    timers_clear(timers, timer);
    ENSURE(timers->count < timers->capacity, "a timer was set that never joined");
    timer->at_ms = at_ms;
    timer->turn = timers->turn++;
    rise(timers, timers->count++, timer);
}

void timers_clear(struct timers *timers, struct timer *timer) {
    if (timer->place == 0)
        return;
    size_t place = timer->place - 1;
    timer->place = 0;
    struct timer *last = timers->heap[--timers->count];
    if (last == timer)
        return;
    if (place > 0 && earlier(last, timers->heap[(place - 1) / 2]))
        rise(timers, place, last);
    else
        sink(timers, place, last);
}

struct timer *timers_due(struct timers *timers, int64_t now_ms) {
    if (timers->count == 0 || timers->heap[0]->at_ms > now_ms)
        return NULL;
    struct timer *timer = timers->heap[0];
    timers_clear(timers, timer);
    return timer;
}

int64_t timers_next(const struct timers *timers) {
    return timers->count == 0 ? INT64_MAX : timers->heap[0]->at_ms;
}
