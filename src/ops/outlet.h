/* An outlet is a bounded buffer of lines before a descriptor, which never makes anybody wait: what the other end does
 * not take now is kept, in order, and sent later; what does not fit any more is dropped and counted. It knows nothing
 * of what the lines say. */
#ifndef SLUSS_OPS_OUTLET_H
#define SLUSS_OPS_OUTLET_H

#include "base/span.h"

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { OUTLET_ROOM = 256 * 1024 };

/* Start with outlet_stream or outlet_datagrams. Not safe from several threads by itself. */
struct outlet {
    int descriptor;
    const struct sockaddr_un *address; /* where each line goes as a datagram; NULL: a stream */
    socklen_t address_size;
    bool socket;            /* of a stream: it is one */
    uint64_t dropped;       /* lines; the owner's to tell and to set to 0 */
    bool torn;              /* a line of which only a part was written stands in the stream */
    size_t begin, end;      /* what is kept */
    size_t done;            /* bytes of the first line that are sent */
    char kept[OUTLET_ROOM]; /* each line with its size before it */
};

/* A pipe, a file, a terminal, a socket. The descriptor stays the caller's and is not made non-blocking: others may
 * share it. */
void outlet_stream(struct outlet *outlet, int descriptor);

/* An unconnected datagram socket, and whom to send to. Both stay the caller's. */
void outlet_datagrams(struct outlet *outlet, int descriptor, const struct sockaddr_un *address, socklen_t size);

/* Sends what is kept, then this line. False: there was no room to keep it, and it was counted as dropped. */
bool outlet_put(struct outlet *outlet, struct span line);

/* Sends what the other end takes now. A line that is refused for good is counted as dropped. True: nothing is left. */
bool outlet_flush(struct outlet *outlet);

#endif
