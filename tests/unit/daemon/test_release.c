/* The operator's word: what is asked, what is answered, and that whatever was let go stands in the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/release.h"
#include "ops/log.h"

#include <stdio.h>
#include <unistd.h>

static const struct span topics[] = {{"arende.v1", 9}};
static struct route routes[] = {{.topics = topics, .topic_count = 1}};
static const struct plan plan = {.routes = routes, .route_count = 1};

/* The request's arguments, which a connection would hold. */
static const char *event;

const char *admin_argument(const struct admin_request *request, const char *name) {
    (void)request;
    return strcmp(name, "route") == 0 ? "bygglov" : strcmp(name, "to") == 0 ? "send" : event;
}

struct workers {
    bool all;
    struct released released;
    struct input asked;
};

static bool ask(void *owner, struct input *input, struct released *released) {
    struct workers *workers = owner;
    workers->asked = *input;
    *released = workers->released;
    return workers->all;
}

/* What it answers, and what the log said meanwhile. */
static unsigned release(struct workers *workers, struct buf *body, char log[1024]) {
    int ends[2], before = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    (void)dup2(ends[1], STDERR_FILENO);
    const struct admin_request request = {.path = "/release", .act = true, .uid = 1000, .pid = 17};
    unsigned status = release_answer(&plan, &request, ask, workers, body);
    (void)dup2(before, STDERR_FILENO);
    (void)close(before);
    (void)close(ends[1]);
    ssize_t size = read(ends[0], log, 1023);
    log[size > 0 ? size : 0] = '\0';
    (void)close(ends[0]);
    return status;
}

static int set_up(void **state) {
    (void)state;
    routes[0].name = SPAN("bygglov");
    log_open(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    return 0;
}

static void names_one_event(void **state) {
    (void)state;
    char log[1024];
    struct buf body = {0};
    struct workers workers = {.all = true, .released = {.keys = 1}};
    event = "arende.v1/3/1047";
    assert_int_equal(release(&workers, &body, log), 200);
    assert_string_equal(buf_text(&body), "released 1 key\n");
    assert_int_equal(workers.asked.is.release.partition, 3);
    assert_int_equal(workers.asked.is.release.offset, 1047);
    assert_non_null(strstr(log, "released what is held"));
    buf_clear(&body);
    event = "other.v1/3/1047";
    assert_int_equal(release(&workers, &body, log), 400);
    assert_string_equal(buf_text(&body),
                        "\"other.v1/3/1047\" names no event of the route: write TOPIC/PARTITION/OFFSET, "
                        "as the log does; its topic is arende.v1\n");
    assert_string_equal(log, "");
    buf_finish(&body);
}

/* One worker let keys go, another does not answer: that is said, and logged. */
static void tells_what_was_done_by_halves(void **state) {
    (void)state;
    char log[1024];
    struct buf body = {0};
    struct workers workers = {.all = false, .released = {.keys = 2}};
    event = NULL;
    assert_int_equal(release(&workers, &body, log), 503);
    assert_non_null(strstr(buf_text(&body), "released 2 keys, but not every worker answers"));
    assert_non_null(strstr(log, "released what is held"));
    buf_clear(&body);
    workers.released.keys = 0;
    assert_int_equal(release(&workers, &body, log), 503);
    assert_string_equal(log, "");
    buf_finish(&body);
}

/* That nothing was held is only said where it was looked for. */
static void tells_that_it_cannot_be_told_yet(void **state) {
    (void)state;
    static const struct {
        const char *event;
        struct released released;
        unsigned status;
        const char *said;
    } rows[] = {
        {"arende.v1/3/7", {0, {.here = true}}, 404, "nothing is held there"},
        {"arende.v1/3/7", {0, {.here = true, .moves = true}}, 404, "nothing is held there"},
        {"arende.v1/3/7", {0, {.unread = true}}, 503, "has not been read yet: try again"},
        {"arende.v1/3/7", {0, {.moves = true}}, 503, "is being handed over: try again"},
        {"arende.v1/3/7",
         {0, {.here = false}},
         404,
         "does not read that partition: ask the member of group sluss.bygglov"},
        {"arende.v1/3/7", {1, {.here = true, .moves = true}}, 200, "released 1 key\n"},
        {NULL, {0, {.here = true}}, 404, "nothing of the route is held"},
        {NULL, {0, {.here = true, .moves = true}}, 503, "are being handed over: try again"},
        {NULL, {0, {.here = true, .unread = true}}, 503, "is not read yet: try again"},
        {NULL, {2, {.moves = true}}, 200, "released 2 keys\nsome partitions are being handed over"},
    };
    char log[1024];
    routes[0].group = SPAN("sluss.bygglov");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf body = {0};
        struct workers workers = {.all = true, .released = rows[i].released};
        event = rows[i].event;
        unsigned status = release(&workers, &body, log);
        if (status != rows[i].status || strstr(buf_text(&body), rows[i].said) == NULL)
            fail_msg("row %zu: %u %s", i, status, buf_text(&body));
        assert_int_equal(*log != '\0', rows[i].released.keys > 0); /* what was done is in the log */
        buf_finish(&body);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_one_event),
        cmocka_unit_test(tells_what_was_done_by_halves),
        cmocka_unit_test(tells_that_it_cannot_be_told_yet),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
