/* What the core does where memory is short, through the step: others hold it, by the flow's own account. Each event
 * goes on as soon as there is some, or at once on its platform's lifeline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/flow_private.h"
#include "support/plan.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST = 200, VALUE = 2000, MEMORY = 4 << 20, WAIT_MS = 5000 };

struct house {
    struct platform_spec platform[2];
    struct route route[2];
    struct plan plan;
    struct flow *flow;
    struct actions actions;
    int64_t now_ms;
    uint64_t request[MOST], letter[MOST];
    uint32_t carried[MOST]; /* events of each request */
    uint32_t requests, letters, forgotten;
    bool granted; /* in the last step */
    size_t held;  /* by others */
    char value[VALUE];
};

static int set_up(void **state) {
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    struct template *target = template_create(TEMPLATE_TARGET, SPAN("/import/{$.n ?? \"0\"}"), NULL);
    for (int i = 0; i < 2; i++) {
        house->platform[i] = plan_platform();
        house->route[i] = plan_route(target);
        house->route[i].mapping.platform = (uint32_t)i;
        house->route[i].refusals = 1;
    }
    house->plan = plan_of(house->platform, 1, house->route, 1, MEMORY);
    *state = house;
    return 0;
}

static int tear_down(void **state) {
    struct house *house = *state;
    flow_destroy(house->flow);
    template_destroy(house->route[0].mapping.target);
    actions_finish(&house->actions);
    free(house);
    return 0;
}

static void step(struct house *house, struct input input) {
    input.now_ms = house->now_ms;
    flow_step(house->flow, &input, &house->actions);
    house->granted = false;
    for (size_t i = 0; i < house->actions.count; i++) {
        const struct action *action = &house->actions.list[i];
        house->granted = house->granted || action->kind == ACTION_GRANT_CREDIT;
        if (action->kind == ACTION_SEND_REQUEST) {
            house->carried[house->requests] = (uint32_t)action->is.request->rest_count + 1;
            house->request[house->requests++] = action->is.request->id;
        } else if (action->kind == ACTION_WRITE_LETTER)
            house->letter[house->letters++] = action->is.letter->id;
        else if (action->kind == ACTION_REPORT && action->is.report.kind == REPORT_KEYS_FORGOTTEN)
            house->forgotten += action->is.report.count;
        assert_true(house->requests < MOST && house->letters < MOST);
    }
}

static void open_house(struct house *house) {
    struct plan_given given;
    house->flow = flow_create(&house->plan, 1);
    assert_non_null(house->flow);
    plan_give(&given, 0, 1, 2, 0);
    step(house, given.assigned);
    step(house, given.committed);
}

/* So that each platform has a lifeline. */
static void open_for_two(struct house *house) {
    house->plan.platform_count = house->plan.route_count = 2;
    open_house(house);
}

static void pass(struct house *house, int64_t ms) {
    house->now_ms += ms;
    step(house, (struct input){.kind = INPUT_TIMER});
}

static void others_hold(struct house *house, size_t bytes) {
    house->flow->bytes += bytes;
    house->held += bytes;
}

static void hold_all_but(struct house *house, enum budget what, size_t left) {
    size_t free = budget_left(house->flow, what);
    assert_true(free >= left);
    others_hold(house, free - left);
}

static void give_back(struct house *house) {
    house->flow->bytes -= house->held;
    house->held = 0;
    house->flow->relieved = true;
}

static void batches(struct house *house, uint32_t events) {
    house->route[0].batch.events = events;
    house->route[0].batch.bytes = 64 << 10;
    house->route[0].batch.wait_ms = WAIT_MS;
    house->route[0].mapping.bundle = BUNDLE_JSON_ARRAY;
}

/* What was granted at first. */
static void use_up(struct house *house, struct place place) {
    struct partition *partition = group_partition(&house->flow->groups[0], place);
    credit_forget(house->flow, partition);
    partition_hungry(house->flow, partition);
    partition->few.events = 0;
}

