/* The clock of the world: what happens next, to whom, and what the core makes of it. The actors are in group, log,
 * answer and chaos. */
#include "world.h"

#include "flow/trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { START_MS = 1000, FAULTS_MS = 60000, MOST_STEPS = 50000 };

static const int64_t wall_base_ms = 1700000000000;

void violated(struct world *world, const char *rule, const char *format, ...) {
    va_list arguments;
    world->rule = rule;
    va_start(arguments, format);
    int written = vsnprintf(world->what, sizeof world->what, format, arguments);
    va_end(arguments);
    if (written < 0)
        world->what[0] = '\0';
    longjmp(*world->end, 1);
}

static bool earlier(const struct task *one, const struct task *other) {
    return one->at_ms != other->at_ms ? one->at_ms < other->at_ms : one->turn < other->turn;
}

static void put(struct world *world, struct task task) {
    if (world->task_count == MOST_TASKS)
        violated(world, "L1", "too much is going on in the world");
    uint32_t i = world->task_count++;
    for (; i > 0 && earlier(&task, &world->tasks[(i - 1) / 2]); i = (i - 1) / 2)
        world->tasks[i] = world->tasks[(i - 1) / 2];
    world->tasks[i] = task;
}

struct task task_take(struct world *world, uint32_t place) {
    struct task taken = world->tasks[place], last = world->tasks[--world->task_count];
    uint32_t i = place;
    for (; i > 0 && earlier(&last, &world->tasks[(i - 1) / 2]); i = (i - 1) / 2)
        world->tasks[i] = world->tasks[(i - 1) / 2];
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= world->task_count)
            break;
        if (child + 1 < world->task_count && earlier(&world->tasks[child + 1], &world->tasks[child]))
            child++;
        if (!earlier(&world->tasks[child], &last))
            break;
        world->tasks[i] = world->tasks[child];
        i = child;
    }
    if (i < world->task_count)
        world->tasks[i] = last;
    return taken;
}

void later(struct world *world, struct task task, int64_t delay_ms) {
    task.at_ms = world->now_ms + delay_ms;
    task.turn = ++world->turn;
    put(world, task);
}

static void start_member(struct world *world, struct member *member) {
    member->flow = flow_create(&world->scene.plan, 1 + choose(world->choices, 1000));
    if (member->flow == NULL)
        abort();
    member->last_ms = -1;
    member->wake_ms = INT64_MAX;
    member->stalled_ms = member->fence_ms = 0;
    memset(member->platform, 0, sizeof member->platform);
    member->stopping = member->missed = member->unsure = false;
    struct task task = {.kind = TASK_TABLE, .member = member->index, .life = member->life};
    later(world, task, strikes(world->choices, FAULT_TABLE_LATE) ? choose(world->choices, 5000) : 0);
    for (uint32_t i = 0; i < world->scene.plan.route_count; i++) {
        struct task join = {.kind = TASK_REBALANCE, .route = i};
        later(world, join, 1 + choose(world->choices, 100));
    }
}

void member_end(struct world *world, struct member *member) {
    flow_destroy(member->flow);
    member->flow = NULL;
    member->life++;
    member->open_count = 0;
    member->doom = 0;
    memset(member->tenure, 0, sizeof member->tenure);
    for (uint32_t i = 0; i < world->scene.plan.route_count; i++)
        group_returned(world, i, member->index);
    struct task task = {.kind = TASK_RESTART, .member = member->index, .life = member->life};
    later(world, task, 1 + choose(world->choices, 12000));
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
    if (tenure->draining || !reading->begun || reading->stopped || event->offset < reading->next)
        return;
    struct record *record = log_record(world, event->place.route, (uint32_t)event->place.partition, event->offset);
    record->view[member->index] = (struct view){.tenure = tenure->number, .read = true};
    hold_read(world, member, event->place.route, (uint32_t)event->place.partition, record);
    reading->next = event->offset + 1;
    tenure->consumed++;
    tenure->unsettled++;
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
    reading->position = action->is.begin.offset;
    if (action->is.begin.kind != BEGIN_OFFSET)
        reading->position = log->start < log->count ? log->record[log->start].offset : INT64_MAX;
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
        answer_letter(world, member, open_find(member, action->is.letter->id), action->is.letter->value.data == NULL);
        break;
    case ACTION_COMMIT:
        log_commit(world, member, action);
        break;
    case ACTION_HAND_BACK:
        if (member->tenure[action->is.group.route].held &&
            member->tenure[action->is.group.route].epoch == action->is.group.epoch) {
            tenure_end(world, member, action->is.group.route);
            group_returned(world, action->is.group.route, member->index);
        }
        break;
    case ACTION_WAKE_AT:
        member->wake_ms = action->is.wake_at_ms;
        if (strikes(world->choices, FAULT_TIMER_LATE))
            member->wake_ms += choose(world->choices, 2000);
        break;
    }
}

