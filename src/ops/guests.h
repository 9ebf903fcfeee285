/* Guests are the connections of one listening socket of the admin server. Each has a short time to ask and to take the
 * answer, and when there is no place left the one that has waited longest is closed: nobody can keep others away by
 * doing nothing, or little. They know nothing of what is asked. */
#ifndef SLUSS_OPS_GUESTS_H
#define SLUSS_OPS_GUESTS_H

#include "base/list.h"

#include <stdint.h>

enum { GUESTS_MOST = 64, GUEST_MS = 5000 };

struct guests {
    struct list standing; /* who has waited longest first */
    unsigned count;
    int64_t now_ms; /* told by guests_turn */
};

struct guest;

void guests_init(struct guests *guests);

/* Somebody has connected by this descriptor, which stays the caller's. NULL: memory is short, and the guest was sent
 * away as everybody is who has to go: by shutdown(2), so that the connection is seen to have ended. */
struct guest *guests_come(struct guests *guests, int descriptor);

/* An answer was taken: the guest may ask again. */
void guests_served(struct guests *guests, struct guest *guest);

/* The connection is closed; NULL is fine. */
void guests_leave(struct guests *guests, struct guest *guest);

/* Sends away who took too long. */
void guests_turn(struct guests *guests, int64_t now_ms);

#endif
