/* Platforms and the dead-letter topic: every row of the fault table as an answer. Judges nothing. */
#include "world.h"

static void set(struct task *task, enum reply_kind kind, enum reply_fault fault, int status) {
    task->what = (int)kind;
    task->fault = fault;
    task->status = status;
}

static int one_of(struct choices *choices, const int *list, uint32_t count) {
    return list[choose(choices, count)];
}

static bool draw_status(struct world *world, struct task *task) {
    static const int refused[] = {400, 404, 409, 410, 413, 422}, busy[] = {502, 503, 504}, shaky[] = {408, 425, 500};
    static const int denied[] = {401, 403, 407}, moved[] = {301, 304, 307};
    struct choices *choices = world->choices;
    if (strikes(choices, FAULT_ANSWERED_REFUSED))
        set(task, REPLY_ANSWERED, REPLY_FAULT_NONE, one_of(choices, refused, 6));
    else if (strikes(choices, FAULT_ANSWERED_429))
        set(task, REPLY_ANSWERED, REPLY_FAULT_NONE, 429);
    else if (strikes(choices, FAULT_ANSWERED_50X))
        set(task, REPLY_ANSWERED, REPLY_FAULT_NONE, one_of(choices, busy, 3));
    else if (strikes(choices, FAULT_ANSWERED_500))
        set(task, REPLY_ANSWERED, REPLY_FAULT_NONE, one_of(choices, shaky, 3));
    else if (strikes(choices, FAULT_ANSWERED_401))
        set(task, REPLY_ANSWERED, REPLY_FAULT_NONE, one_of(choices, denied, 3));
    else if (strikes(choices, FAULT_ANSWERED_3XX))
        set(task, REPLY_ANSWERED, REPLY_FAULT_NONE, one_of(choices, moved, 3));
    else
        return false;
    if (strikes(choices, FAULT_RETRY_AFTER))
        task->retry_ms = choose(choices, 8) == 7 ? 3600 * 1000 : choose(choices, 60000);
    if (strikes(choices, FAULT_RETRY_AFTER_ABSURD))
        task->retry_ms = INT64_MAX;
    return true;
}

static void draw_transport(struct world *world, struct task *task, int64_t *delay_ms, int64_t timeout_ms) {
    static const int unsent[] = {REPLY_FAULT_NAME, REPLY_FAULT_CONNECT, REPLY_FAULT_TIMEOUT, REPLY_FAULT_PROXY};
    static const int untrusted[] = {REPLY_FAULT_TLS, REPLY_FAULT_CERTIFICATE};
    static const int broken[] = {REPLY_FAULT_RESET, REPLY_FAULT_TIMEOUT};
    struct choices *choices = world->choices;
    if (strikes(choices, FAULT_NOT_SENT))
        set(task, REPLY_NOT_SENT, (enum reply_fault)one_of(choices, unsent, 4), 0);
    else if (strikes(choices, FAULT_NOT_SENT_HELD))
        set(task, REPLY_NOT_SENT, (enum reply_fault)one_of(choices, untrusted, 2), 0);
    else if (strikes(choices, FAULT_NO_MEMORY))
        set(task, REPLY_NOT_SENT, REPLY_FAULT_MEMORY, 0);
    else if (strikes(choices, FAULT_AMBIGUOUS) || strikes(choices, FAULT_AMBIGUOUS_APPLIED))
        set(task, REPLY_AMBIGUOUS, (enum reply_fault)one_of(choices, broken, 2), 0);
    else if (strikes(choices, FAULT_ENDLESS))
        set(task, REPLY_AMBIGUOUS, REPLY_FAULT_TOO_LARGE, 0);
    else if (strikes(choices, FAULT_NO_ANSWER)) {
        set(task, REPLY_AMBIGUOUS, REPLY_FAULT_TIMEOUT, 0);
        *delay_ms = timeout_ms;
    } else if (strikes(choices, FAULT_BODY_CUT))
        task->cut = true;
}

static void draw_body(struct world *world, struct task *task) {
    struct choices *choices = world->choices;
    if (task->what != REPLY_ANSWERED)
        return;
    task->says = task->status < 300 ? BODY_YES : BODY_NOTHING;
    if (task->says == BODY_YES && strikes(choices, FAULT_BODY_NO))
        task->says = BODY_NO;
    if (strikes(choices, FAULT_BODY_NEVER))
        task->says = BODY_NEVER;
}

