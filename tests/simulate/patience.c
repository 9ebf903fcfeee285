/* The judge of patience: an event's clock runs from its first failed attempt on, while its platform is up and no
 * operator is waited for. It may run less than this says, for a key's turn, and never more. */
#include "world.h"

static int64_t up_time(const struct world *world, const struct member *member, uint32_t platform) {
    bool up = member->platform[platform].state == PLATFORM_UP;
    return member->platform[platform].up_ms + (up ? world->now_ms - member->platform[platform].up_from : 0);
}

static int64_t up_time_of(const struct world *world, const struct member *member, uint32_t route) {
    return up_time(world, member, member->setting->route[route].mapping.platform);
}

void patience_platform(const struct world *world, struct member *member, uint32_t platform, enum platform_state state) {
    member->platform[platform].up_ms = up_time(world, member, platform);
    member->platform[platform].up_from = world->now_ms;
    member->platform[platform].state = state;
}

/* So long nobody looked: what was up before is up again, and no time was spent. */
void patience_sleeps(struct member *member, int64_t gap_ms) {
    for (uint32_t i = 0; i < MOST_ROUTES; i++)
        if (member->platform[i].state == PLATFORM_UP)
            member->platform[i].up_from += gap_ms;
}

void patience_runs(const struct world *world, const struct member *member, uint32_t route, struct view *view) {
    if (!view->clocked)
        view->clock_from = up_time_of(world, member, route);
    view->clocked = true;
}

void patience_rests(const struct world *world, const struct member *member, uint32_t route, struct view *view) {
    if (view->clocked)
        view->spent_ms += up_time_of(world, member, route) - view->clock_from;
    view->clocked = false;
}

bool patience_ended(const struct world *world, const struct member *member, uint32_t route, const struct view *view) {
    int64_t runs_ms = view->clocked ? up_time_of(world, member, route) - view->clock_from : 0;
    return view->spent_ms + runs_ms >= member->setting->route[route].retry.patience_ms;
}
