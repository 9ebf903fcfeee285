/* A member is one process with the real core: what it is told, and what it does of it. What it may do is judged
 * elsewhere. */
#include "world.h"

#include "flow/trace.h"

static const int64_t wall_base_ms = 1700000000000;

void member_start(struct world *world, struct member *member) {
    uint64_t seed = 1 + choose(world->choices, 1000);
    const struct process *process = &world->process[world->scene.process[member->index]];
    member->setting = &world->scene.setting[process->generation];
    member->flow = flow_create(&member->setting->plan, seed);
    paste_begin(world, member, seed);
    if (member->flow == NULL)
        abort();
    member->last_ms = -1;
    member->wake_ms = INT64_MAX;
    member->stalled_ms = member->fence_ms = member->woken_ms = 0;
    memset(member->platform, 0, sizeof member->platform);
    for (uint32_t i = 0; i < MOST_ROUTES; i++)
        member->platform[i].up_from = world->now_ms;
    member->stopping = member->missed = member->unsure = false;
    process_inherit(world, member);
    struct task task = {.kind = TASK_TABLE, .member = member->index, .life = member->life};
    later(world, task, strikes(world->choices, FAULT_TABLE_LATE) ? choose(world->choices, 5000) : 0);
    for (uint32_t i = 0; i < world->scene.route_count; i++) {
        struct task join = {.kind = TASK_REBALANCE, .route = i};
        later(world, join, 1 + choose(world->choices, 100));
    }
}

void member_end(struct world *world, struct member *member, bool crashed) {
    if (!crashed)
        process_leave(world, member);
    flow_destroy(member->flow);
    member->flow = NULL;
    member->life++;
    member->open_count = 0;
    member->doom = 0;
    for (uint32_t i = 0; i < world->scene.route_count; i++)
        tenure_end(world, member, i);
    memset(member->tenure, 0, sizeof member->tenure);
    for (uint32_t i = 0; i < world->scene.route_count; i++)
        group_returned(world, i, member->index);
    process_ended(world, member, crashed);
}

/* What the core now knows of a record, before it knows it. */
static void note_input(struct world *world, struct member *member, const struct input *input) {
    if (input->kind != INPUT_EVENT)
        return;
    const struct event *event = input->is.event;
    struct tenure *tenure = &member->tenure[event->place.route];
    struct reading *reading = &tenure->reading[event->place.partition];
    if (tenure->epoch != event->place.epoch || !tenure->held) {
        world->choices->count[FAULT_EVENT_STALE]++;
        return;
    }
    if (tenure->draining || !reading->begun || reading->stopped)
        return;
    if (event->offset >= reading->seen) {
        reading->seen = event->offset + 1;
        hold_seen(world, member, event->place.route, (uint32_t)event->place.partition, world->fed);
    }
    if (event->offset < reading->next)
        return;
    struct record *record = world->fed;
    record->view[member->index] = (struct view){.tenure = tenure->number, .read = true};
    hold_read(world, member, event->place.route, (uint32_t)event->place.partition, record);
    reading->next = event->offset + 1;
    tenure->consumed++;
    tenure->unsettled++;
}

/* Another worker looks first whether the platform is up again. */
static void note_heard(struct member *member, const struct input *input) {
    if (input->kind != INPUT_PLATFORM || input->is.platform.state == PLATFORM_UP ||
        member->platform[input->is.platform.platform].state == PLATFORM_HALF_OPEN)
        return;
    int64_t *told_ms = &member->platform[input->is.platform.platform].told_ms;
    *told_ms = input->is.platform.until_ms > *told_ms ? input->is.platform.until_ms : *told_ms;
}

static void perform_partition(struct world *world, struct member *member, const struct action *action) {
    bool begins = action->kind == ACTION_BEGIN_PARTITION;
    struct place place = begins ? action->is.begin.place : action->is.stop.place;
    struct reading *reading = &member->tenure[place.route].reading[place.partition];
    if (!begins) {
        reading->stopped = true;
        log_stopped(world, place.route, (uint32_t)place.partition);
        return;
    }
    const struct partition_log *log = &world->group[place.route].log[place.partition];
    reading->begun = true;
    reading->begin = reading->next = action->is.begin.offset;
    int64_t earliest = log->start < log->count ? log->record[log->start].offset : INT64_MAX;
    reading->position = action->is.begin.kind == BEGIN_OFFSET ? action->is.begin.from : earliest;
    if (action->is.begin.kind == BEGIN_OFFSET && action->is.begin.from < action->is.begin.offset) {
        int64_t from = earliest > action->is.begin.from ? earliest : action->is.begin.from;
        reading->position = from < action->is.begin.offset ? from : action->is.begin.offset;
    }
    reading->seen = reading->position;
    log_look(world, member, place.route, (uint32_t)place.partition);
}

