/* How a story ends at once: with the rule that was broken. Apart from the world, for clang-tidy 14 loses track of a
 * list of arguments that it sees from within. */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>

void violated(struct world *world, const char *rule, const char *format, ...) {
    va_list arguments;
    world->rule = rule;
    va_start(arguments, format);
    int written = vsnprintf(world->what, sizeof world->what, format, arguments);
    va_end(arguments);
    if (written < 0)
        world->what[0] = '\0';
    longjmp(*world->end, 1);
}