static bool is_dead(const struct world *world, uint32_t platform) {
    return world->dead.platform == platform && world->now_ms >= world->dead.from_ms &&
           world->now_ms < world->dead.until_ms;
}

/* A platform whose events are as patient as a day mends itself in the end; others answer 500 for ever. */
static bool mended(const struct world *world, const struct member *member, uint32_t route) {
    return world->frozen && member->setting->route[route].retry.patience_ms > LIVENESS_MS / 4;
}

static bool carries(const struct open_request *open, enum record_kind kind) {
    for (uint32_t i = 0; i < open->count; i++)
        if (open->record[i]->kind == kind)
            return true;
    return false;
}

void answer_request(struct world *world, struct member *member, struct open_request *open) {
    struct choices *choices = world->choices;
    uint32_t platform = member->setting->route[open->route].mapping.platform;
    int64_t timeout_ms = member->setting->platform[platform].timeout_ms;
    struct task task = {
        .kind = TASK_REPLY, .member = member->index, .life = member->life, .id = open->id, .retry_ms = -1};
    int64_t delay_ms = 2 + choose(choices, 60);
    set(&task, REPLY_ANSWERED, REPLY_FAULT_NONE, 200);
    if (!token_take(world, member, open))
        set(&task, REPLY_NOT_SENT, REPLY_FAULT_TOKEN, 0);
    else if (is_dead(world, platform)) {
        set(&task, world->dead.silent ? REPLY_AMBIGUOUS : REPLY_NOT_SENT, REPLY_FAULT_TIMEOUT, 0);
        delay_ms = timeout_ms;
    } else if (world->outage_ms[platform] > world->now_ms)
        set(&task, REPLY_NOT_SENT, REPLY_FAULT_CONNECT, 0);
    else if (token_is_refused(world, member, open))
        set(&task, REPLY_ANSWERED, REPLY_FAULT_NONE, 401);
    else if (carries(open, REFUSED))
        set(&task, REPLY_ANSWERED, REPLY_FAULT_NONE, 400);
    else if (carries(open, ANSWERED_500) && !mended(world, member, open->route))
        set(&task, REPLY_ANSWERED, REPLY_FAULT_NONE, 500);
    else if (!draw_status(world, &task))
        draw_transport(world, &task, &delay_ms, timeout_ms);
    draw_body(world, &task);
    if (strikes(choices, FAULT_REPLY_REORDERED))
        delay_ms += choose(choices, 1000);
    if (strikes(choices, FAULT_SLOW))
        delay_ms += choose(choices, (uint32_t)timeout_ms);
    later(world, task, delay_ms < timeout_ms ? delay_ms : timeout_ms);
}

void answer_abort(struct world *world, struct member *member, const struct open_request *open) {
    if (strikes(world->choices, FAULT_ABORT_RACE))
        return;
    struct task task = {
        .kind = TASK_REPLY, .member = member->index, .life = member->life, .id = open->id, .retry_ms = -1};
    bool unsent = strikes_often(world->choices, FAULT_ABORT_UNSENT, 3);
    set(&task, unsent ? REPLY_NOT_SENT : REPLY_ABORTED, REPLY_FAULT_NONE, 0);
    later(world, task, 1);
}

void answer_letter(struct world *world, struct member *member, const struct open_request *open) {
    struct choices *choices = world->choices;
    struct task task = {.kind = TASK_LETTER,
                        .member = member->index,
                        .life = member->life,
                        .id = open->id,
                        .what = LETTER_ACKNOWLEDGED};
    int64_t delay_ms = 2 + choose(choices, 20);
    bool most = world->scene.letter_most > 0 && open->size > world->scene.letter_most;
    choices->count[FAULT_LETTER_MOST] += most ? 1 : 0;
    if (most || strikes(choices, open->small ? FAULT_LETTER_STILL_LARGE : FAULT_LETTER_TOO_LARGE))
        task.what = LETTER_TOO_LARGE;
    else if (world->letter_outage_ms > world->now_ms || world->kafka_outage_ms > world->now_ms ||
             strikes(choices, FAULT_LETTER_FAILED) || strikes(choices, FAULT_LETTER_WRITTEN))
        task.what = LETTER_FAILED;
    bool slow = world->scene.dense && !choices->quiet && choose(choices, 2) == 1;
    choices->count[FAULT_LETTER_SLOW] += slow ? 1 : 0;
    if (slow || strikes(choices, FAULT_LETTER_SLOW))
        delay_ms = choose(choices, 20000);
    later(world, task, delay_ms);
}

