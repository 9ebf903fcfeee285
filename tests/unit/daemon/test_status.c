/* What /status says of a route whose group does not let all of its workers in, the same as /ready; and of one that
 * stands still. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/status.h"

#include <jansson.h>

enum { NOW_MS = 100000, SESSION_MS = 10000 };

struct row {
    const char *what;
    uint32_t joined; /* of two workers */
    int64_t outside_ms;
    enum view_phase phase; /* the best of both */
    const char *state, *why;
};

static json_t *status_with(const struct row *row, struct view_partition partition) {
    struct span topic = SPAN("arende.v1");
    struct route route = {
        .name = SPAN("bygglov"), .group = SPAN("sluss.bygglov"), .topics = &topic, .topic_count = 1, .workers = 2};
    struct platform_spec platform = {.name = SPAN("oep")};
    const struct plan plan = {.routes = &route,
                              .route_count = 1,
                              .platforms = &platform,
                              .platform_count = 1,
                              .session_timeout_ms = SESSION_MS};
    const struct status_letters letters = {.there = true};
    const struct status_facts facts = {
        .version = "1", .workers = 2, .letters = &letters, .joined = &row->joined, .outside_ms = &row->outside_ms};
    struct view *view = view_create(&plan);
    struct buf text = {0};
    if (view == NULL) {
        fail();
        return NULL;
    }
    view->now_ms = NOW_MS;
    view->route[0].phase = row->phase;
    if (row->phase == VIEW_RUNNING) {
        view->partition = calloc(1, sizeof partition);
        assert_non_null(view->partition);
        view->partition[view->partition_count++] = partition;
    }
    assert_true(status_write(&text, view, &facts));
    json_t *status = json_loads(buf_text(&text), 0, NULL);
    buf_finish(&text);
    view_destroy(view);
    return status;
}

static void a_route_is_as_well_as_each_of_its_workers(void **state) {
    (void)state;
    const struct row rows[] = {
        {"both are in", 2, 0, VIEW_RUNNING, "running", NULL},
        {"one has been out for a moment", 2, NOW_MS - SESSION_MS, VIEW_RUNNING, "running", NULL},
        {"one has been out for long", 2, NOW_MS - 3 * SESSION_MS, VIEW_RUNNING, "joining",
         "a worker of it has had no partitions of its group for 30 s: "},
        {"one has not been in", 1, NOW_MS - 1, VIEW_RUNNING, "joining",
         "1 of its 2 workers waits for its group's first assignment"},
        {"one has not been in for long", 1, NOW_MS - 3 * SESSION_MS, VIEW_RUNNING, "joining",
         "a worker of it has had no partitions of its group for 30 s: "},
        {"none has been in", 0, NOW_MS - 1, VIEW_IDLE, "joining", "its group has given it no partitions yet"},
        {"none for long", 0, NOW_MS - 3 * SESSION_MS, VIEW_IDLE, "joining",
         "it has had no partitions of its group for 30 s: "},
        {"others have all", 2, 0, VIEW_IDLE, "standby", "other members of its group have all partitions"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *all = status_with(&rows[i], (struct view_partition){.state = VIEW_READS}),
               *route = json_array_get(json_object_get(all, "routes"), 0);
        const char *word = json_string_value(json_object_get(route, "state"));
        const char *why = json_string_value(json_object_get(route, "why"));
        bool well = json_is_true(json_object_get(route, "well"));
        bool said = rows[i].why == NULL ? why == NULL : why != NULL && strstr(why, rows[i].why) == why;
        if (word == NULL || strcmp(word, rows[i].state) != 0 || !said || well == (strcmp(word, "joining") == 0))
            fail_msg("%s: %s, %s: %s", rows[i].what, word, well ? "well" : "not well", why);
        json_decref(all);
    }
}

static void where_a_partition_stood_is_said_where_it_never_began(void **state) {
    (void)state;
    const struct {
        int64_t base, committed;
        const char *why;
    } rows[] = {{-1, 18, "partition 3: it is lost; it was committed at 18"},
                {-1, -1, "partition 3: it is lost"},
                {20, 18, "partition 3: it is lost"}};
    const struct row row = {"", 2, 0, VIEW_RUNNING, "stopped", NULL};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *all = status_with(&row, (struct view_partition){.place.partition = 3,
                                                                .state = VIEW_STOPPED,
                                                                .why = "it is lost",
                                                                .base = rows[i].base,
                                                                .committed = rows[i].committed});
        json_t *route = json_array_get(json_object_get(all, "routes"), 0);
        assert_string_equal(json_string_value(json_object_get(route, "state")), row.state);
        assert_string_equal(json_string_value(json_object_get(route, "why")), rows[i].why);
        json_decref(all);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_route_is_as_well_as_each_of_its_workers),
                                       cmocka_unit_test(where_a_partition_stood_is_said_where_it_never_began)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
