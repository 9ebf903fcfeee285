/* The step: an input changes the state, what can go on goes on, actions come out. Nothing here looks at the world. */
#include "flow/flow_private.h"

#include <stdlib.h>

enum {
    HEARTBEATS_A_SESSION = 3, /* Kafka's rule: one each third of the session at the latest */
    HEARTBEATS_OF_FENCE = 2,  /* the first may have been on its way before we stood still */
    ASKED_AT_ONCE = 4         /* groups, when memory came free */
};

static bool init(struct flow *flow) {
    const struct plan *plan = flow->plan;
    flow->groups = calloc(plan->route_count + 1, sizeof *flow->groups);
    flow->dispatchers = calloc(plan->platform_count + 1, sizeof *flow->dispatchers);
    flow->tables = calloc(plan->lookup_count + 1, sizeof(struct lookup_table *));
    flow->gate = gate_context_create();
    if (flow->groups == NULL || flow->dispatchers == NULL || flow->tables == NULL || flow->gate == NULL)
        return false;
    for (uint32_t i = 0; i < plan->platform_count; i++)
        if (!dispatcher_init(flow, &flow->dispatchers[i], i))
            return false;
    for (uint32_t i = 0; i < plan->route_count; i++)
        if (!group_init(flow, &flow->groups[i], i))
            return false;
    flow->fence.kind = TIMER_FENCE;
    budget_divide(flow);
    return timers_join(&flow->timers);
}

struct flow *flow_create(const struct plan *plan, uint64_t seed) {
    struct flow *flow = calloc(1, sizeof *flow);
    if (flow == NULL)
        return NULL;
    flow->plan = plan;
    flow->seed = seed;
    flow->now_ms = -1;
    flow->woken_ms = INT64_MAX;
    dice_init(&flow->dice, seed);
    list_init(&flow->due);
    list_init(&flow->busy);
    list_init(&flow->touched);
    list_init(&flow->starving);
    list_init(&flow->cramped);
    if (init(flow))
        return flow;
    flow_destroy(flow);
    return NULL;
}

void flow_destroy(struct flow *flow) {
    if (flow == NULL)
        return;
    for (uint32_t i = 0; flow->groups != NULL && i < flow->plan->route_count; i++)
        epoch_destroy(flow, &flow->groups[i]);
    size_t position = 0;
    for (struct passage *gone; (gone = pending_next(&flow->pending, &position)) != NULL;) {
        batch_leave(flow, gone);
        passage_destroy(flow, gone);
    }
    for (uint32_t i = 0; flow->dispatchers != NULL && i < flow->plan->platform_count; i++)
        dispatcher_finish(&flow->dispatchers[i]);
    for (uint32_t i = 0; flow->tables != NULL && i < flow->plan->lookup_count; i++)
        lookup_table_release(flow->tables[i]);
    gate_context_destroy(flow->gate);
    timers_finish(&flow->timers);
    pending_finish(&flow->pending);
    free(flow->groups);
    free(flow->dispatchers);
    free(flow->tables);
    free(flow);
}

/* The process stood still for so long that our partitions may belong to another member by now: start nothing until the
 * group has had time to tell us. No event's patience was spent meanwhile: nothing was tried. */
static void raise_fence(struct flow *flow, int64_t gap_ms) {
    int64_t session_ms = flow->plan->session_timeout_ms;
    if (session_ms == 0 || gap_ms <= session_ms / 2 || PLANTED(FENCE_IGNORED))
        return;
    for (uint32_t i = 0; i < flow->plan->platform_count && !PLANTED(SLEEP_COUNTS); i++)
        breaker_slept(&flow->dispatchers[i].breaker, gap_ms);
    int64_t delay_ms = session_ms / HEARTBEATS_A_SESSION * HEARTBEATS_OF_FENCE;
    flow->fence_ms = flow->now_ms + delay_ms;
    timers_set(&flow->timers, &flow->fence, flow->fence_ms);
    say_report(flow, REPORT_STALLED, (struct place){0}, -1)->is.report.delay_ms = delay_ms;
}

static void take_table(struct flow *flow, const struct input *input) {
    lookup_table_release(flow->tables[input->is.table.lookup]);
    flow->tables[input->is.table.lookup] = input->is.table.table;
}

