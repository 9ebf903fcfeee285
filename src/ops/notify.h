/* Notify tells systemd the state of the service: ready, reloading, stopping, alive. Without systemd it does nothing. */
#ifndef SLUSS_OPS_NOTIFY_H
#define SLUSS_OPS_NOTIFY_H

#include <stdint.h>

void notify_ready(const char *status);
/* A new configuration is taken; notify_ready ends it. */
void notify_reloading(const char *status);
void notify_status(const char *status);
void notify_stopping(const char *status);
void notify_watchdog(void);

/* How often systemd wants to hear from the watchdog, in milliseconds; 0: it does not. Ask once at start. */
int64_t notify_watchdog_ms(void);

#endif
