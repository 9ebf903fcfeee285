/* Random stories against a small world: a log, a committed offset, a platform, a dead-letter topic, rebalances and
 * crashes. Commits never pass an unsettled event, keys keep their order, and when faults end everything settles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/dice.h"
#include "flow/flow.h"

#include <stdlib.h>

enum { PARTITIONS = 3, EVENTS = 30, KEYS = 3, OPEN = 256, MOST_BYTES = 12, SEEDS = 1500, STEPS = 500 };

static const struct status_range success[] = {{200, 299}};
static const struct status_range retry[] = {{408, 408}, {425, 425}, {429, 429}, {500, 599}};
static const struct status_range hold[] = {{401, 401}, {403, 403}, {407, 407}};
static const struct status_range dead[] = {{400, 499}};
static const struct span topics[] = {{"arende.v1", 9}};

struct under_way {
    uint64_t id; /* 0: free */
    bool letter, aborted;
    uint32_t epoch;
    int32_t partition;
    int64_t offset;
};

struct world {
    struct dice dice;
    struct platform_spec platform;
    struct route route;
    struct plan plan;
    struct flow *flow;
    struct actions actions;
    int64_t now_ms, wake_ms;
    uint32_t epoch;
    bool assigned, asked, leaving, calm;
    struct {
        int64_t committed, position;
        uint32_t credit;
        size_t bytes;
        bool reading;
        bool settled[EVENTS];
        int key[EVENTS];  /* -1: none */
        int kind[EVENTS]; /* 0 good, 1 not JSON, 2 tombstone */
    } partition[PARTITIONS];
    struct under_way open[OPEN];
    bool committing;
    uint32_t commit_epoch;
    int64_t commit[PARTITIONS]; /* -1: not in it */
    uint64_t seed;
};

#define CHECK(world, condition, what)                                                                                  \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fail_msg("seed %llu: %s", (unsigned long long)(world)->seed, (what));                                      \
    } while (0)

static int64_t offset_of(int index) {
    return (int64_t)index + index / 7 * 3; /* gaps */
}

static int index_of(int64_t offset) {
    int index = 0;
    while (offset_of(index) < offset)
        index++;
    return index;
}

static void take_send(struct world *world, const struct request *request) {
    int partition = (int)request->place.partition, index = index_of(request->offset);
    int key = world->partition[partition].key[index];
    CHECK(world, request->place.epoch == world->epoch && world->assigned, "a request outside its epoch");
    for (int i = 0; i < index && key >= 0; i++)
        CHECK(world,
              world->partition[partition].key[i] != key || world->partition[partition].settled[i] ||
                  offset_of(i) < world->partition[partition].committed,
              "an event overtook one of its key (I2)");
    for (size_t i = 0; i < OPEN; i++)
        CHECK(world,
              world->open[i].id == 0 || world->open[i].epoch != world->epoch || world->open[i].partition != partition ||
                  world->open[i].offset != request->offset,
              "one event has two actions under way");
}

static void remember(struct world *world, uint64_t id, bool letter, struct place place, int64_t offset) {
    for (size_t i = 0; i < OPEN; i++)
        if (world->open[i].id == 0) {
            world->open[i] = (struct under_way){id, letter, false, place.epoch, place.partition, offset};
            return;
        }
    fail_msg("too much is under way");
}

static void take_commit(struct world *world, const struct action *action) {
    CHECK(world, !world->committing || world->commit_epoch != action->is.commit.epoch, "two commits (I6)");
    world->committing = true;
    world->commit_epoch = action->is.commit.epoch;
    for (int i = 0; i < PARTITIONS; i++)
        world->commit[i] = -1;
    for (size_t i = 0; i < action->is.commit.count; i++) {
        const struct commit_entry *entry = &action->is.commit.entry[i];
        for (int k = 0; k < EVENTS && offset_of(k) < entry->offset; k++)
            CHECK(world, world->partition[entry->partition].settled[k], "a commit passes an unsettled event (I1)");
        CHECK(world, entry->offset >= world->partition[entry->partition].committed, "a commit goes down (I6)");
        world->commit[entry->partition] = entry->offset;
    }
}