static bool is_one_of(int status, const int *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (list[i] == status)
            return true;
    return false;
}

/* What the answer means by the world's own rules, which are the fault table's. */
static enum meaning meaning_of(const struct platform_spec *platform, const struct task *task) {
    static const int not_the_event[] = {401, 403, 407}, not_refusals[] = {408, 425, 429};
    if (task->fault == REPLY_FAULT_TOKEN || (task->what == REPLY_NOT_SENT && task->fault == REPLY_FAULT_NONE))
        return SPARED;
    if (task->what != REPLY_ANSWERED)
        return task->what == REPLY_AMBIGUOUS ? IN_DOUBT : task->what == REPLY_ABORTED ? SAYS_NOTHING : FAILS;
    bool success = task->status < 300 || (task->status == 409 && platform->success.count == 2);
    if (success && (platform->accept == NULL || (task->says == BODY_YES && !task->cut)))
        return SETTLES;
    if (success && task->cut)
        return IN_DOUBT;
    if ((task->status >= 300 && task->status < 400) || is_one_of(task->status, not_the_event, 3))
        return FAILS;
    if (platform->permanent.count > 0 && task->says == BODY_NEVER)
        return FOR_EVER;
    bool refused = task->status >= 400 && task->status < 500 && !success && !is_one_of(task->status, not_refusals, 3);
    return refused ? REFUSES : FAILS;
}

static void note(struct world *world, struct member *member, const struct task *task, struct open_request *open) {
    struct tenure *tenure = &member->tenure[open->route];
    bool live = tenure->held && tenure->number == open->tenure;
    bool token = !open->letter && token_noted(world, member, task, open);
    world->cause = *open;
    if (!live) {
        world->choices->count[open->letter ? FAULT_LETTER_STALE : FAULT_REPLY_STALE]++;
        world->cause.id = 0;
        return;
    }
    tenure->open--;
    enum meaning meaning =
        meaning_of(&member->setting->platform[member->setting->route[open->route].mapping.platform], task);
    if (open->letter) {
        open->record[0]->view[member->index].letter = 0;
        world->cause_settles = task->what == LETTER_ACKNOWLEDGED;
        if (task->what == LETTER_TOO_LARGE)
            letter_refused(member, open->record[0]);
    } else {
        world->cause_settles = meaning == SETTLES;
        note_carried(world, member, token ? SPARED : meaning, task, open);
    }
    for (uint32_t i = 0; i < open->count; i++)
        open->record[i]->settled = open->record[i]->settled || world->cause_settles;
}

static void feed_answer(struct world *world, struct member *member, const struct task *task, uint64_t token) {
    if (task->kind == TASK_LETTER) {
        struct input input = {.kind = INPUT_LETTER, .is.letter = {task->id, (enum letter_outcome)task->what}};
        feed(world, member, &input);
        return;
    }
    struct reply *reply = reply_create(task->id, (enum reply_kind)task->what, task->fault);
    if (reply == NULL)
        abort();
    reply->status = task->status;
    reply->token = token;
    reply->retry_after_ms = task->retry_ms;
    reply->body_whole = !task->cut;
    static const char *const bodies[] = {
        [BODY_YES] = "{\"code\":20}", [BODY_NO] = "{\"code\":50}", [BODY_NEVER] = "{\"code\":51,\"why\":\"Never\"}"};
    if (bodies[task->says] != NULL && (reply->memory = strdup(bodies[task->says])) != NULL)
        reply->body = span_of(reply->memory);
    struct input input = {.kind = INPUT_REPLY, .is.reply = reply};
    feed(world, member, &input);
}

void answer_task(struct world *world, const struct task *task) {
    struct member *member = &world->member[task->member];
    struct open_request *open = open_find(member, task->id);
    uint64_t token = open != NULL ? open->token : 0;
    if (open == NULL && !task->again)
        return; /* it raced with its abort and came second */
    member_wakes(world, member);
    if (open != NULL) {
        note(world, member, task, open);
        *open = member->open[--member->open_count];
        if (strikes(world->choices, task->kind == TASK_LETTER ? FAULT_LETTER_TWICE : FAULT_REPLY_TWICE)) {
            struct task again = *task;
            again.again = true;
            later(world, again, 1 + choose(world->choices, 500));
        }
    }
    feed_answer(world, member, task, token);
}
