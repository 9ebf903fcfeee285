/* Allocation failure at every place of the json folder: once and for ever. */
#include "support/memory.h"
#include "json/graft.h"
#include "json/reader.h"
#include "json/splice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct buf text;

static int make_text(void **state) {
    (void)state;
    buf_add_text(&text, "{\"many\":[0");
    for (int i = 0; i < 2000; i++)
        buf_printf(&text, ",{\"a\\n%d\":\"\\u00e5\"}", i);
    buf_add_text(&text, "],\"large\":{\"x\":1");
    for (int i = 0; i < 300; i++)
        buf_printf(&text, ",\"key-%d\":1", i);
    buf_add_text(&text, "}}");
    return text.failed ? -1 : 0;
}

static int drop_text(void **state) {
    (void)state;
    buf_finish(&text);
    return 0;
}

static bool try_read(void) {
    struct arena arena;
    struct json_document document;
    struct json_problem problem = {0};
    arena_init(&arena, 0);
    bool read = json_read(&arena, buf_span(&text), NULL, &document, &problem);
    assert_int_equal(problem.fault, read ? JSON_FAULT_NONE : JSON_FAULT_MEMORY);
    arena_finish(&arena);
    return read;
}

static bool try_path(void) {
    struct error error = {0};
    struct json_path *path = json_path_create(SPAN("$.a['b']"), &error);
    if (path == NULL)
        assert_string_equal(error.text, "out of memory");
    json_path_destroy(path);
    return path != NULL;
}

static bool try_splice(void) {
    struct arena arena;
    struct json_document document;
    struct buf out = {0};
    struct json_path *path = json_path_create(SPAN("$.new"), NULL);
    bool done = false;
    arena_init(&arena, 0);
    if (path != NULL && json_read(&arena, buf_span(&text), NULL, &document, NULL)) {
        enum json_splice result = json_splice(&document, path, SPAN("1"), &out);
        assert_int_equal(result, out.failed ? JSON_SPLICE_MEMORY : JSON_SPLICED);
        done = result == JSON_SPLICED;
    }
    json_path_destroy(path);
    buf_finish(&out);
    arena_finish(&arena);
    return done;
}

static bool try_graft(void) {
    struct arena arena;
    struct json_document document;
    struct json_problem problem;
    static const struct json_limits limits = {0};
    struct json_path *path = json_path_create(SPAN("$.new"), NULL);
    bool done = false;
    arena_init(&arena, 0);
    if (path != NULL && json_read(&arena, buf_span(&text), NULL, &document, NULL)) {
        enum json_splice result = json_graft(&arena, &document, path, SPAN("[1]"), &limits, &document, &problem);
        assert_true(result == JSON_SPLICED || result == JSON_SPLICE_MEMORY);
        done = result == JSON_SPLICED;
    }
    json_path_destroy(path);
    arena_finish(&arena);
    return done;
}

static void fail_everywhere(bool (*attempt)(void), bool forever) {
    size_t live = memory_live();
    for (size_t number = 0;; number++) {
        memory_fail(number, forever);
        bool done = attempt();
        size_t failed = memory_heal();
        assert_int_equal(memory_live(), live);
        if (failed == 0) {
            assert_true(done);
            assert_true(number > 0);
            return;
        }
        assert_false(done);
    }
}

static void reading(void **state) {
    (void)state;
    fail_everywhere(try_read, false);
    fail_everywhere(try_read, true);
}

static void compiling_a_path(void **state) {
    (void)state;
    fail_everywhere(try_path, false);
    fail_everywhere(try_path, true);
}

static void splicing(void **state) {
    (void)state;
    fail_everywhere(try_splice, false);
    fail_everywhere(try_splice, true);
}

static void grafting(void **state) {
    (void)state;
    fail_everywhere(try_graft, false);
    fail_everywhere(try_graft, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(reading), cmocka_unit_test(compiling_a_path),
                                       cmocka_unit_test(splicing), cmocka_unit_test(grafting)};
    return cmocka_run_group_tests(tests, make_text, drop_text);
}
