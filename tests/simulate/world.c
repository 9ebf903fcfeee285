/* The clock of the world: what happens next, and to whom. The actors are in member, group, log, answer and chaos. */
#include "world.h"

#include <inttypes.h>

enum { START_MS = 1000, FAULTS_MS = 60000, MOST_STEPS = 50000 };

void play_ends(struct world *world, const char *rule) {
    world->rule = rule;
    longjmp(*world->end, 1);
}

void task_run(struct world *world, const struct task *task) {
    struct member *member = &world->member[task->member];
    switch (task->kind) {
    case TASK_STORE:
        store_task(world, task);
        return;
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
    case TASK_TELL:
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
    else if (task->kind == TASK_RESULT || task->kind == TASK_COMMITTED)
        store_task(world, task);
    else if (task->kind == TASK_FETCH)
        log_task(world, task);
    else if (task->kind == TASK_ASSIGNED || task->kind == TASK_REVOKED || task->kind == TASK_LOST)
        group_task(world, task);
    else if (task->kind == TASK_TELL)
        process_task(world, task);
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
    world->letter_outage_ms = world->kafka_outage_ms = world->token_outage_ms = 0;
    memset(world->outage_ms, 0, sizeof world->outage_ms);
    if (world->story != NULL)
        buf_printf(world->story, "[%6" PRId64 "] faults end\n", world->now_ms);
    for (uint32_t i = 0; i < world->scene.members; i++)
        world->member[i].doom = 0;
    for (uint32_t route = 0; route < world->scene.route_count; route++)
        for (uint32_t i = 0; i < world->group[route].partitions; i++)
            if (world->group[route].log[i].committed < world->group[route].log[i].highest) {
                group_rebalance(world, route);
                break;
            }
}

/* One platform is dead: whatever waits for it, what goes to the other one ends, where it fits on its lifeline. Then the
 * platform may live again. */
static void look_beside(struct world *world) {
    char what[sizeof world->what / 2];
    if (!world->scene.apart || world->dead.until_ms == 0)
        return;
    bool late = world->now_ms > world->freeze_ms + BESIDE_MS;
    if (logs_route_done(world, 1 - world->dead.platform, NULL, 0) || (late && world->scene.dense))
        world->dead.until_ms = 0;
    else if (late && !logs_route_done(world, 1 - world->dead.platform, what, sizeof what))
        violated(world, "L1", "beside a dead platform, %s", what);
}

static bool over(struct world *world) {
    if (world->frozen)
        look_beside(world);
    if (!world->frozen || !logs_done(world, NULL, 0))
        return false;
    for (uint32_t i = 0; i < world->scene.members; i++)
        if (world->member[i].stopping)
            return false;
    return !world->choices->explore || !explore_goes_on(world);
}

static void run(struct world *world) {
    while (!over(world)) {
        if (world->choices->explore) {
            if (explore_known(world))
                return; /* how it goes on from here has been told */
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
            char what[sizeof world->what / 2] = "";
            (void)logs_done(world, what, sizeof what);
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

static size_t memory_of(const struct world *world) {
    const struct scene *scene = &world->scene;
    size_t least = scene->dense ? LITTLE_FOR_DENSE + scene->more_memory : scene->apart ? LITTLE_FOR_TWO : LITTLE_MEMORY;
    return least + logs_partitions(world) * (size_t)MAP_OF_PARTITION;
}

bool world_play(struct world *world, const struct props *props, struct choices *choices, struct buf *story) {
    struct task *tasks = world->tasks;
    struct map_text *maps = world->maps;
    struct taken_map *taken = world->taken;
    const char *keys = world->keys;
    memset(world, 0, sizeof *world);
    world->tasks = tasks;
    world->maps = maps;
    world->taken = taken;
    for (size_t i = 0; i < MOST_TAKEN; i++)
        taken[i].tenure = 0;
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
    if (world->scene.apart) {
        world->dead.platform = choose(choices, 2);
        world->dead.silent = choose(choices, 2) == 1;
        world->dead.from_ms = choose(choices, 2) * choose(choices, FAULTS_MS);
        world->dead.until_ms = INT64_MAX;
    }
    logs_draw(world);
    if (world->scene.little_memory)
        for (uint32_t i = 0; i < GENERATIONS; i++)
            world->scene.setting[i].plan.memory_limit = memory_of(world);
    for (uint32_t i = 0; i < MOST_MEMBERS; i++)
        world->member[i].index = i;
    for (uint32_t i = 0; i < MOST_MEMBERS; i++) /* those without members start nothing */
        process_start(world, i);
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
        buf_finish(&world->member[i].lines);
    }
}
