/* One row a status and one a transport fault: the table of SEMANTICS as a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deliver/acceptance.h"
#include "deliver/judgement.h"

#include <stdio.h>

#define LIST(ranges_)                                                                                                  \
    { .ranges = (ranges_), .count = sizeof(ranges_) / sizeof *(ranges_) }

static const struct status_range success[] = {{200, 299}};
static const struct status_range retry[] = {{408, 408}, {425, 425}, {429, 429}, {500, 599}};
static const struct status_range hold[] = {{401, 401}, {403, 403}, {407, 407}};
static const struct status_range dead[] = {{400, 499}};
static const struct status_range conflict[] = {{200, 299}, {409, 409}};
static const struct status_range narrow[] = {{200, 200}};

static const struct platform_spec usual = {
    .success = LIST(success), .retry = LIST(retry), .hold = LIST(hold), .dead_letter = LIST(dead)};
static const struct platform_spec idempotent = {
    .success = LIST(conflict), .retry = LIST(retry), .hold = LIST(hold), .dead_letter = LIST(dead)};
static const struct platform_spec strict = {.success = LIST(narrow)};

static const struct {
    int status;
    enum judgement_kind kind;
    enum judgement_mark mark;
} statuses[] = {
    {200, JUDGED_SUCCESS, MARK_GOOD},  {201, JUDGED_SUCCESS, MARK_GOOD},  {202, JUDGED_SUCCESS, MARK_GOOD},
    {204, JUDGED_SUCCESS, MARK_GOOD},  {299, JUDGED_SUCCESS, MARK_GOOD},  {300, JUDGED_HOLD, MARK_FAULT},
    {301, JUDGED_HOLD, MARK_FAULT},    {302, JUDGED_HOLD, MARK_FAULT},    {303, JUDGED_HOLD, MARK_FAULT},
    {304, JUDGED_HOLD, MARK_FAULT},    {307, JUDGED_HOLD, MARK_FAULT},    {308, JUDGED_HOLD, MARK_FAULT},
    {400, JUDGED_REFUSED, MARK_GOOD},  {401, JUDGED_HOLD, MARK_FAULT},    {402, JUDGED_REFUSED, MARK_GOOD},
    {403, JUDGED_HOLD, MARK_FAULT},    {404, JUDGED_REFUSED, MARK_GOOD},  {405, JUDGED_REFUSED, MARK_GOOD},
    {406, JUDGED_REFUSED, MARK_GOOD},  {407, JUDGED_HOLD, MARK_FAULT},    {408, JUDGED_RETRY, MARK_SUSPECT},
    {409, JUDGED_REFUSED, MARK_GOOD},  {410, JUDGED_REFUSED, MARK_GOOD},  {411, JUDGED_REFUSED, MARK_GOOD},
    {412, JUDGED_REFUSED, MARK_GOOD},  {413, JUDGED_REFUSED, MARK_GOOD},  {414, JUDGED_REFUSED, MARK_GOOD},
    {415, JUDGED_REFUSED, MARK_GOOD},  {416, JUDGED_REFUSED, MARK_GOOD},  {417, JUDGED_REFUSED, MARK_GOOD},
    {418, JUDGED_REFUSED, MARK_GOOD},  {421, JUDGED_REFUSED, MARK_GOOD},  {422, JUDGED_REFUSED, MARK_GOOD},
    {423, JUDGED_REFUSED, MARK_GOOD},  {424, JUDGED_REFUSED, MARK_GOOD},  {425, JUDGED_RETRY, MARK_SUSPECT},
    {426, JUDGED_REFUSED, MARK_GOOD},  {428, JUDGED_REFUSED, MARK_GOOD},  {429, JUDGED_RETRY, MARK_FAULT},
    {431, JUDGED_REFUSED, MARK_GOOD},  {451, JUDGED_REFUSED, MARK_GOOD},  {499, JUDGED_REFUSED, MARK_GOOD},
    {500, JUDGED_RETRY, MARK_SUSPECT}, {501, JUDGED_RETRY, MARK_SUSPECT}, {502, JUDGED_RETRY, MARK_FAULT},
    {503, JUDGED_RETRY, MARK_FAULT},   {504, JUDGED_RETRY, MARK_FAULT},   {505, JUDGED_RETRY, MARK_SUSPECT},
    {507, JUDGED_RETRY, MARK_SUSPECT}, {508, JUDGED_RETRY, MARK_SUSPECT}, {511, JUDGED_RETRY, MARK_SUSPECT},
    {520, JUDGED_RETRY, MARK_SUSPECT}, {599, JUDGED_RETRY, MARK_SUSPECT},
};

static const struct {
    enum reply_kind kind;
    enum reply_fault fault;
    enum judgement_kind judged;
    enum judgement_mark mark;
} faults[] = {
    {REPLY_NOT_SENT, REPLY_FAULT_NONE, JUDGED_ABORTED, MARK_NONE},
    {REPLY_NOT_SENT, REPLY_FAULT_NAME, JUDGED_RETRY, MARK_FAULT},
    {REPLY_NOT_SENT, REPLY_FAULT_CONNECT, JUDGED_RETRY, MARK_FAULT},
    {REPLY_NOT_SENT, REPLY_FAULT_TIMEOUT, JUDGED_RETRY, MARK_FAULT},
    {REPLY_NOT_SENT, REPLY_FAULT_TLS, JUDGED_HOLD, MARK_FAULT},
    {REPLY_NOT_SENT, REPLY_FAULT_CERTIFICATE, JUDGED_HOLD, MARK_FAULT},
    {REPLY_NOT_SENT, REPLY_FAULT_TOKEN, JUDGED_HOLD, MARK_FAULT},
    {REPLY_NOT_SENT, REPLY_FAULT_RESET, JUDGED_RETRY, MARK_FAULT},
    {REPLY_NOT_SENT, REPLY_FAULT_PROXY, JUDGED_RETRY, MARK_FAULT},
    {REPLY_NOT_SENT, REPLY_FAULT_MEMORY, JUDGED_RETRY, MARK_NONE},
    {REPLY_NOT_SENT, REPLY_FAULT_OTHER, JUDGED_RETRY, MARK_FAULT},
    {REPLY_AMBIGUOUS, REPLY_FAULT_TIMEOUT, JUDGED_AMBIGUOUS, MARK_SUSPECT},
    {REPLY_AMBIGUOUS, REPLY_FAULT_RESET, JUDGED_AMBIGUOUS, MARK_SUSPECT},
    {REPLY_AMBIGUOUS, REPLY_FAULT_TOO_LARGE, JUDGED_AMBIGUOUS, MARK_SUSPECT},
    {REPLY_ABORTED, REPLY_FAULT_NONE, JUDGED_ABORTED, MARK_NONE},
};

static void judges_every_status(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct reply reply = {.kind = REPLY_ANSWERED, .status = statuses[i].status, .retry_after_ms = -1};
        struct judgement judgement = judge(&usual, &reply);
        if (judgement.kind != statuses[i].kind || judgement.mark != statuses[i].mark)
            fail_msg("status %d: kind %d mark %d", statuses[i].status, (int)judgement.kind, (int)judgement.mark);
        assert_int_equal(judgement.floor_ms, 0);
    }
}

static void judges_every_transport_fault(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct reply reply = {.kind = faults[i].kind, .fault = faults[i].fault, .retry_after_ms = -1};
        struct judgement judgement = judge(&usual, &reply);
        if (judgement.kind != faults[i].judged || judgement.mark != faults[i].mark)
            fail_msg("%s %s: kind %d mark %d", reply_kind_name(faults[i].kind), reply_fault_name(faults[i].fault),
                     (int)judgement.kind, (int)judgement.mark);
    }
}

static void lists_are_the_platforms_own(void **state) {
    (void)state;
    struct reply reply = {.kind = REPLY_ANSWERED, .status = 409, .retry_after_ms = -1};
    assert_int_equal(judge(&idempotent, &reply).kind, JUDGED_SUCCESS);
    reply.status = 204;
    assert_int_equal(judge(&strict, &reply).kind, JUDGED_HOLD);
    reply.status = 503;
    assert_int_equal(judge(&strict, &reply).kind, JUDGED_RETRY);
    reply.status = 404;
    assert_int_equal(judge(&strict, &reply).kind, JUDGED_REFUSED);
}

/* What is about the token that the request carried, and no attempt of the event. */
static void a_token_that_is_refused_is_not_the_platforms_fault(void **state) {
    (void)state;
    static const struct status_range any[] = {{200, 599}};
    static const struct {
        enum auth_kind auth;
        bool lenient; /* every status is a success */
        enum reply_kind kind;
        int status;
        uint64_t token;
        enum judgement_kind judged;
    } rows[] = {
        {AUTH_OAUTH2, false, REPLY_ANSWERED, 401, 1, JUDGED_RENEW},
        {AUTH_OAUTH2, false, REPLY_ANSWERED, 401, 0, JUDGED_HOLD},
        {AUTH_OAUTH2, true, REPLY_ANSWERED, 401, 1, JUDGED_SUCCESS},
        {AUTH_BEARER, false, REPLY_ANSWERED, 401, 1, JUDGED_HOLD},
        {AUTH_OAUTH2, false, REPLY_ANSWERED, 403, 1, JUDGED_HOLD},
        {AUTH_OAUTH2, false, REPLY_ANSWERED, 407, 1, JUDGED_HOLD},
        {AUTH_OAUTH2, false, REPLY_ANSWERED, 400, 1, JUDGED_REFUSED},
        {AUTH_OAUTH2, false, REPLY_AMBIGUOUS, 0, 1, JUDGED_AMBIGUOUS},
        {AUTH_OAUTH2, false, REPLY_ABORTED, 0, 1, JUDGED_ABORTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct platform_spec platform = usual;
        platform.auth.kind = rows[i].auth;
        if (rows[i].lenient)
            platform.success = (struct status_list)LIST(any);
        struct reply reply = {
            .kind = rows[i].kind, .status = rows[i].status, .token = rows[i].token, .retry_after_ms = -1};
        struct judgement judgement = judge_worn(&platform, &reply);
        if (judgement.kind != rows[i].judged || judgement.spared != (rows[i].judged == JUDGED_RENEW))
            fail_msg("row %zu: kind %d, spared %d", i, (int)judgement.kind, judgement.spared);
        assert_int_not_equal(judge(&platform, &reply).kind, JUDGED_RENEW);
    }
}

static void without_a_token_nothing_was_tried(void **state) {
    (void)state;
    struct reply reply = {.kind = REPLY_NOT_SENT, .fault = REPLY_FAULT_TOKEN, .retry_after_ms = -1};
    struct judgement judgement = judge(&usual, &reply);
    assert_true(judgement.spared && judgement.kind == JUDGED_HOLD && judgement.floor_ms == 0);
    reply.retry_after_ms = 7000;
    judgement = judge(&usual, &reply);
    assert_true(judgement.floor_for_all && judgement.floor_ms == 7000);
    reply.fault = REPLY_FAULT_CERTIFICATE;
    assert_false(judge(&usual, &reply).spared);
}

static const struct status_range odd_retry[] = {{404, 404}, {200, 299}};
static const struct status_range odd_hold[] = {{503, 503}, {429, 429}, {404, 404}};
static const struct status_range odd_dead[] = {{500, 500}, {401, 403}, {503, 503}};
static const struct platform_spec odd = {
    .success = LIST(narrow), .retry = LIST(odd_retry), .hold = LIST(odd_hold), .dead_letter = LIST(odd_dead)};

/* The first list that matches, in their order; what is in none goes by its class. */
static const struct {
    int status;
    enum judgement_kind kind;
    enum judgement_mark mark;
    bool holds_all; /* with Retry-After */
} odd_statuses[] = {
    {200, JUDGED_SUCCESS, MARK_GOOD, false},  {201, JUDGED_RETRY, MARK_SUSPECT, false},
    {404, JUDGED_RETRY, MARK_SUSPECT, false}, {503, JUDGED_HOLD, MARK_FAULT, true},
    {429, JUDGED_HOLD, MARK_FAULT, true},     {500, JUDGED_REFUSED, MARK_GOOD, false},
    {401, JUDGED_REFUSED, MARK_GOOD, false},  {403, JUDGED_REFUSED, MARK_GOOD, false},
    {407, JUDGED_REFUSED, MARK_GOOD, false},  {400, JUDGED_REFUSED, MARK_GOOD, false},
    {502, JUDGED_RETRY, MARK_FAULT, false},   {501, JUDGED_RETRY, MARK_SUSPECT, false},
    {302, JUDGED_HOLD, MARK_FAULT, false},    {0, JUDGED_HOLD, MARK_FAULT, false},
};

static void the_first_list_that_matches_counts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof odd_statuses / sizeof *odd_statuses; i++) {
        struct reply reply = {.kind = REPLY_ANSWERED, .status = odd_statuses[i].status, .retry_after_ms = 5000};
        struct judgement judgement = judge(&odd, &reply);
        if (judgement.kind != odd_statuses[i].kind || judgement.mark != odd_statuses[i].mark ||
            judgement.floor_for_all != odd_statuses[i].holds_all)
            fail_msg("status %d: kind %d mark %d", odd_statuses[i].status, (int)judgement.kind, (int)judgement.mark);
    }
}

