/* What is known of a route whose partitions go from one reader to the next: whether its dead-letter topic takes
 * letters, and whether an operator who releases what is held can already be told that nothing is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/reach.h"
#include "support/plan.h"

enum { FIRST = 17 };

static int set_up(void **state) {
    struct stand *stand = calloc(1, sizeof *stand);
    assert_non_null(stand);
    stand_init(stand, "/errands");
    stand->route.workers = 1;
    stand_open(stand);
    stand->plan.workers = 1;
    *state = stand;
    return 0;
}

static int tear_down(void **state) {
    stand_finish(*state);
    free(*state);
    return 0;
}

static void step(struct stand *stand, struct input input) {
    input.now_ms = ++stand->now_ms;
    flow_step(stand->flow, &input, &stand->actions);
}

/* Partitions 0 to `count` - 1, or only those from `first` on. */
static void assign(struct stand *stand, uint32_t epoch, int32_t first, size_t count) {
    struct plan_given given;
    plan_give(&given, 0, epoch, count, FIRST);
    for (size_t i = 0; i < count; i++)
        given.place[i].partition = given.entry[i].partition = first + (int32_t)i;
    step(stand, given.assigned);
    step(stand, given.committed);
}

static void revoke(struct stand *stand, uint32_t epoch) {
    step(stand, (struct input){.kind = INPUT_REVOKED, .is.group = {.epoch = epoch}});
}

static void read_event(struct stand *stand, uint32_t epoch, int32_t partition, int64_t offset, struct span value) {
    step(stand, plan_event((struct place){.partition = partition, .epoch = epoch}, offset, SPAN("key"), value));
}

static uint64_t letter_written(const struct stand *stand) {
    for (size_t i = 0; i < stand->actions.count; i++)
        if (stand->actions.list[i].kind == ACTION_WRITE_LETTER)
            return stand->actions.list[i].is.letter->id;
    fail_msg("no letter was written");
    return 0;
}

static void answer_letter(struct stand *stand, uint64_t id, enum letter_outcome outcome) {
    step(stand, (struct input){.kind = INPUT_LETTER, .is.letter = {.id = id, .outcome = outcome}});
}

static bool letters_fail(const struct stand *stand) {
    struct route_counts counts;
    flow_counts(stand->flow, 0, &counts);
    return counts.letters_fail;
}

static void a_topic_that_takes_no_letters_is_remembered(void **state) {
    struct stand *stand = *state;
    assign(stand, 1, 0, 2);
    read_event(stand, 1, 1, FIRST, SPAN("no json"));
    answer_letter(stand, letter_written(stand), LETTER_FAILED);
    assert_true(letters_fail(stand));
    revoke(stand, 1);
    assert_true(letters_fail(stand));
    assign(stand, 2, 0, 2);
    assert_true(letters_fail(stand));
    read_event(stand, 2, 1, FIRST, SPAN("no json"));
    uint64_t id = letter_written(stand);
    assert_true(letters_fail(stand));
    answer_letter(stand, id, LETTER_ACKNOWLEDGED);
    assert_false(letters_fail(stand));
}

/* Whichever it takes, it takes letters again: it need not be the one that failed last. */
static void any_letter_that_is_taken_shows_that_it_takes_them(void **state) {
    struct stand *stand = *state;
    assign(stand, 1, 0, 2);
    read_event(stand, 1, 0, FIRST, SPAN("no json"));
    uint64_t other = letter_written(stand);
    read_event(stand, 1, 1, FIRST, SPAN("no json"));
    answer_letter(stand, letter_written(stand), LETTER_FAILED);
    assert_true(letters_fail(stand));
    answer_letter(stand, other, LETTER_ACKNOWLEDGED);
    assert_false(letters_fail(stand));
}

static void it_is_the_next_readers_then(void **state) {
    struct stand *stand = *state;
    assign(stand, 1, 0, 2);
    read_event(stand, 1, 1, FIRST, SPAN("no json"));
    answer_letter(stand, letter_written(stand), LETTER_FAILED);
    revoke(stand, 1);
    assign(stand, 2, 0, 1); /* its partition is somebody else's now */
    assert_false(letters_fail(stand));
}

static void so_it_is_where_we_have_no_partition(void **state) {
    struct stand *stand = *state;
    assign(stand, 1, 0, 2);
    read_event(stand, 1, 1, FIRST, SPAN("no json"));
    answer_letter(stand, letter_written(stand), LETTER_FAILED);
    revoke(stand, 1);
    assign(stand, 2, 0, 0);
    assert_false(letters_fail(stand));
}

