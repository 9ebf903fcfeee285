/* The verb sandbox: its options, and the broker alone. The whole play is the scene's. */
#include "ctl/scene.h"
#include "ctl/stand_in.h"
#include "ctl/verbs.h"

#include "base/text.h"
#include "kafka/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 512, EVENTS_MOST = 1000000 };

static int run_broker(void) {
    sigset_t set;
    int heard;
    struct error error = {0};
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL); /* before the broker's threads begin */
    struct sandbox *broker = sandbox_create(&error);
    if (broker == NULL)
        return call_refuse(EXIT_KAFKA, &error);
    (void)printf("bootstrap-servers=%s\n", sandbox_servers(broker));
    (void)fflush(stdout);
    (void)sigwait(&set, &heard);
    sandbox_destroy(broker);
    return EXIT_YES;
}

/* Writes the path of `name`, seen from the folder of this program. */
static bool find_beside(const char *name, char *path, size_t size) {
    char own[PATH_SIZE];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length <= 0)
        return false;
    own[length] = '\0';
    char *slash = strrchr(own, '/');
    if (slash != NULL)
        *slash = '\0';
    int written = snprintf(path, size, "%s/%s", own, name);
    return written > 0 && (size_t)written < size && access(path, R_OK) == 0;
}

static bool find_all(const struct call *call, struct scene_spec *spec, char paths[3][PATH_SIZE], struct error *error) {
    if (!find_beside("slussctl", paths[0], PATH_SIZE) ||
        (!find_beside("slussd", paths[1], PATH_SIZE) && !find_beside("../sbin/slussd", paths[1], PATH_SIZE)))
        return error_set(error, "slussd must lie beside slussctl: build it, or install the package");
    spec->program = paths[0];
    spec->slussd = paths[1];
    spec->config = call_value(call, "config", NULL);
    if (spec->config == NULL && find_beside("../etc/sluss", paths[2], PATH_SIZE))
        spec->config = paths[2];
    if (spec->config == NULL)
        spec->config = "/etc/sluss";
    if (access(spec->config, R_OK) != 0)
        return error_set(error, "cannot read the folder %s: %s: name another with --config", spec->config,
                         strerror(errno));
    return true;
}

static bool read_amounts(const struct call *call, struct scene_spec *spec, struct error *error) {
    int64_t events = 0;
    const char *text = call_value(call, "events", NULL), *duration = call_value(call, "for", NULL);
    if (text != NULL && (!text_read_integer(span_of(text), &events) || events < 1 || events > EVENTS_MOST))
        return error_set(error, "--events takes a number from 1 to %d, not \"%s\"", EVENTS_MOST, text);
    if (duration != NULL && !text_read_duration(span_of(duration), &spec->for_ms, error))
        return error_context(error, "--for \"%s\"", duration);
    spec->events = (size_t)events;
    return true;
}

/* A broker alone has no events and no platform. */
static bool stands_alone(const struct call *call, struct error *error) {
    static const char *const others[] = {"events", "for", "break", "listen"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (call_has(call, others[i]))
            return error_set(error, "--%s has no meaning with --broker-only: leave out one of the two", others[i]);
    return true;
}

static int run(const struct call *call) {
    struct error error = {0};
    char paths[3][PATH_SIZE];
    struct scene_spec spec = {.listen = call_value(call, "listen", "127.0.0.1:0"), .breaks = call_has(call, "break")};
    if (call_has(call, "broker-only"))
        return stands_alone(call, &error) ? run_broker() : call_refuse(EXIT_USAGE, &error);
    if (!read_amounts(call, &spec, &error) || !stand_in_may_listen(spec.listen, &error))
        return call_refuse(EXIT_USAGE, &error);
    if (!find_all(call, &spec, paths, &error))
        return call_refuse(EXIT_INPUT, &error);
    return scene_play(&spec);
}

static const struct option options[] = {
    {"events", "N", "produce N events and stop when all have ended (else: run until Ctrl-C)", false},
    {"for", "DURATION", "produce for this long (\"30s\"), wait until each event has ended, stop", false},
    {"break", NULL, "trouble for every third good event: a 503, a 400, a reset, a slow answer", false},
    {"listen", "HOST:PORT", "where the stand-in platform listens (default: 127.0.0.1 and a free port)", false},
    {"broker-only", NULL, "start only the broker, for other programs, and print its address", false},
    {0},
};

const struct verb verb_sandbox = {
    .name = "sandbox",
    .arguments = "",
    .sentence = "run all of Sluss on this machine: broker, platform, routes and sample events",
    .lesson = "Nothing is durable and nothing stays behind. Broker and platform live in memory; the configuration\n"
              "is a temporary copy of the one beside this program (or of --config), changed to use only them.\n"
              "\n"
              "  slussctl sandbox --events 12               twelve events, and where each of them ended\n"
              "  slussctl sandbox --break                   a platform with bad days, until Ctrl-C\n"
              "  slussctl sandbox --listen 127.0.0.1:8080   then open http://127.0.0.1:8080\n"
              "\n"
              "Exit: 0 every event ended where it should, 1 one did not, 78 the configuration is wrong.\n",
    .options = options,
    .least = 0,
    .most = 0,
    .run = run,
};
