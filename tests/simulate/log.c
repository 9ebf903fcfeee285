/* The broker's logs and its store of commits. Knows no groups but their generations. */
#include "settle/offset_map.h"
#include "world.h"

#include <inttypes.h>
#include <stdio.h>

enum { ENOUGH_RECORDS = 14 };

/* As many good records as there are keys. */
static void lay(struct world *world) {
    struct partition_log *log = &world->group[0].log[0];
    world->group[0].partitions = 1;
    for (; world->keys[log->count] != '\0'; log->count++) {
        record_draw(world, &log->record[log->count], log->count, (struct kinship){0});
        log->record[log->count].key = (uint32_t)(world->keys[log->count] - 'a') + 1;
    }
}

/* Little memory is of no use where nothing fills it. */
static bool is_full_of_large(struct world *world, bool dead) {
    if (strikes(world->choices, FAULT_ALL_LARGE))
        return true;
    if (dead)
        return true;
    bool full = world->scene.little_memory && choose(world->choices, 2) == 1;
    world->choices->count[FAULT_ALL_LARGE] += full ? 1 : 0;
    return full;
}

void logs_draw(struct world *world) {
    struct choices *choices = world->choices;
    if (choices->explore) {
        lay(world);
        return;
    }
    for (uint32_t route = 0; route < world->scene.route_count; route++) {
        struct coordinator *group = &world->group[route];
        bool dead = world->scene.apart && world->scene.little_memory && route == world->dead.platform;
        group->partitions = dead ? MOST_PARTITIONS : 1 + choose(choices, MOST_PARTITIONS);
        for (uint32_t i = 0; i < group->partitions; i++) {
            struct partition_log *log = &group->log[i];
            struct kinship kin = {.hot = strikes(choices, FAULT_HOT_KEY), .large = is_full_of_large(world, dead)};
            kin.long_keys = strikes(choices, FAULT_LONG_KEYS);
            kin.dense = world->scene.dense && choose(choices, 4) != 0;
            choices->count[FAULT_ALL_DENSE] += kin.dense ? 1 : 0;
            kin.headed = world->scene.dense && choose(choices, 3) == 2;
            choices->count[FAULT_ALL_HEADERS] += kin.headed ? 1 : 0;
            int64_t offset = choose(choices, 2) * 5;
            log->count = dead ? ENOUGH_RECORDS : choose(choices, MOST_RECORDS + 1) / (1 + choose(choices, 2));
            log->start = 0;
            log->committed = strikes(choices, FAULT_NEVER_COMMITTED) ? -1 : offset;
            for (uint32_t k = 0; k < log->count; k++, offset++) {
                if (strikes(choices, FAULT_GAP))
                    offset += 1 + choose(choices, 3);
                record_draw(world, &log->record[k], offset, kin);
                if (k > 0 && log->record[k].at_ms < log->record[k - 1].at_ms)
                    log->record[k].at_ms = log->record[k - 1].at_ms;
            }
        }
    }
}

uint32_t logs_partitions(const struct world *world) {
    uint32_t count = 0;
    for (uint32_t route = 0; route < world->scene.route_count; route++)
        count += world->group[route].partitions;
    return count;
}

/* The record that a member's core means, as it was when this tenure read it; else what stands there now. */
struct record *log_record(struct world *world, const struct member *member, struct place place, int64_t offset) {
    uint32_t partition = (uint32_t)place.partition;
    if (place.route >= world->scene.route_count || partition >= world->group[place.route].partitions)
        return NULL;
    struct partition_log *log = &world->group[place.route].log[partition];
    uint32_t tenure = member->tenure[place.route].number;
    struct record *found = NULL;
    for (uint32_t i = 0; i < log->count; i++) {
        if (log->record[i].offset != offset)
            continue;
        if (log->record[i].view[member->index].tenure == tenure)
            return &log->record[i];
        found = &log->record[i];
    }
    return found;
}

/* Somebody who has no partitions of it, and may have had some. */
static void tell_outsider(struct world *world, struct member *member, uint32_t route) {
    for (uint32_t i = 0; i < MOST_PARTITIONS; i++)
        member->reached[route][i] = -1;
    struct input input = {.kind = INPUT_TOPIC_GONE, .is.topic = {.route = route}};
    world->choices->count[FAULT_GONE_OUTSIDE]++;
    feed(world, member, &input);
}

