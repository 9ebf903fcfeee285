/* Random stories of partitions that share librdkafka's queues: records are fetched, credit comes in any size or not at
 * all, partitions stop, rebalances strike at any call, memory fails. Each record is given once, in order, within its
 * credit; nobody waits for a neighbour without credit; and when all have some, all of it is given and all share again.
 * The consumer is served only when something would wake it. */
#include "kafka/consumer_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/dice.h"
#include "support/memory.h"
#include "support/queues.h"

enum { ALL = QUEUES_PARTITIONS, SEEDS = 6000, SHORT_SEEDS = 60, STEPS = 600 };
enum { PERCENT = 10000, LOOKS = 60, LEAST_PATIENCE_MS = 100 };

struct world {
    struct dice dice;
    uint64_t seed;
    struct consumer consumer;
    int64_t now_ms;
    uint32_t epoch;
    size_t inlets, limit, batch;
    bool ready;      /* to be served at once */
    bool full;       /* the route wants no more */
    bool poor;       /* there is no memory for credit */
    bool calm;       /* nobody is stopped, nothing is taken away */
    bool asked;      /* who did not say that it waits gets nothing */
    size_t given;    /* records, by now */
    size_t failures; /* that memory may still cause */
    struct {
        struct place place;
        size_t next; /* entry of its log that comes next */
        uint32_t credit;
        size_t bytes;
        bool ours, stopped;
        bool closed;                 /* gets no credit for a reason of its own */
        bool waits;                  /* it said so, */
        int64_t since_ms, before_ms; /* and before the last serving */
        bool apart;                  /* when last looked at */
    } partition[ALL];
};

#define CHECK(world, condition, what)                                                                                  \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fail_msg("seed %llu: %s", (unsigned long long)(world)->seed, (what));                                      \
    } while (0)

static size_t index_of(struct place place) {
    return place.topic * QUEUES_EACH + (size_t)place.partition;
}

static bool chance(struct world *world, uint32_t percent) {
    return dice_chance(&world->dice, percent * PERCENT);
}

/* --- what must come --- */

static size_t need_of(const struct world *world, const struct queues_entry *entry) {
    size_t value = entry->null ? 0 : entry->value, largest = world->consumer.largest;
    return largest > 0 && entry->key + value > largest && !entry->null ? entry->key : entry->key + value;
}

static const struct queues_entry nothing = {.offset = -1};
/* Marks and what passes are no records. */
static const struct queues_entry *next_of(struct world *world, size_t i) {
    size_t *next = &world->partition[i].next;
    while (*next < queues_written(i)) {
        const struct queues_entry *entry = queues_entry(i, *next);
        if (!entry->mark && entry->error != RD_KAFKA_RESP_ERR__TRANSPORT)
            return entry;
        (*next)++;
    }
    return &nothing;
}

static bool is_done(struct world *world, size_t i) {
    return !world->partition[i].ours || world->partition[i].stopped || next_of(world, i) == &nothing;
}

/* --- what the core does --- */

static bool has_credit(struct world *world, size_t i) {
    return world->partition[i].credit > 0 && world->partition[i].bytes >= need_of(world, next_of(world, i));
}

static void grant(struct world *world, size_t i, uint32_t events, size_t bytes) {
    if (world->full || world->poor || world->partition[i].closed || world->partition[i].stopped ||
        !world->partition[i].ours)
        return;
    world->partition[i].credit += events;
    world->partition[i].bytes += bytes;
    world->partition[i].waits = world->partition[i].waits && !has_credit(world, i);
    consumer_grant(&world->consumer, world->partition[i].place, events, bytes);
    world->ready = true;
}

static void hand_back(struct world *world) {
    if (world->epoch != 0)
        consumer_hand_back(&world->consumer, world->epoch);
    world->epoch = 0;
    for (size_t i = 0; i < ALL; i++)
        world->partition[i].ours = false;
}

static void stop_partition(struct world *world, size_t i) {
    if (!world->partition[i].ours)
        return;
    consumer_stop_partition(&world->consumer, world->partition[i].place);
    world->partition[i].stopped = true;
}

/* Anything may happen inside any call of the consumer's. */
static void meddle(struct world *world) {
    size_t i = dice_below(&world->dice, ALL);
    if (chance(world, 20))
        grant(world, i, (uint32_t)dice_below(&world->dice, 6), dice_below(&world->dice, 600));
    if (world->calm)
        return;
    if (chance(world, 1) && chance(world, 20))
        stop_partition(world, i);
    if (chance(world, 1) && chance(world, 10))
        hand_back(world);
}

