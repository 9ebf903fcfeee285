/* C11 threads on POSIX threads, for the tsan build only: gcc's ThreadSanitizer does not know thrd_create, which
 * librdkafka uses, and loses its footing in such a thread. */
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>

struct start {
    int (*run)(void *argument);
    void *argument;
};

static void *begin(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    (void)start.run(start.argument);
    return NULL;
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *argument) {
    struct start *start = malloc(sizeof *start);
    pthread_t made;
    if (start == NULL)
        return thrd_nomem;
    *start = (struct start){run, argument};
    if (pthread_create(&made, NULL, begin, start) != 0) {
        free(start);
        return thrd_error;
    }
    *thread = made;
    return thrd_success;
}

int thrd_join(thrd_t thread, int *result) {
    if (result != NULL)
        *result = 0;
    return pthread_join(thread, NULL) == 0 ? thrd_success : thrd_error;
}
