/* What is left for a worker: the last word counts, each once, from several threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/crew.h"
#include "daemon/mailbox.h"
#include "enrich/table.h"

#include <pthread.h>

static const struct plan plan = {.platform_count = 2, .lookup_count = 1};

static void the_last_word_counts(void **state) {
    (void)state;
    struct mailbox *mailbox = mailbox_create(&plan);
    assert_non_null(mailbox);
    assert_int_equal(mailbox_take(mailbox).kind, MAILBOX_NOTHING);
    mailbox_platform(mailbox, 1, PLATFORM_OPEN, 100);
    mailbox_platform(mailbox, 1, PLATFORM_UP, 0);
    mailbox_platform(mailbox, 0, PLATFORM_HELD, 300);
    struct mailbox_item first = mailbox_take(mailbox), second = mailbox_take(mailbox);
    assert_int_equal(first.kind, MAILBOX_PLATFORM);
    assert_int_equal(first.index, 0);
    assert_int_equal(first.state, PLATFORM_HELD);
    assert_int_equal(first.until_ms, 300);
    assert_int_equal(second.index, 1);
    assert_int_equal(second.state, PLATFORM_UP);
    assert_int_equal(mailbox_take(mailbox).kind, MAILBOX_NOTHING);
    mailbox_destroy(mailbox);
}

/* One worker probes until 900, another one says meanwhile that it would probe at 400. */
static void of_two_that_are_down_the_later_time_counts(void **state) {
    (void)state;
    struct mailbox *mailbox = mailbox_create(&plan);
    assert_non_null(mailbox);
    mailbox_platform(mailbox, 0, PLATFORM_OPEN, 900);
    mailbox_platform(mailbox, 0, PLATFORM_HELD, 400);
    struct mailbox_item item = mailbox_take(mailbox);
    assert_int_equal(item.state, PLATFORM_HELD);
    assert_int_equal(item.until_ms, 900);
    mailbox_platform(mailbox, 0, PLATFORM_OPEN, 400);
    assert_int_equal(mailbox_take(mailbox).until_ms, 400); /* what was taken before is past */
    mailbox_platform(mailbox, 0, PLATFORM_UP, 1000);
    mailbox_platform(mailbox, 0, PLATFORM_OPEN, 400);
    assert_int_equal(mailbox_take(mailbox).until_ms, 400);
    mailbox_destroy(mailbox);
}

static void tables_are_shared_not_copied(void **state) {
    (void)state;
    struct mailbox *one = mailbox_create(&plan), *other = mailbox_create(&plan);
    struct lookup_table *table = lookup_table_create(SPAN("k,v\na,b\n"), SPAN("k"), SPAN("v"), NULL);
    assert_non_null(table);
    mailbox_table(one, 0, table);
    mailbox_table(one, 0, table); /* the one before was not taken: it goes */
    mailbox_table(other, 0, table);
    lookup_table_release(table);
    struct mailbox_item item = mailbox_take(one);
    assert_int_equal(item.kind, MAILBOX_TABLE);
    assert_ptr_equal(item.table, table);
    assert_int_equal(lookup_table_rows(item.table), 1);
    lookup_table_release(item.table);
    mailbox_destroy(one);
    mailbox_destroy(other); /* with what nobody took */
    mailbox_destroy(NULL);
}

static void *tell(void *argument) {
    for (int i = 0; i < 10000; i++)
        mailbox_platform(argument, (uint32_t)i % 2, i % 3 == 0 ? PLATFORM_UP : PLATFORM_OPEN, i);
    return NULL;
}

static void threads_may_tell(void **state) {
    (void)state;
    struct mailbox *mailbox = mailbox_create(&plan);
    pthread_t thread[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, tell, mailbox), 0);
    for (int i = 0; i < 10000; i++)
        (void)mailbox_take(mailbox);
    for (int i = 0; i < 2; i++)
        (void)pthread_join(thread[i], NULL);
    int left = 0;
    while (mailbox_take(mailbox).kind != MAILBOX_NOTHING)
        left++;
    assert_true(left <= 2);
    mailbox_destroy(mailbox);
}

static void the_worst_status_counts(void **state) {
    (void)state;
    assert_int_equal(crew_worse(0, 0), 0);
    assert_int_equal(crew_worse(0, 75), 75);
    assert_int_equal(crew_worse(75, 0), 75);
    assert_int_equal(crew_worse(75, 69), 69);
    assert_int_equal(crew_worse(69, 0), 69);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_last_word_counts),
                                       cmocka_unit_test(of_two_that_are_down_the_later_time_counts),
                                       cmocka_unit_test(tables_are_shared_not_copied),
                                       cmocka_unit_test(threads_may_tell), cmocka_unit_test(the_worst_status_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
