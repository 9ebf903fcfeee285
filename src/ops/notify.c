/* sd_notify(3). */
#include "ops/notify.h"

#if SLUSS_SYSTEMD
#include <systemd/sd-daemon.h>

void notify_ready(const char *status) {
    (void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
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