static void take(struct flow *flow, const struct input *input) {
    switch (input->kind) {
    case INPUT_REACHED:
        group_inherit(&flow->groups[input->is.reached.route], input->is.reached.entry, input->is.reached.count);
        break;
    case INPUT_ASSIGNED:
        epoch_begin(flow, input);
        break;
    case INPUT_REVOKED:
        drain_revoked(flow, input);
        break;
    case INPUT_LOST:
        drain_lost(flow, input);
        break;
    case INPUT_COMMITTED:
        epoch_committed(flow, input);
        break;
    case INPUT_EVENT:
        arrival_event(flow, input->is.event);
        break;
    case INPUT_WANTED:
        arrival_wanted(flow, input);
        break;
    case INPUT_PARTITION_ERROR:
        epoch_error(flow, input);
        break;
    case INPUT_TOPIC_GONE:
        epoch_topic_gone(flow, input);
        break;
    case INPUT_COMMIT_RESULT:
        commit_result(flow, input);
        break;
    case INPUT_REPLY:
        consequence_take(flow, input->is.reply);
        reply_destroy(input->is.reply);
        break;
    case INPUT_LETTER:
        fate_letter(flow, input->is.letter.id, input->is.letter.outcome);
        break;
    case INPUT_TABLE:
        take_table(flow, input);
        break;
    case INPUT_PLATFORM:
        dispatcher_told(flow, &flow->dispatchers[input->is.platform.platform], input->is.platform.state,
                        input->is.platform.until_ms);
        break;
    case INPUT_RELEASE:
        hold_release(flow, input);
        break;
    case INPUT_TIMER:
        break;
    case INPUT_STOP:
        drain_stop(flow);
        break;
    }
}

static void fire(struct flow *flow, struct timer *timer) {
    switch (timer->kind) {
    case TIMER_PASSAGE:
        passage_due(flow, LIST_OF(timer, struct passage, timer));
        break;
    case TIMER_BATCH:
        batch_close(flow, LIST_OF(timer, struct batch, timer));
        break;
    case TIMER_DISPATCHER:
        dispatcher_touch(flow, LIST_OF(timer, struct dispatcher, timer));
        break;
    case TIMER_PAUSE:
        group_touch(flow, LIST_OF(timer, struct group, pause));
        break;
    case TIMER_DEADLINE:
        drain_deadline(flow, LIST_OF(timer, struct group, deadline));
        break;
    case TIMER_FENCE: /* run() goes on with what is due */
        break;
    }
}

/* Memory is short and no answer is due that would give any back: batches would wait for more events in vain. */
static void close_batches(struct flow *flow) {
    bool enough = list_is_empty(&flow->cramped) && list_is_empty(&flow->starving);
    for (uint32_t i = 0; !enough && flow->pending.count == 0 && i < flow->plan->route_count; i++)
        if (flow->groups[i].phase == GROUP_RUNNING)
            batch_close_all(flow, &flow->groups[i]);
}

/* At the end of each step in which something happened to the group. */
static void tend(struct flow *flow, struct group *group) {
    group_check(group);
    switch (group->phase) {
    case GROUP_IDLE:
        break;
    case GROUP_RUNNING:
        if (group->ask_again && group->pause.place == 0) {
            group->ask_again = false;
            epoch_ask(flow, group);
        }
        commit_tend(flow, group, false);
        credit_tend(flow, group);
        if (!list_is_empty(&group->batches) && credit_is_dry(flow, group))
            batch_close_all(flow, group);
        break;
    case GROUP_DRAINING:
    case GROUP_CLOSING:
        drain_tend(flow, group);
        break;
    }
}

/* Until nothing can go on in this step: events start or settle, platforms take what waits for them. */
static void run(struct flow *flow) {
    struct list *first;
    do {
        while (!flow_fenced(flow) && (!list_is_empty(&flow->due) || !list_is_empty(&flow->busy))) {
            while ((first = list_first(&flow->due)) != NULL) {
                list_remove(first);
                fate_start(flow, LIST_OF(first, struct passage, link));
            }
            while ((first = list_first(&flow->busy)) != NULL) {
                list_remove(first);
                dispatcher_serve(flow, LIST_OF(first, struct dispatcher, busy));
            }
        }
        while ((first = list_first(&flow->touched)) != NULL) {
            list_remove(first);
            tend(flow, LIST_OF(first, struct group, touched));
        }
        close_batches(flow);
    } while (!flow_fenced(flow) && !list_is_empty(&flow->busy)); /* batches were closed */
}

static void take_up(struct list *link, struct list *before) {
    list_remove(link);
    list_add_last(before, link);
}

/* When memory was given back, those who wait for it may ask again; also when an event went at the very end of the
 * previous step, for nobody else may give any back. Groups ask in turn, a few in each step, or all of them when no
 * answer is due that would bring another step. */
