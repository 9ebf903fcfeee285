/* An offset map is the metadata of a committed offset: which events above it are settled, how often and for how long
 * others were tried or refused, and which wait for an operator. It only spares work: without it events are delivered
 * again, and none is lost. */
#ifndef SLUSS_SETTLE_OFFSET_MAP_H
#define SLUSS_SETTLE_OFFSET_MAP_H

#include "base/span.h"

#include <stdint.h>

enum {
    OFFSET_MAP_BITS = 8160, /* offsets from the base on that it can know */
    OFFSET_MAP_TRIES = 128, /* events that it can remember attempts of */
    OFFSET_MAP_DEAD = 128,  /* dead keys that it can remember */
    OFFSET_MAP_BACK = 4096, /* so far below the base their dead letters may lie */
    OFFSET_MAP_SIZE = 3072, /* bytes of its text, of the 4096 that brokers take by default */
    OFFSET_MAP_LONGEST = 9  /* digits of attempts and seconds: more count as so many */
};

/* Why an event waits for an operator; or, in doubt, for its dead letter. */
enum held {
    HELD_NOT,
    HELD_AMBIGUOUS, /* it was sent and no answer came: ambiguous = "hold" or "dead-letter" */
    HELD_DEAD_KEY   /* an earlier event of its key was dead-lettered: after-dead-letter = "hold" */
};

struct offset_try {
    int64_t offset;
    uint32_t attempts;
    uint32_t seconds; /* how long its patience has lasted, its platform being up */
    enum held held;
    int64_t first;     /* HELD_DEAD_KEY: the offset of its key's first dead letter; -1 unknown */
    uint32_t refusals; /* of its attempts, those that its platform refused */
};

/* A key one of whose events was dead-lettered, known by where these stand: the key itself is read there again. */
struct offset_dead {
    int64_t last;  /* its last dead letter's event */
    int64_t first; /* its first one's */
};

struct offset_map {
    int64_t base;  /* the committed offset */
    uint32_t bits; /* behind the last settled offset, from the base; 0: none is settled */
    uint32_t tries;
    unsigned char bit[OFFSET_MAP_BITS / 8];
    struct offset_try tried[OFFSET_MAP_TRIES]; /* held behind a dead key first, then in doubt, then the most tried */
    uint32_t doubts;                           /* behind the last one in doubt of which no more is known; 0: none */
    unsigned char doubt[OFFSET_MAP_BITS / 8];
    uint32_t dead_count;
    struct offset_dead dead[OFFSET_MAP_DEAD]; /* the latest first */
};

void offset_map_init(struct offset_map *map, int64_t base);

/* This offset is settled. What lies below the base or beyond the bits is left out. */
void offset_map_settle(struct offset_map *map, int64_t offset);

/* This offset is not settled and was tried, or is held. When there is no room, the least tried ones are left out; of
 * those in doubt (HELD_AMBIGUOUS) it is still known that they are. */
void offset_map_try(struct offset_map *map, struct offset_try tried);

/* The key of the event at `last` is dead. What lies too far below the base is left out, and when there is no room the
 * oldest. */
void offset_map_die(struct offset_map *map, struct offset_dead dead);

/* NULL: no key's last dead letter was that of this offset. */
const struct offset_dead *offset_map_dead(const struct offset_map *map, int64_t offset);

bool offset_map_knows(const struct offset_map *map, int64_t offset);

/* It was sent and may have been delivered, and no more than that is known. */
bool offset_map_doubts(const struct offset_map *map, int64_t offset);

/* NULL: not tried, as far as it knows. */
const struct offset_try *offset_map_find(const struct offset_map *map, int64_t offset);

/* How many offsets it knows as settled. */
uint32_t offset_map_count(const struct offset_map *map);

/* How many offsets it knows as held. */
uint32_t offset_map_held(const struct offset_map *map);

/* Writes it as text without NUL: a version (3 where of some nothing but doubt is known, 2 where something is held, dead
 * or was refused, else 1), six offsets a character, the tries, a CRC-32 that also covers partition and base, so that a
 * map which a tool moved to other offsets is not believed. The size; 0: there is nothing to say. */
size_t offset_map_write(const struct offset_map *map, int32_t partition, char text[OFFSET_MAP_SIZE]);

/* Reads it. False, and an empty map, when it is not one of ours for this partition and base, nor of a version that is
 * known here. So it is among members of different versions, while a group is changed over: what an older one does not
 * know it drops, and says so. Then events above the offset that were settled are delivered again, tries and patience
 * begin anew, and what is held or in doubt is sent: nothing is lost. Each map is written in the lowest version that can
 * say it. */
bool offset_map_read(struct offset_map *map, int64_t base, int32_t partition, struct span text);

#endif