static void on_event(void *owner, struct event *event) {
    struct world *world = owner;
    size_t i = index_of(event->place);
    CHECK(world, world->epoch != 0 && event->place.epoch == world->epoch, "a record of another epoch");
    CHECK(world, world->partition[i].ours && !world->partition[i].stopped, "a record of a stopped partition");
    const struct queues_entry *entry = next_of(world, i);
    CHECK(world, event->offset == entry->offset, "not the record that comes next");
    size_t need = need_of(world, entry);
    bool omitted = need < entry->key + (entry->null ? 0 : entry->value);
    CHECK(world, event->key.size == entry->key && (event->value.data == NULL) == (entry->null || omitted),
          "not the record's bytes");
    CHECK(world, event->value.data == NULL || event->value.size == entry->value, "not its value's bytes");
    CHECK(world, has_credit(world, i), "a record without credit");
    world->partition[i].credit--;
    world->partition[i].bytes -= need;
    world->partition[i].next++;
    world->given++;
    event_destroy(event);
    meddle(world);
}

static void on_wanted(void *owner, struct place place, size_t bytes) {
    struct world *world = owner;
    size_t i = index_of(place);
    const struct queues_entry *entry = next_of(world, i);
    CHECK(world, world->partition[i].ours && !world->partition[i].stopped && entry != &nothing, "it wants nothing");
    CHECK(world, bytes == need_of(world, entry), "it wants another size than its next record's");
    CHECK(world, !world->partition[i].waits, "it says twice that it waits");
    if (has_credit(world, i)) /* it was granted since */
        return;
    world->partition[i].waits = true;
    world->partition[i].since_ms = world->now_ms;
    meddle(world);
    if (chance(world, 30))
        grant(world, i, 1, bytes);
}

static bool is_hungry(void *owner, uint32_t route) {
    const struct world *world = owner;
    (void)route;
    return !world->full;
}

static bool has_room(void *owner, struct place place) {
    const struct world *world = owner;
    return !world->partition[index_of(place)].closed;
}

static void on_error(void *owner, struct place place, enum consumer_end end, const char *why) {
    struct world *world = owner;
    size_t i = index_of(place);
    (void)why;
    CHECK(world, world->partition[i].ours && !world->partition[i].stopped, "an error of a stopped partition");
    const struct queues_entry *entry = next_of(world, i);
    bool large = world->consumer.largest > 0 && need_of(world, entry) > world->consumer.largest;
    bool gone = entry->error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
    if (end == CONSUMER_UNREADABLE && !large) {
        CHECK(world, world->failures > 0, "it is unreadable without a cause");
        world->failures--;
    } else
        CHECK(world, large || (gone && end == CONSUMER_OUT_OF_RANGE), "an error without a cause");
    world->partition[i].stopped = true;
    meddle(world);
}

/* --- the world --- */