static void take_report(struct world *world, const struct action *action) {
    enum outcome outcome = action->is.report.outcome;
    if (action->is.report.kind != REPORT_SETTLED)
        return;
    int partition = action->is.report.place.partition, index = index_of(action->is.report.offset);
    if (outcome == OUTCOME_FILTERED) {
        CHECK(world, world->partition[partition].kind[index] == 2, "a filtered event is no tombstone (I3)");
        world->partition[partition].settled[index] = true;
    }
    CHECK(world, world->partition[partition].settled[index],
          "settled without a success or an acknowledged letter (I3)");
}

static void step(struct world *world, struct input input) {
    input.now_ms = world->now_ms;
    input.wall_ms = world->now_ms;
    flow_step(world->flow, &input, &world->actions);
    for (size_t i = 0; i < world->actions.count; i++) {
        const struct action *action = &world->actions.list[i];
        if (action->kind == ACTION_BEGIN_PARTITION) {
            int partition = (int)action->is.begin.place.partition;
            int64_t offset = action->is.begin.kind == BEGIN_OFFSET ? action->is.begin.offset : 0;
            world->partition[partition].position = offset;
            world->partition[partition].reading = true;
        } else if (action->kind == ACTION_GRANT_CREDIT) {
            world->partition[action->is.credit.place.partition].credit += action->is.credit.events;
            world->partition[action->is.credit.place.partition].bytes += action->is.credit.bytes;
        } else if (action->kind == ACTION_SEND_REQUEST) {
            take_send(world, action->is.request);
            remember(world, action->is.request->id, false, action->is.request->place, action->is.request->offset);
        } else if (action->kind == ACTION_WRITE_LETTER)
            remember(world, action->is.letter->id, true, action->is.letter->place, action->is.letter->offset);
        else if (action->kind == ACTION_ABORT_REQUEST) {
            for (size_t k = 0; k < OPEN; k++)
                if (world->open[k].id == action->is.abort)
                    world->open[k].aborted = true;
        } else if (action->kind == ACTION_COMMIT)
            take_commit(world, action);
        else if (action->kind == ACTION_READ_COMMITTED)
            world->asked = true;
        else if (action->kind == ACTION_HAND_BACK)
            world->assigned = world->leaving = false;
        else if (action->kind == ACTION_WAKE_AT)
            world->wake_ms = action->is.wake_at_ms;
        else if (action->kind == ACTION_REPORT)
            take_report(world, action);
    }
    struct route_counts counts;
    flow_counts(world->flow, 0, &counts);
    uint64_t sum = counts.unsettled;
    for (int i = 0; i < OUTCOME_COUNT; i++)
        sum += counts.outcome[i];
    CHECK(world, sum == counts.consumed, "conservation (I12)");
    CHECK(world, flow_bytes(world->flow) <= world->plan.memory_limit, "memory (I10)");
}

static void assign(struct world *world) {
    struct place place[PARTITIONS];
    world->epoch++;
    world->assigned = true;
    world->leaving = world->asked = false;
    for (int i = 0; i < PARTITIONS; i++) {
        place[i] = (struct place){.partition = i, .epoch = world->epoch};
        world->partition[i].credit = 0;
        world->partition[i].bytes = 0;
        world->partition[i].reading = false;
    }
    step(world, (struct input){.kind = INPUT_ASSIGNED,
                               .is.group = {.epoch = world->epoch, .place = place, .count = PARTITIONS}});
}

static void answer_committed(struct world *world) {
    struct committed committed[PARTITIONS];
    if (!world->asked || !world->assigned)
        return;
    world->asked = false;
    for (int i = 0; i < PARTITIONS; i++)
        committed[i] = (struct committed){.partition = i,
                                          .failed = !world->calm && dice_below(&world->dice, 10) == 0,
                                          .offset = world->partition[i].committed};
    step(world, (struct input){.kind = INPUT_COMMITTED,
                               .is.committed = {.epoch = world->epoch, .entry = committed, .count = PARTITIONS}});
}

