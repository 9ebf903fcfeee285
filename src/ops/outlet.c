/* A run of lines in one array, which starts at its beginning again whenever all of it was sent. */
#include "ops/outlet.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

void outlet_stream(struct outlet *outlet, int descriptor) {
    int type;
    socklen_t size = sizeof type;
    outlet->descriptor = descriptor;
    outlet->address = NULL;
    outlet->socket = getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

void outlet_datagrams(struct outlet *outlet, int descriptor, const struct sockaddr_un *address, socklen_t size) {
    outlet->descriptor = descriptor;
    outlet->address = address;
    outlet->address_size = size;
}

/* A socket can be told not to wait; a pipe that is ready takes so much without waiting. */
static ssize_t send_stream(const struct outlet *outlet, struct span bytes) {
    struct pollfd ready = {.fd = outlet->descriptor, .events = POLLOUT};
    if (outlet->socket)
        return send(outlet->descriptor, bytes.data, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (poll(&ready, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(outlet->descriptor, bytes.data, bytes.size < PIPE_BUF ? bytes.size : PIPE_BUF);
}

static ssize_t send_some(const struct outlet *outlet, struct span bytes) {
    if (outlet->address == NULL)
        return send_stream(outlet, bytes);
    return sendto(outlet->descriptor, bytes.data, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL,
                  (const struct sockaddr *)outlet->address, outlet->address_size);
}

/* Whether the same may go later. */
static bool is_for_now(int why) {
    return why == EAGAIN || why == EWOULDBLOCK || why == EINTR || why == ENOBUFS || why == ENOMEM;
}

static void leave_first(struct outlet *outlet, size_t size) {
    outlet->begin += sizeof size + size;
    outlet->done = 0;
}

/* Ends a line that was written only in part, so that the next one begins a line of its own. */
static bool mend(struct outlet *outlet) {
    if (outlet->torn && send_stream(outlet, SPAN("\n")) == 1)
        outlet->torn = false;
    return !outlet->torn;
}

bool outlet_flush(struct outlet *outlet) {
    size_t size;
    while (outlet->begin < outlet->end) {
        memcpy(&size, outlet->kept + outlet->begin, sizeof size);
        const char *line = outlet->kept + outlet->begin + sizeof size;
        ssize_t sent = mend(outlet) ? send_some(outlet, span_make(line + outlet->done, size - outlet->done)) : -1;
        if (sent < 0 && is_for_now(errno))
            return false;
        if (sent < 0) {
            outlet->dropped++;
            outlet->torn = outlet->torn || (outlet->address == NULL && outlet->done > 0);
            leave_first(outlet, size);
            continue;
        }
        outlet->done += (size_t)sent;
        if (outlet->done == size || outlet->address != NULL)
            leave_first(outlet, size);
    }
    outlet->begin = outlet->end = 0;
    return true;
}

/* Behind what is kept, which moves to the front when only so there is room. */
static bool keep(struct outlet *outlet, struct span line) {
    size_t size = line.size, needs = sizeof size + size;
    if (OUTLET_ROOM - (outlet->end - outlet->begin) < needs)
        return false;
    if (OUTLET_ROOM - outlet->end < needs) {
        memmove(outlet->kept, outlet->kept + outlet->begin, outlet->end - outlet->begin);
        outlet->end -= outlet->begin;
        outlet->begin = 0;
    }
    memcpy(outlet->kept + outlet->end, &size, sizeof size);
    memcpy(outlet->kept + outlet->end + sizeof size, line.data, size);
    outlet->end += needs;
    return true;
}

bool outlet_put(struct outlet *outlet, struct span line) {
    bool kept = keep(outlet, line);
    if (!kept)
        outlet->dropped++;
    (void)outlet_flush(outlet);
    return kept;
}
