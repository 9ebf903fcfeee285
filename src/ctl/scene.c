/* Playing the sandbox: a start column, a loop that watches, a stop mirror. Each actor has its own file. */
#include "ctl/scene.h"

#include "base/buf.h"
#include "ctl/call.h"
#include "ctl/child.h"
#include "ctl/control.h"
#include "ctl/folder.h"
#include "ctl/ledger.h"
#include "ctl/stand_in.h"
#include "kafka/browser.h"
#include "kafka/producer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
    PARTITIONS = 4, /* of a topic of the sandbox broker */
    TURN_MS = 50,
    ASK_MS = 300,         /* how often slussd is asked for its counters */
    QUIET_MS = 60 * 1000, /* nothing happened for so long: something is wrong */
    PATIENCE_MS = 40000,  /* for slussd to end: its own drain takes 30 s at most */
    ROUTES = 2
};

static const char *const routes[ROUTES] = {"bygglov", "felanmalan"};
static const char *const dead_letters[] = {"bygglov.arende.v1.dlq", "felanmalan.arende.v1.dlq", NULL};

struct scene {
    const struct scene_spec *spec;
    struct folder folder;
    struct child broker, slussd;
    char servers[64];
    char log[FOLDER_PATH], socket[FOLDER_PATH];
    struct stand_in *stand_in;
    struct kafka_property server; /* the producer's */
    struct producer *producer;
    struct browser *browser;
    struct ledger ledger;
    int signals;
    int64_t refused_until_ms[ROUTES]; /* the judge's, on the server's threads */
    int64_t asked_ms;
    int64_t news_ms; /* when something happened last */
    size_t filtered[ROUTES];
    bool shown;    /* one request in full */
    bool stopping; /* told to */
    int status;    /* of a slussd that ended by itself */
};

