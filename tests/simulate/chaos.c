/* What happens by itself, at any moment. Answers that go wrong are elsewhere. */
#include "world.h"

static const enum fault sudden[] = {
    FAULT_CRASH_BEFORE,   FAULT_CRASH_AMID,     FAULT_CRASH_AFTER,   FAULT_STALL,           FAULT_STALL_EXPIRED,
    FAULT_SUSPENDED,      FAULT_WANTED_STALE,   FAULT_RELEASE_ANY,   FAULT_REBALANCE,       FAULT_LOST,
    FAULT_ASSIGNED_TWICE, FAULT_ASSIGNED_STALE, FAULT_REVOKED_STALE, FAULT_LOST_STALE,      FAULT_STOP,
    FAULT_REPLY_UNKNOWN,  FAULT_LETTER_OUTAGE,  FAULT_EVENT_STALE,   FAULT_COMMIT_STALE,    FAULT_COMMITTED_STALE,
    FAULT_OUT_OF_RANGE,   FAULT_TRUNCATED,      FAULT_UNAVAILABLE,   FAULT_PARTITION_STALE, FAULT_PLATFORM_OUTAGE,
    FAULT_PLATFORM_TOLD,  FAULT_TIMER_EARLY,    FAULT_TABLE_CHANGED, FAULT_RECREATED,       FAULT_KAFKA_OUTAGE,
    FAULT_CALENDAR,       FAULT_TOKEN_OUTAGE,   FAULT_RELOAD,        FAULT_FORGOTTEN};

enum { LONGEST_SLEEP_MS = 30 * 60 * 1000 };

static void stall(struct world *world, struct member *member, int64_t longest_ms, bool expired) {
    int64_t session_ms = world->scene.session_timeout_ms;
    int64_t until_ms = world->now_ms + session_ms / 2 + 1 + choose(world->choices, (uint32_t)longest_ms);
    for (uint32_t i = 0; i < world->scene.members; i++) /* the whole process */
        if (world->scene.process[i] == world->scene.process[member->index] && world->member[i].flow != NULL)
            world->member[i].stalled_ms = until_ms;
    if (!expired)
        return;
    for (uint32_t i = 0; i < world->scene.route_count; i++)
        if (!world->group[i].expired[member->index])
            group_expire(world, i, member->index, member->stalled_ms - world->now_ms + 1);
}

static void stale(struct world *world, struct member *member, uint32_t route, enum fault fault) {
    struct tenure *tenure = &member->tenure[route];
    if (tenure->epoch < 2)
        return;
    uint32_t epoch = tenure->epoch - 1;
    struct place place = {.route = route, .epoch = epoch};
    struct committed committed = {.offset = 0};
    struct input input = {.kind = INPUT_ASSIGNED, .is.group = {route, epoch, &place, 1}};
    if (fault == FAULT_REVOKED_STALE)
        input.kind = INPUT_REVOKED;
    else if (fault == FAULT_LOST_STALE)
        input.kind = INPUT_LOST;
    else if (fault == FAULT_COMMIT_STALE)
        input = (struct input){.kind = INPUT_COMMIT_RESULT, .is.commit = {route, epoch, COMMIT_DONE}};
    else if (fault == FAULT_COMMITTED_STALE)
        input = (struct input){.kind = INPUT_COMMITTED, .is.committed = {route, epoch, &committed, 1}};
    else if (fault == FAULT_PARTITION_STALE)
        input = (struct input){.kind = INPUT_PARTITION_ERROR, .is.partition = {place, PARTITION_OUT_OF_RANGE}};
    else if (fault == FAULT_WANTED_STALE)
        input = (struct input){.kind = INPUT_WANTED, .is.wanted = {place, 100}};
    else if (fault == FAULT_EVENT_STALE) {
        struct partition_log *log = &world->group[route].log[0];
        if (log->count > 0)
            feed_record(world, member, route, 0, &log->record[choose(world->choices, log->count)], epoch);
        return;
    }
    feed(world, member, &input);
}

static void truncate_log(struct world *world, uint32_t route) {
    struct partition_log *log = &world->group[route].log[choose(world->choices, world->group[route].partitions)];
    for (uint32_t cut = choose(world->choices, 5); cut > 0 && log->start < log->count; cut--)
        log->record[log->start++].gone = true;
}

static void break_partition(struct world *world, struct member *member, uint32_t route, enum partition_error error) {
    uint32_t partition = choose(world->choices, world->group[route].partitions);
    if (member->tenure[route].held && member->tenure[route].reading[partition].mine)
        log_error(world, member, route, partition, error);
}

static void tell_platform(struct world *world, struct member *member) {
    static const enum platform_state states[] = {PLATFORM_UP, PLATFORM_OPEN, PLATFORM_HELD};
    struct input input = {.kind = INPUT_PLATFORM,
                          .is.platform = {choose(world->choices, member->setting->plan.platform_count),
                                          states[choose(world->choices, 3)],
                                          world->now_ms + choose(world->choices, 10000)}};
    feed(world, member, &input);
}

/* A process that is about to change its configuration is stopping already: the first stop only ends it for good. */
static void stop(struct world *world, uint32_t process, bool stopping) {
    struct choices *choices = world->choices;
    bool turns = world->process[process].reloading;
    world->process[process].reloading = false;
    if (stopping && !turns)
        return;
    if (!turns)
        process_stop(world, process, 0);
    if (choices->rate[FAULT_STOP_TWICE] == 0 || choose(choices, 2) != 1)
        return;
    choices->count[FAULT_STOP_TWICE]++;
    process_stop(world, process, 1 + choose(choices, 1000));
}

