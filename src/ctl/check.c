/* The verb check: is the configuration right? Everything it knows it asks
 * settings; it prints. */
#include "ctl/verbs.h"

#include "ctl/configuration.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void print(const struct call *call, const struct problems *problems) {
    struct buf out = {0};
    if (call_has(call, "json"))
        problems_write_json(problems, &out);
    else
        problems_write(problems, isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL, &out);
    (void)fwrite(buf_text(&out), 1, out.size, stdout);
    buf_finish(&out);
}

static const char *plural(uint32_t count) {
    return count == 1 ? "" : "s";
}

static void say_good(const struct settings *settings, size_t unready) {
    const struct plan *plan = &settings->plan;
    (void)printf(SPAN_FORMAT ": %s: %u route%s, %u platform%s, %u lookup%s\n", SPAN_ARGUMENT(settings->file),
                 unready > 0 ? "good, but slussd does not start without its secrets" : "good", plan->route_count,
                 plural(plan->route_count), plan->platform_count, plural(plan->platform_count), plan->lookup_count,
                 plural(plan->lookup_count));
}

/* Nothing is wrong with it, but who counts on it for a whole group of processes would be mistaken. */
static void say_rates(const struct plan *plan) {
    for (uint32_t i = 0; i < plan->platform_count; i++)
        if (plan->platforms[i].rate > 0)
            (void)printf("platform " SPAN_FORMAT
                         ": its `rate` counts in each process: two machines together send up to twice as much\n",
                         SPAN_ARGUMENT(plan->platforms[i].name));
}

static int run(const struct call *call) {
    struct problems problems;
    problems_init(&problems);
    struct settings *settings = configuration_read(call, &problems);
    print(call, &problems);
    if (settings != NULL && problems.errors == 0 && !call_has(call, "json")) {
        say_good(settings, problems.unready);
        say_rates(&settings->plan);
    }
    int status = problems.failed || problems.status == EXIT_SYSTEM ? EXIT_SYSTEM
                 : problems.errors == 0 && settings != NULL        ? EXIT_YES
                                                                   : EXIT_CONFIG;
    settings_destroy(settings);
    problems_finish(&problems);
    return status;
}

static const struct option options[] = {
    {"json", NULL, "print the problems as JSON, one per line", false},
    {0},
};

const struct verb verb_check = {
    .name = "check",
    .arguments = "",
    .sentence = "print every problem of the configuration, with its line and its cure",
    .lesson = "Needs no broker, no network and no root. In a file with a syntax error only the first mistake is\n"
              "found. A route file with errors does not affect the other routes.\n"
              "\n"
              "  slussctl check --config /etc/sluss\n"
              "\n"
              "Exit: 0 no errors (there may be warnings), 78 errors, 71 too little memory or too few descriptors\n"
              "to read all of it.\n",
    .options = options,
    .least = 0,
    .most = 0,
    .run = run,
};
