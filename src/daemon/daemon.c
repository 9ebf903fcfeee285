/* The life of the process: a column of starts, the waiting, the mirror of stops. The main thread serves signals, the
 * admin server and the watchdog; events never come here. */
#include "daemon/daemon.h"

#include "daemon/daemon_private.h"
#include "daemon/release.h"
#include "daemon/reload.h"
#include "daemon/scrape.h"
#include "daemon/time.h"
#include "http/client.h"
#include "kafka/client.h"
#include "ops/log.h"
#include "ops/metrics.h"
#include "ops/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { ALIVE_MS = 5000, SELDOM_MS = 1000, SOON_MS = 100, LATE_MS = 20000, LAST_LINES_MS = 1000 };

/* --- what the admin server answers --- */

static bool is_alive(struct daemon *daemon) {
    return crew_alive(daemon->crew, time_now_ms(), ALIVE_MS);
}

static bool is_ready(struct daemon *daemon, struct buf *why) {
    if (daemon->stops > 0) {
        buf_add_text(why, "stopping: events under way are finished and committed\n");
        return false;
    }
    if (daemon->next != NULL) {
        buf_add_text(why, "reloading: events under way are finished and committed\n");
        return false;
    }
    if (!crew_kafka_answers(daemon->crew, why) || !crew_joined(daemon->crew, why) ||
        !crew_inside(daemon->crew, time_now_ms(), why) || !crew_letters_ready(daemon->crew, why))
        return false;
    if (daemon->faults > 0) {
        buf_printf(why, "%zu error%s in the configuration: a route is left out: slussctl check\n", daemon->faults,
                   daemon->faults == 1 ? "" : "s");
        return false;
    }
    buf_add_text(why, "ready: every route has its assignment, every dead-letter topic was found\n");
    return true;
}

/* While partitions are handed back nothing is released: whoever reads them next knows what is held. */
static bool ask_release(void *owner, struct input *input, struct released *released) {
    struct daemon *daemon = owner;
    if (daemon->stops == 0 && daemon->next == NULL)
        return crew_release(daemon->crew, input, released);
    released->reach.moves = true;
    return true;
}

static unsigned act(struct daemon *daemon, const struct admin_request *request, struct buf *body) {
    if (strcmp(request->path, "/release") == 0)
        return release_answer(&daemon->settings->plan, request, ask_release, daemon, body);
    if (strcmp(request->path, "/reload") == 0) {
        const struct log_field field[] = {{"uid", SPAN_NONE, request->uid}, {"pid", SPAN_NONE, request->pid}};
        log_say(LOG_LEVEL_INFO, field, 2, "an operator asks for a reload");
        return reload_ask(daemon, body);
    }
    buf_add_text(body, "here are /release and /reload\n");
    return 404;
}

static unsigned show_status(struct daemon *daemon, struct buf *body, const char **type) {
    if (crew_status(daemon->crew, SLUSS_VERSION, daemon->faults, tally_before(daemon->tally), body)) {
        *type = "application/json";
        return 200;
    }
    buf_clear(body);
    buf_add_text(body, "a worker does not answer: ask again, see /live\n");
    return 503;
}

static void write_metrics(struct daemon *daemon, struct buf *body) {
    const struct scrape_process process = {
        .version = SLUSS_VERSION,
        .librdkafka = kafka_version_text(),
        .curl = curl_version_info(CURLVERSION_NOW)->version,
        .jansson = metrics_jansson_version(),
        .platform_count = daemon->settings->plan.platform_count,
        .kafka_answers = crew_kafka_answers(daemon->crew, NULL),
        .reload_ok = !daemon->reload_refused && daemon->reload_failed.text[0] == '\0',
    };
    struct snapshot *sum = crew_sum(daemon->crew);
    expiry_add(daemon->expiry, sum);
    scrape_write(body, tally_plan(daemon->tally), tally_sum(daemon->tally, sum), &process, time_now_ms(),
                 time_wall_ms());
}

static unsigned answer(void *owner, const struct admin_request *request, struct buf *body, const char **type) {
    struct daemon *daemon = owner;
    const char *path = request->path;
    if (request->act)
        return act(daemon, request, body);
    if (strcmp(path, "/metrics") == 0) {
        *type = "text/plain; version=0.0.4; charset=utf-8";
        write_metrics(daemon, body);
        return 200;
    }
    if (strcmp(path, "/live") == 0) {
        bool alive = is_alive(daemon);
        buf_add_text(body, alive ? "alive: every worker's loop has turned in the last 5 s\n"
                                 : "stuck: a worker's loop has not turned for 5 s\n");
        return alive ? 200 : 503;
    }
    if (strcmp(path, "/ready") == 0)
        return is_ready(daemon, body) ? 200 : 503;
    if (strcmp(path, "/status") == 0)
        return show_status(daemon, body, type);
    if (strcmp(path, "/reload") == 0)
        return reload_state(daemon, body);
    buf_add_text(body, "here are /status, /metrics, /live, /ready and /reload\n");
    return 404;
}

