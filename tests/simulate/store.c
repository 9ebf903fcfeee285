/* The broker's store of commits: what it takes, loses and tells. Knows no records but by their offsets. */
#include "settle/offset_map.h"
#include "world.h"

#include <inttypes.h>
#include <stdio.h>

void store_check_commit(struct world *world, struct log_place at, int64_t offset, const char *who) {
    const struct partition_log *log = &world->group[at.route].log[at.partition];
    for (uint32_t i = 0; i < log->count; i++)
        if (log->record[i].incarnation == at.incarnation && log->record[i].offset < offset && !log->record[i].settled &&
            !log->record[i].gone)
            violated(world, "I1",
                     "%s: route %u, partition %u is committed at %" PRId64 ", but %" PRId64 " is not settled", who,
                     at.route, at.partition, offset, log->record[i].offset);
}

/* What the map beside a commit calls settled must be settled. */
void store_check_map(struct world *world, struct log_place at, const struct offset_map *map, const char *who) {
    const struct partition_log *log = &world->group[at.route].log[at.partition];
    for (uint32_t i = 0; i < log->count; i++)
        if (log->record[i].incarnation == at.incarnation && offset_map_knows(map, log->record[i].offset) &&
            !log->record[i].settled && !log->record[i].gone)
            violated(world, "I1", "%s: route %u, partition %u: the map calls %" PRId64 " settled, it is not", who,
                     at.route, at.partition, log->record[i].offset);
}

/* The map that it was told when it began, which is read once. */
const struct offset_map *store_taken(const struct world *world, const struct member *member, uint32_t route,
                                     uint32_t partition) {
    static const struct offset_map none;
    const struct tenure *tenure = &member->tenure[route];
    const struct reading *reading = &tenure->reading[partition];
    struct taken_map *taken = &world->taken[(member->index * MOST_ROUTES + route) * MOST_PARTITIONS + partition];
    if (reading->taken.size == 0)
        return &none;
    if (taken->tenure != tenure->number)
        (void)offset_map_read(&taken->map, reading->told, (int32_t)partition,
                              span_make(reading->taken.text, reading->taken.size));
    taken->tenure = tenure->number;
    return &taken->map;
}

/* A commit of a topic that was made anew since is not taken: it would jump over records nobody has seen. */
static bool is_of_another_log(const struct world *world, const struct task *task) {
    for (uint32_t i = 0; i < world->group[task->route].partitions; i++)
        if (task->offset[i] >= 0 && task->incarnation[i] != world->group[task->route].log[i].incarnation)
            return true;
    return false;
}

static void take(struct world *world, const struct task *task, uint32_t partition) {
    struct partition_log *log = &world->group[task->route].log[partition];
    int64_t offset = task->offset[partition];
    const struct map_text *map = &world->maps[task->map[partition] % MOST_MAPS];
    struct log_place at = {task->route, partition, log->incarnation};
    store_check_commit(world, at, offset, "store");
    bool back = offset < log->committed;
    log->highest = log->highest > offset ? log->highest : offset;
    bool lost = strikes(world->choices, FAULT_COMMIT_LOST);
    log->forgot = log->forgot || lost || back || (map->size == 0 && log->map.size > 0);
    if (lost)
        return;
    log->committed = offset;
    log->map = *map;
    if (world->frozen && back)
        group_rebalance(world, task->route);
}

/* Each partition is stored by itself; the answer is as good as its worst one. */
static enum commit_error take_all(struct world *world, const struct task *task, enum commit_error error) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < MOST_PARTITIONS; i++)
        count += task->offset[i] >= 0 ? 1 : 0;
    uint32_t left = count > 1 && strikes(world->choices, FAULT_COMMIT_PARTIAL) ? choose(world->choices, count) : count;
    for (uint32_t i = 0; i < MOST_PARTITIONS && left > 0; i++)
        if (task->offset[i] >= 0) {
            take(world, task, i);
            left--;
            count--;
        }
    return count > 0 ? COMMIT_RETRY : error;
}

