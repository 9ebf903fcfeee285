/* The protocol of sd_notify(3), which is documented for those who do without the library: that one waits where
 * systemd's socket is full. */
#include "ops/notify.h"

#include "base/buf.h"
#include "ops/outlet.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_un address;
static socklen_t address_size;
static int descriptor = -1;
static struct outlet kept;

/* A path, or a name of the abstract namespace behind '@'. */
void notify_open(void) {
    const char *name = getenv("NOTIFY_SOCKET");
    size_t size = name != NULL ? strlen(name) : 0;
    if (size < 2 || size >= sizeof address.sun_path || (name[0] != '/' && name[0] != '@'))
        return;
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, name, size + 1);
    address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (name[0] == '/' ? 1 : 0));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    if (descriptor < 0)
        descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    outlet_datagrams(&kept, descriptor, &address, address_size);
}

/* Each line of a message is a variable: a status must be one line. */
static void tell(const char *state, const char *status) {
    struct buf message = {0};
    buf_printf(&message, "%s\nSTATUS=%.*s", state, (int)strcspn(status, "\n"), status);
    if (descriptor >= 0 && !message.failed)
        (void)outlet_put(&kept, buf_span(&message));
    buf_finish(&message);
}

void notify_ready(const char *status) {
    tell("READY=1", status);
}

void notify_reloading(const char *status) {
    char state[64];
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t microseconds = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    (void)snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, microseconds);
    tell(state, status);
}

void notify_stopping(const char *status) {
    tell("STOPPING=1", status);
}

bool notify_watchdog(void) {
    static const struct span alive = SPAN("WATCHDOG=1");
    return descriptor < 0 ||
           (outlet_flush(&kept) && sendto(descriptor, alive.data, alive.size, MSG_DONTWAIT | MSG_NOSIGNAL,
                                          (const struct sockaddr *)&address, address_size) >= 0);
}

void notify_flush(void) {
    (void)outlet_flush(&kept);
}

/* systemd.exec(5): $WATCHDOG_PID is absent, or whom it is meant for. */
int64_t notify_watchdog_ms(void) {
    const char *each = getenv("WATCHDOG_USEC"), *whom = getenv("WATCHDOG_PID");
    char *end;
    if (each == NULL || (whom != NULL && strtoll(whom, NULL, 10) != (long long)getpid()))
        return 0;
    long long microseconds = strtoll(each, &end, 10);
    return *end == '\0' && microseconds > 0 ? (int64_t)(microseconds / 1000) : 0;
}
