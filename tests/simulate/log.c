/* The broker's logs and its store of commits. Knows no groups but their generations. */
#include "settle/offset_map.h"
#include "world.h"

#include <inttypes.h>
#include <stdio.h>

enum { MOST_POISONED = 2 };

static enum record_kind draw_kind(struct choices *choices) {
    static const struct {
        enum fault fault;
        enum record_kind kind;
    } kinds[] = {{FAULT_TOMBSTONE, TOMBSTONE},    {FAULT_NOT_JSON, NOT_JSON}, {FAULT_SCHEMA, AGAINST_SCHEMA},
                 {FAULT_TEMPLATE, NO_ID},         {FAULT_ABSENT, NO_ROW},     {FAULT_POISON_REFUSED, REFUSED},
                 {FAULT_POISON_500, ANSWERED_500}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strikes(choices, kinds[i].fault))
            return kinds[i].kind;
    return GOOD;
}

static void draw_record(struct world *world, struct record *record, int64_t offset, uint32_t hot) {
    static const char *const values[] = {[GOOD] = "{\"id\":\"%d\",\"n\":1,\"s\":\"a\"}",
                                         [TOMBSTONE] = "",
                                         [NOT_JSON] = "{\"id\":%d,",
                                         [AGAINST_SCHEMA] = "{\"id\":\"%d\",\"n\":1.5}",
                                         [NO_ID] = "{\"ib\":\"%d\",\"s\":\"a\"}",
                                         [NO_ROW] = "{\"id\":\"%d\",\"s\":\"z\"}",
                                         [REFUSED] = "{ \"id\":\"%d\",\"s\":\"a\" }",
                                         [ANSWERED_500] = "{\"id\":\"%d\",\"s\":\"a\",\"d\":1.10}"};
    struct choices *choices = world->choices;
    *record = (struct record){.offset = offset};
    record->at_ms = choose(choices, 2) * choose(choices, 20000);
    record->kind = draw_kind(choices);
    if (record->kind == ANSWERED_500 && ++world->poisoned > MOST_POISONED)
        record->kind = GOOD; /* three keys answered 500 for ever are a platform's outage without end */
    record->key = strikes(choices, FAULT_NULL_KEY) ? 0 : 1 + (hot && choose(choices, 8) != 7 ? 0 : choose(choices, 4));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(record->value, sizeof record->value, values[record->kind], (int)offset);
#pragma GCC diagnostic pop
}

/* As many good records as there are keys. */
static void lay(struct world *world) {
    struct partition_log *log = &world->group[0].log[0];
    world->group[0].partitions = 1;
    for (; world->keys[log->count] != '\0'; log->count++) {
        draw_record(world, &log->record[log->count], log->count, 0);
        log->record[log->count].key = (uint32_t)(world->keys[log->count] - 'a') + 1;
    }
}

void logs_draw(struct world *world) {
    struct choices *choices = world->choices;
    if (choices->explore) {
        lay(world);
        return;
    }
    for (uint32_t route = 0; route < world->scene.plan.route_count; route++) {
        struct coordinator *group = &world->group[route];
        group->partitions = 1 + choose(choices, MOST_PARTITIONS);
        for (uint32_t i = 0; i < group->partitions; i++) {
            struct partition_log *log = &group->log[i];
            bool hot = strikes(choices, FAULT_HOT_KEY);
            int64_t offset = choose(choices, 2) * 5;
            log->count = choose(choices, MOST_RECORDS + 1) / (1 + choose(choices, 2));
            log->start = 0;
            log->committed = strikes(choices, FAULT_NEVER_COMMITTED) ? -1 : offset;
            for (uint32_t k = 0; k < log->count; k++, offset++) {
                if (strikes(choices, FAULT_GAP))
                    offset += 1 + choose(choices, 3);
                draw_record(world, &log->record[k], offset, hot);
                if (k > 0 && log->record[k].at_ms < log->record[k - 1].at_ms)
                    log->record[k].at_ms = log->record[k - 1].at_ms;
            }
        }
    }
}

struct record *log_record(struct world *world, uint32_t route, uint32_t partition, int64_t offset) {
    if (route >= world->scene.plan.route_count || partition >= world->group[route].partitions)
        return NULL;
    struct partition_log *log = &world->group[route].log[partition];
    for (uint32_t i = 0; i < log->count; i++)
        if (log->record[i].offset == offset)
            return &log->record[i];
    return NULL;
}