static void write_entry(struct world *world, size_t i) {
    size_t count = queues_written(i);
    if (count > 0 && queues_entry(i, count - 1)->error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
        return; /* nothing comes behind that */
    int64_t before = count > 0 ? queues_entry(i, count - 1)->offset : -1;
    struct queues_entry entry = {.offset = before + 1 + (chance(world, 10) ? (int64_t)dice_below(&world->dice, 5) : 0),
                                 .key = dice_below(&world->dice, 20),
                                 .value = dice_below(&world->dice, 200)};
    if (chance(world, 2))
        entry.value = 900;
    entry.null = chance(world, 5);
    if (chance(world, 2))
        entry.error = RD_KAFKA_RESP_ERR__TRANSPORT;
    if (!world->calm && chance(world, 1) && chance(world, 20))
        entry.error = RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
    if (!world->calm && chance(world, 1) && chance(world, 10))
        entry.key = 901;
    entry.mark = entry.error == RD_KAFKA_RESP_ERR_NO_ERROR && chance(world, 10);
    (void)queues_write(i, &entry);
}

static int64_t begin_of(struct world *world, size_t i) {
    const struct queues_entry *entry = next_of(world, i);
    size_t count = queues_written(i);
    return entry != &nothing ? entry->offset : count > 0 ? queues_entry(i, count - 1)->offset + 1 : 0;
}

static void assign(struct world *world) {
    struct consumer *consumer = &world->consumer;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(ALL);
    uint32_t epoch = ++consumer->epoch;
    assignment_end(&consumer->assignment, &consumer->past); /* as the group may, unasked */
    world->epoch = epoch;
    world->ready = true; /* it was served to hear of it */
    for (size_t i = 0; i < ALL; i++) {
        const struct place place = {0, (uint32_t)(i / QUEUES_EACH), (int32_t)(i % QUEUES_EACH), epoch};
        world->partition[i].ours = i == 0 || world->calm || chance(world, 80);
        world->partition[i].place = place;
        world->partition[i].stopped = world->partition[i].waits = world->partition[i].apart = false;
        world->partition[i].bytes = world->partition[i].credit = 0;
        if (world->partition[i].ours)
            (void)rd_kafka_topic_partition_list_add(list, queues_topics[place.topic].data, place.partition);
    }
    CHECK(world,
          assignment_begin(&consumer->assignment, NULL, list, queues_topics, QUEUES_TOPICS, 0, epoch, world->inlets, 1,
                           &consumer->past),
          "no assignment");
    rd_kafka_topic_partition_list_destroy(list);
    for (size_t i = 0; i < ALL; i++) {
        if (!world->partition[i].ours)
            continue;
        if (!world->calm && chance(world, 2))
            stop_partition(world, i);
        else
            consumer_begin_offset(consumer, world->partition[i].place, begin_of(world, i));
        grant(world, i, (uint32_t)dice_below(&world->dice, 8), dice_below(&world->dice, 1000));
    }
}

/* What is put aside stood in the inlet, or in a queue that joined it; nobody goes there at once or in vain. */
static void check_apart(struct world *world) {
    const struct assignment *assignment = &world->consumer.assignment;
    size_t alone = 0;
    for (size_t i = 0; i < assignment->count; i++) {
        const struct assigned_partition *one = &assignment->partition[i];
        alone += one->apart || one->shared == NULL;
        size_t at = index_of(one->place);
        bool begins = one->apart && !world->partition[at].apart && !one->stopped;
        bool long_ago = world->now_ms >= world->partition[at].before_ms + LEAST_PATIENCE_MS;
        world->partition[at].apart = one->apart;
        world->partition[at].before_ms = world->partition[at].since_ms;
        CHECK(world, one->aside.count <= 2 * (world->limit + world->batch), "too much is put aside");
        CHECK(world, one->apart || one->aside.count == 0, "one that shares has something aside");
        CHECK(world, !begins || (long_ago && !world->full), "it is set apart too soon");
        CHECK(world, !one->apart || one->waiting == NULL || one->measured || one->stopped,
              "it reads ahead while it is apart");
    }
    CHECK(world, assignment->alone_count == alone, "somebody is read twice, or not at all");
}

/* What is left calls nobody. */
static void check_read(struct world *world) {
    const struct assignment *assignment = &world->consumer.assignment;
    for (size_t i = 0; assignment->assigned && i < assignment->inlet_count; i++) {
        const struct inlet *inlet = &assignment->inlet[i];
        bool waits = inlet->head != NULL && inlet->head->measured && !inlet->head->stopped;
        CHECK(world, waits || rd_kafka_queue_length(inlet->queue) == 0, "nobody would read what is left in an inlet");
    }
}

/* False: nothing would wake it. */
static bool serve(struct world *world) {
    bool woken = queues_woke();
    if (!world->ready && !woken && consumer_due_ms(&world->consumer) > world->now_ms)
        return false;
    world->ready = false;
    bool more = consumer_serve(&world->consumer, world->now_ms, false, 1 + dice_below(&world->dice, 64));
    world->ready = world->ready || more;
    check_apart(world);
    if (!more)
        check_read(world);
    return true;
}

/* --- liveness --- */

/* What an open partition asks for it gets. */
static void feed(struct world *world) {
    for (size_t i = 0; i < ALL; i++) {
        if (world->partition[i].waits)
            grant(world, i, 1 + (uint32_t)dice_below(&world->dice, 4), 1000);
        else if (!world->asked && (world->partition[i].credit < 4 || world->partition[i].bytes < 1000))
            grant(world, i, 8, 4000);
    }
}

static bool fetch(struct world *world) {
    size_t count = 0;
    for (size_t i = 0; i < ALL; i++)
        count += queues_fetch(i, world->batch);
    return count > 0;
}

/* Until nothing happens any more, however long one waits. */
static void settle(struct world *world) {
    world->full = world->poor = false;
    for (int looks = 0; looks < LOOKS && world->epoch != 0;) {
        size_t before = world->given;
        bool moved = fetch(world);
        moved = serve(world) || moved;
        feed(world);
        looks = world->given > before ? 0 : looks;
        if (moved || world->ready)
            continue;
        int64_t due_ms = consumer_due_ms(&world->consumer);
        if (due_ms == INT64_MAX)
            return;
        world->now_ms = due_ms > world->now_ms ? due_ms : world->now_ms;
        looks++;
    }
}

/* Nobody waits for a neighbour. */
static void check_open(struct world *world) {
    bool was = world->calm;
    world->calm = true;
    settle(world);
    for (size_t i = 0; i < ALL; i++)
        CHECK(world, world->partition[i].closed || is_done(world, i), "it waits for a neighbour");
    world->calm = was;
}

static void check_end(struct world *world) {
    for (size_t i = 0; i < ALL; i++)
        world->partition[i].closed = false;
    if (world->epoch == 0)
        assign(world);
    check_open(world);
    world->asked = false;
    feed(world);
    settle(world);
    world->ready = true; /* within a second everybody is served */
    settle(world);
    const struct assignment *assignment = &world->consumer.assignment;
    for (size_t i = 0; i < assignment->count; i++)
        CHECK(world, assignment->partition[i].stopped || !assignment->partition[i].apart, "it does not share again");
}

/* --- the story --- */

static void begin(struct world *world, uint64_t seed) {
    *world = (struct world){.seed = seed};
    dice_init(&world->dice, seed);
    world->inlets = dice_below(&world->dice, 4);
    world->limit = 1 + dice_below(&world->dice, 20);
    world->batch = 1 + dice_below(&world->dice, 8);
    world->asked = chance(world, 50);
    static char group[] = "sharing";
    world->consumer = (struct consumer){.group = group,
                                        .topics = queues_topics,
                                        .topic_count = QUEUES_TOPICS,
                                        .largest = chance(world, 50) ? 800 : 0,
                                        .wake = -1,
                                        .handler = {.owner = world,
                                                    .event = on_event,
                                                    .hungry = is_hungry,
                                                    .room = has_room,
                                                    .wanted = on_wanted,
                                                    .partition_error = on_error}};
    queues_begin(world->limit);
}

static void end(struct world *world) {
    struct consumer *consumer = &world->consumer;
    assignment_end(&consumer->assignment, &consumer->past);
    assignment_forget(&consumer->past);
    free(consumer->header);
    CHECK(world, queues_alive() == 0, "something of librdkafka's was not given back");
}

static void step(struct world *world) {
    size_t i = dice_below(&world->dice, ALL);
    switch (dice_below(&world->dice, 8)) {
    case 0:
    case 1:
        (void)queues_fetch(i, 1 + dice_below(&world->dice, world->batch));
        break;
    case 2:
        write_entry(world, i);
        break;
    case 3:
        grant(world, i, (uint32_t)dice_below(&world->dice, 6), dice_below(&world->dice, 600));
        break;
    case 4:
        world->now_ms += (int64_t)dice_below(&world->dice, chance(world, 10) ? 5000 : 200);
        break;
    case 5:
        world->partition[i].closed = chance(world, 40);
        world->full = chance(world, 10);
        world->poor = chance(world, 20);
        break;
    default:
        (void)serve(world);
    }
    if (!world->calm && (world->epoch == 0 || (chance(world, 1) && chance(world, 50))))
        assign(world);
    else
        meddle(world);
}

static void tell(struct world *world) {
    for (int i = 0; i < STEPS; i++) {
        step(world);
        if (chance(world, 1) && world->epoch != 0)
            check_open(world);
    }
    check_end(world);
}

static void nothing_is_lost_reordered_or_given_without_credit(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world world;
        begin(&world, seed);
        assign(&world);
        tell(&world);
        end(&world);
    }
}

