/* Notify tells systemd the state of the service: ready, reloading, stopping, alive. It never waits: what systemd does
 * not take now is kept and told later. Without $NOTIFY_SOCKET it does nothing. From one thread. */
#ifndef SLUSS_OPS_NOTIFY_H
#define SLUSS_OPS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Call before the others. */
void notify_open(void);

void notify_ready(const char *status);
/* A new configuration is taken; notify_ready ends it. */
void notify_reloading(const char *status);
void notify_stopping(const char *status);

/* A sign of life, which is not kept: an old one would be a lie. False: it could not be given now, try again soon. */
bool notify_watchdog(void);

/* Tells what was kept, as far as systemd takes it now: to be called now and then. */
void notify_flush(void);

/* How often systemd wants to hear from the watchdog, in milliseconds; 0: it does not. Ask once at start. */
int64_t notify_watchdog_ms(void);

#endif
