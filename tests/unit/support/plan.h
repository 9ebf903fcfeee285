/* What tests of the flow begin with: a platform, a route and a plan made by hand, and the inputs that come again and
 * again. A test changes what it is about. Not a test. Included behind cmocka. */
#ifndef SUPPORT_PLAN_H
#define SUPPORT_PLAN_H

#include "flow/flow.h"

#include <stdlib.h>

static const struct status_range plan_success[] = {{200, 299}};
static const struct status_range plan_retry[] = {{408, 408}, {425, 425}, {429, 429}, {500, 599}};
static const struct status_range plan_hold[] = {{401, 401}, {403, 403}, {407, 407}};
static const struct status_range plan_dead[] = {{400, 499}};
static const struct span plan_topics[] = {{"arende.v1", 9}};

static inline struct platform_spec plan_platform(void) {
    return (struct platform_spec){.name = SPAN("oep"),
                                  .timeout_ms = 30000,
                                  .max_in_flight = 64,
                                  .breaker = {5, 85, 50, 10000, 30000, 300000},
                                  .success = {plan_success, 1},
                                  .retry = {plan_retry, 4},
                                  .hold = {plan_hold, 3},
                                  .dead_letter = {plan_dead, 1}};
}

/* To the first platform; `target` is the test's, which destroys it. */
static inline struct route plan_route(struct template *target) {
    assert_non_null(target);
    return (struct route){.name = SPAN("bygglov"),
                          .topics = plan_topics,
                          .topic_count = 1,
                          .dead_letter = SPAN("arende.v1.dlq"),
                          .refusals = 3,
                          .retry = {1000, 300000, 86400000},
                          .window = 1024,
                          .exposure = 1024,
                          .mapping = {.method = SPAN("POST"),
                                      .route = SPAN("bygglov"),
                                      .topics = plan_topics,
                                      .target = target,
                                      .body = BODY_EVENT}};
}

static inline struct plan plan_of(struct platform_spec *platforms, uint32_t platform_count, struct route *routes,
                                  uint32_t route_count, size_t memory_limit) {
    return (struct plan){.generation = 1,
                         .platforms = platforms,
                         .platform_count = platform_count,
                         .routes = routes,
                         .route_count = route_count,
                         .memory_limit = memory_limit,
                         .max_poll_interval_ms = 300000,
                         .session_timeout_ms = 10000};
}

/* A flow with one platform and one route, and what it said: for tests that need no more. */
struct stand {
    struct platform_spec platform;
    struct route route;
    struct plan plan;
    struct flow *flow; /* NULL until stand_open */
    struct actions actions;
    struct buf trace;
    int64_t now_ms;
};

/* The platform and the route may be changed before the flow is opened. */
static inline void stand_init(struct stand *stand, const char *target) {
    *stand = (struct stand){.platform = plan_platform(),
                            .route = plan_route(template_create(TEMPLATE_TARGET, span_of(target), NULL))};
}

static inline void stand_open(struct stand *stand) {
    stand->plan = plan_of(&stand->platform, 1, &stand->route, 1, 256 << 20);
    stand->flow = flow_create(&stand->plan, 1);
    assert_non_null(stand->flow);
}

/* Another flow, with so much memory. */
static inline void stand_limit(struct stand *stand, size_t memory_limit) {
    flow_destroy(stand->flow);
    stand->plan.memory_limit = memory_limit;
    stand->flow = flow_create(&stand->plan, 1);
    assert_non_null(stand->flow);
}

static inline void stand_finish(struct stand *stand) {
    flow_destroy(stand->flow);
    template_destroy(stand->route.mapping.target);
    actions_finish(&stand->actions);
    buf_finish(&stand->trace);
}

static inline struct input plan_answer(uint64_t request, int status) {
    struct reply *reply = reply_create(request, REPLY_ANSWERED, REPLY_FAULT_NONE);
    assert_non_null(reply);
    reply->status = status;
    return (struct input){.kind = INPUT_REPLY, .is.reply = reply};
}

static inline struct input plan_event(struct place place, int64_t offset, struct span key, struct span value) {
    struct event *event = event_create(place, offset, 1700000000000, key, value, NULL, 0);
    assert_non_null(event);
    return (struct input){.kind = INPUT_EVENT, .is.event = event};
}

/* The group gives a route so many partitions, all committed at `offset`. The two inputs point into it. */
enum { PLAN_PARTITIONS = 32 };
struct plan_given {
    struct place place[PLAN_PARTITIONS];
    struct committed entry[PLAN_PARTITIONS];
    struct input assigned, committed;
};

static inline void plan_give(struct plan_given *given, uint32_t route, uint32_t epoch, size_t partitions,
                             int64_t offset) {
    assert_true(partitions <= PLAN_PARTITIONS);
    for (size_t i = 0; i < partitions; i++) {
        given->place[i] = (struct place){.route = route, .partition = (int32_t)i, .epoch = epoch};
        given->entry[i] = (struct committed){.partition = (int32_t)i, .offset = offset};
    }
    given->assigned =
        (struct input){.kind = INPUT_ASSIGNED,
                       .is.group = {.route = route, .epoch = epoch, .place = given->place, .count = partitions}};
    given->committed =
        (struct input){.kind = INPUT_COMMITTED,
                       .is.committed = {.route = route, .epoch = epoch, .entry = given->entry, .count = partitions}};
}

#endif
