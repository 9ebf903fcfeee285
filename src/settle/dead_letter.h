/* A dead letter is an event put aside with its reason: its own bytes and the headers of CONTRACT 6. It is not written
 * here. */
#ifndef SLUSS_SETTLE_DEAD_LETTER_H
#define SLUSS_SETTLE_DEAD_LETTER_H

#include "event/event.h"
#include "event/reply.h"
#include "event/verdict.h"

struct letter {
    uint64_t id; /* unique in this flow */
    struct place place;
    int64_t offset;
    struct span topic;
    struct span key;              /* data NULL: none */
    struct span value;            /* data NULL: none */
    const struct header *headers; /* the original ones and sluss-* (CONTRACT 6) */
    size_t header_count;
};

/* What is left out because the broker found the letter too large: each also what those before it leave out. */
enum letter_omits { OMITS_NOTHING, OMITS_VALUE, OMITS_HEADERS, OMITS_KEY };

struct dead_letter_facts {
    struct verdict verdict;
    enum stage stage;
    struct span route;
    struct span topic;            /* it was read from */
    uint32_t attempts;            /* requests that were sent for it */
    int64_t first_failed_wall_ms; /* -1: never failed before; after a change of owner it may have been earlier: the
                                   * offset map tells only for how long it was tried while its platform was up */
    uint64_t generation;          /* of the configuration */
    enum letter_omits omits;
};

/* Fills key, value and headers in the event's arena; id and topic are the caller's. Headers of an earlier dead letter
 * are replaced. False when memory is short. */
bool dead_letter_make(struct letter *letter, struct event *event, const struct dead_letter_facts *facts);

/* What the next one must leave out to be smaller; the same where there is nothing more. */
enum letter_omits dead_letter_smaller(const struct event *event, enum letter_omits omits);

/* `sluss-detail` of an answer: {"status":400,"why":"...","answer":"..."}, `why` plain ASCII or NULL, with at most 1024
 * bytes of the answer, ASCII, whatever looks like a personal number made unreadable; or {"fault":"reset"}. SPAN_NONE
 * when memory is short. */
struct span dead_letter_detail(struct arena *arena, const struct reply *reply, const char *why);

/* `sluss-detail` of an event that goes to the dead letters because an earlier one of its key did:
 * {"follows":"TOPIC/PARTITION/OFFSET"}, the first of them. SPAN_NONE when memory is short. */
struct span dead_letter_follows(struct arena *arena, struct span topic, struct place place, int64_t first);

#endif