static void tell_input(struct world *world, const struct member *member, const struct input *input) {
    if (world->story == NULL)
        return;
    buf_printf(world->story, "%u ", member->index);
    trace_input(world->story, &world->scene.plan, input);
    buf_add_text(world->story, "\n");
}

static void tell_action(struct world *world, const struct action *action) {
    if (world->story == NULL)
        return;
    trace_action(world->story, &world->scene.plan, action);
    buf_add_text(world->story, "\n");
}

void feed(struct world *world, struct member *member, struct input *input) {
    input->now_ms = world->now_ms;
    input->wall_ms = wall_base_ms + world->now_ms;
    world->input = input;
    int64_t session_ms = world->scene.plan.session_timeout_ms;
    if (member->last_ms >= 0 && world->now_ms - member->last_ms > session_ms / 2)
        member->fence_ms = world->now_ms + session_ms / 3 * 2;
    member->last_ms = world->now_ms;
    if (member->wake_ms <= world->now_ms)
        member->wake_ms = INT64_MAX;
    tell_input(world, member, input);
    note_input(world, member, input);
    flow_step(member->flow, input, &member->actions);
    world->steps++;
    size_t count = member->actions.count;
    size_t done = member->doom == 0 || member->doom == 3 ? count
                  : member->doom == 2                    ? pick(world->choices, (uint32_t)count + 1)
                                                         : 0;
    bool stopped = false;
    for (size_t i = 0; i < count; i++) {
        const struct action *action = &member->actions.list[i];
        tell_action(world, action);
        if (action->kind == ACTION_ABORT_REQUEST && open_find(member, action->is.abort) != NULL)
            open_find(member, action->is.abort)->aborted = true;
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
        member_end(world, member);
}

static void member_task(struct world *world, struct member *member, const struct task *task) {
    struct input input = {.kind = INPUT_STOP};
    switch ((int)task->kind) {
    case TASK_RESTART:
        start_member(world, member);
        break;
    case TASK_STOP:
        member->stopping = true;
        for (uint32_t i = 0; i < world->scene.plan.route_count; i++) {
            struct tenure *tenure = &member->tenure[i];
            if (tenure->held && !tenure->draining) {
                tenure->draining = true;
                tenure->error = false;
                tenure->revoked_ms = world->now_ms;
            }
        }
        feed(world, member, &input);
        break;
    case TASK_TABLE:
        input = (struct input){.kind = INPUT_TABLE};
        input.is.table.table = lookup_table_share(world->props->tables[0]);
        feed(world, member, &input);
        break;
    }
}

void task_run(struct world *world, const struct task *task) {
    struct member *member = &world->member[task->member];
    switch (task->kind) {
    case TASK_STORE:
    case TASK_OPERATOR:
        log_task(world, task);
        return;
    case TASK_RELEASE:
        hold_task(world, task);
        return;
    case TASK_DEADLINE:
    case TASK_READY:
    case TASK_REBALANCE:
        group_task(world, task);
        return;
    case TASK_REPLY:
    case TASK_LETTER:
    case TASK_RESULT:
    case TASK_COMMITTED:
    case TASK_FETCH:
    case TASK_ASSIGNED:
    case TASK_REVOKED:
    case TASK_LOST:
    case TASK_RESTART:
    case TASK_STOP:
    case TASK_TABLE:
        break;
    }
    if (task->life != member->life || (member->flow == NULL && task->kind != TASK_RESTART))
        return;
    if (world->now_ms < member->stalled_ms) {
        later(world, *task, member->stalled_ms - world->now_ms);
        return;
    }
    if (task->kind == TASK_REPLY || task->kind == TASK_LETTER)
        answer_task(world, task);
    else if (task->kind == TASK_RESULT || task->kind == TASK_COMMITTED || task->kind == TASK_FETCH)
        log_task(world, task);
    else if (task->kind == TASK_ASSIGNED || task->kind == TASK_REVOKED || task->kind == TASK_LOST)
        group_task(world, task);
    else
        member_task(world, member, task);
}

/* Whose timer comes first; NULL when a task comes before. */
static struct member *next_timer(struct world *world, int64_t *at_ms) {
    struct member *next = NULL;
    *at_ms = world->task_count > 0 ? world->tasks[0].at_ms : INT64_MAX;
    for (uint32_t i = 0; i < world->scene.members; i++) {
        struct member *member = &world->member[i];
        if (member->flow == NULL)
            continue;
        int64_t due_ms = member->last_ms < 0 ? world->now_ms : member->last_ms + world->scene.tick_ms;
        if (member->wake_ms < due_ms)
            due_ms = member->wake_ms;
        if (due_ms < member->stalled_ms)
            due_ms = member->stalled_ms;
        if (due_ms >= *at_ms)
            continue;
        *at_ms = due_ms;
        next = member;
    }
    return next;
}

/* From here on nothing goes wrong any more. */
static void freeze(struct world *world) {
    world->frozen = world->choices->quiet = true;
    world->freeze_ms = world->now_ms;
    world->letter_outage_ms = 0;
    memset(world->outage_ms, 0, sizeof world->outage_ms);
    if (world->story != NULL)
        buf_printf(world->story, "[%6" PRId64 "] faults end\n", world->now_ms);
    for (uint32_t i = 0; i < world->scene.members; i++)
        world->member[i].doom = 0;
    for (uint32_t route = 0; route < world->scene.plan.route_count; route++)
        for (uint32_t i = 0; i < world->group[route].partitions; i++)
            if (world->group[route].log[i].committed < world->group[route].log[i].highest) {
                group_rebalance(world, route);
                break;
            }
}

static bool over(struct world *world) {
    if (!world->frozen || !logs_done(world, world->what, sizeof world->what))
        return false;
    for (uint32_t i = 0; i < world->scene.members; i++)
        if (world->member[i].stopping)
            return false;
    return !world->choices->explore || !explore_goes_on(world);
}

static void run(struct world *world) {
    while (!over(world)) {
        if (world->choices->explore) {
            chaos(world);
            if (explore_step(world))
                continue;
        }
        int64_t at_ms;
        struct member *timer = next_timer(world, &at_ms);
        if (at_ms > world->now_ms)
            world->now_ms = at_ms;
        if (!world->frozen && world->now_ms > FAULTS_MS)
            freeze(world);
        bool late = world->frozen && world->now_ms > world->freeze_ms + LIVENESS_MS;
        if (late || world->steps > MOST_STEPS) {
            char what[sizeof world->what];
            memcpy(what, world->what, sizeof what);
            violated(world, "L1", "%s", what);
        }
        if (timer != NULL) {
            struct input input = {.kind = INPUT_TIMER};
            feed(world, timer, &input);
        } else {
            struct task task = task_take(world, 0);
            task_run(world, &task);
        }
        if (!world->frozen)
            chaos(world);
    }
}

bool world_play(struct world *world, const struct props *props, struct choices *choices, struct buf *story) {
    struct task *tasks = world->tasks;
    struct map_text *maps = world->maps;
    const char *keys = world->keys;
    memset(world, 0, sizeof *world);
    world->tasks = tasks;
    world->maps = maps;
    world->keys = keys;
    world->props = props;
    world->choices = choices;
    world->story = story;
    world->now_ms = START_MS;
    jmp_buf end;
    world->end = &end;
    if (setjmp(end) != 0)
        return false;
    scene_draw(&world->scene, props, choices);
    world->restless = choose(choices, 4) * choose(choices, 60000);
    logs_draw(world);
    for (uint32_t i = 0; i < world->scene.members; i++) {
        world->member[i].index = i;
        start_member(world, &world->member[i]);
    }
    world->frozen = choices->explore; /* nothing but what is picked goes wrong */
    run(world);
    world->end = NULL;
    return true;
}

void world_finish(struct world *world) {
    for (uint32_t i = 0; i < MOST_MEMBERS; i++) {
        if (!world->broken)
            flow_destroy(world->member[i].flow);
        actions_finish(&world->member[i].actions);
    }
}