static void a_cut_body_is_still_a_success(void **state) {
    (void)state;
    struct reply reply = {
        .kind = REPLY_ANSWERED, .fault = REPLY_FAULT_RESET, .status = 200, .retry_after_ms = -1, .body_whole = false};
    assert_int_equal(judge(&usual, &reply).kind, JUDGED_SUCCESS);
}

static void retry_after_is_a_floor(void **state) {
    (void)state;
    struct reply reply = {.kind = REPLY_ANSWERED, .status = 503, .retry_after_ms = 7000};
    struct judgement judgement = judge(&usual, &reply);
    assert_int_equal(judgement.floor_ms, 7000);
    assert_true(judgement.floor_for_all);
    reply.status = 500;
    judgement = judge(&usual, &reply);
    assert_int_equal(judgement.floor_ms, 7000);
    assert_false(judgement.floor_for_all);
    reply.status = 429;
    reply.retry_after_ms = (int64_t)1 << 60;
    assert_int_equal(judge(&usual, &reply).floor_ms, 3600000);
    reply.status = 400;
    assert_int_equal(judge(&usual, &reply).floor_ms, 0);
    reply.status = 200;
    assert_int_equal(judge(&usual, &reply).floor_ms, 0);
}

/* Status, body, whether it came whole; what follows with accept-body = "$.code == 20" and permanent-body = [ "gone" ].
 */