static int64_t clock_ms(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t now_ms(void) {
    return clock_ms(CLOCK_MONOTONIC);
}

static size_t route_of(const struct sample *sample) {
    return strcmp(sample->route, routes[0]) == 0 ? 0 : 1;
}

/* How the platform behaves: well, but for what --break drew. */
static struct stand_in_answer judge(void *owner, struct span event_id, uint32_t attempt, int64_t now) {
    struct scene *scene = owner;
    size_t number = sample_number(event_id);
    struct sample sample = sample_make(number, scene->spec->breaks && number > 0);
    size_t route = route_of(&sample);
    struct stand_in_answer good = {route == 0 ? 200 : 204, 0, false};
    bool first = attempt == 1;
    if (now < scene->refused_until_ms[route])
        return (struct stand_in_answer){401, 0, sample.broken != BREAK_UNAUTHORISED}; /* another's trouble */
    switch (sample.broken) {
    case BREAK_UNAVAILABLE:
        return first ? (struct stand_in_answer){503, 0, false} : good;
    case BREAK_REFUSED:
        return (struct stand_in_answer){400, 0, false};
    case BREAK_RESET:
        return first ? (struct stand_in_answer){STAND_IN_RESET, 0, false} : good;
    case BREAK_SLOW:
        return (struct stand_in_answer){good.status, 2000, false};
    case BREAK_UNAUTHORISED:
        if (!first)
            return good;
        scene->refused_until_ms[route] = now + 2000;
        return (struct stand_in_answer){401, 0, false};
    case BREAK_NONE:
    case BREAK_UNKNOWN_CODE:
        break;
    }
    return good;
}

/* --- the start column --- */

/* The broker's process says in its first line where it listens. */
static bool start_broker(struct scene *scene, struct error *error) {
    static const char mark[] = "bootstrap-servers=";
    const char *argv[] = {scene->spec->program, "sandbox", "--broker-only", NULL};
    char line[128];
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return error_set(error, "cannot make a pipe: %s", strerror(errno));
    bool started = child_start(&scene->broker, argv, pipes[1], -1, error);
    (void)close(pipes[1]);
    FILE *out = fdopen(pipes[0], "r");
    char *got = started && out != NULL ? fgets(line, sizeof line, out) : NULL;
    if (out != NULL)
        (void)fclose(out);
    if (got == NULL || strncmp(line, mark, sizeof mark - 1) != 0)
        return error_set(error, "the sandbox broker did not start");
    line[strcspn(line, "\n")] = '\0';
    (void)snprintf(scene->servers, sizeof scene->servers, "%.63s", line + sizeof mark - 1);
    return true;
}

static bool start_platform(struct scene *scene, struct error *error) {
    const struct stand_in_rules rules = {scene, judge};
    return (scene->stand_in = stand_in_create(scene->spec->listen, &rules, error)) != NULL;
}

static bool start_configuration(struct scene *scene, struct error *error) {
    return folder_create(&scene->folder, scene->spec->config, error) &&
           folder_redirect(&scene->folder, scene->servers, stand_in_url(scene->stand_in), error) &&
           folder_path(&scene->folder, "slussd.log", scene->log, sizeof scene->log) &&
           folder_path(&scene->folder, "slussd.sock", scene->socket, sizeof scene->socket);
}

static void report(void *owner, uint64_t id, enum producer_outcome outcome, const char *why) {
    (void)owner;
    if (outcome != PRODUCER_ACKNOWLEDGED)
        (void)fprintf(stderr, "slussctl: sample %llu did not reach the broker: %s\n", (unsigned long long)id, why);
}

static bool start_kafka(struct scene *scene, struct error *error) {
    scene->server = (struct kafka_property){"bootstrap.servers", scene->servers};
    const struct producer_handler handler = {scene, report, {0}};
    scene->producer = producer_create((struct kafka_properties){&scene->server, 1}, &handler, error);
    if (scene->producer != NULL)
        scene->browser = browser_create(scene->servers, dead_letters, PARTITIONS, error);
    return scene->browser != NULL;
}

static bool start_slussd(struct scene *scene, struct error *error) {
    const char *argv[] = {scene->spec->slussd, "--config", scene->folder.path, NULL};
    int log = open(scene->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0)
        return error_set(error, "cannot write %s: %s", scene->log, strerror(errno));
    bool started = child_start(&scene->slussd, argv, log, log, error);
    (void)close(log);
    return started;
}

static bool start_signals(struct scene *scene, struct error *error) {
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    scene->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return scene->signals >= 0 || error_set(error, "cannot watch signals: %s", strerror(errno));
}

static void introduce(const struct scene *scene) {
    const char *path = scene->folder.path;
    (void)printf(
        "A whole Sluss on this machine, to play with. It is not durable: the broker lives in memory, and at the "
        "end all of it is gone.\n\n"
        "  broker      %s (librdkafka's mock, %d partitions a topic)\n"
        "  routes      %s/routes.d: bygglov and felanmalan\n"
        "  platform    %s stands in for oep and kundtjanst; open it to see what it received\n"
        "  slussd      process %d, log %s\n\n",
        scene->servers, PARTITIONS, path, stand_in_url(scene->stand_in), (int)scene->slussd.pid, scene->log);
    (void)printf("Look for yourself meanwhile:\n"
                 "  %s status --socket %s\n"
                 "  %s why bygglov --socket %s\n"
                 "  kcat -b %s -C -t bygglov.arende.v1.dlq -f '%%h\\n%%s\\n'\n"
                 "  curl --unix-socket %s http://sluss/metrics\n\n"
                 "Of every 12 events 9 are good, 1 is not JSON, 1 breaks its schema, 1 is a tombstone.%s\n"
                 "The first events end after about 3 s: this broker takes that long to form a group.\n\n",
                 program_invocation_name, scene->socket, program_invocation_name, scene->socket, scene->servers,
                 scene->socket, scene->spec->breaks ? " Every third good one meets trouble (--break)." : "");
    (void)fflush(stdout);
}

static bool start(struct scene *scene, struct error *error) {
    bool good = start_signals(scene, error) && start_broker(scene, error) && start_platform(scene, error) &&
                start_configuration(scene, error) && start_kafka(scene, error) && start_slussd(scene, error);
    scene->ledger.start_ms = scene->news_ms = now_ms();
    scene->ledger.colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    if (good)
        introduce(scene);
    return good;
}

/* --- the loop --- */

static bool ends_by_itself(const struct scene *scene) {
    return scene->spec->events > 0 || scene->spec->for_ms > 0;
}

/* How many events should have been produced by now. */
static size_t due(const struct scene *scene, int64_t now) {
    const struct scene_spec *spec = scene->spec;
    int64_t elapsed = now - scene->ledger.start_ms;
    int64_t pace_ms = spec->events == 0 ? 500 : spec->events > 100 ? 5000 / (int64_t)spec->events : 50;
    if (spec->for_ms > 0 && elapsed > spec->for_ms)
        return scene->ledger.count;
    size_t count = pace_ms == 0 ? SIZE_MAX : 1 + (size_t)(elapsed / pace_ms);
    return spec->events > 0 && count > spec->events ? spec->events : count;
}

static bool all_produced(const struct scene *scene, int64_t now) {
    const struct scene_spec *spec = scene->spec;
    return (spec->events > 0 && scene->ledger.count >= spec->events) ||
           (spec->for_ms > 0 && now - scene->ledger.start_ms > spec->for_ms);
}

static bool produce(struct scene *scene, int64_t now, struct error *error) {
    static const struct header type = {SPAN("content-type"), SPAN("application/cloudevents+json; charset=UTF-8")};
    struct buf key = {0}, value = {0}, mark = {0};
    struct sample sample = sample_make(scene->ledger.count + 1, scene->spec->breaks);
    sample_write(&sample, clock_ms(CLOCK_REALTIME), &key, &value);
    buf_printf(&mark, "sandbox-%zu", sample.number);
    bool good = !key.failed && !value.failed && !mark.failed && ledger_add(&scene->ledger, &sample, now) != NULL;
    const struct header headers[] = {type, {SPAN("sandbox-event"), buf_span(&mark)}};
    bool tombstone = sample.kind == SAMPLE_TOMBSTONE;
    if (good)
        producer_write(scene->producer, sample.number, sample.topic, buf_span(&key),
                       tombstone ? SPAN_NONE : buf_span(&value), headers, 2);
    buf_finish(&key);
    buf_finish(&value);
    buf_finish(&mark);
    return good || error_memory(error);
}

/* One request as the platform saw it, indented. */
static void show(const struct received *received) {
    (void)printf("           as the platform received it:\n");
    struct span texts[] = {received->head, received->body};
    for (size_t i = 0; i < 2; i++)
        for (struct span rest = texts[i]; rest.size > 0;) {
            const char *end = memchr(rest.data, '\n', rest.size);
            struct span line = span_make(rest.data, end != NULL ? (size_t)(end - rest.data) : rest.size);
            (void)printf("             " SPAN_FORMAT "\n", SPAN_ARGUMENT(line));
            rest = span_from(rest, line.size + 1);
        }
}

static void see_platform(struct scene *scene, int64_t now) {
    const struct received *received;
    while ((received = stand_in_next(scene->stand_in)) != NULL) {
        struct row *row = ledger_row(&scene->ledger, sample_number(received->event_id));
        if (row == NULL)
            continue;
        scene->news_ms = now;
        ledger_attempt(&scene->ledger, row, received->status, received->method, received->path, now);
        if (!scene->shown && row->deliveries > 0)
            show(received);
        scene->shown = scene->shown || row->deliveries > 0;
    }
}

static void see_dead_letters(struct scene *scene, int64_t now) {
    struct browser_record record;
    while (browser_next(scene->browser, &record)) {
        struct row *row = ledger_row(&scene->ledger, sample_number(browser_header(scene->browser, "sandbox-event")));
        if (row == NULL)
            continue;
        scene->news_ms = now;
        ledger_dead_letter(&scene->ledger, row, browser_header(scene->browser, "sluss-reason"), now);
    }
}

/* Nobody but slussd saw a filtered event: its counter says how many of a route's tombstones there were. */
static void see_filtered(struct scene *scene, struct span metrics, int64_t now) {
    for (size_t i = 0; i < ROUTES; i++) {
        char route[64];
        (void)snprintf(route, sizeof route, "route=\"%s\"", routes[i]);
        double count = control_metric(metrics, "sluss_events_total", route, "outcome=\"filtered\"");
        for (size_t j = 0; j < scene->ledger.count && (double)scene->filtered[i] < count; j++) {
            struct row *row = &scene->ledger.row[j];
            if (row->fate != FATE_WAITING || row->sample.kind != SAMPLE_TOMBSTONE || route_of(&row->sample) != i)
                continue;
            ledger_filtered(&scene->ledger, row, now);
            scene->filtered[i]++;
            scene->news_ms = now;
        }
    }
}

static void see_counters(struct scene *scene, int64_t now) {
    struct buf body = {0};
    int status;
    scene->asked_ms = now;
    if (control_get(scene->socket, "/metrics", &status, &body, NULL) && status == 200)
        see_filtered(scene, buf_span(&body), now);
    buf_finish(&body);
}

/* What slussd calls settled, and nobody has seen, is lost. */
static void count_lost(struct scene *scene) {
    struct buf body = {0};
    int status;
    double unsettled = -1;
    if (scene->ledger.fates[FATE_WAITING] > 0 && control_get(scene->socket, "/metrics", &status, &body, NULL)) {
        unsettled = control_metric(buf_span(&body), "sluss_events_unsettled", "route=\"bygglov\"", NULL) +
                    control_metric(buf_span(&body), "sluss_events_unsettled", "route=\"felanmalan\"", NULL);
        if (unsettled >= 0 && unsettled < (double)scene->ledger.fates[FATE_WAITING])
            scene->ledger.lost = scene->ledger.fates[FATE_WAITING] - (size_t)unsettled;
    }
    buf_finish(&body);
}

static bool heard_signal(struct scene *scene) {
    struct signalfd_siginfo about;
    return read(scene->signals, &about, sizeof about) == (ssize_t)sizeof about;
}

/* One turn; false when the play is over. */
static bool turn(struct scene *scene, struct error *error) {
    struct pollfd polled[] = {{.fd = scene->signals, .events = POLLIN},
                              {.fd = stand_in_descriptor(scene->stand_in), .events = POLLIN}};
    (void)poll(polled, 2, TURN_MS);
    int64_t now = now_ms();
    if (heard_signal(scene)) {
        scene->stopping = true;
        return false;
    }
    for (size_t most = due(scene, now); scene->ledger.count < most;)
        if (!produce(scene, now, error))
            return false;
    producer_serve(scene->producer);
    see_platform(scene, now);
    see_dead_letters(scene, now);
    if (now - scene->asked_ms >= ASK_MS)
        see_counters(scene, now);
    if (child_ended(&scene->slussd, &scene->status))
        return error_set(error, "slussd ended by itself with status %d", scene->status);
    if (ends_by_itself(scene) && now - scene->news_ms > QUIET_MS) {
        count_lost(scene);
        return error_set(error, "nothing happened for a minute");
    }
    return !all_produced(scene, now) || scene->ledger.fates[FATE_WAITING] > 0;
}

/* --- the stop mirror --- */

static void print_log(const struct scene *scene) {
    char line[1024];
    long lines = 0, first = 0;
    FILE *log = fopen(scene->log, "r");
    if (log == NULL)
        return;
    while (fgets(line, sizeof line, log) != NULL)
        lines++;
    first = lines > 20 ? lines - 20 : 0;
    rewind(log);
    (void)fprintf(stderr, "The last lines of slussd's log:\n");
    for (long at = 0; fgets(line, sizeof line, log) != NULL; at++)
        if (at >= first)
            (void)fprintf(stderr, "  %s", line);
    (void)fclose(log);
}

static int stop(struct scene *scene) {
    bool ran = scene->slussd.pid != 0;
    int status = child_stop(&scene->slussd, PATIENCE_MS, scene->signals);
    if (ran && scene->browser != NULL) {
        see_platform(scene, now_ms());
        see_dead_letters(scene, now_ms());
    }
    browser_destroy(scene->browser);
    if (scene->producer != NULL)
        producer_destroy(scene->producer, 0);
    stand_in_destroy(scene->stand_in);
    (void)child_stop(&scene->broker, PATIENCE_MS, -1);
    if (ran && status != 0)
        (void)fprintf(stderr, "slussctl: slussd stopped with status %d\n", status);
    return ran ? status : 0;
}

static int verdict(const struct scene *scene, const struct error *error, int status) {
    if (scene->status == EXIT_CONFIG)
        return EXIT_CONFIG;
    if (error->text[0] != '\0' || status != 0 || scene->ledger.lost > 0)
        return EXIT_NO;
    return scene->stopping || ledger_as_expected(&scene->ledger) ? EXIT_YES : EXIT_NO;
}

int scene_play(const struct scene_spec *spec) {
    struct scene scene = {.spec = spec, .signals = -1};
    struct error error = {0};
    bool started = start(&scene, &error);
    while (started && turn(&scene, &error))
        ;
    if (scene.stopping)
        (void)printf("\nStopping: slussd settles what is under way and commits. Ctrl-C again ends it at once.\n");
    if (started)
        see_counters(&scene, now_ms());
    int status = stop(&scene);
    if (error.text[0] != '\0') {
        (void)call_refuse(EXIT_NO, &error);
        print_log(&scene);
    }
    if (started) {
        ledger_print_table(&scene.ledger);
        ledger_print_summary(&scene.ledger);
    }
    int result = verdict(&scene, &error, status);
    folder_destroy(&scene.folder);
    ledger_finish(&scene.ledger);
    if (scene.signals >= 0)
        (void)close(scene.signals);
    return result;
}
