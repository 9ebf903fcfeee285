/* The likeness of a world is one number for all in it that decides what comes next, but the time of day: two stories
 * that have come to the same likeness go on alike. It is the ledger's word; into the core nobody looks. */
#include "world.h"

static uint64_t mix(uint64_t sum, uint64_t value) {
    sum = (sum ^ value) * 0x9e3779b97f4a7c15;
    return sum ^ sum >> 29;
}

static uint64_t mix_bytes(uint64_t sum, const void *bytes, size_t size) {
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++)
        sum = mix(sum, byte[i]);
    return sum;
}

/* What it calls settled, and how many others it remembers. */
static uint64_t mix_map(uint64_t sum, const struct map_text *map) {
    size_t bits = 0, tries = 0;
    while (bits < map->size && map->text[bits] != ';')
        bits++;
    for (size_t i = bits; i < map->size; i++)
        tries += map->text[i] == ';' ? 1 : 0;
    return mix(mix_bytes(sum, map->text, bits), tries);
}

static uint64_t mix_record(uint64_t sum, const struct record *record, uint32_t tenure) {
    const struct view *view = &record->view[0];
    bool ours = view->tenure == tenure;
    sum = mix(sum, (record->settled ? 1u : 0) + (record->gone ? 2u : 0) + (record->failed ? 4u : 0) + (ours ? 8u : 0));
    if (!ours)
        return sum;
    sum = mix(sum, (view->read ? 1u : 0) + (view->started ? 2u : 0) + (view->settled ? 4u : 0) +
                       (view->request != 0 ? 8u : 0) + (view->letter != 0 ? 16u : 0) + (view->ambiguous ? 32u : 0) +
                       (view->waits ? 64u : 0));
    return mix(mix(sum, view->refusals), view->attempts > 1 ? 2 : view->attempts);
}

static uint64_t mix_tenure(uint64_t sum, const struct tenure *tenure, uint32_t generation) {
    const struct reading *reading = &tenure->reading[0];
    sum = mix(sum, (tenure->held ? 1u : 0) + (tenure->draining ? 2u : 0) + (tenure->committing ? 4u : 0) +
                       (tenure->error ? 8u : 0) + (tenure->fenced ? 16u : 0) + (tenure->mapless ? 32u : 0) +
                       (tenure->generation == generation ? 64u : 0));
    sum = mix(sum, (reading->mine ? 1u : 0) + (reading->begun ? 2u : 0) + (reading->stopped ? 4u : 0) +
                       (reading->scheduled ? 8u : 0));
    sum = mix(mix(sum, (uint64_t)reading->position), (uint64_t)reading->next);
    sum = mix(mix(sum, reading->events), (uint64_t)reading->said);
    sum = mix(mix(sum, (uint64_t)reading->acknowledged), (uint64_t)reading->told);
    return mix_map(mix_map(sum, &reading->map), &reading->taken);
}

static uint64_t mix_member(uint64_t sum, const struct world *world, const struct member *member) {
    sum = mix(sum, (member->flow != NULL ? 1u : 0) + (member->stopping ? 2u : 0) + (member->missed ? 4u : 0) +
                       (member->unsure ? 8u : 0) + (member->stalled_ms > world->now_ms ? 16u : 0) +
                       (member->platform[0].probed ? 32u : 0));
    sum = mix(mix(sum, (uint64_t)member->doom), (uint64_t)member->platform[0].state);
    int64_t tick_ms = member->last_ms + world->scene.tick_ms;
    return mix(sum, (member->fence_ms > world->now_ms ? 1u : 0) + (member->wake_ms == INT64_MAX ? 2u : 0) +
                        (member->wake_ms <= tick_ms ? 4u : 0));
}

/* What it is about, without running numbers. */
static uint64_t mix_task(uint64_t sum, const struct world *world, const struct task *task) {
    const struct member *member = &world->member[0];
    const struct coordinator *group = &world->group[0];
    sum = mix(mix(sum, (uint64_t)task->kind), task->life == member->life ? 1 : 0);
    sum = mix(sum, (task->number == member->tenure[0].epoch ? 1u : 0) + (task->number == group->generation ? 2u : 0) +
                       (task->number == group->round ? 4u : 0) + (task->again ? 8u : 0) + (task->answered ? 16u : 0));
    sum = mix(mix(sum, (uint64_t)task->what), (uint64_t)task->status);
    for (uint32_t i = 0; i < member->open_count; i++)
        if (member->open[i].id == task->id)
            sum = mix(sum, (uint64_t)member->open[i].record[0]->offset + (member->open[i].aborted ? 100 : 0));
    if (task->kind == TASK_STORE || task->kind == TASK_RESULT)
        sum = mix_map(mix(sum, (uint64_t)task->offset[0]), &world->maps[task->map[0] % MOST_MAPS]);
    return sum;
}

/* Nothing will come of it any more. */
static bool is_idle(const struct world *world, const struct task *task) {
    const struct member *member = &world->member[0];
    switch (task->kind) {
    case TASK_STORE:
    case TASK_REBALANCE:
    case TASK_OPERATOR:
    case TASK_RELEASE:
        return false;
    case TASK_DEADLINE:
    case TASK_READY:
        return task->number != world->group[0].round || !world->group[0].rebalancing;
    case TASK_FETCH:
        return task->life != member->life || task->id != member->tenure[0].number || !member->tenure[0].held;
    case TASK_REPLY:
    case TASK_LETTER:
    case TASK_RESULT:
    case TASK_COMMITTED:
    case TASK_ASSIGNED:
    case TASK_REVOKED:
    case TASK_LOST:
    case TASK_RESTART:
    case TASK_STOP:
    case TASK_TABLE:
    case TASK_TELL:
        break;
    }
    return task->life != member->life;
}

/* In any order: whichever comes first is picked. */
static uint64_t mix_tasks(uint64_t sum, const struct world *world) {
    uint64_t all = 0;
    for (uint32_t i = 0; i < world->task_count; i++)
        if (!is_idle(world, &world->tasks[i]))
            all += mix_task(1, world, &world->tasks[i]);
    return mix(sum, all);
}

uint64_t world_likeness(const struct world *world) {
    const struct coordinator *group = &world->group[0];
    const struct partition_log *log = &group->log[0];
    const struct tenure *tenure = &world->member[0].tenure[0];
    uint64_t sum = mix(1, (group->rebalancing ? 1u : 0) + (group->given[0] ? 2u : 0) + (group->waiting[0] ? 4u : 0) +
                              (group->expired[0] ? 8u : 0));
    sum = mix(mix(sum, (uint64_t)log->committed), (uint64_t)log->highest);
    sum = mix(mix_map(sum, &log->map), world->ahead);
    for (uint32_t i = 0; i < log->count; i++)
        sum = mix_record(sum, &log->record[i], tenure->number);
    sum = mix_tenure(sum, tenure, group->generation);
    sum = mix_member(sum, world, &world->member[0]);
    return mix_tasks(sum, world);
}
