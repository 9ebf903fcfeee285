/* The verb release: an operator lets go what is held. What that means is decided in the running slussd. */
#include "ctl/control.h"
#include "ctl/verbs.h"

#include <stdio.h>
#include <string.h>

static int order(const struct call *call, const char *path) {
    struct buf socket = {0}, body = {0};
    struct error error = {0};
    int answer = 0, status = EXIT_KAFKA;
    control_socket(call, &socket);
    if (control_post(buf_text(&socket), path, &answer, &body, &error)) {
        (void)fputs(buf_text(&body), answer == 200 || answer == 404 ? stdout : stderr);
        status = answer == 200 ? EXIT_YES : answer == 404 ? EXIT_NO : answer == 400 ? EXIT_USAGE : EXIT_KAFKA;
    } else
        (void)call_refuse(status, &error);
    buf_finish(&socket);
    buf_finish(&body);
    return status;
}

static int run(const struct call *call) {
    const char *to = call_value(call, "to", "send");
    struct buf path = {0};
    struct error error = {0};
    if (strcmp(to, "send") != 0 && strcmp(to, "dead-letter") != 0) {
        (void)error_set(&error, "--to %s: write send or dead-letter", to);
        return call_refuse(EXIT_USAGE, &error);
    }
    buf_add_text(&path, "/release?route=");
    control_encode(&path, call->arguments[0]);
    if (call->argument_count > 1) {
        buf_add_text(&path, "&event=");
        control_encode(&path, call->arguments[1]);
    }
    buf_printf(&path, "&to=%s", to);
    int status = order(call, buf_text(&path));
    buf_finish(&path);
    return status;
}

static const struct option options[] = {
    {"to", "send|dead-letter", "where the waiting events go (default: send)", false},
    {"socket", "PATH", "slussd's control socket (default: as configured)", false},
    {0},
};

const struct verb verb_release = {
    .name = "release",
    .arguments = "ROUTE [TOPIC/PARTITION/OFFSET]",
    .sentence = "release events and keys that are held for an operator",
    .lesson = "A key is held when nobody knows whether its event was delivered (ambiguous = \"hold\"), or when an\n"
              "earlier event of it was dead-lettered (after-dead-letter = \"hold\"); with \"follow\" the later events\n"
              "of such a key are dead-lettered, until it is released. Name a key by its waiting event or by its\n"
              "dead letter, as the log shows them; without a name all keys of the route are released.\n"
              "\n"
              "  send          what waits is sent, in order, and the key is free again\n"
              "  dead-letter   what waits now is dead-lettered, in order; a key behind a dead letter stays held\n"
              "                for later events\n"
              "\n"
              "  slussctl release bygglov\n"
              "  slussctl release bygglov bygglov.arende.v1/3/1047 --to dead-letter\n"
              "\n"
              "Exit: 0 something was released, 1 nothing was held, 64 there is no such route, 69 slussd does not\n"
              "answer, or cannot tell yet, as partitions are being handed over: try again.\n",
    .options = options,
    .least = 1,
    .most = 2,
    .run = run,
};