/* Whichever allocation fails: one partition stops there and says so, the others go on; where all fail behind it, all
 * stop where they are. */
static void any_allocation_may_fail(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SHORT_SEEDS; seed++) {
        size_t failed = 1;
        for (size_t at = 0; failed > 0; at++) {
            struct world world;
            begin(&world, seed);
            world.calm = true;
            world.failures = seed % 4 > 0 ? 1 : SIZE_MAX;
            assign(&world);
            memory_fail(at, seed % 4 == 0);
            tell(&world);
            failed = memory_heal();
            end(&world);
        }
    }
}

/* Each of them is the head in turn: the one behind them all has no credit, and nobody is granted any meanwhile. */
static void many_without_room_hold_a_neighbour_back_for_a_moment_each(void **state) {
    (void)state;
    struct world world;
    begin(&world, 1);
    queues_begin(2 * ALL);
    world.calm = world.asked = true;
    world.inlets = world.batch = 1;
    for (size_t i = 0; i < ALL; i++) {
        world.partition[i].closed = true;
        (void)queues_write(i, &(struct queues_entry){.value = 10});
    }
    assign(&world);
    world.partition[ALL - 1].closed = false;
    while (!is_done(&world, ALL - 1) && world.now_ms < ALL * LEAST_PATIENCE_MS) {
        (void)fetch(&world);
        if (!serve(&world))
            world.now_ms++;
        feed(&world);
    }
    CHECK(&world, is_done(&world, ALL - 1), "it waits for its neighbours for long");
    end(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_lost_reordered_or_given_without_credit),
                                       cmocka_unit_test(any_allocation_may_fail),
                                       cmocka_unit_test(many_without_room_hold_a_neighbour_back_for_a_moment_each)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
