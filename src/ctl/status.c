/* The verbs status and why: a running slussd is asked, its answer is shown. */
#include "ctl/board.h"
#include "ctl/control.h"
#include "ctl/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool coloured(void) {
    return isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
}

/* It was upgraded and not restarted, or it is another machine's. */
static void compare_version(const char *version) {
    if (strcmp(version, SLUSS_VERSION) != 0)
        (void)fprintf(stderr,
                      "slussctl: slussd is version %s, slussctl " SLUSS_VERSION ": restart slussd after an upgrade\n",
                      *version != '\0' ? version : "unknown");
}

/* What the running slussd says, and as text in `body`; else *exit_code is set and the reason said. */
static json_t *ask(const struct call *call, struct buf *body, int *exit_code) {
    struct buf socket = {0};
    struct error error = {0};
    int answer = 0;
    json_t *status = NULL;
    control_socket(call, &socket);
    *exit_code = EXIT_KAFKA;
    if (control_get(buf_text(&socket), "/status", &answer, body, &error)) {
        status = answer == 200 ? json_loadb(body->data, body->size, 0, NULL) : NULL;
        if (answer != 200)
            (void)error_set(&error, "%.*s", (int)span_trim(buf_span(body)).size, buf_text(body));
        else if (!board_is_one(status)) { /* nothing that looks well because nothing is understood */
            (void)error_set(&error,
                            "what answers on %s is not slussd, or one that this slussctl (" SLUSS_VERSION
                            ") does not understand: restart slussd after an upgrade",
                            buf_text(&socket));
            json_decref(status);
            status = NULL;
        } else
            compare_version(board_version(status));
    }
    if (status == NULL)
        (void)call_refuse(*exit_code, &error);
    buf_finish(&socket);
    return status;
}

static int run_status(const struct call *call) {
    struct buf body = {0};
    int exit_code;
    json_t *status = ask(call, &body, &exit_code);
    if (status != NULL && call_has(call, "json"))
        (void)fputs(buf_text(&body), stdout);
    else if (status != NULL)
        board_routes(stdout, status, coloured());
    if (status != NULL)
        exit_code = board_all_well(status) ? EXIT_YES : EXIT_NO;
    json_decref(status);
    buf_finish(&body);
    return exit_code;
}

static void print_json(const json_t *route) {
    char *line = json_dumps(route, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
    (void)printf("%s\n", line != NULL ? line : "null");
    free(line);
}

static int run_why(const struct call *call) {
    struct buf body = {0};
    int exit_code;
    json_t *status = ask(call, &body, &exit_code);
    const json_t *route = status != NULL ? board_find(status, call->arguments[0]) : NULL;
    if (status != NULL && route == NULL) {
        struct error error = {0};
        const char *near = board_nearest(status, call->arguments[0]);
        if (near != NULL)
            (void)error_set(&error, "slussd has no route \"%s\": did you mean \"%s\"?", call->arguments[0], near);
        else
            (void)error_set(&error, "slussd has no route \"%s\": %s", call->arguments[0],
                            board_faults(status) > 0 ? "one with errors is left out: slussctl check"
                                                     : "slussctl status shows all");
        exit_code = call_refuse(EXIT_USAGE, &error);
    } else if (route != NULL) {
        if (call_has(call, "json"))
            print_json(route);
        else
            board_route(stdout, status, route, coloured());
        exit_code = board_well(route) ? EXIT_YES : EXIT_NO;
    }
    json_decref(status);
    buf_finish(&body);
    return exit_code;
}

static const struct option options[] = {
    {"json", NULL, "print JSON", false},
    {"socket", "PATH", "slussd's control socket (default: as configured)", false},
    {0},
};

const struct verb verb_status = {
    .name = "status",
    .arguments = "",
    .sentence = "show the routes of the running slussd, worst first",
    .lesson = "  OLDEST           age of the oldest event that slussd has read and not settled\n"
              "  HERE             number of such events\n"
              "  LAG              records behind them in the topic, not read yet\n"
              "  RATE             events settled per second, over the last ten seconds\n"
              "  DELIVERED, DEAD  events delivered and dead-lettered since slussd started\n"
              "\n"
              "STATE, worst first:\n"
              "\n"
              "  stopped          a partition stands still until somebody acts: slussctl why\n"
              "  held             events wait for an operator: slussctl release\n"
              "  kafka            no broker answers: nothing is read or committed\n"
              "  no-dead-letters  the dead-letter topic is missing or takes nothing\n"
              "  platform         the platform is not up: held, or its breaker is open\n"
              "  joining          the consumer group keeps it, or one of its workers, out\n"
              "  handing-back     its partitions go to another process, or to a new configuration\n"
              "  running          all is well\n"
              "  standby          all is well: other members of its group have all partitions\n"
              "  off              it reads nothing\n"
              "\n"
              "  slussctl status\n"
              "\n"
              "Exit: 0 all is well, 1 a route is not well or was left out, or a platform is not up, 69 slussd\n"
              "does not answer.\n",
    .options = options,
    .least = 0,
    .most = 0,
    .run = run_status,
};

const struct verb verb_why = {
    .name = "why",
    .arguments = "ROUTE",
    .sentence = "explain what a route waits for, longest wait first",
    .lesson = "Prints a line for each key: the event that waits, how many events of its key wait behind it, how\n"
              "often it was sent, and when it is tried next. KEY is a hash: equal keys have equal hashes, as long\n"
              "as this slussd runs.\n"
              "\n"
              "  slussctl why bygglov\n"
              "\n"
              "Exit: 0 the route is well, 1 it is not, 64 there is no such route, 69 slussd does not answer.\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run_why,
};