/* --- start --- */

/* Signals come through a descriptor; threads made later inherit the mask. */
static bool catch_signals(struct daemon *daemon, struct error *error) {
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGUSR1); /* these would end us, and mean "open the log anew" to other daemons */
    (void)sigaddset(&set, SIGUSR2);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return error_set(error, "signals cannot be blocked");
    daemon->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    daemon->done = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return (daemon->signals >= 0 && daemon->done >= 0) ||
           error_shortage(error, "no descriptor left: raise LimitNOFILE");
}

/* With less than one route takes at the least it would begin or not, and get through to Kafka or not, as it happens. */
static bool has_descriptors(const struct daemon *daemon, struct error *error) {
    enum { LEAST = 16 };
    int descriptor[LEAST], count = 0;
    while (count < LEAST && (descriptor[count] = fcntl(daemon->done, F_DUPFD_CLOEXEC, 0)) >= 0)
        count++;
    bool enough = count == LEAST;
    while (count > 0)
        (void)close(descriptor[--count]);
    return enough ||
           error_shortage(error, "fewer than %d descriptors are left to begin with: raise LimitNOFILE", (int)LEAST);
}

static bool start_crew(struct daemon *daemon, struct error *error) {
    daemon->expiry = expiry_create(&daemon->settings->plan, settings_kafka_certificate(daemon->settings));
    daemon->tally = tally_create(&daemon->settings->plan, NULL, NULL);
    if (daemon->expiry == NULL || daemon->tally == NULL)
        return error_memory(error);
    daemon->crew = crew_create(daemon->settings, daemon->done, error);
    (void)malloc_trim(0); /* what reading configuration and tables took and gave back */
    daemon->begun_ms = time_now_ms();
    return daemon->crew != NULL && crew_start(daemon->crew, error);
}

static bool start_admin(struct daemon *daemon, struct error *error) {
    bool group_missing = false;
    const struct admin_spec spec = {.socket = daemon->settings->admin.socket.data,
                                    .group = "sluss-admin",
                                    .host = daemon->settings->admin.listen.host.data,
                                    .port = daemon->settings->admin.listen.port,
                                    .answer = answer,
                                    .owner = daemon};
    daemon->admin = admin_create(&spec, &group_missing, error);
    if (group_missing)
        log_say(LOG_LEVEL_WARNING, NULL, 0,
                "there is no group sluss-admin: the control socket is for this user only (mode 0600); systemd-sysusers "
                "sluss.conf makes the group");
    return daemon->admin != NULL;
}

static void say_start(const struct settings *settings) {
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    log_say(LOG_LEVEL_INFO, NULL, 0,
            "sluss " SLUSS_VERSION " with librdkafka %s, curl %s, jansson %s: %u route%s, %u platform%s, %u worker%s",
            kafka_version_text(), curl->version, metrics_jansson_version(), settings->plan.route_count,
            settings->plan.route_count == 1 ? "" : "s", settings->plan.platform_count,
            settings->plan.platform_count == 1 ? "" : "s", settings->workers, settings->workers == 1 ? "" : "s");
}

/* --- waiting --- */

static void serve_signals(struct daemon *daemon) {
    struct signalfd_siginfo info;
    while (read(daemon->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            (void)reload_ask(daemon, NULL);
            continue;
        }
        if (info.ssi_signo == SIGUSR1 || info.ssi_signo == SIGUSR2) {
            log_say(LOG_LEVEL_INFO, NULL, 0, "SIGUSR%d means nothing here: SIGHUP reloads the configuration",
                    info.ssi_signo == SIGUSR1 ? 1 : 2);
            continue;
        }
        daemon->stops++;
        notify_stopping(daemon->stops == 1 ? "finishing events under way" : "stopping at once");
        log_say(LOG_LEVEL_INFO, NULL, 0,
                daemon->stops == 1 ? "stopping: events under way are finished and committed"
                                   : "stopping at once: events under way are left to the next start");
        bool draining = daemon->next != NULL; /* then the crew was stopped once already */
        reload_forget(daemon);
        if (!draining)
            crew_stop(daemon->crew);
    }
}

/* One route that waits for its topic, or for leave to read it, must not take the others down with it: systemd ends what
 * is not ready in time. */
static void tell_ready(struct daemon *daemon, int64_t now_ms) {
    struct buf why = {0};
    if (crew_joined(daemon->crew, NULL)) {
        notify_ready("routes are running");
        log_say(LOG_LEVEL_INFO, NULL, 0, "ready: every route has its assignment");
        daemon->ready_told = true;
    } else if (!daemon->late_told && now_ms - daemon->begun_ms >= LATE_MS) {
        if (crew_kafka_answers(daemon->crew, &why)) /* else none runs */
            (void)crew_joined(daemon->crew, &why);
        why.size = span_trim(buf_span(&why)).size;
        log_say(LOG_LEVEL_WARNING, NULL, 0, "not every route runs yet: %s", buf_text(&why));
        notify_ready(buf_text(&why));
        daemon->late_told = true;
    }
    buf_finish(&why);
}

