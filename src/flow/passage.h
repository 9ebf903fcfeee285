/* A passage is one event in flight: the state machine of its way through the stages, with what it waits for and how
 * often it was tried. Private to flow. */
#ifndef SLUSS_FLOW_PASSAGE_H
#define SLUSS_FLOW_PASSAGE_H

#include "base/list.h"
#include "event/message.h"
#include "event/request.h"
#include "event/verdict.h"
#include "flow/action.h"
#include "flow/budget.h"
#include "flow/timer.h"
#include "settle/dead_letter.h"
#include "settle/offset_map.h"

struct flow;
struct partition;

enum passage_state {
    PASSAGE_QUEUED,  /* behind another event of its key */
    PASSAGE_GATHERS, /* the first of a batch that takes more */
    PASSAGE_JOINED,  /* stands in a batch behind the first, which speaks for all */
    PASSAGE_DUE,     /* goes on in this step, or when the stall fence ends */
    PASSAGE_WAITING, /* for its platform */
    PASSAGE_SENT,    /* its request is under way */
    PASSAGE_LATER,   /* for its timer: backoff */
    PASSAGE_WRITTEN, /* its dead letter is under way */
    PASSAGE_PARKED,  /* for an operator, or for the end of its group's drain */
    PASSAGE_GONE     /* its epoch is over; freed when its last open action is answered */
};

/* Lives in its event's arena. */
struct passage {
    struct list link;    /* of the flow's due list, its cramped one, or a dispatcher's queue */
    struct list sibling; /* of its partition's passages, in order of offsets */
    struct timer timer;
    enum passage_state state;
    enum stage stage;
    int64_t read_ms;
    int64_t since_ms;       /* in its state */
    uint64_t open;          /* id of its request or letter under way; 0 none */
    struct verdict verdict; /* DEAD: why; else none yet */

    /* The event, and what is made of it. */
    struct partition *home; /* NULL when GONE */
    struct event *event;
    struct message message;
    struct request own;      /* its own share of a request */
    struct request *request; /* that carries it: its own, or its batch's */
    uint32_t recipe;         /* of its route: the next one to enrich by */
    uint32_t slot;           /* in the tracker */

    /* Its memory: budget.h. */
    struct arena_mark bare; /* of its event's arena, before anything was decoded */
    size_t bytes;           /* accounted */
    size_t cramped;         /* so much was not enough for what the stages make of it; 0 not tried */

    /* Its order: lane.h. And the company in which it is sent: batch.h. */
    uint64_t lane; /* hash of what orders it; of its place without order */
    struct passage *ahead, *behind;
    struct batch *batch;   /* it stands in; NULL: it goes alone */
    struct passage *along; /* the next event of the same request */
    uint32_t company;      /* at most so many events stand in a batch with it: halved when that is divided */

    /* Its attempts. */
    uint32_t attempts;        /* requests sent, also by those who held the partition before */
    uint32_t attempts_before; /* of them, by those who held the partition before, as the map says */
    uint32_t failures;        /* of them failed by event or platform: the backoff's exponent */
    uint32_t refusals;        /* of them refused: the route has a limit */
    int status;               /* of the last answer; 0 none */
    const char *why;          /* what of its body decided, static; NULL nothing */
    enum reply_fault fault;   /* of the last attempt, where it was not answered */
    uint32_t letter_failures; /* of its dead letter: likewise the exponent */
    uint64_t blame; /* by which key the breaker knows it: its lane, or that of a batch it was divided out of */
    uint64_t turn;  /* among those that wait for its platform */

    /* Its patience (`retry.for`). */
    int64_t patience_from_ms;     /* up-time of its platform when its patience began, where its clock runs */
    int64_t spent_ms;             /* of its patience, before its clock runs */
    int64_t first_failed_wall_ms; /* -1: never; by what the map tells, it may have been earlier */

    /* Its dead letter, and whether it is held: hold.h. */
    struct letter letter;
    enum letter_omits omits; /* its letter was too large */
    enum held before;        /* what the map said of it, until it is first of its lane; or what ours is to say */
    enum held held;          /* PARKED for an operator: why */
    int64_t held_first;      /* HELD_DEAD_KEY: the offset of its key's first dead letter; -1 unknown */

    bool ordered;     /* stands in a lane */
    bool started;     /* sent since we read it */
    bool failed;      /* an attempt of it, since we read it */
    bool aborted;     /* its request, in a drain */
    bool clocked;     /* an attempt has failed since we read it, and it does not rest: its clock runs */
    bool grown;       /* the stages have begun with it */
    bool on_lifeline; /* of its platform */
};

/* Takes the event in; its lane is not fixed yet (stages.h). NULL when memory is short. */
struct passage *passage_create(struct flow *flow, struct partition *home, struct event *event);

/* It goes on in this step. */
void passage_due(struct flow *flow, struct passage *passage);

/* It goes on when so much time has passed. */
void passage_later(struct flow *flow, struct passage *passage, int64_t delay_ms);

/* A request or letter of it is under way: an answer with this id will come, also when its epoch is over by then. */
void passage_open(struct flow *flow, struct passage *passage, enum passage_state state, uint64_t id);

/* What was under way has ended. */
void passage_close(struct flow *flow, struct passage *passage);

/* It has failed, for the first time unless it had before. */
void passage_failed(const struct flow *flow, struct passage *passage);

/* A report of this event, to be completed. */
struct action *passage_report(struct flow *flow, enum report_kind kind, const struct passage *passage);

/* Limits its arena to what the budget has left for this purpose, until its bytes are accounted. */
void passage_borrow(struct flow *flow, struct passage *passage, enum budget what);

/* Its patience (`retry.for`): how much of it is spent. Its clock runs while its platform is up, from run_clock on, and
 * rests from rest_clock on, while the event has no request of its own to wait for. */
int64_t passage_spent_ms(const struct flow *flow, const struct passage *passage);
void passage_run_clock(const struct flow *flow, struct passage *passage);
void passage_rest_clock(const struct flow *flow, struct passage *passage);

/* Frees event and passage; it stands in no list and in no batch. */
void passage_destroy(struct flow *flow, struct passage *passage);

/* The stages have begun with it, or have not after all. */
void passage_grows(struct flow *flow, struct passage *passage, bool grown);

/* It waits for an operator, or no longer: what it takes comes back by him alone. */
void passage_rests(struct flow *flow, const struct passage *passage, bool rests);

/* Accounts the bytes its arena has by now. */
void passage_account(struct flow *flow, struct passage *passage);

#endif
