/* A breaker is the circuit breaker of one platform as this worker sees it: up (closed), open, half-open, or held
 * because the platform refuses Sluss. It sends no probes itself. */
#ifndef SLUSS_DELIVER_BREAKER_H
#define SLUSS_DELIVER_BREAKER_H

#include "deliver/judgement.h"

enum { BREAKER_SUSPECTS = 3 }; /* different keys from which on suspicious answers count */

struct breaker_mark;

/* Start with breaker_init. All times are now_ms. */
struct breaker {
    const struct breaker_spec *spec;
    enum platform_state state;
    enum platform_state down;   /* HALF_OPEN: OPEN or HELD, as before the probe */
    int64_t since_ms;           /* it is up, or is not: probes in between change nothing */
    int64_t probe_ms;           /* OPEN, HELD: not probed before */
    int64_t wait_ms;            /* the wait before this probe; doubles from probe to probe */
    int64_t up_ms;              /* time spent UP before since_ms */
    uint64_t last_key;          /* whose attempt failed last */
    uint32_t row;               /* faults in a row */
    struct breaker_mark *marks; /* ring of the last `of` attempts */
    uint32_t mark_at, mark_count, fault_count;
    struct {
        uint64_t key;
        int64_t at_ms;
        bool used;
    } suspect[BREAKER_SUSPECTS];
};

/* `spec` is borrowed. False when memory is short. */
bool breaker_init(struct breaker *breaker, const struct breaker_spec *spec, int64_t now_ms);
void breaker_finish(struct breaker *breaker);

/* An attempt of an event with this key was answered; `probe`: it was the probe. True when the state changed. Answers to
 * requests that were on their way when the platform went down change nothing but a floor: the probe decides. */
bool breaker_judged(struct breaker *breaker, const struct judgement *judgement, bool probe, uint64_t key,
                    int64_t now_ms);

/* The probe leaves now: half-open until it is answered. */
void breaker_probe(struct breaker *breaker, int64_t now_ms);

/* The probe ended without an answer (aborted): open or held as before it, to be probed at once. */
void breaker_unprobe(struct breaker *breaker, int64_t now_ms);

/* Another worker saw it in this state (UP, OPEN or HELD). True when the state changed. A platform that is down is then
 * not probed before `until_ms` and an eighth of `open`: the other one's probe comes first, or is answered by then, and
 * what that shows is told in time. */
bool breaker_told(struct breaker *breaker, enum platform_state state, int64_t until_ms, int64_t now_ms);

/* So long, up to now, nobody looked: no time of its being up. */
void breaker_slept(struct breaker *breaker, int64_t gap_ms);

/* All the time it was UP so far: the clock that an event's patience runs on. */
int64_t breaker_up_time(const struct breaker *breaker, int64_t now_ms);

#endif