static void feed_starving(struct flow *flow, size_t bytes_before) {
    elder_look(flow);
    if (flow->bytes + flow->reserved < bytes_before || flow->relieved) {
        flow->relieved = false;
        flow->unasked = flow->starved;
        LIST_EACH(link, &flow->cramped) take_up(link, &flow->due);
    }
    uint32_t most = flow->pending.count == 0 ? flow->unasked : ASKED_AT_ONCE;
    for (struct list *link; most > 0 && flow->unasked > 0 && (link = list_first(&flow->starving)) != NULL; most--) {
        take_up(link, &flow->starving);
        group_touch(flow, LIST_OF(link, struct group, starving));
        flow->unasked--;
    }
}

static void say_wake(struct flow *flow) {
    int64_t next_ms = timers_next(&flow->timers);
    if (next_ms == flow->woken_ms || next_ms == INT64_MAX)
        return;
    flow->woken_ms = next_ms;
    say(flow, ACTION_WAKE_AT)->is.wake_at_ms = next_ms;
}

static void say_stopped(struct flow *flow) {
    if (!flow->stopping || flow->stopped)
        return;
    for (uint32_t i = 0; i < flow->plan->route_count; i++)
        if (flow->groups[i].phase != GROUP_IDLE && !(flow->groups[i].phase == GROUP_CLOSING && PLANTED(STOPPED_EARLY)))
            return;
    flow->stopped = true;
    say(flow, ACTION_STOPPED)->is.stopped = flow->commit_missed ? 75 : 0;
}

void flow_step(struct flow *flow, const struct input *input, struct actions *out) {
    out->count = 0;
    flow->out = out;
    int64_t gap_ms = flow->now_ms < 0 ? 0 : input->now_ms - flow->now_ms;
    ENSURE(gap_ms >= 0, "time went back");
    flow->now_ms = input->now_ms;
    flow->wall_ms = input->wall_ms;
    size_t held = flow->bytes + flow->reserved;
    raise_fence(flow, gap_ms);
    take(flow, input);
    for (struct timer *timer; (timer = timers_due(&flow->timers, flow->now_ms)) != NULL;)
        fire(flow, timer);
    feed_starving(flow, held);
    run(flow);
    say_wake(flow);
    say_stopped(flow);
    flow->out = NULL;
}

size_t flow_reached(const struct flow *flow, uint32_t route, struct reached *list, size_t most) {
    return group_reached(&flow->groups[route], list, most);
}

void flow_counts(const struct flow *flow, uint32_t route, struct route_counts *counts) {
    const struct group *group = &flow->groups[route];
    *counts = group->counts;
    counts->letters_fail = group->letters_fail;
    counts->oldest_since_ms = -1;
    for (uint32_t i = 0; i < group->count; i++) {
        struct list *first = list_first(&group->partitions[i].passages);
        if (first == NULL)
            continue;
        const struct passage *oldest = LIST_OF(first, struct passage, sibling);
        if (counts->oldest_since_ms < 0 || oldest->read_ms < counts->oldest_since_ms)
            counts->oldest_since_ms = oldest->read_ms;
    }
}

void route_counts_add(struct route_counts *to, const struct route_counts *from) {
    to->consumed += from->consumed;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        to->outcome[i] += from->outcome[i];
    to->known += from->known;
    to->unsettled += from->unsettled;
    to->held += from->held;
    to->exposed += from->exposed;
    to->attempts_ok += from->attempts_ok;
    to->attempts_failed += from->attempts_failed;
    to->commits_ok += from->commits_ok;
    to->commits_failed += from->commits_failed;
    to->letters_fail = to->letters_fail || from->letters_fail;
    if (from->oldest_since_ms >= 0 && (to->oldest_since_ms < 0 || from->oldest_since_ms < to->oldest_since_ms))
        to->oldest_since_ms = from->oldest_since_ms;
}

void flow_platform(const struct flow *flow, uint32_t platform, struct platform_counts *counts) {
    const struct dispatcher *dispatcher = &flow->dispatchers[platform];
    *counts = (struct platform_counts){.state = dispatcher->breaker.state,
                                       .since_ms = dispatcher->breaker.since_ms,
                                       .in_flight = dispatcher->pace.in_flight};
}

bool flow_is_hungry(const struct flow *flow, uint32_t route) {
    const struct group *group = &flow->groups[route];
    return group->phase == GROUP_RUNNING && !dispatcher_has_enough(flow, group);
}

bool flow_has_room(const struct flow *flow, struct place place) {
    const struct partition *partition = group_partition(&flow->groups[place.route], place);
    return partition != NULL && credit_may_come(partition);
}

bool flow_comes_first(const struct flow *flow, struct place place) {
    const struct partition *partition = group_partition(&flow->groups[place.route], place);
    return partition != NULL && partition->unsettled == 0 && credit_may_come(partition);
}

size_t flow_bytes(const struct flow *flow) {
    return flow->bytes + flow->reserved;
}
