/* What an assignment takes of what the group's leader gives. No broker is asked. */
#include "kafka/assignment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/memory.h"

static const struct span topics[] = {{"ours", 4}, {"likewise", 8}};

static int setup(void **state) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "group.id", "g", NULL, 0);
    *state = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
    return *state != NULL ? 0 : -1;
}

static int teardown(void **state) {
    rd_kafka_destroy(*state);
    return 0;
}

static rd_kafka_topic_partition_list_t *given(void) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(4);
    (void)rd_kafka_topic_partition_list_add(list, "foreign", 0);
    (void)rd_kafka_topic_partition_list_add(list, "likewise", 7);
    (void)rd_kafka_topic_partition_list_add(list, "foreign", 1);
    (void)rd_kafka_topic_partition_list_add(list, "ours", 3);
    return list;
}

static void what_the_route_does_not_read_is_left_out(void **state) {
    struct assignment assignment = {0}, past = {0};
    rd_kafka_topic_partition_list_t *list = given();
    assert_true(assignment_begin(&assignment, *state, list, topics, 2, 0, 5, 0, -1, &past));
    rd_kafka_topic_partition_list_destroy(list);
    assert_int_equal(assignment.count, 2);
    assert_int_equal(assignment.partition[0].place.topic, 1);
    assert_int_equal(assignment.partition[0].place.partition, 7);
    assert_int_equal(assignment.partition[1].place.topic, 0);
    assert_int_equal(assignment.partition[1].place.partition, 3);
    assignment_end(&assignment, &past);
    assignment_forget(&past);
}

/* Else a revoke of it would be told to a core that never heard of it, and never be answered. */
static void without_memory_there_is_no_epoch(void **state) {
    struct assignment assignment = {0}, past = {0};
    rd_kafka_topic_partition_list_t *list = given();
    memory_fail(0, false);
    bool begun = assignment_begin(&assignment, *state, list, topics, 2, 0, 5, 0, -1, &past);
    assert_int_equal(memory_heal(), 1);
    rd_kafka_topic_partition_list_destroy(list);
    assert_false(begun);
    assert_int_equal(assignment.epoch, 0);
    assignment_end(&assignment, &past);
    assignment_forget(&past);
}

static void without_memory_for_inlets_nobody_shares(void **state) {
    struct assignment assignment = {0}, past = {0};
    rd_kafka_topic_partition_list_t *list = given();
    assert_true(assignment_begin(&assignment, *state, list, topics, 2, 0, 5, 0, -1, &past));
    rd_kafka_topic_partition_list_destroy(list);
    memory_fail(0, false);
    bool begun = inlets_begin(&assignment, *state, 1, -1);
    assert_int_equal(memory_heal(), 1);
    assert_false(begun);
    assert_true(assignment.inlet_count == 0 && assignment.partition[0].shared == NULL);
    assert_true(inlets_begin(&assignment, *state, 1, -1));
    assert_true(assignment.inlet_count == 1 && assignment.partition[0].shared == assignment.inlet);
    assignment_end(&assignment, &past);
    assignment_forget(&past);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_the_route_does_not_read_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory_there_is_no_epoch, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory_for_inlets_nobody_shares, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
