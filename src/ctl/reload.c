/* The verb reload: makes the running slussd reload its configuration, and prints what is wrong with it. */
#include "ctl/control.h"
#include "ctl/verbs.h"

#include <stdio.h>
#include <time.h>

enum {
    ASK_EACH_MS = 200,
    ASK_TIMES = 900,
    SILENT_TIMES = 6
}; /* three minutes: a drain, a final commit, joining the groups */

/* Until the new generation runs: its groups have given it its partitions. */
static int wait_for(const char *socket) {
    static const struct timespec pause = {.tv_nsec = ASK_EACH_MS * 1000000L};
    struct error error = {0};
    struct buf body = {0};
    int answer = 503, silent = 0;
    for (int times = 0; answer == 503 && times < ASK_TIMES; times++) {
        (void)nanosleep(&pause, NULL);
        body.size = 0;
        if (control_get(socket, "/reload", &answer, &body, &error))
            continue;
        if (answer != CONTROL_SILENT || ++silent == SILENT_TIMES) {
            buf_finish(&body);
            return call_refuse(EXIT_KAFKA, &error);
        }
        answer = 503; /* it has much to do just now */
        error = (struct error){0};
    }
    (void)fputs(buf_text(&body), answer == 200 ? stdout : stderr);
    buf_finish(&body);
    return answer == 200 ? EXIT_YES : EXIT_KAFKA;
}

static int run(const struct call *call) {
    struct buf socket = {0}, body = {0};
    struct error error = {0};
    int answer = 0, status = EXIT_KAFKA;
    control_socket(call, &socket);
    if (control_post(buf_text(&socket), "/reload", &answer, &body, &error)) {
        (void)fputs(buf_text(&body), answer == 200 ? stdout : stderr);
        (void)fflush(stdout);
        status = answer == 200 ? EXIT_YES : answer == 422 ? EXIT_CONFIG : answer == 500 ? EXIT_SYSTEM : EXIT_KAFKA;
    } else
        (void)call_refuse(status, &error);
    if (answer == 200 && call_has(call, "wait"))
        status = wait_for(buf_text(&socket));
    buf_finish(&socket);
    buf_finish(&body);
    return status;
}

static const struct option options[] = {
    {"wait", NULL, "wait until the new configuration runs", false},
    {"socket", "PATH", "slussd's control socket (default: as configured)", false},
    {0},
};

const struct verb verb_reload = {
    .name = "reload",
    .arguments = "",
    .sentence = "make slussd reload its configuration; one with errors changes nothing",
    .lesson = "slussd reads and checks all of it first. With an error in sluss.cfg or in any route nothing\n"
              "changes, and every problem is printed. Otherwise events under way are finished and committed as at\n"
              "a stop, and the routes continue under the new configuration: no event is lost, none meets both.\n"
              "`admin` takes effect only at a restart.\n"
              "\n"
              "  slussctl check && slussctl reload --wait\n"
              "\n"
              "Exit: 0 accepted (with --wait: running), 78 refused, 71 slussd has too few descriptors, threads or\n"
              "memory for it, 69 slussd does not answer, or the routes do not run.\n",
    .options = options,
    .least = 0,
    .most = 0,
    .run = run,
};
