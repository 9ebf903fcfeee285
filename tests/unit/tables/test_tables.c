/* Files that change, are replaced, spoiled, taken away. Time is handed in: nothing waits. */
#include "tables/tables.h"

#include "base/buf.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static char path[128];
static char other[128];
static struct lookup_spec spec;

/* A table loaded before each test, its latest change, and the time that the test plays. */
static struct tables *tables;
static struct tables_change change;
static int64_t now_ms;

static void write_file(const char *name, const char *text) {
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/sluss-tables-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/status.csv", folder);
    (void)snprintf(other, sizeof other, "%s/new", folder);
    spec = (struct lookup_spec){.file = span_of(path), .key = SPAN("code"), .value = SPAN("name"), .reload_ms = 60000};
    write_file(path, "code,name\nA,old\n");
    tables = tables_create(&spec, 1, NULL);
    now_ms = 1000;
    return tables != NULL ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    tables_destroy(tables);
    (void)unlink(path);
    (void)unlink(other);
    return rmdir(folder);
}

static bool has(struct span answer) {
    return span_equal(lookup_table_find(tables_current(tables, 0), SPAN("A")), answer);
}

/* Polls as a loop would: when the descriptor is readable, otherwise at the due time. True with a change within
 * `until_ms`. */
static bool poll_until(int64_t until_ms) {
    while (now_ms <= until_ms) {
        if (tables_poll(tables, now_ms, &change))
            return true;
        int64_t due_ms = tables_due_ms(tables);
        assert_true(due_ms > now_ms);
        now_ms = due_ms;
    }
    return false;
}

static void a_file_that_stays_is_not_read_again(void **state) {
    (void)state;
    assert_true(has(SPAN("\"old\"")));
    assert_false(poll_until(600000));
}

static void a_file_rewritten_or_replaced_is_read_again(void **state) {
    (void)state;
    assert_false(tables_poll(tables, now_ms, &change));
    struct lookup_table *old = lookup_table_share(tables_current(tables, 0));
    write_file(path, "code,name\nA,newer\n");
    struct pollfd readable = {.fd = tables_descriptor(tables), .events = POLLIN};
    assert_int_equal(poll(&readable, 1, 0), 1);
    assert_true(poll_until(2000));
    assert_ptr_equal(change.table, tables_current(tables, 0));
    assert_int_equal(change.lookup, 0);
    assert_true(has(SPAN("\"newer\"")));
    assert_true(span_equal(lookup_table_find(old, SPAN("A")), SPAN("\"old\"")));
    lookup_table_release(old);
    write_file(other, "code,name\nA,moved\n");
    assert_int_equal(rename(other, path), 0);
    assert_true(poll_until(4000));
    assert_true(has(SPAN("\"moved\"")));
    assert_false(poll_until(200000));
}

/* As on a file system that gives no notices. */
static void without_notices_a_change_is_found_in_time(void **state) {
    (void)state;
    assert_false(tables_poll(tables, now_ms, &change));
    write_file(path, "code,name\nA,newer\n");
    char bytes[4096];
    assert_true(read(tables_descriptor(tables), bytes, sizeof bytes) > 0);
    assert_false(poll_until(60999));
    assert_true(poll_until(61500));
    assert_true(has(SPAN("\"newer\"")));
}