/* The ledger follows what the core said, also when its process dies before anything comes of it. */
static void perform(struct world *world, struct member *member, const struct action *action) {
    switch ((int)action->kind) {
    case ACTION_READ_COMMITTED: {
        struct task task = {.kind = TASK_COMMITTED,
                            .member = member->index,
                            .life = member->life,
                            .route = action->is.group.route,
                            .number = action->is.group.epoch};
        later(world, task, strikes(world->choices, FAULT_COMMITTED_SLOW) ? choose(world->choices, 8000) : 2);
        break;
    }
    case ACTION_BEGIN_PARTITION:
    case ACTION_STOP_PARTITION:
        perform_partition(world, member, action);
        break;
    case ACTION_GRANT_CREDIT:
        log_credit(world, member, action);
        break;
    case ACTION_SEND_REQUEST:
        answer_request(world, member, open_find(member, action->is.request->id));
        break;
    case ACTION_ABORT_REQUEST: {
        struct open_request *open = open_find(member, action->is.abort);
        if (open != NULL)
            answer_abort(world, member, open);
        break;
    }
    case ACTION_WRITE_LETTER:
        answer_letter(world, member, open_find(member, action->is.letter->id));
        break;
    case ACTION_COMMIT:
        store_commit(world, member, action);
        break;
    case ACTION_HAND_BACK:
        if (member->tenure[action->is.group.route].held &&
            member->tenure[action->is.group.route].epoch == action->is.group.epoch) {
            tenure_end(world, member, action->is.group.route);
            group_returned(world, action->is.group.route, member->index);
        }
        break;
    case ACTION_TELL_WORKERS:
        process_tell(world, member, action);
        break;
    case ACTION_WAKE_AT:
        member->wake_ms = action->is.wake_at_ms;
        if (strikes(world->choices, FAULT_TIMER_LATE))
            member->wake_ms += choose(world->choices, 2000);
        if (strikes(world->choices, FAULT_TIMER_NEVER))
            member->wake_ms = INT64_MAX; /* the next input of any kind finds what is due */
        break;
    }
}

static void tell_input(struct world *world, const struct member *member, const struct input *input) {
    if (world->story == NULL)
        return;
    buf_printf(world->story, "%u ", member->index);
    trace_input(world->story, &member->setting->plan, input);
    buf_add_text(world->story, "\n");
}

static void tell_action(struct world *world, const struct member *member, const struct action *action) {
    if (world->story == NULL)
        return;
    trace_action(world->story, &member->setting->plan, action);
    buf_add_text(world->story, "\n");
}

/* Before anything is noted of what it is told now. */
void member_wakes(struct world *world, struct member *member) {
    int64_t session_ms = world->scene.session_timeout_ms;
    int64_t gap_ms = member->last_ms >= 0 ? world->now_ms - member->last_ms : 0;
    if (gap_ms > session_ms / 2 && member->woken_ms != world->now_ms) {
        member->woken_ms = world->now_ms;
        member->fence_ms = world->now_ms + session_ms / 3 * 2;
        patience_sleeps(member, gap_ms);
    }
}

void feed(struct world *world, struct member *member, struct input *input) {
    input->now_ms = world->now_ms;
    input->wall_ms = wall_base_ms + world->now_ms + world->wall_ms;
    world->input = input;
    size_t told = world->story != NULL ? world->story->size : 0, pasted = member->lines.size;
    tell_input(world, member, input);
    paste_input(world, member, input);
    member_wakes(world, member);
    member->last_ms = world->now_ms;
    if (member->wake_ms <= world->now_ms)
        member->wake_ms = INT64_MAX;
    note_input(world, member, input);
    note_heard(member, input);
    flow_step(member->flow, input, &member->actions);
    world->steps++;
    size_t count = member->actions.count;
    if (world->story != NULL && input->kind == INPUT_TIMER && count == 0) { /* nothing came of it: not told */
        world->story->size = told;
        member->lines.size = pasted;
    }
    size_t done = member->doom == 0 || member->doom == 3 ? count
                  : member->doom == 2                    ? pick(world->choices, (uint32_t)count + 1)
                                                         : 0;
    bool stopped = false;
    for (size_t i = 0; i < count; i++) {
        const struct action *action = &member->actions.list[i];
        tell_action(world, member, action);
        check_action(world, member, action);
        if (i < done)
            perform(world, member, action);
        stopped = stopped || action->kind == ACTION_STOPPED;
    }
    if (done == count)
        check_step(world, member);
    world->cause.id = 0;
    if (world->story != NULL && member->doom != 0)
        buf_printf(world->story, "%u crashes: %zu of %zu actions were performed\n", member->index, done, count);
    if (stopped || member->doom != 0)
        member_end(world, member, member->doom != 0);
}

void member_task(struct world *world, struct member *member, const struct task *task) {
    struct input input = {.kind = INPUT_STOP};
    switch ((int)task->kind) {
    case TASK_RESTART:
        process_start(world, world->scene.process[member->index]);
        break;
    case TASK_STOP:
        for (uint32_t i = 0; i < world->scene.route_count; i++) {
            struct tenure *tenure = &member->tenure[i];
            if (member->stopping && tenure->draining && tenure->closed_ms < 0)
                tenure->closed_ms = world->now_ms; /* the second one: the drain has no more time */
            if (tenure->held && !tenure->draining) {
                tenure->draining = true;
                tenure->error = false;
                tenure->revoked_ms = world->now_ms;
                tenure->closed_ms = -1;
            }
        }
        member->stopping = true;
        feed(world, member, &input);
        break;
    case TASK_TABLE:
        input = (struct input){.kind = INPUT_TABLE};
        input.is.table.table = lookup_table_share(world->props->tables[0]);
        feed(world, member, &input);
        break;
    }
}
