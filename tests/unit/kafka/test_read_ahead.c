/* Rows of kafka/read_ahead: how many queues, and how large, by memory and partitions. */
#include "kafka/read_ahead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define KIB (size_t)1024
#define MIB (1024 * KIB)

static void divides_half_of_the_memory(void **state) {
    static const struct {
        size_t memory, own, all, brokers, inlets, bytes;
    } rows[] = {{256 * MIB, 1, 1, 1, 56, 8 * MIB}, /* as much as is of use */
                {256 * MIB, 4, 4, 3, 56, 2 * MIB},
                {256 * MIB, 4, 50, 3, 4, 2 * MIB},     /* room for four queues of four: each has its own */
                {32 * MIB, 4, 4, 3, 7, 2 * MIB},       /* likewise */
                {288 * MIB, 64, 64, 3, 64, 256 * KIB}, /* likewise, just so: less than this no queue has */
                {144 * MIB, 64, 64, 1, 32, 256 * KIB}, /* two share each of 32 */
                {36 * MIB, 64, 64, 1, 8, 256 * KIB},
                {36 * MIB, 32, 64, 1, 4, 256 * KIB},   /* half of the half */
                {40 * MIB, 20, 20, 1, 8, 512 * KIB},   /* what the answers leave */
                {150 * MIB, 64, 64, 3, 12, 256 * KIB}, /* each with an answer of three brokers */
                {150 * MIB, 64, 64, 0, 12, 256 * KIB}, /* likewise, where nobody says */
                {32 * MIB, 4, 200, 1, 1, 256 * KIB},   /* at least one, though there is no room for it */
                {16 * MIB, 1, 100, 1, 1, 256 * KIB}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct read_ahead ahead = read_ahead_divide(rows[i].memory, rows[i].own, rows[i].all, rows[i].brokers);
        assert_int_equal(ahead.inlets, rows[i].inlets);
        assert_int_equal(ahead.bytes, rows[i].bytes);
    }
}

/* With every answer, whatever the numbers, but where one queue a route is too much already. */
static void all_together_stay_within_it(void **state) {
    (void)state;
    for (size_t memory = 16; memory <= 1024; memory *= 2)
        for (size_t routes = 1; routes <= 100; routes = routes * 3 / 2 + 1)
            for (size_t own = 1; own <= 256; own = own * 3 / 2 + 1) {
                struct read_ahead ahead = read_ahead_divide(memory * MIB, own, own * routes, 1);
                size_t queues = ahead.inlets < own ? ahead.inlets : own;
                assert_true(queues >= 1 && ahead.bytes >= 256 * KIB);
                if (read_ahead_least(routes) <= memory * MIB / 2)
                    assert_true(routes * queues * (queues < own ? ahead.bytes + 2 * MIB : 2 * MIB) <= memory * MIB / 2);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(divides_half_of_the_memory),
                                       cmocka_unit_test(all_together_stay_within_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
