/* The group coordinator of each route: who has which partitions, in which generation. Knows nothing of offsets. */
#include "world.h"

void tenure_end(struct world *world, struct member *member, uint32_t route) {
    struct tenure *tenure = &member->tenure[route];
    for (uint32_t i = 0; i < world->group[route].partitions; i++)
        for (uint32_t k = 0; k < world->group[route].log[i].count; k++) {
            struct record *record = &world->group[route].log[i].record[k];
            const struct view *view = &record->view[member->index];
            if (view->tenure == tenure->number && view->covered)
                record->covered = tenure->generation;
        }
    for (uint32_t i = 0; i < MOST_PARTITIONS; i++)
        member->reached[route][i] = tenure->reading[i].mine ? tenure->reading[i].reached : -1;
    tenure->held = tenure->draining = tenure->committing = tenure->error = tenure->fenced = tenure->mapless =
        tenure->released = false;
    tenure->unsettled = tenure->exposed = tenure->open = 0;
    memset(tenure->reading, 0, sizeof tenure->reading);
}

static bool waits(const struct coordinator *group) {
    for (uint32_t i = 0; i < MOST_MEMBERS; i++)
        if (group->waiting[i])
            return true;
    return false;
}

static void ready(struct world *world, uint32_t route, int64_t delay_ms) {
    struct task task = {.kind = TASK_READY, .route = route, .number = world->group[route].round};
    later(world, task, delay_ms);
}

void group_rebalance(struct world *world, uint32_t route) {
    struct coordinator *group = &world->group[route];
    if (group->rebalancing)
        return;
    group->rebalancing = true;
    group->round++;
    for (uint32_t i = 0; i < world->scene.members; i++) {
        group->waiting[i] = group->given[i];
        if (!group->given[i])
            continue;
        struct task task = {.kind = TASK_REVOKED, .member = i, .life = world->member[i].life, .route = route};
        later(world, task, 100 + choose(world->choices, 200));
    }
    if (!waits(group)) {
        ready(world, route, 1 + choose(world->choices, 500));
        return;
    }
    struct task task = {.kind = TASK_DEADLINE, .route = route, .number = group->round};
    later(world, task, strikes(world->choices, FAULT_DRAIN_LATE) ? 1500 : 60000);
}

void group_returned(struct world *world, uint32_t route, uint32_t member) {
    struct coordinator *group = &world->group[route];
    bool waited = group->waiting[member], expired = group->expired[member];
    group->waiting[member] = group->given[member] = group->expired[member] = false;
    if (group->rebalancing && waited && !waits(group))
        ready(world, route, 1 + choose(world->choices, 500));
    else if (expired || !group->rebalancing) {
        struct task task = {.kind = TASK_REBALANCE, .route = route};
        later(world, task, 1 + choose(world->choices, 1000));
    }
}

/* The group gives a member up; it hears of it only later, and works on until then. */
void group_expire(struct world *world, uint32_t route, uint32_t member, int64_t told_ms) {
    struct coordinator *group = &world->group[route];
    bool waited = group->waiting[member];
    group->given[member] = group->waiting[member] = false;
    group->expired[member] = true;
    struct task task = {.kind = TASK_LOST, .member = member, .life = world->member[member].life, .route = route};
    later(world, task, told_ms);
    if (group->rebalancing && waited && !waits(group))
        ready(world, route, 1);
    else
        group_rebalance(world, route);
}

static void complete(struct world *world, uint32_t route) {
    struct coordinator *group = &world->group[route];
    uint32_t joined[MOST_MEMBERS] = {0}, count = 0, mask[MOST_MEMBERS] = {0};
    group->rebalancing = false;
    group->generation++;
    for (uint32_t i = 0; i < world->scene.members; i++)
        if (world->member[i].flow != NULL && !world->member[i].stopping && !group->expired[i])
            joined[count++] = i;
    for (uint32_t i = 0; i < group->partitions && count > 0; i++)
        mask[joined[choose(world->choices, count)]] |= 1u << i;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = joined[i];
        group->given[index] = true;
        struct task task = {.kind = TASK_ASSIGNED,
                            .member = index,
                            .life = world->member[index].life,
                            .route = route,
                            .number = mask[index],
                            .id = group->generation};
        later(world, task, 1 + choose(world->choices, 50));
    }
}

void assign(struct world *world, struct member *member, uint32_t route, uint32_t mask) {
    struct tenure *tenure = &member->tenure[route];
    struct place places[MOST_PARTITIONS] = {0};
    size_t count = 0;
    if (tenure->held)
        tenure_end(world, member, route);
    tenure->held = true;
    tenure->epoch++;
    tenure->number = ++world->tenures;
    tenure->closed_ms = -1;
    for (uint32_t i = 0; i < world->group[route].partitions; i++) {
        if ((mask & 1u << i) == 0) {
            member->reached[route][i] = -1;
            continue;
        }
        places[count++] = (struct place){.route = route, .partition = (int32_t)i, .epoch = tenure->epoch};
        struct reading *reading = &tenure->reading[i];
        *reading = (struct reading){.mine = true, .begin = -1, .said = -1, .acknowledged = -1, .told = -1};
        reading->reached = member->reached[route][i];
    }
    if (count == 0)
        world->choices->count[FAULT_ASSIGNED_EMPTY]++;
    struct input input = {.kind = INPUT_ASSIGNED,
                          .is.group = {.route = route, .epoch = tenure->epoch, .place = places, .count = count}};
    feed(world, member, &input);
}

static void take_back(struct world *world, struct member *member, uint32_t route, enum input_kind kind) {
    struct tenure *tenure = &member->tenure[route];
    if (!tenure->held) {
        group_returned(world, route, member->index);
        return;
    }
    struct input input = {.kind = kind, .is.group = {.route = route, .epoch = tenure->epoch}};
    if (kind == INPUT_REVOKED && !tenure->draining) {
        tenure->draining = true;
        tenure->error = false;
        tenure->revoked_ms = world->now_ms;
        tenure->closed_ms = -1;
    }
    uint32_t number = tenure->number;
    uint32_t life = member->life;
    feed(world, member, &input);
    if (kind == INPUT_LOST && member->life == life && tenure->held && tenure->number == number)
        violated(world, "I8", "lost partitions were not handed back at once");
}

void group_task(struct world *world, const struct task *task) {
    struct coordinator *group = &world->group[task->route];
    struct member *member = &world->member[task->member];
    switch ((int)task->kind) {
    case TASK_ASSIGNED:
        member->tenure[task->route].generation = (uint32_t)task->id;
        if (member->stopping)
            group_returned(world, task->route, task->member);
        else
            assign(world, member, task->route, task->number);
        break;
    case TASK_REVOKED:
        if (group->waiting[task->member])
            take_back(world, member, task->route, INPUT_REVOKED);
        break;
    case TASK_LOST:
        if (group->expired[task->member])
            take_back(world, member, task->route, INPUT_LOST);
        break;
    case TASK_DEADLINE:
        for (uint32_t i = 0; group->rebalancing && task->number == group->round && i < world->scene.members; i++)
            if (group->waiting[i])
                group_expire(world, task->route, i, 1 + choose(world->choices, 3000));
        break;
    case TASK_READY:
        if (group->rebalancing && task->number == group->round && !waits(group))
            complete(world, task->route);
        break;
    case TASK_REBALANCE:
        group_rebalance(world, task->route);
        break;
    }
}