static const struct {
    int status;
    const char *body;
    bool cut;
    enum judgement_kind kind;
    enum judgement_mark mark;
    const char *why;
} bodies[] = {
    {200, "{\"code\":20}", false, JUDGED_SUCCESS, MARK_GOOD, NULL},
    {200, "{\"code\":20,\"gone\":1}", false, JUDGED_SUCCESS, MARK_GOOD, NULL},
    {200, "{\"code\":20}", true, JUDGED_AMBIGUOUS, MARK_SUSPECT, "body needed and not whole"},
    {200, "{\"gone\":20}", true, JUDGED_AMBIGUOUS, MARK_SUSPECT, "body needed and not whole"},
    {200, "{\"code\":21}", false, JUDGED_RETRY, MARK_SUSPECT, "body not accepted"},
    {200, "<html>", false, JUDGED_RETRY, MARK_SUSPECT, "body not accepted"},
    {204, NULL, false, JUDGED_RETRY, MARK_SUSPECT, "body not accepted"},
    {200, "{\"code\":21,\"why\":\"gone\"}", false, JUDGED_PERMANENT, MARK_GOOD, "body permanent"},
    {500, "it is gone.", false, JUDGED_PERMANENT, MARK_GOOD, "body permanent"},
    {500, "it is gone.", true, JUDGED_PERMANENT, MARK_GOOD, "body permanent"},
    {500, "{\"code\":20}", false, JUDGED_RETRY, MARK_SUSPECT, NULL},
    {500, "Gone", false, JUDGED_RETRY, MARK_SUSPECT, NULL},
    {500, NULL, false, JUDGED_RETRY, MARK_SUSPECT, NULL},
    {503, "gone", false, JUDGED_PERMANENT, MARK_GOOD, "body permanent"},
    {503, "busy", false, JUDGED_RETRY, MARK_FAULT, NULL},
    {404, "gone", false, JUDGED_PERMANENT, MARK_GOOD, "body permanent"},
    {404, "no", false, JUDGED_REFUSED, MARK_GOOD, NULL},
    {401, "gone", false, JUDGED_HOLD, MARK_FAULT, NULL},
    {302, "gone", false, JUDGED_HOLD, MARK_FAULT, NULL},
};

