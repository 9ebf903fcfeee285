/* A judgement says whose fault a reply is and what follows from it, for every reply there is. It carries nothing out.
 */
#ifndef SLUSS_DELIVER_JUDGEMENT_H
#define SLUSS_DELIVER_JUDGEMENT_H

#include "deliver/platform.h"
#include "event/reply.h"

enum judgement_kind {
    JUDGED_SUCCESS,
    JUDGED_REFUSED,   /* the event's fault: `refusals` attempts, then dead letter */
    JUDGED_PERMANENT, /* the event's fault, and the body says that nothing will change: dead letter at once */
    JUDGED_RETRY,     /* again with backoff */
    JUDGED_HOLD,      /* the platform's configuration or ours: hold the platform, never dead-letter */
    JUDGED_RENEW,     /* its token is refused: again with another one, once; nobody's fault yet */
    JUDGED_AMBIGUOUS, /* it may have been delivered: the route's `ambiguous` decides */
    JUDGED_ABORTED    /* the core broke it off: says nothing of event or platform */
};

/* What the attempt means for the platform's breaker. */
enum judgement_mark {
    MARK_GOOD,    /* the platform works */
    MARK_NONE,    /* nothing: the event's or our own trouble */
    MARK_SUSPECT, /* counts as a fault from three different keys on */
    MARK_FAULT    /* a platform fault */
};

struct judgement {
    enum judgement_kind kind;
    enum judgement_mark mark;
    int64_t floor_ms;   /* not before this long from now (Retry-After, at most 1 h); 0 none */
    bool floor_for_all; /* 429 and 503: the floor holds the whole platform */
    bool spared;        /* it was no attempt: the platform never looked at what was sent */
    const char *why;    /* what decided beside the status: static text such as "body not accepted"; else NULL */
};

/* SEMANTICS, "Event fault, platform fault, Kafka fault": the whole table stands here. */
struct judgement judge(const struct platform_spec *platform, const struct reply *reply);

/* The same where the token that the request carried is not fresh: a 401 is about the token then. */
struct judgement judge_worn(const struct platform_spec *platform, const struct reply *reply);

#endif
