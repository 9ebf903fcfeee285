/* Rows of kafka/read_ahead: how many queues, and how large, by a route's part and its partitions. */
#include "kafka/read_ahead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define KIB (size_t)1024
#define MIB (1024 * KIB)

#define ANSWER (2 * MIB)

static void divides_a_routes_part(void **state) {
    static const struct {
        size_t part, partitions, brokers, inlets, bytes, excess;
    } rows[] = {{128 * MIB, 1, 1, 1, 8 * MIB, 0}, /* as much as is of use */
                {128 * MIB, 4, 3, 4, 2 * MIB, 0},
                {10 * MIB, 4, 3, 4, 512 * KIB, 0},        /* what the answers leave */
                {9 * MIB, 4, 3, 4, 256 * KIB, 0},         /* each has its own, just so: less than this no queue has */
                {9 * MIB - 1, 4, 1, 3, MIB - 1, 0},       /* two share one of three */
                {72 * MIB, 64, 1, 32, 256 * KIB, 0},      /* two share each */
                {18 * MIB, 64, 1, 8, 256 * KIB, 0},       /* eight share each */
                {20 * MIB, 20, 1, 8, 512 * KIB, 0},       /* what the answers leave */
                {75 * MIB, 64, 3, 12, 256 * KIB, 0},      /* each with an answer of three brokers */
                {75 * MIB, 64, 0, 12, 256 * KIB, 0},      /* likewise, where nobody says */
                {9 * KIB * 256, 1, 5, 1, 256 * KIB, 0},   /* nobody else leads anything of one partition */
                {4 * MIB, 2, 5, 1, 256 * KIB, 256 * KIB}, /* two answers, though there is no room for them */
                {9 * KIB * 256, 64, 3, 1, 256 * KIB, 4 * MIB}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct read_ahead ahead = read_ahead_divide(rows[i].part, rows[i].partitions, rows[i].brokers, ANSWER);
        assert_int_equal(ahead.inlets, rows[i].inlets);
        assert_int_equal(ahead.bytes, rows[i].bytes);
        assert_int_equal(ahead.excess, rows[i].excess);
    }
}

/* With every answer, whatever the numbers, but for what is said to be too much. */
static void never_takes_more(void **state) {
    (void)state;
    for (size_t part = 256 * KIB; part <= 512 * MIB; part = part * 5 / 4 + 1)
        for (size_t partitions = 1; partitions <= 256; partitions = partitions * 3 / 2 + 1)
            for (size_t brokers = 1; brokers <= 5; brokers++) {
                struct read_ahead ahead = read_ahead_divide(part, partitions, brokers, ANSWER);
                bool shared = ahead.inlets < partitions;
                size_t answers = ANSWER * (!shared ? 1 : brokers < partitions ? brokers : partitions);
                assert_true(ahead.inlets >= 1 && ahead.inlets <= partitions && ahead.bytes >= 256 * KIB);
                assert_true(ahead.inlets * (ahead.bytes + answers) <= part + ahead.excess);
                assert_true(ahead.excess == 0 || ahead.inlets == 1);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(divides_a_routes_part), cmocka_unit_test(never_takes_more)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