static void store(struct world *world, const struct task *task) {
    struct coordinator *group = &world->group[task->route];
    enum commit_error error = (enum commit_error)task->what;
    if (task->number != group->generation || group->expired[task->member])
        error = COMMIT_FENCED;
    else if (is_of_another_log(world, task))
        error = COMMIT_FAILED;
    else if (group->rebalancing && strikes(world->choices, FAULT_COMMIT_REBALANCING))
        error = COMMIT_RETRY;
    else
        error = take_all(world, task, error);
    if (!task->answered)
        return;
    struct task result = *task;
    result.kind = TASK_RESULT;
    result.what = (int)error;
    result.number = (uint32_t)task->id; /* epoch */
    later(world, result, task->retry_ms);
}

void store_commit(struct world *world, struct member *member, const struct action *action) {
    struct choices *choices = world->choices;
    uint32_t route = action->is.commit.route;
    struct task task = {.kind = TASK_STORE,
                        .member = member->index,
                        .life = member->life,
                        .route = route,
                        .number = member->tenure[route].generation,
                        .id = action->is.commit.epoch,
                        .answered = true,
                        .retry_ms = 5,
                        .offset = {-1, -1, -1}};
    for (size_t i = 0; i < action->is.commit.count; i++) {
        const struct commit_entry *entry = &action->is.commit.entry[i];
        struct map_text *map = &world->maps[world->map_count % MOST_MAPS];
        if (entry->metadata.size > sizeof map->text)
            violated(world, "I10", "route %u: a map of %zu bytes for so few records", route, entry->metadata.size);
        map->size = entry->metadata.size;
        if (map->size > 0)
            memcpy(map->text, entry->metadata.data, map->size);
        task.offset[entry->partition] = entry->offset;
        task.incarnation[entry->partition] = member->tenure[route].reading[entry->partition].incarnation;
        task.map[entry->partition] = world->map_count++;
    }
    if (world->kafka_outage_ms > world->now_ms) {
        struct task result = task;
        result.kind = TASK_RESULT;
        result.number = (uint32_t)task.id;
        result.what = COMMIT_RETRY;
        later(world, result, 1000);
        return;
    }
    if (strikes(choices, FAULT_COMMIT_SLOW))
        task.retry_ms = choose(choices, 6000);
    if (strikes(choices, FAULT_COMMIT_ANSWER_LOST)) {
        task.what = COMMIT_RETRY;
        task.retry_ms += 1000;
    }
    static const struct {
        enum fault fault;
        enum commit_error error;
    } errors[] = {{FAULT_COMMIT_RETRY, COMMIT_RETRY},
                  {FAULT_COMMIT_TOO_LARGE, COMMIT_TOO_LARGE},
                  {FAULT_COMMIT_FAILED, COMMIT_FAILED},
                  {FAULT_COMMIT_FENCED, COMMIT_FENCED},
                  {FAULT_COMMIT_REORDERED, COMMIT_RETRY}};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (!strikes(choices, errors[i].fault))
            continue;
        struct task result = task;
        result.kind = TASK_RESULT;
        result.number = (uint32_t)task.id;
        result.what = (int)errors[i].error;
        later(world, result, task.retry_ms);
        if (errors[i].fault == FAULT_COMMIT_FENCED && !world->group[route].expired[member->index])
            group_expire(world, route, member->index, 1 + choose(choices, 3000));
        task.answered = false;
        if (errors[i].fault == FAULT_COMMIT_REORDERED) {
            for (uint32_t k = 0; k < MOST_PARTITIONS; k++)
                world->group[route].log[k].forgot = world->group[route].log[k].forgot || task.offset[k] >= 0;
            later(world, task, 1 + choose(choices, 4000));
        }
        return;
    }
    later(world, task, 2);
}

