/* Gathering events into batches, and dividing them. What becomes of a batch that was answered is decided in
 * consequence.c. */
#include "flow/batch.h"

#include "flow/flow_private.h"
#include "shape/bundle.h"

#include <stdlib.h>

enum { MOST_OPEN = 64 }; /* batches of one route that are open at a time; one more closes the oldest */

/* NULL when memory is short. */
static struct batch *create(struct flow *flow, struct group *group) {
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL || !timers_join(&flow->timers)) {
        free(batch);
        return NULL;
    }
    batch->group = group;
    batch->most = group->route->batch.events;
    batch->size = bundle_size(group->route->mapping.bundle, SPAN_NONE);
    batch->timer.kind = TIMER_BATCH;
    arena_init(&batch->arena, 0);
    return batch;
}

static void destroy(struct flow *flow, struct batch *batch) {
    list_remove(&batch->link);
    timers_clear(&flow->timers, &batch->timer);
    timers_leave(&flow->timers);
    flow->bytes -= batch->bytes;
    flow->on_lifelines -= batch->on_lifeline ? batch->bytes : 0;
    batch->group->made -= batch->made ? 1 : 0;
    arena_finish(&batch->arena);
    free(batch);
}

static void add(struct batch *batch, struct passage *passage) {
    passage->state = batch->count == 0 ? PASSAGE_GATHERS : PASSAGE_JOINED;
    passage->batch = batch;
    passage->along = NULL;
    if (batch->count == 0)
        batch->first = passage;
    else
        batch->last->along = passage;
    batch->last = passage;
    batch->count++;
    batch->size += bundle_size(batch->group->route->mapping.bundle, passage->own.body);
    batch->most = batch->most < passage->company ? batch->most : passage->company;
}

/* --- gathering --- */

static bool has_place(const struct batch *batch, const struct passage *passage) {
    return batch->open && batch->count < passage->company && bundle_alike(&batch->first->own, &passage->own);
}

static bool has_room(const struct batch *batch, const struct passage *passage) {
    const struct route *route = batch->group->route;
    return batch->size + bundle_size(route->mapping.bundle, passage->own.body) <= route->batch.bytes;
}

/* The oldest first: it closes first. */
static struct batch *find(const struct group *group, const struct passage *passage) {
    LIST_EACH(link, &group->batches) {
        struct batch *batch = LIST_OF(link, struct batch, link);
        if (has_place(batch, passage))
            return batch;
    }
    return NULL;
}

static struct batch *begin(struct flow *flow, struct group *group) {
    struct batch *batch = create(flow, group);
    if (batch == NULL)
        return NULL;
    size_t open = 0;
    LIST_EACH(link, &group->batches) open++;
    if (open >= MOST_OPEN)
        batch_close(flow, LIST_OF(list_first(&group->batches), struct batch, link));
    batch->open = true;
    list_add_last(&group->batches, &batch->link);
    if (!PLANTED(BATCH_NEVER_CLOSES))
        timers_set(&flow->timers, &batch->timer, flow->now_ms + group->route->batch.wait_ms);
    return batch;
}

void batch_gather(struct flow *flow, struct passage *passage) {
    struct group *group = passage->home->group;
    bool free = passage->ahead == NULL || PLANTED(BATCH_TAKES_LATE);
    struct batch *batch = free ? find(group, passage) : passage->ahead->batch;
    bool place = batch != NULL && (free || has_place(batch, passage));
    if (place && !has_room(batch, passage)) {
        batch_close(flow, batch);
        place = false;
    }
    if (!place && !free) {
        passage->state = PASSAGE_QUEUED;
        return;
    }
    if (!place)
        batch = begin(flow, group);
    if (batch == NULL) {
        passage_later(flow, passage, MEMORY_PAUSE_MS);
        return;
    }
    passage->since_ms = flow->now_ms;
    add(batch, passage);
    if (batch->count >= batch->most || batch->size >= group->route->batch.bytes)
        batch_close(flow, batch);
    else if (passage->behind != NULL && passage->behind->state == PASSAGE_QUEUED)
        passage_due(flow, passage->behind);
}

/* --- closed --- */

void batch_close(struct flow *flow, struct batch *batch) {
    batch->open = false;
    list_remove(&batch->link);
    timers_clear(&flow->timers, &batch->timer);
    batch_enter(flow, batch);
}

void batch_close_all(struct flow *flow, struct group *group) {
    LIST_EACH(link, &group->batches) batch_close(flow, LIST_OF(link, struct batch, link));
}