bool logs_done(const struct world *world, char *what, size_t size) {
    for (uint32_t route = 0; route < world->scene.plan.route_count; route++)
        for (uint32_t i = 0; i < world->group[route].partitions; i++) {
            const struct partition_log *log = &world->group[route].log[i];
            for (uint32_t k = 0; k < log->count; k++)
                if (!log->record[k].settled && !log->record[k].gone) {
                    (void)snprintf(what, size, "route %u, partition %u, offset %" PRId64 " is not settled", route, i,
                                   log->record[k].offset);
                    return false;
                }
            int64_t last = log->count > log->start ? log->record[log->count - 1].offset : -1;
            if (last >= 0 && log->committed <= last) {
                (void)snprintf(what, size, "route %u, partition %u is committed at %" PRId64 " and ends at %" PRId64,
                               route, i, log->committed, last);
                return false;
            }
        }
    return true;
}

void log_check_commit(struct world *world, uint32_t route, uint32_t partition, int64_t offset, const char *who) {
    const struct partition_log *log = &world->group[route].log[partition];
    for (uint32_t i = 0; i < log->count && log->record[i].offset < offset; i++)
        if (!log->record[i].settled && !log->record[i].gone)
            violated(world, "I1",
                     "%s: route %u, partition %u is committed at %" PRId64 ", but %" PRId64 " is not settled", who,
                     route, partition, offset, log->record[i].offset);
}

/* What the map beside a commit calls settled must be settled. */
void log_check_map(struct world *world, uint32_t route, uint32_t partition, int64_t offset, struct span text,
                   const char *who) {
    struct offset_map map;
    if (text.size == 0)
        return;
    if (!offset_map_read(&map, offset, (int32_t)partition, text))
        violated(world, "I6", "%s: route %u, partition %u: the map at %" PRId64 " cannot be read", who, route,
                 partition, offset);
    const struct partition_log *log = &world->group[route].log[partition];
    for (uint32_t i = 0; i < log->count; i++)
        if (offset_map_knows(&map, log->record[i].offset) && !log->record[i].settled && !log->record[i].gone)
            violated(world, "I1", "%s: route %u, partition %u: the map calls %" PRId64 " settled, it is not", who,
                     route, partition, log->record[i].offset);
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

static void store(struct world *world, const struct task *task) {
    struct coordinator *group = &world->group[task->route];
    enum commit_error error = (enum commit_error)task->what;
    if (task->number != group->generation || group->expired[task->member])
        error = COMMIT_FENCED;
    else
        for (uint32_t i = 0; i < group->partitions; i++) {
            if (task->offset[i] < 0)
                continue;
            log_check_commit(world, task->route, i, task->offset[i], "store");
            struct partition_log *log = &group->log[i];
            bool back = task->offset[i] < log->committed;
            log->committed = task->offset[i];
            log->map = world->maps[task->map[i] % MOST_MAPS];
            log->highest = log->highest > log->committed ? log->highest : log->committed;
            if (world->frozen && back)
                group_rebalance(world, task->route);
        }
    if (!task->answered)
        return;
    struct task result = *task;
    result.kind = TASK_RESULT;
    result.what = (int)error;
    result.number = (uint32_t)task->id; /* epoch */
    later(world, result, task->retry_ms);
}

void log_commit(struct world *world, struct member *member, const struct action *action) {
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
        task.map[entry->partition] = world->map_count++;
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
        if (errors[i].fault == FAULT_COMMIT_REORDERED)
            later(world, task, 1 + choose(choices, 4000));
        return;
    }
    later(world, task, 2);
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
        one->failed = strikes(world->choices, FAULT_COMMITTED_FAILED);
        told[i] = group->log[i].map;
        if (told[i].size > 0 && strikes(world->choices, FAULT_MAP_LOST))
            told[i].size = 0;
        if (told[i].size > 0 && strikes(world->choices, FAULT_MAP_BROKEN))
            told[i].text[choose(world->choices, (uint32_t)told[i].size)] ^= 1;
        if (one->offset >= 0)
            one->metadata = span_make(told[i].text, told[i].size);
        if (current && !one->failed && !tenure->reading[i].begun) { /* asked for others: what it began with stands */
            tenure->reading[i].acknowledged = tenure->reading[i].told = one->offset;
            tenure->reading[i].map = tenure->reading[i].taken = told[i];
        }
    }
    if (!current)
        world->choices->count[FAULT_COMMITTED_STALE]++;
    struct input input = {
        .kind = INPUT_COMMITTED,
        .is.committed = {.route = task->route, .epoch = task->number, .entry = entry, .count = count}};
    feed(world, member, &input);
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
    struct input input = {
        .kind = INPUT_PARTITION_ERROR,
        .is.partition = {.place = {.route = route, .partition = (int32_t)partition, .epoch = tenure->epoch},
                         .error = error}};
    feed(world, member, &input);
}