/* Until a batch closes. */
static void wait_out(struct house *house) {
    for (int i = 0; i < WAIT_MS / 1000; i++)
        pass(house, 1000);
}

static void read_event(struct house *house, int64_t offset, const char *key, size_t size) {
    assert_true(size < sizeof house->value);
    memset(house->value, ' ', size);
    int begin = snprintf(house->value, sizeof house->value, "{\"id\":%lld}", (long long)offset);
    house->value[begin] = ' ';
    const struct place place = {.epoch = 1};
    step(house, plan_event(place, offset, span_of(key), span_make(house->value, size)));
}

/* So many headers that its dead letter, which has them all and more, takes another block of memory. */
static void read_headed(struct house *house, int64_t offset, const char *key) {
    enum { HEADERS = 300 };
    static struct header header[HEADERS];
    for (size_t i = 0; i < HEADERS; i++)
        header[i] = (struct header){SPAN("h"), SPAN("v")};
    struct event *event =
        event_create((struct place){.epoch = 1}, offset, -1, span_of(key), SPAN("{\"n\":\"1\"}"), header, HEADERS);
    assert_non_null(event);
    step(house, (struct input){.kind = INPUT_EVENT, .is.event = event});
}

static void four_events(struct house *house) {
    static const char *const keys[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++)
        read_event(house, i, keys[i], 1500);
}

static void a_batch_goes_out_in_smaller_ones(void **state) {
    struct house *house = *state;
    batches(house, 5);
    open_house(house);
    four_events(house);
    assert_int_equal(house->requests, 0);
    hold_all_but(house, BUDGET_WRITE, 6000); /* for two events, not for four */
    wait_out(house);
    assert_int_equal(house->requests, 1);
    assert_int_equal(house->carried[0], 2);
    step(house, plan_answer(house->request[0], 200));
    give_back(house);
    pass(house, 1000);
    assert_int_equal(house->requests, 2);
    assert_int_equal(house->carried[1], 2);
}

/* Also where its route has another one under way. */
static void a_batch_of_one_waits_for_memory(void **state) {
    struct house *house = *state;
    batches(house, 5);
    open_house(house);
    read_event(house, 0, "a", 1500);
    hold_all_but(house, BUDGET_WRITE, 100);
    wait_out(house);
    assert_int_equal(house->requests, 0);
    give_back(house);
    pass(house, 1000);
    assert_int_equal(house->requests, 1);
    read_event(house, 1, "b", 1500);
    hold_all_but(house, BUDGET_WRITE, 100);
    wait_out(house);
    assert_int_equal(house->requests, 1);
    give_back(house);
    pass(house, 1000);
    assert_int_equal(house->requests, 2);
}

/* Two platforms: its batch is made on the lifeline. */
static void a_batch_of_one_is_made_on_the_lifeline(void **state) {
    struct house *house = *state;
    batches(house, 5);
    open_for_two(house);
    read_event(house, 0, "a", 1500);
    hold_all_but(house, BUDGET_WRITE, 0);
    size_t before = house->flow->on_lifelines;
    wait_out(house);
    assert_int_equal(house->requests, 1);
    assert_true(house->flow->on_lifelines > before + 1500);
    step(house, plan_answer(house->request[0], 200));
    assert_int_equal(house->flow->on_lifelines, 0);
}

static void a_letter_waits_for_memory(void **state) {
    struct house *house = *state;
    open_house(house);
    read_headed(house, 0, "a");
    hold_all_but(house, BUDGET_WRITE, 0);
    step(house, plan_answer(house->request[0], 400));
    assert_int_equal(house->letters, 0);
    give_back(house);
    pass(house, 1000);
    assert_int_equal(house->letters, 1);
}