static void a_body_can_decide(void **state) {
    (void)state;
    static const struct span texts[] = {SPAN("long gone"), SPAN("gone")};
    struct platform_spec platform = usual;
    struct error error = {0};
    platform.accept = acceptance_create(SPAN("$.code == 20"), &error);
    platform.permanent = (struct text_list){texts, 2};
    assert_non_null(platform.accept);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct reply reply = {.kind = REPLY_ANSWERED,
                              .status = bodies[i].status,
                              .retry_after_ms = 1000,
                              .body = bodies[i].body != NULL ? span_of(bodies[i].body) : SPAN_NONE,
                              .body_whole = !bodies[i].cut};
        struct judgement judgement = judge(&platform, &reply);
        bool same = judgement.why == bodies[i].why ||
                    (judgement.why != NULL && bodies[i].why != NULL && strcmp(judgement.why, bodies[i].why) == 0);
        if (judgement.kind != bodies[i].kind || judgement.mark != bodies[i].mark || !same)
            fail_msg("row %zu: kind %d mark %d %s", i, (int)judgement.kind, (int)judgement.mark, judgement.why);
        bool waits = judgement.kind == JUDGED_RETRY || judgement.kind == JUDGED_HOLD;
        assert_int_equal(judgement.floor_ms, waits ? 1000 : 0);
    }
    acceptance_destroy(platform.accept);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_status),
        cmocka_unit_test(judges_every_transport_fault),
        cmocka_unit_test(lists_are_the_platforms_own),
        cmocka_unit_test(a_cut_body_is_still_a_success),
        cmocka_unit_test(retry_after_is_a_floor),
        cmocka_unit_test(the_first_list_that_matches_counts),
        cmocka_unit_test(a_body_can_decide),
        cmocka_unit_test(without_a_token_nothing_was_tried),
        cmocka_unit_test(a_token_that_is_refused_is_not_the_platforms_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
