/* A list by age. Who was sent away is in it no more, though the connection may not be closed yet. */
#include "ops/guests.h"

#include <stdlib.h>
#include <sys/socket.h>

struct guest {
    struct list place;
    int descriptor;
    int64_t since_ms; /* connected, or answered */
    bool gone;        /* sent away */
};

void guests_init(struct guests *guests) {
    *guests = (struct guests){.count = 0};
    list_init(&guests->standing);
}

static void take_place(struct guests *guests, struct guest *guest) {
    guest->since_ms = guests->now_ms;
    list_add_last(&guests->standing, &guest->place);
}

static void send_away(struct guests *guests, struct guest *guest) {
    list_remove(&guest->place);
    guest->gone = true;
    guests->count--;
    (void)shutdown(guest->descriptor, SHUT_RDWR);
}

static struct guest *eldest(const struct guests *guests) {
    struct list *first = list_first(&guests->standing);
    return first != NULL ? LIST_OF(first, struct guest, place) : NULL;
}

struct guest *guests_come(struct guests *guests, int descriptor) {
    struct guest *guest = calloc(1, sizeof *guest);
    if (guest == NULL) {
        (void)shutdown(descriptor, SHUT_RDWR);
        return NULL;
    }
    if (guests->count == GUESTS_MOST)
        send_away(guests, eldest(guests));
    guest->descriptor = descriptor;
    guests->count++;
    take_place(guests, guest);
    return guest;
}

void guests_served(struct guests *guests, struct guest *guest) {
    if (guest->gone)
        return;
    list_remove(&guest->place);
    take_place(guests, guest);
}

void guests_leave(struct guests *guests, struct guest *guest) {
    if (guest == NULL)
        return;
    list_remove(&guest->place);
    guests->count -= guest->gone ? 0 : 1;
    free(guest);
}

void guests_turn(struct guests *guests, int64_t now_ms) {
    guests->now_ms = now_ms;
    for (struct guest *guest; (guest = eldest(guests)) != NULL && now_ms - guest->since_ms >= GUEST_MS;)
        send_away(guests, guest);
}