static void a_letter_is_made_on_the_lifeline(void **state) {
    struct house *house = *state;
    open_for_two(house);
    read_headed(house, 0, "a");
    hold_all_but(house, BUDGET_WRITE, 0);
    step(house, plan_answer(house->request[0], 400));
    assert_int_equal(house->letters, 1);
    assert_true(house->flow->on_lifelines > 0);
    step(house, (struct input){.kind = INPUT_LETTER, .is.letter = {house->letter[0], LETTER_ACKNOWLEDGED}});
    assert_int_equal(house->flow->on_lifelines, 0);
}

/* The lifeline is too small for it, and nobody else asks for that. */
static void a_letter_is_made_elsewhere_as_soon_as_there_is_room(void **state) {
    struct house *house = *state;
    open_for_two(house);
    read_headed(house, 0, "a");
    const struct partition *home = group_partition(&house->flow->groups[0], (struct place){.epoch = 1});
    struct passage *passage = LIST_OF(list_first(&home->passages), struct passage, sibling);
    assert_true(lifeline_take(house->flow, passage));
    house->flow->dispatchers[0].lifeline.most = passage->bytes; /* as if all of it were taken */
    hold_all_but(house, BUDGET_WRITE, 0);
    step(house, plan_answer(house->request[0], 400));
    pass(house, 1000);
    assert_int_equal(house->letters, 0);
    assert_true(house->flow->on_lifelines > 0); /* there is nothing elsewhere */
    give_back(house);
    pass(house, 1000);
    assert_int_equal(house->letters, 1);
    assert_int_equal(house->flow->on_lifelines, 0);
}

/* One that rests keeps it only as long as there is no other memory. */
static void who_rests_on_the_lifeline_makes_room(void **state) {
    struct house *house = *state;
    const struct place other = {.partition = 1, .epoch = 1};
    open_for_two(house);
    read_headed(house, 0, "a");
    read_headed(house, 1, "b");
    use_up(house, other);
    hold_all_but(house, BUDGET_WRITE, 0);
    step(house, plan_answer(house->request[0], 400));
    assert_int_equal(house->letters, 1);
    hold_all_but(house, BUDGET_WRITE, 0);
    step(house, plan_answer(house->request[1], 400));
    assert_int_equal(house->letters, 1); /* the other one waits: the lifeline is taken */
    step(house, (struct input){.kind = INPUT_LETTER, .is.letter = {house->letter[0], LETTER_FAILED}});
    step(house, (struct input){.kind = INPUT_WANTED, .is.wanted = {other, 100}});
    assert_false(house->granted); /* it rests, and there is nothing for it elsewhere */
    give_back(house);
    hold_all_but(house, BUDGET_READ_FIRST, 0);
    step(house, (struct input){.kind = INPUT_WANTED, .is.wanted = {other, 100}});
    assert_true(house->granted);
    assert_true(house->flow->on_lifelines == budget_cost(1, 100));
}

/* It joins a batch whose first event goes before it. */
static void a_batch_is_lost_with_one_of_it_on_the_lifeline(void **state) {
    struct house *house = *state;
    const struct place other = {.partition = 1, .epoch = 1};
    batches(house, 3);
    open_for_two(house);
    read_event(house, 0, "a", 100);
    use_up(house, other);
    hold_all_but(house, BUDGET_READ_FIRST, 0);
    step(house, (struct input){.kind = INPUT_WANTED, .is.wanted = {other, 100}});
    assert_true(house->granted && house->flow->on_lifelines > 0);
    give_back(house);
    step(house, plan_event(other, 0, SPAN("b"), SPAN("{}")));
    assert_true(house->flow->on_lifelines > 0);
    assert_int_equal(house->requests, 0); /* both wait in the batch */
    step(house, (struct input){.kind = INPUT_LOST, .is.group = {.epoch = 1}});
    assert_int_equal(house->flow->on_lifelines, 0);
    assert_int_equal(house->flow->bytes, 0);
}

