/* What the consumers of all workers may hold, and the events' part, stay together within limits.memory, whatever the
 * routes. */
#include "daemon/ahead.h"
#include "flow/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { MIB = 1 << 20, MOST_ROUTES = 60, MOST_WORKERS = 4, CLIENT = MIB / 2, ANSWER = 2 * MIB };

struct house {
    struct plan plan, share[MOST_WORKERS];
    struct route route[MOST_ROUTES];
    struct platform_spec platform, own[MOST_WORKERS];
    char name[MOST_ROUTES][16];
    uint32_t partitions[MOST_ROUTES];
};

static void build(struct house *house, uint32_t routes, uint32_t workers, uint32_t brokers, size_t memory) {
    *house = (struct house){.platform = {.name = SPAN("p"), .max_in_flight = 64}};
    house->plan = (struct plan){.platforms = &house->platform,
                                .platform_count = 1,
                                .routes = house->route,
                                .route_count = routes,
                                .memory_limit = memory,
                                .consumer = {CLIENT, ANSWER, brokers}};
    for (uint32_t i = 0; i < routes; i++) {
        (void)snprintf(house->name[i], sizeof house->name[i], "r%u", i);
        house->route[i] = (struct route){.name = span_of(house->name[i]), .workers = i % workers + 1};
        house->route[i].mode = i % 7 == 5 ? ROUTE_OFF : ROUTE_ON;
        house->partitions[i] = i % 3 == 0 ? 1 : i * 17 % 64;
    }
    share_place(&house->plan, workers);
    for (uint32_t i = 0; i < workers; i++)
        share_make(&house->share[i], &house->own[i], &house->plan, i);
}

/* The most that the process may hold when so many brokers answer at once. */
static size_t most_of(const struct house *house, uint32_t brokers, size_t *excess) {
    size_t most = 0;
    *excess = 0;
    for (uint32_t worker = 0; worker < house->plan.workers; worker++) {
        const struct plan *share = &house->share[worker];
        bool reads = false;
        for (uint32_t i = 0; i < share->route_count; i++) {
            if (!share_reads(share, i, worker))
                continue;
            reads = true;
            struct read_ahead ahead = ahead_of(share, house->partitions, brokers, i);
            size_t partitions = house->partitions[i] > 0 ? house->partitions[i] : 1;
            size_t leaders = ahead.inlets >= partitions ? 1 : brokers < partitions ? brokers : partitions;
            most += CLIENT + ahead.inlets * (ahead.bytes + leaders * ANSWER);
            *excess += ahead.excess;
        }
        most += reads ? share->memory_limit : 0;
    }
    return most;
}

static void all_stay_within_the_limit(void **state) {
    (void)state;
    static struct house house;
    for (uint32_t routes = 1; routes <= MOST_ROUTES; routes += routes / 3 + 1)
        for (uint32_t workers = 1; workers <= MOST_WORKERS; workers++)
            for (uint32_t brokers = 1; brokers <= 4; brokers++)
                for (size_t memory = 16; memory <= 4096; memory *= 2) {
                    size_t excess;
                    build(&house, routes, workers, brokers, memory * MIB);
                    if (ration_least(&house.plan.consumer, share_consumers(&house.plan)) > memory * MIB)
                        continue; /* no such configuration is accepted */
                    assert_true(most_of(&house, brokers, &excess) <= memory * MIB);
                    assert_int_equal(excess, 0);
                    assert_true(most_of(&house, brokers + 1, &excess) <= memory * MIB + excess);
                }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_stay_within_the_limit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