/* He names what he may, at any moment: an event, whatever becomes of it, or all of the route. */
static void release_any(struct world *world, uint32_t route) {
    uint32_t partition = choose(world->choices, world->group[route].partitions);
    const struct partition_log *log = &world->group[route].log[partition];
    if (log->count == 0)
        return;
    const struct record *record = &log->record[choose(world->choices, log->count)];
    struct task task = {.kind = TASK_RELEASE, .route = route, .number = partition, .id = (uint64_t)record->offset};
    hold_task(world, &task);
}

static void strike_member(struct world *world, struct member *member, uint32_t route, enum fault fault) {
    struct choices *choices = world->choices;
    struct input input = {.kind = INPUT_TIMER};
    switch ((int)fault) {
    case FAULT_CRASH_BEFORE:
    case FAULT_CRASH_AMID:
    case FAULT_CRASH_AFTER:
        member->doom = 1 + (int)fault - FAULT_CRASH_BEFORE;
        break;
    case FAULT_STALL:
    case FAULT_STALL_EXPIRED:
    case FAULT_SUSPENDED:
        stall(world, member, fault == FAULT_SUSPENDED ? LONGEST_SLEEP_MS : world->scene.session_timeout_ms,
              fault != FAULT_STALL);
        break;
    case FAULT_LOST:
        if (member->tenure[route].held && !world->group[route].expired[member->index])
            group_expire(world, route, member->index, 1 + choose(choices, 10000));
        break;
    case FAULT_ASSIGNED_TWICE:
        if (member->tenure[route].held && !member->stopping && !member->tenure[route].draining) {
            uint32_t mask = 0;
            for (uint32_t i = 0; i < MOST_PARTITIONS; i++)
                mask |= member->tenure[route].reading[i].mine ? 1u << i : 0;
            assign(world, member, route, mask);
        }
        break;
    case FAULT_STOP:
        stop(world, world->scene.process[member->index], member->stopping);
        break;
    case FAULT_RELOAD:
        if (!member->stopping)
            process_reload(world, world->scene.process[member->index]);
        break;
    case FAULT_REPLY_UNKNOWN:
        input.kind = INPUT_REPLY;
        input.is.reply = reply_create(1000000, REPLY_ANSWERED, REPLY_FAULT_NONE);
        if (input.is.reply == NULL)
            abort();
        input.is.reply->status = 200;
        feed(world, member, &input);
        break;
    case FAULT_OUT_OF_RANGE:
    case FAULT_UNAVAILABLE:
        break_partition(world, member, route,
                        fault == FAULT_UNAVAILABLE ? PARTITION_UNAVAILABLE : PARTITION_OUT_OF_RANGE);
        break;
    case FAULT_PLATFORM_TOLD:
        tell_platform(world, member);
        break;
    case FAULT_TIMER_EARLY:
        feed(world, member, &input);
        break;
    case FAULT_TABLE_CHANGED:
        input = (struct input){.kind = INPUT_TABLE};
        input.is.table.table = lookup_table_share(world->props->tables[choose(choices, TABLE_VERSIONS)]);
        feed(world, member, &input);
        break;
    default:
        stale(world, member, route, fault);
        break;
    }
}

/* One of all that can happen now, or nothing. */
static enum fault pick_sudden(struct choices *choices) {
    enum fault able[FAULT_COUNT];
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof sudden / sizeof *sudden; i++)
        if (choices->rate[sudden[i]] > 0)
            able[count++] = sudden[i];
    uint32_t picked = choices->budget > 0 ? pick(choices, count + 1) : 0;
    if (picked == 0)
        return FAULT_COUNT;
    choices->budget--;
    return able[picked - 1];
}

void chaos(struct world *world) {
    struct choices *choices = world->choices;
    if (!choices->explore && !chance(choices, world->restless))
        return;
    enum fault fault =
        choices->explore ? pick_sudden(choices) : sudden[choose(choices, sizeof sudden / sizeof *sudden)];
    if (fault == FAULT_COUNT || choices->rate[fault] == 0)
        return;
    choices->count[fault]++;
    uint32_t route = choose(choices, world->scene.route_count);
    struct member *member = &world->member[choose(choices, world->scene.members)];
    if (fault == FAULT_REBALANCE)
        group_rebalance(world, route);
    else if (fault == FAULT_TRUNCATED)
        truncate_log(world, route);
    else if (fault == FAULT_RELEASE_ANY)
        release_any(world, route);
    else if (fault == FAULT_RECREATED)
        log_recreate(world, route);
    else if (fault == FAULT_FORGOTTEN)
        log_forget(world, route);
    else if (fault == FAULT_KAFKA_OUTAGE)
        world->kafka_outage_ms = world->now_ms + choose(choices, 30000);
    else if (fault == FAULT_CALENDAR)
        world->wall_ms = ((int64_t)choose(choices, 2000) - 1000) * 86400000;
    else if (fault == FAULT_LETTER_OUTAGE)
        world->letter_outage_ms = world->now_ms + choose(choices, 30000);
    else if (fault == FAULT_PLATFORM_OUTAGE)
        world->outage_ms[choose(choices, MOST_ROUTES)] = world->now_ms + choose(choices, 30000);
    else if (fault == FAULT_TOKEN_OUTAGE)
        world->token_outage_ms = world->now_ms + choose(choices, 30000);
    else if (member->flow != NULL && world->now_ms >= member->stalled_ms)
        strike_member(world, member, route, fault);
}
