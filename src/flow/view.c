/* Looking at a core. */
#include "flow/view.h"

#include "base/table.h"
#include "flow/flow_private.h"

#include <stdio.h>
#include <stdlib.h>

struct view *view_create(const struct plan *plan) {
    struct view *view = calloc(1, sizeof *view);
    if (view == NULL)
        return NULL;
    view->plan = plan;
    view->route = calloc((size_t)plan->route_count + 1, sizeof *view->route);
    view->platform = calloc((size_t)plan->platform_count + 1, sizeof *view->platform);
    if (view->route != NULL && view->platform != NULL)
        return view;
    view_destroy(view);
    return NULL;
}

void view_destroy(struct view *view) {
    if (view == NULL)
        return;
    free(view->route);
    free(view->platform);
    free(view->partition);
    free(view);
}

const char *view_wait_words(enum view_wait_kind kind) {
    static const char *const words[] = {
        [VIEW_STALLED] = "stalled: nothing is started",
        [VIEW_MEMORY] = "memory is short",
        [VIEW_GATHERS] = "its batch waits for further events",
        [VIEW_PACE] = "the platform gets no more at once",
        [VIEW_PLATFORM] = "the platform is not up",
        [VIEW_SENT] = "sent, not answered yet",
        [VIEW_AGAIN] = "attempt failed, again later",
        [VIEW_LETTER] = "dead letter sent, not acknowledged yet",
        [VIEW_NO_LETTER] = "dead letter not written, again later",
        [VIEW_AMBIGUOUS] = "key held, it may have been delivered",
        [VIEW_DEAD_KEY] = "key held behind a dead letter",
        [VIEW_DRAIN] = "the partition is handed back",
    };
    return words[kind];
}

/* --- what waits --- */

static enum view_wait_kind parked_kind(const struct passage *passage) {
    if (passage->held == HELD_AMBIGUOUS)
        return VIEW_AMBIGUOUS;
    return passage->held == HELD_DEAD_KEY ? VIEW_DEAD_KEY : VIEW_DRAIN;
}

static enum view_wait_kind kind_of(const struct flow *flow, const struct passage *passage) {
    switch (passage->state) {
    case PASSAGE_GATHERS:
    case PASSAGE_JOINED: /* never the speaker */
        return VIEW_GATHERS;
    case PASSAGE_QUEUED:
    case PASSAGE_DUE:
        return flow_fenced(flow) ? VIEW_STALLED : VIEW_MEMORY;
    case PASSAGE_WAITING:
        return flow->dispatchers[passage->request->platform].breaker.state == PLATFORM_UP ? VIEW_PACE : VIEW_PLATFORM;
    case PASSAGE_SENT:
        return VIEW_SENT;
    case PASSAGE_LATER:
        return passage->verdict.kind == VERDICT_DEAD ? VIEW_NO_LETTER
               : passage->attempts > 0               ? VIEW_AGAIN
                                                     : VIEW_MEMORY;
    case PASSAGE_WRITTEN:
        return VIEW_LETTER;
    case PASSAGE_PARKED:
    case PASSAGE_GONE:
        break;
    }
    return parked_kind(passage);
}

static uint32_t short_key(const struct flow *flow, const struct passage *passage) {
    if (!passage->ordered)
        return 0;
    uint64_t hash = hash_bytes(span_make(&passage->lane, sizeof passage->lane), ~flow->seed);
    return (uint32_t)hash | 1;
}

/* When something happens next; -1 unknown. */
static int64_t next_of(const struct passage *passage) {
    const struct timer *timer = passage->state == PASSAGE_GATHERS ? &passage->batch->timer : &passage->timer;
    return timer->place != 0 ? timer->at_ms : -1;
}

static struct view_wait look_at(const struct flow *flow, const struct passage *passage) {
    const struct passage *speaker = passage->state == PASSAGE_JOINED ? passage->batch->first : passage;
    const struct dispatcher *dispatcher = &flow->dispatchers[passage->home->group->route->mapping.platform];
    struct view_wait wait = {.place = passage->event->place,
                             .offset = passage->event->offset,
                             .key = short_key(flow, passage),
                             .kind = kind_of(flow, speaker),
                             .read_ms = passage->read_ms,
                             .since_ms = speaker->since_ms > passage->read_ms ? speaker->since_ms : passage->read_ms,
                             .next_ms = next_of(speaker),
                             .first = passage->held_first,
                             .attempts = passage->attempts,
                             .status = passage->status,
                             .fault = passage->fault};
    if (wait.kind == VIEW_PLATFORM) {
        wait.since_ms = dispatcher->breaker.since_ms > wait.since_ms ? dispatcher->breaker.since_ms : wait.since_ms;
        wait.next_ms = dispatcher->breaker.state == PLATFORM_HALF_OPEN ? -1 : dispatcher->breaker.probe_ms;
    }
    for (const struct passage *each = passage->ordered ? passage->behind : NULL; each != NULL; each = each->behind)
        wait.behind++;
    return wait;
}

