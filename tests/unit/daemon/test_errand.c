/* Errands: done in the other thread before the giver goes on, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/errand.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TIMES = 1000, SOON_MS = 10000, AT_ONCE_MS = 1 };

struct desk {
    struct errand errand;
    int wake;
    int done;        /* written by the other thread only */
    pthread_t other; /* who did it */
};

static void count(struct worker *worker, void *what) {
    struct desk *desk = what;
    (void)worker;
    desk->done++;
    desk->other = pthread_self();
}

static void *serve(void *argument) {
    struct desk *desk = argument;
    while (desk->done < TIMES) {
        uint64_t wakes;
        struct pollfd wait = {.fd = desk->wake, .events = POLLIN};
        if (poll(&wait, 1, SOON_MS) != 1 || read(desk->wake, &wakes, sizeof wakes) != (ssize_t)sizeof wakes)
            break;
        errand_serve(&desk->errand, NULL);
    }
    return NULL;
}

static void are_done_by_the_other_thread(void **state) {
    (void)state;
    struct desk desk = {.wake = eventfd(0, EFD_CLOEXEC)};
    pthread_t thread;
    errand_init(&desk.errand);
    assert_int_equal(pthread_create(&thread, NULL, serve, &desk), 0);
    for (int i = 1; i <= TIMES; i++) {
        assert_true(errand_give(&desk.errand, desk.wake, SOON_MS, count, &desk));
        assert_int_equal(desk.done, i);
        assert_true(pthread_equal(desk.other, thread));
    }
    (void)pthread_join(thread, NULL);
    errand_finish(&desk.errand);
    (void)close(desk.wake);
}

static void nobody_comes(void **state) {
    (void)state;
    struct desk desk = {.wake = eventfd(0, EFD_CLOEXEC)};
    errand_init(&desk.errand);
    assert_false(errand_give(&desk.errand, desk.wake, AT_ONCE_MS, count, &desk));
    errand_serve(&desk.errand, NULL); /* too late: it never will be done */
    assert_int_equal(desk.done, 0);
    errand_finish(&desk.errand);
    (void)close(desk.wake);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_done_by_the_other_thread),
        cmocka_unit_test(nobody_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