/* The event ended without a letter: here, or at another reader who had the partition meanwhile. */
static void what_has_ended_waits_for_no_topic(void **state) {
    struct stand *stand = *state;
    struct plan_given given;
    assign(stand, 1, 0, 2);
    read_event(stand, 1, 1, FIRST, SPAN("no json"));
    answer_letter(stand, letter_written(stand), LETTER_FAILED);
    revoke(stand, 1);
    assign(stand, 2, 0, 2);
    read_event(stand, 2, 1, FIRST, SPAN("{\"n\":1}"));
    assert_true(letters_fail(stand));
    step(stand, plan_answer(2, 200));
    assert_false(letters_fail(stand));
    read_event(stand, 2, 1, FIRST + 1, SPAN("no json"));
    answer_letter(stand, letter_written(stand), LETTER_FAILED);
    revoke(stand, 2);
    plan_give(&given, 0, 3, 2, FIRST + 1);
    step(stand, given.assigned);
    step(stand, given.committed);
    assert_true(letters_fail(stand));
    revoke(stand, 3);
    plan_give(&given, 0, 4, 2, FIRST + 2);
    step(stand, given.assigned);
    assert_true(letters_fail(stand));
    step(stand, given.committed);
    assert_false(letters_fail(stand));
}

/* Several readers of the generation before may have had it one after the other: the last knew most. */
static void of_what_was_committed_before_the_highest_counts(void **state) {
    struct stand *stand = *state;
    const struct reached entry[] = {{0, 0, FIRST}, {0, 0, FIRST + 5}, {0, 0, FIRST + 2}};
    struct plan_given given;
    int64_t told = -1;
    step(stand, (struct input){.kind = INPUT_REACHED, .is.reached = {.entry = entry, .count = 3}});
    plan_give(&given, 0, 1, 1, -1);
    step(stand, given.assigned);
    step(stand, given.committed);
    for (size_t i = 0; i < stand->actions.count; i++)
        if (stand->actions.list[i].kind == ACTION_REPORT &&
            stand->actions.list[i].is.report.kind == REPORT_COMMITTED_LOST)
            told = stand->actions.list[i].is.report.offset;
    assert_int_equal(told, FIRST + 5);
}

static struct reach release(const struct stand *stand, int32_t partition, int64_t offset) {
    const struct input input = {.kind = INPUT_RELEASE, .is.release = {.partition = partition, .offset = offset}};
    return flow_reach(stand->flow, &input);
}

#define assert_reach(found, here_, unread_, moves_)                                                                    \
    do {                                                                                                               \
        struct reach reach_ = found;                                                                                   \
        assert_int_equal(reach_.here, here_);                                                                          \
        assert_int_equal(reach_.unread, unread_);                                                                      \
        assert_int_equal(reach_.moves, moves_);                                                                        \
    } while (0)

static void what_is_under_way_is_no_answer_yet(void **state) {
    struct stand *stand = *state;
    struct plan_given given;
    assert_reach(release(stand, 0, FIRST), false, false, true); /* not joined yet */
    assert_reach(release(stand, 0, -1), false, false, true);
    plan_give(&given, 0, 1, 2, FIRST);
    step(stand, given.assigned);
    assert_reach(release(stand, 0, FIRST), false, false, true); /* where it begins is still asked */
    assert_reach(release(stand, 0, -1), false, false, true);
    assert_reach(release(stand, 5, FIRST), false, false, false); /* somebody else reads that one */
    step(stand, given.committed);
    assert_reach(release(stand, 0, FIRST), false, true, false);
    read_event(stand, 1, 0, FIRST, SPAN("{\"n\":1}"));
    assert_reach(release(stand, 0, FIRST), true, false, false);
    assert_reach(release(stand, 0, FIRST + 1), false, true, false);
    assert_reach(release(stand, 0, -1), true, false, false);
    revoke(stand, 1); /* the request is under way: it drains */
    assert_reach(release(stand, 0, FIRST), false, false, true);
    assert_reach(release(stand, 0, -1), false, false, true);
    assert_reach(release(stand, 5, FIRST), false, false, true);
}

/* A route that this worker does not read, or that is off, has nothing and never will. */
static void what_is_not_read_here_is_not_waited_for(void **state) {
    struct stand *stand = *state;
    stand->route.mode = ROUTE_OFF;
    assert_reach(release(stand, 0, FIRST), false, false, false);
    assert_reach(release(stand, 0, -1), false, false, false);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(a_topic_that_takes_no_letters_is_remembered),
                                       TEST(any_letter_that_is_taken_shows_that_it_takes_them),
                                       TEST(it_is_the_next_readers_then),
                                       TEST(so_it_is_where_we_have_no_partition),
                                       TEST(what_has_ended_waits_for_no_topic),
                                       TEST(of_what_was_committed_before_the_highest_counts),
                                       TEST(what_is_under_way_is_no_answer_yet),
                                       TEST(what_is_not_read_here_is_not_waited_for)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
