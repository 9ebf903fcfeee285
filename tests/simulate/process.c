/* Processes: one to three members each, workers that share it. Their configuration changes when they start anew, and a
 * platform's state that one of them sees is told to the others. What a member does by itself stands in member.c. */
#include "world.h"

enum { LONGEST_REST_MS = 12000, LONGEST_TURN_MS = 50, LONGEST_POST_MS = 5 };

static bool is_of(const struct world *world, uint32_t member, uint32_t process) {
    return member < world->scene.members && world->scene.process[member] == process;
}

static void forget(struct process *process) {
    memset(process->left_count, 0, sizeof process->left_count);
    memset(process->reached, -1, sizeof process->reached);
}

void process_start(struct world *world, uint32_t process) {
    if (!world->process[process].reloading) /* a new one: nobody remembers */
        forget(&world->process[process]);
    world->process[process].reloading = false;
    for (uint32_t i = 0; i < MOST_MEMBERS; i++)
        if (is_of(world, i, process))
            member_start(world, &world->member[i]);
    forget(&world->process[process]);
}

void process_stop(struct world *world, uint32_t process, int64_t delay_ms) {
    for (uint32_t i = 0; i < MOST_MEMBERS; i++) {
        struct task task = {.kind = TASK_STOP, .member = i, .life = world->member[i].life};
        if (is_of(world, i, process) && world->member[i].flow != NULL)
            later(world, task, delay_ms);
    }
}

/* The files have changed: what runs ends as at a stop, then the new generation begins. */
void process_reload(struct world *world, uint32_t process) {
    world->process[process].generation ^= 1;
    world->process[process].reloading = true;
    process_stop(world, process, 0);
}

/* It has stopped: what its core knows of the groups goes to all that come after it. */
void process_leave(struct world *world, const struct member *member) {
    struct process *process = &world->process[world->scene.process[member->index]];
    for (uint32_t i = 0; i < world->scene.route_count; i++) {
        size_t before = process->left_count[i];
        process->left_count[i] +=
            flow_reached(member->flow, i, process->left[i] + before, MOST_MEMBERS * MOST_PARTITIONS - before);
        for (uint32_t k = 0; k < MOST_PARTITIONS; k++)
            if (process->reached[i][k] < member->reached[i][k])
                process->reached[i][k] = member->reached[i][k];
    }
}

void process_inherit(struct world *world, struct member *member) {
    const struct process *process = &world->process[world->scene.process[member->index]];
    memcpy(member->reached, process->reached, sizeof member->reached);
    for (uint32_t i = 0; i < world->scene.route_count; i++) {
        struct input input = {.kind = INPUT_REACHED,
                              .is.reached = {.route = i, .entry = process->left[i], .count = process->left_count[i]}};
        if (process->left_count[i] == 0)
            continue;
        world->choices->count[FAULT_INHERITED]++;
        feed(world, member, &input);
    }
}

/* One worker has ended. If it crashed, so have the others; when none is left, the process starts again. */
void process_ended(struct world *world, struct member *member, bool crashed) {
    uint32_t process = world->scene.process[member->index];
    if (crashed)
        forget(&world->process[process]);
    for (uint32_t i = 0; i < MOST_MEMBERS; i++) {
        struct member *other = &world->member[i];
        if (!is_of(world, i, process) || other->flow == NULL)
            continue;
        if (crashed)
            member_end(world, other, true); /* and so on: the last one plans the start */
        return;
    }
    struct task task = {.kind = TASK_RESTART, .member = member->index, .life = member->life};
    bool turns = world->process[process].reloading && !crashed;
    later(world, task, 1 + choose(world->choices, turns ? LONGEST_TURN_MS : LONGEST_REST_MS));
}

/* The last word on each platform is what the others hear; of two that it is down, until the later time. */
void process_tell(struct world *world, const struct member *member, const struct action *action) {
    uint32_t platform = action->is.platform.platform;
    for (uint32_t i = 0; i < MOST_MEMBERS; i++) {
        struct member *other = &world->member[i];
        if (other == member || !is_of(world, i, world->scene.process[member->index]) || other->flow == NULL)
            continue;
        bool pending = other->platform[platform].post.pending;
        bool later_known = pending && other->platform[platform].post.state != PLATFORM_UP &&
                           other->platform[platform].post.until_ms > action->is.platform.until_ms;
        other->platform[platform].post.pending = true;
        other->platform[platform].post.state = action->is.platform.state;
        if (!later_known || action->is.platform.state == PLATFORM_UP)
            other->platform[platform].post.until_ms = action->is.platform.until_ms;
        struct task task = {.kind = TASK_TELL, .member = i, .life = other->life, .number = platform};
        if (!pending)
            later(world, task, choose(world->choices, LONGEST_POST_MS));
    }
}

void process_task(struct world *world, const struct task *task) {
    struct member *member = &world->member[task->member];
    member->platform[task->number].post.pending = false;
    struct input input = {.kind = INPUT_PLATFORM,
                          .is.platform = {task->number, member->platform[task->number].post.state,
                                          member->platform[task->number].post.until_ms}};
    feed(world, member, &input);
}