static void a_growing_file_is_left_alone(void **state) {
    (void)state;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("code,name\n", file) >= 0);
    for (int i = 0; i < 5; i++, now_ms += 250) {
        (void)fprintf(file, "%c,x\n", 'B' + i);
        assert_int_equal(fflush(file), 0);
        assert_false(tables_poll(tables, now_ms, &change));
    }
    assert_true(fputs("A,whole\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_true(poll_until(60000));
    assert_true(has(SPAN("\"whole\"")));
    assert_int_equal(lookup_table_rows(tables_current(tables, 0)), 6);
}

/* Half a table is a good table: what it does not have yet would be absent. */
static void news_of_another_file_does_not_hurry_a_growing_one(void **state) {
    (void)state;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("code,name\nB,half\n", file) >= 0);
    assert_int_equal(fflush(file), 0);
    for (int i = 0; i < 5; i++, now_ms += 10) {
        write_file(other, "not ours");
        assert_false(tables_poll(tables, now_ms, &change));
    }
    assert_true(fputs("A,whole\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_true(poll_until(60000));
    assert_int_equal(lookup_table_rows(tables_current(tables, 0)), 2);
    assert_false(poll_until(200000));
}

static void a_bad_file_keeps_the_old_table(void **state) {
    (void)state;
    write_file(path, "code,name\nA,x\nA,y\n");
    assert_true(poll_until(2000));
    assert_null(change.table);
    assert_true(span_starts_with(span_of(change.error.text), span_of(path)));
    assert_true(span_ends_with(span_of(change.error.text), SPAN(": lines 2 and 3 have the same key")));
    assert_true(has(SPAN("\"old\"")));
    assert_false(poll_until(200000)); /* told once */
    assert_int_equal(unlink(path), 0);
    assert_true(poll_until(300000));
    assert_null(change.table);
    assert_true(has(SPAN("\"old\"")));
    assert_false(poll_until(500000));
    write_file(path, "code,name\nA,good\n");
    assert_true(poll_until(600000));
    assert_non_null(change.table);
    assert_true(has(SPAN("\"good\"")));
}

/* The file is sound and is not written again: it was the system's moment, or its mode, that kept it from us. */
static void what_could_not_be_opened_is_tried_again(void **state) {
    (void)state;
    struct rlimit before;
    write_file(path, "code,name\nA,newer\n");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {(rlim_t)tables_descriptor(tables) + 1, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bool told = poll_until(2000);
    bool again = poll_until(200000);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(told);
    assert_null(change.table);
    assert_true(has(SPAN("\"old\"")));
    assert_false(again); /* the same is told once */
    assert_true(poll_until(now_ms + 61000));
    assert_non_null(change.table);
    assert_true(has(SPAN("\"newer\"")));
    assert_false(poll_until(now_ms + 200000));
}

static void two_lookups_share_one_file(void **state) {
    (void)state;
    static struct lookup_spec specs[2]; /* the tables borrow them until tear_down */
    specs[0] = specs[1] = spec;
    specs[1].key = SPAN("name");
    specs[1].value = SPAN_NONE;
    tables_destroy(tables);
    tables = tables_create(specs, 2, NULL);
    write_file(path, "code,name\nA,newer\n");
    assert_true(poll_until(2000));
    uint32_t first = change.lookup;
    assert_true(poll_until(2000));
    assert_int_equal(first + change.lookup, 1);
    assert_non_null(lookup_table_find(tables_current(tables, 1), SPAN("newer")).data);
}

static void expect_refused(const char *name, const char *sentence) {
    struct lookup_spec bad = spec;
    struct error error = {0};
    bad.file = span_of(name);
    assert_null(tables_create(&bad, 1, &error));
    assert_true(span_starts_with(span_of(error.text), span_of(name)));
    if (strstr(error.text, sentence) == NULL)
        fail_msg("%s", error.text);
}

static void what_cannot_be_read_is_refused_at_the_start(void **state) {
    (void)state;
    expect_refused(other, "cannot be opened: No such file");
    expect_refused(folder, "is not a regular file");
    expect_refused("/dev/null", "is not a regular file");
    assert_int_equal(mkfifo(other, 0600), 0);
    expect_refused(other, "is not a regular file");
    assert_int_equal(unlink(other), 0);
    write_file(other, "kode,name\n");
    expect_refused(other, "did you mean");
    assert_int_equal(truncate(other, (off_t)300 << 20), 0);
    expect_refused(other, "has more than 256 MiB");
    struct tables *none = tables_create(NULL, 0, NULL);
    assert_non_null(none);
    tables_destroy(none);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_file_that_stays_is_not_read_again),
        TEST(a_file_rewritten_or_replaced_is_read_again),
        TEST(without_notices_a_change_is_found_in_time),
        TEST(a_growing_file_is_left_alone),
        TEST(news_of_another_file_does_not_hurry_a_growing_one),
        TEST(a_bad_file_keeps_the_old_table),
        TEST(what_could_not_be_opened_is_tried_again),
        TEST(two_lookups_share_one_file),
        TEST(what_cannot_be_read_is_refused_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