static void read_event(struct world *world, int partition) {
    int index = index_of(world->partition[partition].position);
    struct place place = {.partition = partition, .epoch = world->epoch};
    if (!world->assigned || !world->partition[partition].reading || index >= EVENTS)
        return;
    if (world->partition[partition].credit == 0 || world->partition[partition].bytes < MOST_BYTES) {
        step(world, (struct input){.kind = INPUT_WANTED, .is.wanted = {place, MOST_BYTES}});
        return;
    }
    int kind = world->partition[partition].kind[index], key = world->partition[partition].key[index];
    static const char *const keys[] = {"a", "b", "c"};
    struct event *event = event_create(place, offset_of(index), -1, key < 0 ? SPAN_NONE : span_of(keys[key]),
                                       kind == 2   ? SPAN_NONE
                                       : kind == 1 ? SPAN("{]")
                                                   : SPAN("{\"id\":\"x\"}"),
                                       NULL, 0);
    assert_non_null(event);
    world->partition[partition].credit--;
    size_t bytes = event->key.size + event->value.size;
    world->partition[partition].bytes -=
        bytes < world->partition[partition].bytes ? bytes : world->partition[partition].bytes;
    world->partition[partition].position = offset_of(index) + 1;
    step(world, (struct input){.kind = INPUT_EVENT, .is.event = event});
}

static void settle(struct world *world, const struct under_way *open) {
    world->partition[open->partition].settled[index_of(open->offset)] = true;
}

static void answer_open(struct world *world, struct under_way *open) {
    static const int statuses[] = {200, 200, 200, 200, 400, 401, 429, 500, 503};
    struct under_way was = *open;
    uint64_t chance = world->calm ? 0 : dice_below(&world->dice, 10);
    open->id = 0;
    if (was.letter) {
        enum letter_outcome outcome = chance < 7 ? LETTER_ACKNOWLEDGED : chance == 7 ? LETTER_TOO_LARGE : LETTER_FAILED;
        if (outcome == LETTER_ACKNOWLEDGED)
            settle(world, &was);
        step(world, (struct input){.kind = INPUT_LETTER, .is.letter = {.id = was.id, .outcome = outcome}});
        return;
    }
    enum reply_kind kind = chance < 8 ? REPLY_ANSWERED : chance == 8 ? REPLY_NOT_SENT : REPLY_AMBIGUOUS;
    if (was.aborted && chance > 2)
        kind = REPLY_ABORTED;
    struct reply *reply = reply_create(was.id, kind, kind == REPLY_ANSWERED ? REPLY_FAULT_NONE : REPLY_FAULT_RESET);
    assert_non_null(reply);
    reply->status = world->calm ? 200 : statuses[dice_below(&world->dice, 9)];
    reply->retry_after_ms = dice_below(&world->dice, 4) == 0 ? (int64_t)dice_below(&world->dice, 100000) : -1;
    if (kind == REPLY_ANSWERED && reply->status == 200)
        settle(world, &was);
    step(world, (struct input){.kind = INPUT_REPLY, .is.reply = reply});
}

static void answer_commit(struct world *world) {
    if (!world->committing)
        return;
    uint64_t chance = world->calm ? 0 : dice_below(&world->dice, 10);
    enum commit_error error = chance < 7 ? COMMIT_DONE : (enum commit_error)(chance - 6);
    if (world->commit_epoch != world->epoch)
        error = COMMIT_FENCED; /* the broker knows the generation */
    world->committing = false;
    for (int i = 0; i < PARTITIONS; i++)
        if (world->commit[i] >= 0 && error == COMMIT_DONE)
            world->partition[i].committed = world->commit[i];
    step(world,
         (struct input){.kind = INPUT_COMMIT_RESULT, .is.commit = {.epoch = world->commit_epoch, .error = error}});
}

static void leave(struct world *world, enum input_kind kind) {
    if (!world->assigned || (world->leaving && kind == INPUT_REVOKED))
        return;
    world->leaving = true;
    step(world, (struct input){.kind = kind, .is.group = {.epoch = world->epoch}});
}

/* Nothing of the process is left; what was sent may still be done by the platform, but its answers reach nobody. */
static void crash(struct world *world) {
    flow_destroy(world->flow);
    world->flow = flow_create(&world->plan, dice_throw(&world->dice));
    assert_non_null(world->flow);
    memset(world->open, 0, sizeof world->open);
    world->assigned = world->leaving = world->committing = world->asked = false;
    world->wake_ms = INT64_MAX;
    world->epoch = 0;
}