/* Somebody mends the partition and lets the group begin anew. */
static void operate(struct world *world, const struct task *task) {
    struct partition_log *log = &world->group[task->route].log[task->number];
    int64_t start = log->start < log->count ? log->record[log->start].offset
                    : log->count > 0        ? log->record[log->count - 1].offset + 1
                                            : 0;
    log->stopped = false;
    if (log->committed < start) {
        log->committed = start;
        log->map.size = 0;
    }
    group_rebalance(world, task->route);
}

void feed_record(struct world *world, struct member *member, uint32_t route, uint32_t partition,
                 const struct record *record, uint32_t epoch) {
    static const char *const keys[] = {NULL, "a", "b", "c", "d"};
    struct place place = {.route = route, .partition = (int32_t)partition, .epoch = epoch};
    struct span value = record->kind == TOMBSTONE ? SPAN_NONE : span_of(record->value);
    struct event *event = event_create(place, record->offset, -1, span_of(keys[record->key]), value, NULL, 0);
    if (event == NULL)
        abort();
    struct reading *reading = &member->tenure[route].reading[partition];
    if (epoch == member->tenure[route].epoch && reading->events > 0) {
        size_t bytes = event->key.size + event->value.size; /* as the shell counts them */
        reading->events--;
        reading->bytes -= bytes < reading->bytes ? bytes : reading->bytes;
    }
    struct input input = {.kind = INPUT_EVENT, .is.event = event};
    feed(world, member, &input);
    check_window(world, member, route, partition);
}

static void schedule(struct world *world, struct member *member, uint32_t route, uint32_t partition, int64_t delay_ms) {
    struct reading *reading = &member->tenure[route].reading[partition];
    if (reading->scheduled || reading->events == 0 || reading->bytes == 0)
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

void log_credit(struct world *world, struct member *member, const struct action *action) {
    uint32_t route = action->is.credit.place.route, partition = (uint32_t)action->is.credit.place.partition;
    struct reading *reading = &member->tenure[route].reading[partition];
    reading->events += action->is.credit.events;
    reading->bytes += action->is.credit.bytes;
    schedule(world, member, route, partition, 1);
}

static void fetch(struct world *world, struct member *member, const struct task *task) {
    struct partition_log *log = &world->group[task->route].log[task->number];
    struct tenure *tenure = &member->tenure[task->route];
    struct reading *reading = &tenure->reading[task->number];
    if (!tenure->held || tenure->number != task->id)
        return;
    reading->scheduled = false;
    if (tenure->draining || reading->stopped || reading->events == 0 || reading->bytes == 0)
        return;
    uint32_t i = 0;
    while (i < log->count && log->record[i].offset < reading->position)
        i++;
    if (i > 0 && strikes(world->choices, FAULT_REWIND))
        i -= 1 + choose(world->choices, i < 3 ? i : 3);
    if (i < log->start) {
        log_error(world, member, task->route, task->number, PARTITION_OUT_OF_RANGE);
        return;
    }
    if (i >= log->count)
        return;
    if (log->record[i].at_ms > world->now_ms) {
        schedule(world, member, task->route, task->number, log->record[i].at_ms - world->now_ms);
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
                    tenure->reading[i].map = world->maps[task->map[i] % MOST_MAPS];
                }
        }
        feed(world, member, &input);
        break;
    }
    case TASK_COMMITTED:
        answer_committed(world, member, task);
        break;
    case TASK_FETCH:
        fetch(world, member, task);
        break;
    case TASK_OPERATOR:
        operate(world, task);
        break;
    }
}
