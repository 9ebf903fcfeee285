/* sd_notify(3). */
#include "ops/notify.h"

#if SLUSS_SYSTEMD
#include <inttypes.h>
#include <systemd/sd-daemon.h>
#include <time.h>

void notify_ready(const char *status) {
    (void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}
void notify_reloading(const char *status) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t microseconds = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=%s", microseconds, status);
}
void notify_status(const char *status) {
    (void)sd_notifyf(0, "STATUS=%s", status);
}
void notify_stopping(const char *status) {
    (void)sd_notifyf(0, "STOPPING=1\nSTATUS=%s", status);
}
void notify_watchdog(void) {
    (void)sd_notify(0, "WATCHDOG=1");
}

int64_t notify_watchdog_ms(void) {
    uint64_t microseconds = 0;
    return sd_watchdog_enabled(0, &microseconds) > 0 ? (int64_t)(microseconds / 1000) : 0;
}
#else
void notify_ready(const char *status) {
    (void)status;
}
void notify_reloading(const char *status) {
    (void)status;
}
void notify_status(const char *status) {
    (void)status;
}
void notify_stopping(const char *status) {
    (void)status;
}
void notify_watchdog(void) {}
int64_t notify_watchdog_ms(void) {
    return 0;
}
#endif