static void account(struct flow *flow, struct batch *batch) {
    flow->bytes += batch->arena.bytes - batch->bytes;
    flow->on_lifelines += batch->on_lifeline ? batch->arena.bytes - batch->bytes : 0;
    batch->bytes = batch->arena.bytes;
}

/* The memory that its request may take. Where there is little, one event goes alone on its platform's lifeline. */
static size_t find_room(struct flow *flow, struct batch *batch) {
    size_t room = budget_left(flow, BUDGET_WRITE);
    batch->on_lifeline = batch->count == 1 && budget_cost(1, batch->size) > room && lifeline_take(flow, batch->first);
    return batch->on_lifeline ? lifeline_left(flow, batch->first, BUDGET_WRITE) : room;
}

/* The bytes of the request, within the limit (I10): but for the first of its route only where there is much. */
static bool make(struct flow *flow, struct batch *batch) {
    size_t room = find_room(flow, batch);
    if (!batch->on_lifeline && batch->group->made > 0 && budget_cost(1, batch->size) > room)
        return false;
    batch->arena.limit = room > 0 ? room : 1;
    const struct request **parts = arena_take(&batch->arena, batch->count * sizeof(const struct request *));
    size_t count = 0;
    uint32_t attempts = 0;
    for (struct passage *each = batch->first; each != NULL && parts != NULL; each = each->along) {
        parts[count++] = &each->own;
        attempts = each->attempts > attempts ? each->attempts : attempts;
    }
    batch->made =
        parts != NULL && bundle_make(&batch->group->route->mapping, parts, count, &batch->arena, &batch->request);
    batch->request.attempt = attempts;
    batch->group->made += batch->made ? 1 : 0;
    if (!batch->made)
        arena_finish(&batch->arena);
    account(flow, batch);
    return batch->made;
}

/* Memory is short. What was never sent may go out in smaller ones: so each route goes on, whatever waits for other
 * platforms. */
static void make_smaller(struct flow *flow, struct batch *batch) {
    struct batch *half[2];
    if (batch->group->made > 0 || batch->count < 2) {
        passage_later(flow, batch->first, MEMORY_PAUSE_MS);
        return;
    }
    batch_divide(flow, batch, half);
    for (size_t i = 0; i < 2 && half[i] != NULL; i++)
        batch_enter(flow, half[i]);
}

void batch_enter(struct flow *flow, struct batch *batch) {
    struct passage *first = batch->first;
    if (!batch->made && !make(flow, batch)) {
        make_smaller(flow, batch);
        return;
    }
    for (struct passage *each = first; each != NULL; each = each->along)
        each->request = &batch->request;
    dispatcher_join(flow, &flow->dispatchers[batch->request.platform], first);
}

void batch_dissolve(struct flow *flow, struct batch *batch) {
    for (struct passage *each = batch->first; each != NULL; each = each->along) {
        each->batch = NULL;
        each->request = &each->own;
        each->own.attempt = each->attempts;
    }
    destroy(flow, batch);
}

void batch_leave(struct flow *flow, struct passage *passage) {
    if (passage->batch != NULL && passage->state != PASSAGE_JOINED)
        destroy(flow, passage->batch);
    passage->batch = NULL;
}

void batch_divide(struct flow *flow, struct batch *batch, struct batch *half[2]) {
    struct passage *each = batch->first;
    uint32_t company = (batch->count + 1) / 2, number = 0;
    uint64_t blame = each->blame;
    struct group *group = batch->group;
    half[0] = create(flow, group);
    half[1] = create(flow, group);
    ENSURE(half[0] != NULL && half[1] != NULL, "out of memory for the halves of a batch");
    batch_dissolve(flow, batch);
    for (struct passage *next; each != NULL; each = next) {
        next = each->along;
        each->along = NULL;
        each->state = PASSAGE_QUEUED;
        each->blame = blame; /* all that comes of one batch counts as one key's trouble */
        each->company = company;
        struct batch *mine = half[number++ < company ? 0 : 1];
        if (PLANTED(BATCH_LOSES_ONE) && next == NULL)
            continue;
        if (each->ahead == NULL || each->ahead->batch == mine || PLANTED(BATCH_KEY_OVERLAP))
            add(mine, each);
        else
            passage_rest_clock(flow, each);
    }
    if (half[1]->count > 0)
        return;
    destroy(flow, half[1]);
    half[1] = NULL;
}