/* Whole, and of a version that nobody here knows. */
static void make_newer(struct map_text *map, uint32_t partition, int64_t base) {
    enum { CHECK_SIZE = 9 };
    char text[sizeof map->text + 64];
    map->text[0] = '4';
    int size =
        snprintf(text, sizeof text, "%u/%" PRId64 "/%.*s", partition, base, (int)map->size - CHECK_SIZE, map->text);
    uint32_t sum = ~0U;
    for (int i = 0; i < size; i++) {
        sum ^= (unsigned char)text[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (0xEDB88320U & (0U - (sum & 1)));
    }
    char end[CHECK_SIZE + 1];
    (void)snprintf(end, sizeof end, ";%08" PRIx32, ~sum);
    memcpy(&map->text[map->size - CHECK_SIZE], end, CHECK_SIZE);
}

static void answer_committed(struct world *world, struct member *member, const struct task *task) {
    const struct coordinator *group = &world->group[task->route];
    struct tenure *tenure = &member->tenure[task->route];
    struct committed entry[MOST_PARTITIONS];
    struct map_text told[MOST_PARTITIONS];
    size_t count = 0;
    bool current = tenure->held && tenure->epoch == task->number;
    for (uint32_t i = 0; i < group->partitions; i++) {
        if (current && !tenure->reading[i].mine)
            continue;
        struct committed *one = &entry[count++];
        *one = (struct committed){.partition = (int32_t)i, .offset = group->log[i].committed};
        one->failed = strikes(world->choices, FAULT_COMMITTED_FAILED) || world->kafka_outage_ms > world->now_ms;
        told[i] = group->log[i].map;
        bool lost = told[i].size > 0 && strikes(world->choices, FAULT_MAP_LOST);
        if (lost)
            told[i].size = 0;
        bool broken = told[i].size > 0 && strikes(world->choices, FAULT_MAP_BROKEN);
        if (broken)
            told[i].text[choose(world->choices, (uint32_t)told[i].size)] ^= 1;
        bool newer = told[i].size > 0 && !broken && strikes(world->choices, FAULT_MAP_NEWER);
        if (newer)
            make_newer(&told[i], i, one->offset);
        world->group[task->route].log[i].forgot = group->log[i].forgot || lost || broken || newer;
        if (one->offset >= 0)
            one->metadata = span_make(told[i].text, told[i].size);
        if (current && !one->failed && !tenure->reading[i].begun) { /* asked for others: what it began with stands */
            tenure->reading[i].acknowledged = tenure->reading[i].told = one->offset;
            tenure->reading[i].map = tenure->reading[i].taken = told[i];
            world->taken[(member->index * MOST_ROUTES + task->route) * MOST_PARTITIONS + i].tenure = 0;
            tenure->reading[i].incarnation = group->log[i].incarnation;
        }
    }
    if (!current)
        world->choices->count[FAULT_COMMITTED_STALE]++;
    struct input input = {
        .kind = INPUT_COMMITTED,
        .is.committed = {.route = task->route, .epoch = task->number, .entry = entry, .count = count}};
    feed(world, member, &input);
}

void store_task(struct world *world, const struct task *task) {
    struct member *member = &world->member[task->member];
    switch ((int)task->kind) {
    case TASK_STORE:
        store(world, task);
        break;
    case TASK_RESULT: {
        struct input input = {.kind = INPUT_COMMIT_RESULT,
                              .is.commit = {task->route, task->number, (enum commit_error)task->what}};
        struct tenure *tenure = &member->tenure[task->route];
        if (!tenure->held || tenure->epoch != task->number)
            world->choices->count[FAULT_COMMIT_STALE]++;
        else {
            tenure->committing = false;
            tenure->error = tenure->error || task->what != COMMIT_DONE;
            tenure->fenced = tenure->fenced || task->what == COMMIT_FENCED;
            tenure->mapless = tenure->mapless || task->what == COMMIT_TOO_LARGE;
            for (uint32_t i = 0; i < MOST_PARTITIONS; i++)
                if (task->what == COMMIT_DONE && task->offset[i] >= 0) {
                    tenure->reading[i].acknowledged = task->offset[i];
                    if (!tenure->reading[i].foreign)
                        tenure->reading[i].reached = task->offset[i];
                    tenure->reading[i].map = world->maps[task->map[i] % MOST_MAPS];
                }
            if (task->what == COMMIT_DONE)
                check_covered(world, member, task->route);
        }
        feed(world, member, &input);
        break;
    }
    case TASK_COMMITTED:
        answer_committed(world, member, task);
        break;
    }
}
