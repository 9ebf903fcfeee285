/* The tokens of platforms with OAuth2: what a member's shell has of them, what the platform thinks of them, and when
 * the core may ask for another. */
#include "world.h"

#include <inttypes.h>

enum { FRESH_MS = 10000 }; /* a token that follows so soon on the one before is not to blame */

static uint32_t platform_of(const struct member *member, const struct open_request *open) {
    return member->setting->route[open->route].mapping.platform;
}

static bool has_tokens(const struct member *member, const struct open_request *open) {
    return member->setting->platform[platform_of(member, open)].auth.kind == AUTH_OAUTH2;
}

/* What the shell does before it sends. False: there is none to be had. */
bool token_take(struct world *world, struct member *member, struct open_request *open) {
    uint32_t platform = platform_of(member, open);
    uint64_t *token = &member->platform[platform].token;
    if (!has_tokens(member, open))
        return true;
    bool ended = *token <= member->platform[platform].worn;
    if (!ended && strikes(world->choices, FAULT_TOKEN_ENDED))
        ended = true;
    if (ended && world->token_outage_ms > world->now_ms)
        return false;
    *token += ended ? 1 : 0;
    open->token = *token;
    return true;
}

bool token_is_refused(struct world *world, struct member *member, const struct open_request *open) {
    uint64_t *useless = &member->platform[platform_of(member, open)].useless;
    if (open->token == 0)
        return false;
    if (strikes(world->choices, FAULT_TOKEN_REVOKED))
        *useless = open->token;
    return open->token <= *useless || strikes(world->choices, FAULT_TOKEN_USELESS);
}

/* Whether the answer is about the request's token alone; then the core must have it replaced in this step, unless it
 * has. */
bool token_noted(struct world *world, struct member *member, const struct task *task, const struct open_request *open) {
    uint32_t platform = platform_of(member, open);
    if (task->what != REPLY_ANSWERED || task->status != 401 || open->token == 0)
        return false;
    uint64_t worn = member->platform[platform].worn;
    bool late = open->token > worn && worn > 0 && world->now_ms - member->platform[platform].worn_ms < FRESH_MS;
    if (open->renewed || late)
        return false;
    world->refused = open->token > worn ? open->token : 0;
    world->refused_by = platform;
    if (open->probe)
        member->platform[platform].probed = false; /* another one is sent in its place */
    return true;
}

void token_check(struct world *world, struct member *member, const struct action *action) {
    uint32_t platform = action->is.token.platform;
    uint64_t number = action->is.token.number;
    if (world->refused == 0 || number != world->refused || platform != world->refused_by)
        violated(world, "token", "token %" PRIu64 " of platform %u is replaced, and no answer was about it", number,
                 platform);
    world->refused = 0;
    member->platform[platform].worn = number;
    member->platform[platform].worn_ms = world->now_ms;
}

/* A request that nobody looked at costs its event nothing. */
void token_check_attempt(struct world *world, const struct member *member, const struct open_request *open,
                         const struct request *request) {
    const struct view *view = &open->record[0]->view[member->index];
    uint32_t expected = view->attempts + (view->spared ? 0 : 1);
    if (view->attempts > 0 && member->setting->route[open->route].batch.events == 0 && request->attempt != expected)
        violated(world, "I11", "offset %" PRId64 ": attempt %u is called %u", open->record[0]->offset, expected,
                 request->attempt);
}