/* It came when memory was short, and grows when there is some. */
static void who_came_on_the_lifeline_grows_elsewhere(void **state) {
    struct house *house = *state;
    enum { NUMBERS = 900 };
    house->plan.memory_limit = 256 << 10;
    open_for_two(house);
    const struct place place = {.epoch = 1};
    use_up(house, place);
    hold_all_but(house, BUDGET_READ_ALONE, 0);
    int size = snprintf(house->value, sizeof house->value, "{\"n\":[0");
    for (int i = 1; i < NUMBERS; i++)
        size += snprintf(house->value + size, sizeof house->value - (size_t)size, ",1");
    size += snprintf(house->value + size, sizeof house->value - (size_t)size, "]}");
    step(house, (struct input){.kind = INPUT_WANTED, .is.wanted = {place, (size_t)size + 1}});
    assert_true(house->granted && house->flow->on_lifelines > 0);
    give_back(house);
    house->flow->grown++; /* others would give some back: it is not the last that could go on */
    step(house, plan_event(place, 0, SPAN("a"), span_make(house->value, (size_t)size)));
    house->flow->grown--;
    assert_int_equal(house->requests, 1);
    assert_int_equal(house->flow->on_lifelines, 0);
}

/* All other memory is held, and nobody will give any back: what there is on the lifeline is enough. */
static void the_last_that_can_go_on_does_so_on_the_lifeline(void **state) {
    struct house *house = *state;
    open_for_two(house);
    hold_all_but(house, BUDGET_WRITE, 0);
    int size = snprintf(house->value, sizeof house->value, "{\"n\":[0");
    while (size < VALUE - 8)
        size += snprintf(house->value + size, sizeof house->value - (size_t)size, ",1");
    size += snprintf(house->value + size, sizeof house->value - (size_t)size, "]}");
    step(house, plan_event((struct place){.epoch = 1}, 0, SPAN("a"), span_make(house->value, (size_t)size)));
    assert_int_equal(house->letters, 0);
    assert_int_equal(house->requests, 1);
    step(house, plan_answer(house->request[0], 200));
    assert_int_equal(house->flow->on_lifelines, 0);
}

/* It has grown, and waits for memory itself: it is none of those that will give some back. */
static void who_grew_before_is_the_last_all_the_same(void **state) {
    struct house *house = *state;
    struct recipe recipe = {.key = json_path_create(SPAN("$.n"), NULL),
                            .into = json_path_create(SPAN("$.t"), NULL),
                            .absent = ABSENT_LEAVE_OUT};
    struct lookup_spec lookup = {.name = SPAN("status")};
    house->route[0].recipes = &recipe;
    house->route[0].recipe_count = 1;
    house->plan.lookups = &lookup;
    house->plan.lookup_count = 1;
    open_for_two(house);
    hold_all_but(house, BUDGET_GROW_FIRST, 0);
    step(house, plan_event((struct place){.epoch = 1}, 0, SPAN("a"), SPAN("{\"n\":\"1\"}")));
    assert_int_equal(house->requests, 0); /* the table has not come */
    assert_true(house->flow->on_lifelines > 0);
    house->flow->dispatchers[0].lifeline.most = house->flow->on_lifelines; /* as if all of it were taken */
    struct input table = {.kind = INPUT_TABLE};
    table.is.table.table = lookup_table_create(SPAN("code,name\n1,one\n"), SPAN("code"), SPAN("name"), NULL);
    step(house, table);
    pass(house, 1000);
    assert_int_equal(house->requests, 1);
    json_path_destroy(recipe.key);
    json_path_destroy(recipe.into);
}

static void the_oldest_dead_key_is_forgotten(void **state) {
    struct house *house = *state;
    enum { FIRST_FEW = 16 };
    char key[16];
    house->route[0].after_letter = AFTER_HOLD;
    open_house(house);
    for (int i = 0; i <= FIRST_FEW; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        read_event(house, i, key, 100);
        step(house, plan_answer(house->request[i], 400));
        if (i == FIRST_FEW)
            hold_all_but(house, BUDGET_WRITE, 0);
        assert_int_equal(house->forgotten, 0);
        step(house, (struct input){.kind = INPUT_LETTER, .is.letter = {house->letter[i], LETTER_ACKNOWLEDGED}});
    }
    assert_int_equal(house->forgotten, 1);
    read_event(house, FIRST_FEW + 1, "k0", 100);
    give_back(house);
    pass(house, 1);
    assert_int_equal(house->requests, FIRST_FEW + 2); /* it goes on */
}