/* Who reads it may hear of it at once, or find another log where it reads on. */
static void tell_gone(struct world *world, uint32_t route, uint32_t partition) {
    for (uint32_t i = 0; i < world->scene.members; i++) {
        struct member *member = &world->member[i];
        bool hears = member->flow != NULL && world->now_ms >= member->stalled_ms;
        if (hears && !member->tenure[route].held) {
            if (choose(world->choices, 2) == 1)
                tell_outsider(world, member, route);
        } else if (hears && member->tenure[route].reading[partition].begun && choose(world->choices, 2) == 1)
            log_error(world, member, route, partition, PARTITION_GONE);
    }
}

/* The topic is deleted and made anew: other records, from 0 on, and the group's offsets are gone with it. */
void log_recreate(struct world *world, uint32_t route) {
    struct choices *choices = world->choices;
    uint32_t partition = choose(choices, world->group[route].partitions);
    struct partition_log *log = &world->group[route].log[partition];
    for (uint32_t i = log->first; i < log->count; i++)
        log->record[i].gone = true;
    log->first = log->start = log->count;
    log->incarnation++;
    log->committed = log->highest = -1;
    log->map.size = 0;
    log->forgot = true;
    for (uint32_t left = choose(choices, 6); left > 0 && log->count < MOST_RECORDS; left--) {
        struct record *record = &log->record[log->count];
        record_draw(world, record, log->count - log->first, (struct kinship){0});
        record->incarnation = log->incarnation;
        record->at_ms = world->now_ms;
        log->count++;
    }
    log_stopped(world, route, partition);
    tell_gone(world, route, partition);
}

/* The records are there still, and what the group knew of them is not. */
void log_forget(struct world *world, uint32_t route) {
    for (uint32_t i = 0; i < world->group[route].partitions; i++) {
        struct partition_log *log = &world->group[route].log[i];
        log->committed = -1;
        log->map.size = 0;
        log->forgot = true;
    }
    group_rebalance(world, route);
}

bool logs_route_done(const struct world *world, uint32_t route, char *what, size_t size) {
    for (uint32_t i = 0; i < world->group[route].partitions; i++) {
        const struct partition_log *log = &world->group[route].log[i];
        for (uint32_t k = 0; k < log->count; k++)
            if (!log->record[k].settled && !log->record[k].gone) {
                if (what != NULL)
                    (void)snprintf(what, size, "route %u, partition %u, offset %" PRId64 " is not settled", route, i,
                                   log->record[k].offset);
                return false;
            }
        int64_t last = log->count > log->start ? log->record[log->count - 1].offset : -1;
        if (last >= 0 && log->committed <= last) {
            if (what != NULL)
                (void)snprintf(what, size, "route %u, partition %u is committed at %" PRId64 " and ends at %" PRId64,
                               route, i, log->committed, last);
            return false;
        }
    }
    return true;
}

bool logs_done(const struct world *world, char *what, size_t size) {
    for (uint32_t route = 0; route < world->scene.route_count; route++)
        if (!logs_route_done(world, route, what, size))
            return false;
    return true;
}

/* How far a member may commit by what it has seen in this tenure; -1 unknown. */
int64_t log_base(const struct world *world, const struct member *member, uint32_t route, uint32_t partition) {
    const struct partition_log *log = &world->group[route].log[partition];
    const struct tenure *tenure = &member->tenure[route];
    for (uint32_t i = 0; i < log->count; i++) {
        const struct view *view = &log->record[i].view[member->index];
        if (view->tenure == tenure->number && view->read && !view->settled)
            return log->record[i].offset;
    }
    return tenure->reading[partition].next;
}

void log_stopped(struct world *world, uint32_t route, uint32_t partition) {
    struct partition_log *log = &world->group[route].log[partition];
    if (log->stopped)
        return;
    log->stopped = true;
    struct task task = {.kind = TASK_OPERATOR, .route = route, .number = partition};
    later(world, task, 1000 + choose(world->choices, 10000));
}

void log_error(struct world *world, struct member *member, uint32_t route, uint32_t partition,
               enum partition_error error) {
    struct tenure *tenure = &member->tenure[route];
    if (error == PARTITION_GONE)
        tenure->reading[partition].reached = -1; /* of the new one nothing is committed */
    if (error != PARTITION_UNAVAILABLE)
        tenure->reading[partition].foreign = true;
    struct input input = {
        .kind = INPUT_PARTITION_ERROR,
        .is.partition = {.place = {.route = route, .partition = (int32_t)partition, .epoch = tenure->epoch},
                         .error = error}};
    feed(world, member, &input);
}

/* Somebody mends the partition and lets the group begin anew. */
static void operate(struct world *world, const struct task *task) {
    struct partition_log *log = &world->group[task->route].log[task->number];
    int64_t start = log->start < log->count   ? log->record[log->start].offset
                    : log->count > log->first ? log->record[log->count - 1].offset + 1
                                              : 0;
    log->stopped = false;
    if (log->committed < start) {
        log->committed = start;
        log->map.size = 0;
        log->forgot = true;
    }
    group_rebalance(world, task->route);
}

