/* Time asks the system what time it is: the only place of the daemon that does. It computes nothing. */
#ifndef SLUSS_DAEMON_TIME_H
#define SLUSS_DAEMON_TIME_H

#include <stdint.h>
#include <time.h>

/* Since boot, suspension included, never going back: `now_ms` of every input. */
static inline int64_t time_now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The calendar. */
static inline int64_t time_wall_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