static void pass_time(struct world *world, int64_t most_ms) {
    int64_t next_ms = world->now_ms + (int64_t)dice_below(&world->dice, (uint64_t)most_ms) + 1;
    if (world->wake_ms > world->now_ms && dice_below(&world->dice, 4) != 0)
        next_ms = world->wake_ms < world->now_ms + 1000 ? world->wake_ms : world->now_ms + 1000;
    world->now_ms = next_ms;
    step(world, (struct input){.kind = INPUT_TIMER});
}

static void anything(struct world *world) {
    struct under_way *open = &world->open[dice_below(&world->dice, 16)];
    switch (dice_below(&world->dice, world->calm ? 8 : 40)) {
    case 0:
        answer_committed(world);
        break;
    case 1:
        answer_commit(world);
        break;
    case 2:
        pass_time(world, 900);
        break;
    case 8:
        leave(world, dice_below(&world->dice, 2) == 0 ? INPUT_REVOKED : INPUT_LOST);
        break;
    case 9:
        if (dice_below(&world->dice, 4) == 0)
            crash(world);
        break;
    case 10:
        pass_time(world, 20000);
        break;
    case 11:
        if (dice_below(&world->dice, 4) == 0 && world->assigned)
            assign(world);
        break;
    default:
        if (!world->assigned)
            assign(world);
        else if (open->id != 0)
            answer_open(world, open);
        else
            read_event(world, (int)dice_below(&world->dice, PARTITIONS));
        break;
    }
}

static bool all_done(const struct world *world) {
    for (int i = 0; i < PARTITIONS; i++)
        if (world->partition[i].committed < offset_of(EVENTS - 1) + 1)
            return false;
    return true;
}

static void play(struct world *world, uint64_t seed) {
    world->seed = seed;
    dice_init(&world->dice, seed);
    world->route.window = (uint32_t)(1 + dice_below(&world->dice, 12));
    world->route.exposure =
        world->route.window + (uint32_t)(dice_below(&world->dice, 2) * dice_below(&world->dice, 20));
    world->platform.max_in_flight = (uint32_t)(1 + dice_below(&world->dice, 6));
    world->plan.memory_limit = dice_below(&world->dice, 3) == 0 ? 256 << 10 : 64 << 20;
    for (int i = 0; i < PARTITIONS; i++) {
        world->partition[i].committed = -1;
        for (int k = 0; k < EVENTS; k++) {
            world->partition[i].settled[k] = false;
            world->partition[i].key[k] = (int)dice_below(&world->dice, KEYS + 1) - 1;
            world->partition[i].kind[k] = dice_below(&world->dice, 8) < 6 ? 0 : (int)dice_below(&world->dice, 3);
        }
    }
    world->calm = false;
    world->now_ms = 0;
    world->flow = NULL;
    crash(world);
    for (int i = 0; i < STEPS; i++)
        anything(world);
    world->calm = true;
    for (int i = 0; i < 200000 && !all_done(world); i++)
        anything(world);
    CHECK(world, all_done(world), "faults ended and not everything was settled and committed (L1)");
    flow_destroy(world->flow);
    world->flow = NULL;
}

static void random_stories_end_well(void **state) {
    (void)state;
    static struct world world;
    world.platform = (struct platform_spec){.name = SPAN("oep"),
                                            .timeout_ms = 30000,
                                            .breaker = {5, 85, 50, 10000, 30000, 300000},
                                            .success = {success, 1},
                                            .retry = {retry, 4},
                                            .hold = {hold, 3},
                                            .dead_letter = {dead, 1}};
    world.route = (struct route){.name = SPAN("bygglov"),
                                 .topics = topics,
                                 .topic_count = 1,
                                 .dead_letter = SPAN("arende.v1.dlq"),
                                 .refusals = 2,
                                 .retry = {1000, 30000, 600000}};
    world.route.mapping =
        (struct mapping_spec){.method = SPAN("POST"), .route = world.route.name, .topics = topics, .body = BODY_EVENT};
    world.route.mapping.target = template_create(TEMPLATE_TARGET, SPAN("/errands/{$.id}"), NULL);
    world.plan = (struct plan){.generation = 1,
                               .platforms = &world.platform,
                               .platform_count = 1,
                               .routes = &world.route,
                               .route_count = 1,
                               .max_poll_interval_ms = 300000,
                               .session_timeout_ms = 10000};
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        play(&world, seed);
    template_destroy(world.route.mapping.target);
    actions_finish(&world.actions);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_stories_end_well)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
