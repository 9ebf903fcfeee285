/* The words of a platform's states. Changes none: that is the breaker's. */
#include "deliver/platform.h"

const char *platform_state_name(enum platform_state state) {
    static const char *const names[] = {"up", "open", "half-open", "held"};
    return names[state];
}