/* As many of unlike targets as may be open: one more closes the oldest. */
static void one_open_batch_too_many_closes_the_oldest(void **state) {
    struct house *house = *state;
    enum { MOST_OPEN = 64 };
    char text[64];
    const struct place place = {.epoch = 1};
    batches(house, 5);
    house->route[0].order = ORDER_NONE;
    open_house(house);
    for (int i = 0; i <= MOST_OPEN; i++) {
        assert_int_equal(house->requests, 0);
        int size = snprintf(text, sizeof text, "{\"n\":\"%d\"}", i);
        step(house, plan_event(place, i, SPAN_NONE, span_make(text, (size_t)size)));
    }
    assert_int_equal(house->requests, 1);
}

static void what_waits_for_memory_says_so(void **state) {
    struct house *house = *state;
    open_house(house);
    hold_all_but(house, BUDGET_GROW, 0);
    read_event(house, 0, "a", 100);
    others_hold(house, budget_left(house->flow, BUDGET_WRITE));
    house->flow->grown++; /* others would give some back */
    read_event(house, 1, "b", 1000);
    house->flow->grown--;
    struct view *view = view_create(&house->plan);
    assert_non_null(view);
    view_add(view, house->flow);
    bool said = false;
    for (uint32_t i = 0; i < view->route[0].wait_count; i++)
        said = said || view->route[0].wait[i].kind == VIEW_MEMORY;
    view_destroy(view);
    assert_true(said);
    give_back(house);
    pass(house, 1);
    assert_int_equal(house->requests, 2);
}

/* Where many share little, most of it is kept for those that come first in their queues. */
static void many_partitions_keep_room_for_one_another(void **state) {
    struct house *house = *state;
    enum { MANY = 64 };
    struct place place[MANY];
    struct committed committed[MANY];
    for (int32_t i = 0; i < MANY; i++) {
        place[i] = (struct place){.partition = i, .epoch = 1};
        committed[i] = (struct committed){.partition = i};
    }
    house->plan.memory_limit = 64 << 20;
    house->flow = flow_create(&house->plan, 1);
    assert_non_null(house->flow);
    step(house, (struct input){.kind = INPUT_ASSIGNED, .is.group = {.epoch = 1, .place = place, .count = MANY}});
    step(house,
         (struct input){.kind = INPUT_COMMITTED, .is.committed = {.epoch = 1, .entry = committed, .count = MANY}});
    assert_true(house->granted);
    assert_true(budget_left(house->flow, BUDGET_READ) > house->flow->part[BUDGET_READ] / 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_batch_goes_out_in_smaller_ones),          TEST(a_batch_of_one_waits_for_memory),
        TEST(a_batch_of_one_is_made_on_the_lifeline),    TEST(a_letter_waits_for_memory),
        TEST(a_letter_is_made_on_the_lifeline),          TEST(a_letter_is_made_elsewhere_as_soon_as_there_is_room),
        TEST(who_rests_on_the_lifeline_makes_room),      TEST(a_batch_is_lost_with_one_of_it_on_the_lifeline),
        TEST(who_came_on_the_lifeline_grows_elsewhere),  TEST(the_oldest_dead_key_is_forgotten),
        TEST(one_open_batch_too_many_closes_the_oldest), TEST(the_last_that_can_go_on_does_so_on_the_lifeline),
        TEST(who_grew_before_is_the_last_all_the_same),  TEST(what_waits_for_memory_says_so),

        TEST(many_partitions_keep_room_for_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