void feed_record(struct world *world, struct member *member, uint32_t route, uint32_t partition, struct record *record,
                 uint32_t epoch) {
    struct place place = {.route = route, .partition = (int32_t)partition, .epoch = epoch};
    struct reading *reading = &member->tenure[route].reading[partition];
    if (epoch == member->tenure[route].epoch && reading->events > 0) {
        size_t bytes = record_size(record);
        reading->events--;
        reading->bytes -= bytes < reading->bytes ? bytes : reading->bytes;
        reading->wants = false;
    }
    struct input input = {.kind = INPUT_EVENT, .is.event = record_event(record, place)};
    world->fed = record;
    feed(world, member, &input);
    check_window(world, member, route, partition);
}

static void schedule(struct world *world, struct member *member, uint32_t route, uint32_t partition, int64_t delay_ms) {
    struct reading *reading = &member->tenure[route].reading[partition];
    if (reading->scheduled || (reading->wants && reading->events == 0))
        return;
    reading->scheduled = true;
    struct task task = {.kind = TASK_FETCH,
                        .member = member->index,
                        .life = member->life,
                        .route = route,
                        .number = partition,
                        .id = member->tenure[route].number};
    later(world, task, delay_ms);
}

/* It begins: its first record is looked at ahead of its credit. */
void log_look(struct world *world, struct member *member, uint32_t route, uint32_t partition) {
    schedule(world, member, route, partition, 1);
}

void log_credit(struct world *world, struct member *member, const struct action *action) {
    uint32_t route = action->is.credit.place.route, partition = (uint32_t)action->is.credit.place.partition;
    struct reading *reading = &member->tenure[route].reading[partition];
    reading->events += action->is.credit.events;
    reading->bytes += action->is.credit.bytes;
    schedule(world, member, route, partition, 1);
}

/* The next record waits for credit: said once. */
static void want(struct world *world, struct member *member, uint32_t route, uint32_t partition, size_t bytes) {
    struct tenure *tenure = &member->tenure[route];
    if (tenure->reading[partition].wants)
        return;
    tenure->reading[partition].wants = true;
    struct input input = {
        .kind = INPUT_WANTED,
        .is.wanted = {{.route = route, .partition = (int32_t)partition, .epoch = tenure->epoch}, bytes}};
    feed(world, member, &input);
}

static void fetch(struct world *world, struct member *member, const struct task *task) {
    struct partition_log *log = &world->group[task->route].log[task->number];
    struct tenure *tenure = &member->tenure[task->route];
    struct reading *reading = &tenure->reading[task->number];
    if (!tenure->held || tenure->number != task->id)
        return;
    reading->scheduled = false;
    bool late = tenure->draining && strikes_often(world->choices, FAULT_EVENT_DRAINING, 2);
    if (reading->stopped || (tenure->draining && !late))
        return;
    if (world->kafka_outage_ms > world->now_ms) {
        schedule(world, member, task->route, task->number, world->kafka_outage_ms - world->now_ms);
        return;
    }
    uint32_t i = log->first;
    while (i < log->count && log->record[i].offset < reading->position)
        i++;
    if (reading->wants)
        i = reading->asked;
    else if (i > log->first && strikes(world->choices, FAULT_REWIND))
        i -= 1 + choose(world->choices, i - log->first < 3 ? i - log->first : 3);
    if (i < log->start || reading->incarnation != log->incarnation) {
        log_error(world, member, task->route, task->number, PARTITION_OUT_OF_RANGE);
        return;
    }
    if (i >= log->count)
        return;
    if (log->record[i].at_ms > world->now_ms) {
        schedule(world, member, task->route, task->number, log->record[i].at_ms - world->now_ms);
        return;
    }
    const struct record *record = &log->record[i];
    size_t bytes = record_size(record);
    if (reading->events == 0 || reading->bytes < bytes) {
        reading->asked = i;
        want(world, member, task->route, task->number, bytes);
        return;
    }
    reading->position = log->record[i].offset + 1;
    uint32_t life = member->life;
    feed_record(world, member, task->route, task->number, &log->record[i], tenure->epoch);
    if (member->life == life && member->flow != NULL && tenure->held && tenure->number == task->id)
        schedule(world, member, task->route, task->number, 1 + choose(world->choices, 4));
}

void log_task(struct world *world, const struct task *task) {
    struct member *member = &world->member[task->member];
    switch ((int)task->kind) {
    case TASK_FETCH:
        fetch(world, member, task);
        break;
    case TASK_OPERATOR:
        operate(world, task);
        break;
    }
}
