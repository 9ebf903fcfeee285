/* What is going to happen: a heap of tasks by their time. It runs none of them. */
#include "world.h"

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