static void tell_systemd(struct daemon *daemon, int64_t now_ms) {
    if (!daemon->ready_told && daemon->stops == 0 && daemon->next == NULL)
        tell_ready(daemon, now_ms);
    if (daemon->watchdog_ms == 0 || now_ms - daemon->watchdog_told_ms < daemon->watchdog_ms / 3)
        return;
    if (is_alive(daemon) && notify_watchdog())
        daemon->watchdog_told_ms = now_ms;
}

/* Until a signal, a worker's end, a question, a table that changed; at most for a moment. */
static bool wait_for_news(struct daemon *daemon) {
    enum { PLACES = 5 };
    int door[2];
    struct pollfd wait[PLACES] = {{.fd = daemon->signals, .events = POLLIN},
                                  {.fd = daemon->done, .events = POLLIN},
                                  {.fd = crew_descriptor(daemon->crew), .events = POLLIN}};
    size_t doors = admin_descriptors(daemon->admin, door);
    for (size_t i = 0; i < doors; i++)
        wait[3 + i] = (struct pollfd){.fd = door[i], .events = POLLIN};
    bool quiet = (daemon->ready_told || daemon->late_told) && daemon->next == NULL;
    int64_t patience_ms = quiet ? SELDOM_MS : SOON_MS;
    int64_t due_ms = crew_due_ms(daemon->crew) - time_now_ms();
    if (due_ms < patience_ms)
        patience_ms = due_ms < 0 ? 0 : due_ms;
    return poll(wait, 3 + doors, (int)patience_ms) >= 0 || errno == EINTR;
}

static int wait_for_end(struct daemon *daemon) {
    for (int status;;) {
        uint64_t ends;
        if (crew_stopped(daemon->crew, &status)) {
            if (daemon->next == NULL)
                return status;
            if (!reload_turn(daemon, &status))
                return status;
        }
        if (!wait_for_news(daemon))
            return 70;
        ssize_t drained = read(daemon->done, &ends, sizeof ends);
        (void)drained;
        serve_signals(daemon);
        admin_serve(daemon->admin, time_now_ms());
        crew_serve(daemon->crew, time_now_ms());
        tell_systemd(daemon, time_now_ms());
        expiry_look(daemon->expiry, crew_sum(daemon->crew), time_wall_ms());
        notify_flush();
        (void)log_flush();
    }
}

/* --- stop: the mirror --- */

static void finish(struct daemon *daemon) {
    admin_destroy(daemon->admin);
    reload_forget(daemon);
    crew_destroy(daemon->crew);
    tally_destroy(daemon->tally);
    expiry_destroy(daemon->expiry);
    http_finish();
    if (daemon->done >= 0)
        (void)close(daemon->done);
    if (daemon->signals >= 0)
        (void)close(daemon->signals);
    settings_destroy(daemon->settings);
    warnings_finish(&daemon->warnings);
    buf_finish(&daemon->admin_begun);
}

int daemon_status(const struct error *error) {
    return error->shortage ? 71 : 78;
}

int daemon_run(const struct settings_options *options, struct settings *settings, const struct problems *problems,
               bool shown) {
    struct daemon daemon = {.options = options,
                            .settings = settings,
                            .faults = problems->errors,
                            .generations = 1,
                            .signals = -1,
                            .done = -1};
    struct error error = {0};
    settings_number(settings, daemon.generations);
    reload_log(settings);
    say_start(settings);
    if (!shown)
        reload_problems(&daemon, problems, NULL);
    warnings_keep(&daemon.warnings, problems);
    reload_place(settings, &daemon.admin_begun);
    notify_open();
    daemon.watchdog_ms = notify_watchdog_ms();
    /* The admin server before the crew: where somebody has its place, no group is disturbed. It answers once all runs.
     */
    bool started = http_init(&error) && catch_signals(&daemon, &error) && start_admin(&daemon, &error) &&
                   has_descriptors(&daemon, &error) && start_crew(&daemon, &error);
    int status = started ? wait_for_end(&daemon) : daemon_status(&error);
    if (!started)
        log_say(LOG_LEVEL_ERROR, NULL, 0, "cannot start: %s", error.text);
    notify_stopping("stopped");
    finish(&daemon);
    log_say(status == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, NULL, 0, "stopped with status %d%s", status,
            status == 75 ? ": the last commit was not acknowledged, some events will come again" : "");
    log_finish(LAST_LINES_MS);
    return status;
}
