/* All judgement of replies. Nothing elsewhere looks at a status or a transport fault to decide. */
#include "deliver/judgement.h"

#include "deliver/acceptance.h"

enum { LONGEST_FLOOR_MS = 3600 * 1000 };

static bool listed(const struct status_list *list, int status) {
    for (size_t i = 0; i < list->count; i++)
        if (status >= list->ranges[i].first && status <= list->ranges[i].last)
            return true;
    return false;
}

/* The first list that matches; a status in none of them goes by its class, and what no class covers holds the platform:
 * an answer that nobody foresaw is a matter for a person, not for an event's dead letter. */
static enum judgement_kind kind_of_status(const struct platform_spec *platform, int status) {
    if (listed(&platform->success, status))
        return JUDGED_SUCCESS;
    if (listed(&platform->retry, status))
        return JUDGED_RETRY;
    if (listed(&platform->hold, status))
        return JUDGED_HOLD;
    if (listed(&platform->dead_letter, status))
        return JUDGED_REFUSED;
    if (status >= 500)
        return JUDGED_RETRY;
    return status >= 400 ? JUDGED_REFUSED : JUDGED_HOLD;
}

/* 429 502 503 504 are said by or for the platform as a whole; any other answer that asks for a retry may be about this
 * one event. */
static enum judgement_mark mark_of_retry(int status) {
    bool whole = status == 429 || status == 502 || status == 503 || status == 504;
    return whole ? MARK_FAULT : MARK_SUSPECT;
}

static bool is_permanent(const struct text_list *texts, struct span body) {
    for (size_t i = 0; body.size > 0 && i < texts->count; i++)
        if (memmem(body.data, body.size, texts->texts[i].data, texts->texts[i].size) != NULL)
            return true;
    return false;
}

/* What the body changes. A success must say what the platform's `accept-body` wants: one that says something else
 * failed, and since a gateway's page may also come with a 200, it counts as the event's fault only until other keys
 * meet it too. Where the body did not come whole, nobody knows. A text of `permanent-body` ends an event that failed;
 * it never ends one for which the platform is held: that is not about the event. */
static void judge_body(struct judgement *judgement, const struct platform_spec *platform, const struct reply *reply) {
    if (judgement->kind == JUDGED_SUCCESS && platform->accept != NULL && !reply->body_whole)
        *judgement =
            (struct judgement){.kind = JUDGED_AMBIGUOUS, .mark = MARK_SUSPECT, .why = "body needed and not whole"};
    else if (judgement->kind == JUDGED_SUCCESS && platform->accept != NULL &&
             !acceptance_met(platform->accept, reply->body))
        *judgement = (struct judgement){.kind = JUDGED_RETRY, .mark = MARK_SUSPECT, .why = "body not accepted"};
    bool failed = judgement->kind == JUDGED_RETRY || judgement->kind == JUDGED_REFUSED;
    if (failed && is_permanent(&platform->permanent, reply->body))
        *judgement = (struct judgement){.kind = JUDGED_PERMANENT, .mark = MARK_GOOD, .why = "body permanent"};
}

static struct judgement judge_status(const struct platform_spec *platform, const struct reply *reply) {
    struct judgement judgement = {.kind = kind_of_status(platform, reply->status), .mark = MARK_NONE};
    if (judgement.kind == JUDGED_SUCCESS)
        judgement.mark = MARK_GOOD;
    if (judgement.kind == JUDGED_REFUSED)
        judgement.mark = MARK_GOOD; /* it works well enough to refuse */
    if (judgement.kind == JUDGED_HOLD)
        judgement.mark = MARK_FAULT;
    if (judgement.kind == JUDGED_RETRY)
        judgement.mark = mark_of_retry(reply->status);
    if (judgement.kind == JUDGED_HOLD && platform->auth.kind == AUTH_OAUTH2 && reply->status == 401)
        judgement.why = "a fresh token is refused";
    judge_body(&judgement, platform, reply);
    if ((judgement.kind == JUDGED_RETRY || judgement.kind == JUDGED_HOLD) && reply->retry_after_ms > 0) {
        judgement.floor_ms = reply->retry_after_ms < LONGEST_FLOOR_MS ? reply->retry_after_ms : LONGEST_FLOOR_MS;
        judgement.floor_for_all = reply->status == 429 || reply->status == 503;
    }
    return judgement;
}

/* Without a token nothing is sent, whatever the reason; a Retry-After of the token endpoint is respected. */
static struct judgement judge_no_token(const struct reply *reply) {
    struct judgement judgement = {.kind = JUDGED_HOLD, .mark = MARK_FAULT, .spared = true};
    if (reply->retry_after_ms > 0) {
        judgement.floor_ms = reply->retry_after_ms < LONGEST_FLOOR_MS ? reply->retry_after_ms : LONGEST_FLOOR_MS;
        judgement.floor_for_all = true;
    }
    return judgement;
}

/* We took it back before anything was sent. */
static const struct judgement taken_back = {.kind = JUDGED_ABORTED, .mark = MARK_NONE, .spared = true};

/* Surely not delivered. What a person must mend (TLS, credentials) holds the platform; the rest passes by itself. */
static struct judgement judge_not_sent(const struct reply *reply) {
    switch (reply->fault) {
    case REPLY_FAULT_NONE:
        return taken_back;
    case REPLY_FAULT_TOKEN:
        return judge_no_token(reply);
    case REPLY_FAULT_TLS:
    case REPLY_FAULT_CERTIFICATE:
        return (struct judgement){.kind = JUDGED_HOLD, .mark = MARK_FAULT};
    case REPLY_FAULT_MEMORY:
        return (struct judgement){.kind = JUDGED_RETRY, .mark = MARK_NONE};
    case REPLY_FAULT_NAME:
    case REPLY_FAULT_CONNECT:
    case REPLY_FAULT_TIMEOUT:
    case REPLY_FAULT_RESET:
    case REPLY_FAULT_TOO_LARGE:
    case REPLY_FAULT_PROXY:
    case REPLY_FAULT_OTHER:
        break;
    }
    return (struct judgement){.kind = JUDGED_RETRY, .mark = MARK_FAULT};
}

struct judgement judge(const struct platform_spec *platform, const struct reply *reply) {
    switch (reply->kind) {
    case REPLY_ANSWERED:
        return judge_status(platform, reply);
    case REPLY_NOT_SENT:
        return judge_not_sent(reply);
    case REPLY_AMBIGUOUS:
        return (struct judgement){.kind = JUDGED_AMBIGUOUS, .mark = MARK_SUSPECT};
    case REPLY_ABORTED:
        break;
    }
    return (struct judgement){.kind = JUDGED_ABORTED, .mark = MARK_NONE};
}

struct judgement judge_worn(const struct platform_spec *platform, const struct reply *reply) {
    struct judgement judgement = judge(platform, reply);
    if (platform->auth.kind == AUTH_OAUTH2 && reply->kind == REPLY_ANSWERED && reply->token != 0 &&
        reply->status == 401 && judgement.kind != JUDGED_SUCCESS)
        judgement = (struct judgement){.kind = JUDGED_RENEW, .mark = MARK_NONE, .spared = true};
    return judgement;
}