/* The list stays sorted and short. */
static void show(struct view_route *route, const struct view_wait *wait) {
    uint32_t at = route->wait_count;
    while (at > 0 && route->wait[at - 1].read_ms > wait->read_ms)
        at--;
    if (at == VIEW_WAITS)
        return;
    if (route->wait_count < VIEW_WAITS)
        route->wait_count++;
    memmove(&route->wait[at + 1], &route->wait[at], (route->wait_count - at - 1) * sizeof *route->wait);
    route->wait[at] = *wait;
}

static void add_waits(struct view_route *route, const struct flow *flow, const struct partition *partition) {
    LIST_EACH(link, &partition->passages) {
        const struct passage *passage = LIST_OF(link, struct passage, sibling);
        if (passage->ordered && passage->ahead != NULL)
            continue;
        route->waiting++;
        bool longer = route->wait_count < VIEW_WAITS || passage->read_ms < route->wait[VIEW_WAITS - 1].read_ms;
        if (!longer)
            continue;
        const struct view_wait wait = look_at(flow, passage);
        show(route, &wait);
    }
}

/* --- routes, partitions, platforms --- */

static void add_partition(struct view *view, const struct partition *partition) {
    if (view->partition_count == view->partition_capacity) {
        size_t capacity = view->partition_capacity * 2 + 16;
        struct view_partition *larger = realloc(view->partition, capacity * sizeof *larger);
        view->failed = view->failed || larger == NULL;
        if (larger == NULL)
            return;
        view->partition = larger;
        view->partition_capacity = capacity;
    }
    static const enum view_reading states[] = {
        [PARTITION_ASKED] = VIEW_ASKED, [PARTITION_READING] = VIEW_READS, [PARTITION_STOPPED] = VIEW_STOPPED};
    const struct tracker *tracker = &partition->tracker;
    bool known = tracker->window > 0, began = partition->committed.offset >= 0;
    view->partition[view->partition_count++] =
        (struct view_partition){.place = partition->place,
                                .state = states[partition->state],
                                .why = partition->why,
                                .base = known ? tracker_base(tracker) : -1,
                                .next = known ? tracker->next : -1,
                                .committed = began ? partition->committed.offset : partition->reached,
                                .lag = -1,
                                .unsettled = partition->unsettled,
                                .window = partition->group->route->window,
                                .used = tracker->count,
                                .exposure = partition->group->route->exposure,
                                .exposed = known ? tracker_uncovered(tracker, partition->committed.covers) : 0};
}

static void add_route(struct view *view, const struct flow *flow, uint32_t index) {
    static const enum view_phase phases[] = {[GROUP_IDLE] = VIEW_IDLE,
                                             [GROUP_RUNNING] = VIEW_RUNNING,
                                             [GROUP_DRAINING] = VIEW_DRAINING,
                                             [GROUP_CLOSING] = VIEW_DRAINING};
    const struct group *group = &flow->groups[index];
    struct view_route *route = &view->route[index];
    struct route_counts counts;
    flow_counts(flow, index, &counts);
    if (view->flows == 0)
        route->counts.oldest_since_ms = -1;
    route_counts_add(&route->counts, &counts);
    if (view->flows == 0 || route->phase == VIEW_IDLE || phases[group->phase] == VIEW_RUNNING)
        route->phase = phases[group->phase];
    route->letters_fail = route->letters_fail || group->letters_fail;
    for (uint32_t i = 0; i < group->count; i++) {
        route->dead_keys += group->partitions[i].dead_keys.count;
        add_waits(route, flow, &group->partitions[i]);
        add_partition(view, &group->partitions[i]);
    }
}

static void add_platform(struct view *view, const struct flow *flow, uint32_t index) {
    const struct dispatcher *dispatcher = &flow->dispatchers[index];
    struct view_platform *platform = &view->platform[index];
    bool down = dispatcher->breaker.state == PLATFORM_OPEN || dispatcher->breaker.state == PLATFORM_HELD;
    uint32_t in_flight = platform->in_flight + dispatcher->pace.in_flight;
    uint64_t waiting = platform->waiting + dispatcher->waiting_count;
    if (view->flows == 0 || dispatcher->breaker.state > platform->state ||
        (dispatcher->breaker.state == platform->state && platform->told && !dispatcher->told)) {
        *platform = (struct view_platform){.state = dispatcher->breaker.state,
                                           .since_ms = dispatcher->breaker.since_ms,
                                           .probe_ms = down ? dispatcher->breaker.probe_ms : -1,
                                           .status = dispatcher->status,
                                           .fault = dispatcher->fault,
                                           .told = dispatcher->told};
        (void)snprintf(platform->why, sizeof platform->why, "%s", dispatcher->why != NULL ? dispatcher->why : "");
    }
    platform->in_flight = in_flight;
    platform->waiting = waiting;
}

void view_add(struct view *view, const struct flow *flow) {
    view->now_ms = flow->now_ms > view->now_ms ? flow->now_ms : view->now_ms;
    for (uint32_t i = 0; i < flow->plan->route_count; i++)
        add_route(view, flow, i);
    for (uint32_t i = 0; i < flow->plan->platform_count; i++)
        add_platform(view, flow, i);
    view->flows++;
}
