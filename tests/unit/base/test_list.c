/* Tests of base/list. */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct boat {
    int number;
    struct list waiting;
};

static int first_number(const struct list *head) {
    return LIST_OF(list_first(head), struct boat, waiting)->number;
}

static void keeps_order(void **state) {
    (void)state;
    struct boat boats[4] = {{.number = 1}, {.number = 2}, {.number = 3}, {.number = 4}};
    struct list head;
    list_init(&head);
    assert_true(list_is_empty(&head));
    assert_null(list_first(&head));
    list_remove(&boats[0].waiting);
    for (int i = 0; i < 4; i++)
        list_add_last(&head, &boats[i].waiting);
    assert_false(list_is_empty(&head));
    assert_int_equal(first_number(&head), 1);
    int sum = 0;
    LIST_EACH(link, &head) {
        struct boat *boat = LIST_OF(link, struct boat, waiting);
        sum = sum * 10 + boat->number;
        if (boat->number % 2 == 0)
            list_remove(link);
    }
    assert_int_equal(sum, 1234);
    list_remove(&boats[0].waiting);
    list_remove(&boats[0].waiting);
    assert_int_equal(first_number(&head), 3);
    list_remove(&boats[2].waiting);
    assert_true(list_is_empty(&head));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(keeps_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
