/* A token bucket beside two counters. Knows no events. */
#include "deliver/pace.h"

#include "base/bug.h"

enum { REQUEST = 1000 * 1000, FULL_AFTER_MS = 100 };

void pace_init(struct pace *pace, const struct platform_spec *spec, int64_t now_ms) {
    *pace = (struct pace){.most = spec->max_in_flight, .rate = spec->rate, .level_ms = now_ms};
    uint64_t again = (uint64_t)spec->max_in_flight * spec->retry_budget / 100;
    pace->most_again = again > 1 ? (uint32_t)again : 1;
    pace->most_level = (int64_t)spec->rate * FULL_AFTER_MS;
    if (pace->most_level < REQUEST)
        pace->most_level = REQUEST;
    pace->level = pace->most_level;
}

bool pace_has_room(const struct pace *pace, bool again) {
    return pace->in_flight < pace->most && (!again || pace->again < pace->most_again);
}

/* The time until so much has flowed in. */
static int64_t time_for(const struct pace *pace, int64_t amount) {
    return (amount + (int64_t)pace->rate - 1) / (int64_t)pace->rate;
}

int64_t pace_ready_ms(struct pace *pace, int64_t now_ms) {
    if (pace->rate == 0)
        return now_ms;
    int64_t passed_ms = now_ms - pace->level_ms;
    if (passed_ms >= time_for(pace, pace->most_level - pace->level))
        pace->level = pace->most_level;
    else
        pace->level += passed_ms * (int64_t)pace->rate;
    pace->level_ms = now_ms;
    return pace->level >= REQUEST ? now_ms : now_ms + time_for(pace, REQUEST - pace->level);
}

void pace_take(struct pace *pace, bool again, int64_t now_ms) {
    ENSURE(pace_ready_ms(pace, now_ms) == now_ms, "a request was sent faster than the platform's rate");
    pace->level -= pace->rate == 0 ? 0 : REQUEST;
    pace->again += again ? 1 : 0;
    pace->in_flight++;
    ENSURE(pace->in_flight <= pace->most, "more requests are in flight than max-in-flight");
}

void pace_give_back(struct pace *pace, bool again) {
    ENSURE(pace->in_flight > 0 && pace->again >= (again ? 1U : 0U), "an answer came and nothing was in flight");
    pace->in_flight--;
    pace->again -= again ? 1 : 0;
}
