/* The plan is one configuration generation, compiled and read-only: platforms, lookups, routes. It knows no file and no
 * library. */
#ifndef SLUSS_FLOW_PLAN_H
#define SLUSS_FLOW_PLAN_H

#include "decode/decoder.h"
#include "deliver/platform.h"
#include "enrich/recipe.h"
#include "flow/ration.h"
#include "shape/mapping.h"
#include "validate/gate.h"

enum route_mode { ROUTE_ON, ROUTE_OFF };
enum start_kind { START_EARLIEST, START_TIME, START_STOP };
enum tombstone { TOMBSTONE_FILTER, TOMBSTONE_DEAD_LETTER };
enum order_kind { ORDER_KEY, ORDER_QUERY, ORDER_PARTITION, ORDER_NONE };
enum ambiguous { AMBIGUOUS_RETRY, AMBIGUOUS_DEAD_LETTER, AMBIGUOUS_HOLD };
enum after_letter { AFTER_CONTINUE, AFTER_HOLD, AFTER_FOLLOW }; /* but CONTINUE: only with an order */

struct retry_spec {
    int64_t first_ms;    /* pause after the first failed attempt: it doubles, with jitter, */
    int64_t max_ms;      /* up to this */
    int64_t patience_ms; /* `for`: of its platform's up-time since the first one; then the event is dead-lettered */
};

struct route {
    struct span name;
    struct span owner; /* whom to ask about it */
    const struct span *topics;
    uint32_t topic_count;
    struct span group; /* Kafka's consumer group */
    enum route_mode mode;
    struct {
        enum start_kind kind;
        int64_t wall_ms; /* START_TIME */
    } start;             /* where nothing was committed yet */
    struct decode_spec decode;
    enum tombstone tombstone;
    struct gate_spec gate;
    struct recipe *recipes;
    uint32_t recipe_count;
    struct mapping_spec mapping;
    enum order_kind order;
    struct json_path *order_by; /* ORDER_QUERY */
    uint32_t refusals;          /* so many answers that refuse an event, then it is dead-lettered */
    enum ambiguous ambiguous;
    struct retry_spec retry;
    struct span dead_letter; /* topic; SPAN_NONE only when the mode is off */
    enum after_letter after_letter;
    struct {
        uint32_t events; /* at most so many in one request; 0: each event is a request of its own */
        size_t bytes;    /* of such a request's body; a larger event goes alone */
        int64_t wait_ms; /* so long it waits for more after its first event */
    } batch;
    uint32_t window;       /* events above the base that may be started, per partition: 1024, or eight batches */
    uint32_t exposure;     /* events that may be started and not covered by an acknowledged commit, likewise: see I5 */
    uint32_t workers;      /* on how many of the process's workers it reads */
    uint32_t first_worker; /* and from which one on: see share.h */
};

struct plan {
    uint64_t generation; /* counts the configurations that were read */
    struct platform_spec *platforms;
    uint32_t platform_count;
    struct lookup_spec *lookups;
    uint32_t lookup_count;
    struct route *routes;
    uint32_t route_count;
    size_t memory_limit; /* limits.memory; of a share what events may take: always kept (I10), see budget.h */
    size_t ahead_limit;  /* of a share: what its consumers may have read ahead; see ration.h */
    struct ration_consumer consumer;
    uint32_t max_poll_interval_ms; /* for the drain (I8) */
    uint32_t session_timeout_ms;   /* for the stall fence (I9) */
    uint32_t workers;              /* of the process */
    uint32_t worker;               /* whose share of the configuration this is: see share.h */
};

#endif
