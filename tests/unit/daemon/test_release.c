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
    uint32_t keys;
    struct input asked;
};

static bool ask(void *owner, struct input *input, uint32_t *keys) {
    struct workers *workers = owner;
    workers->asked = *input;
    *keys += workers->keys;
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
    struct workers workers = {.all = true, .keys = 1};
    event = "arende.v1/3/1047";
    assert_int_equal(release(&workers, &body, log), 200);
    assert_string_equal(buf_text(&body), "released 1 key\n");
    assert_int_equal(workers.asked.is.release.partition, 3);
    assert_int_equal(workers.asked.is.release.offset, 1047);
    assert_non_null(strstr(log, "released what is held"));
    buf_clear(&body);
    event = "other.v1/3/1047";
    assert_int_equal(release(&workers, &body, log), 400);
    assert_string_equal(log, "");
    buf_finish(&body);
}

/* One worker let keys go, another does not answer: that is said, and logged. */
static void tells_what_was_done_by_halves(void **state) {
    (void)state;
    char log[1024];
    struct buf body = {0};
    struct workers workers = {.all = false, .keys = 2};
    event = NULL;
    assert_int_equal(release(&workers, &body, log), 503);
    assert_non_null(strstr(buf_text(&body), "released 2 keys, but not every worker answers"));
    assert_non_null(strstr(log, "released what is held"));
    buf_clear(&body);
    workers.keys = 0;
    assert_int_equal(release(&workers, &body, log), 503);
    assert_string_equal(log, "");
    buf_finish(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_one_event),
        cmocka_unit_test(tells_what_was_done_by_halves),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
