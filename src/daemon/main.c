/* slussd: reads its options and its configuration, then checks, prints or runs it. The only place that ends the
 * process. */
#include "base/bug.h"
#include "daemon/daemon.h"
#include "kafka/client.h"
#include "kafka/teardown.h"
#include "ops/log.h"

#include <errno.h>
#include <execinfo.h>
#include <getopt.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STATUS_USAGE = 64, STATUS_BUG = 70, STATUS_SYSTEM = 71, STATUS_OUTPUT = 74, STATUS_CONFIGURATION = 78 };

static const char help[] =
    "slussd - delivers events from Kafka to e-service platforms over HTTP\n"
    "\n"
    "usage: slussd [--config PATH] [--check | --print]\n"
    "\n"
    "  --config PATH   sluss.cfg, or the folder that holds it (default /etc/sluss)\n"
    "  --check         print every problem of the configuration and exit: 0 none, else 66, 71, 77 or 78\n"
    "  --print         print the configuration as slussd understands it, with all defaults, and exit\n"
    "  --version       print the versions of slussd and librdkafka\n"
    "  --help          this text\n"
    "\n"
    "It runs in the foreground until SIGTERM: then it finishes and commits the events under way. A second\n"
    "SIGTERM ends it at once. SIGHUP reloads the configuration.\n"
    "\n"
    "Exit: 0 all committed, 64 usage, 66 no configuration, 69 Kafka unusable, 70 bug, 71 too few\n"
    "descriptors, threads or memory to start, 74 output not written, 75 last commit not acknowledged,\n"
    "77 no permission, 78 configuration wrong.\n"
    "\n"
    "To try it without a Kafka: slussctl sandbox. Manual: slussd(8), sluss.cfg(5), slussctl(1).\n";

enum { READER_MS = 1000 };

/* A broken invariant: say where, show the way there, leave no core (it would hold events). */
static void on_bug(const char *file, int line, const char *what) {
    void *frame[64];
    char text[512];
    int length = snprintf(text, sizeof text, "bug at %s:%d: %s; nothing is lost: what was not committed comes again\n",
                          file, line, what);
    struct pollfd standard = {.fd = STDERR_FILENO, .events = POLLOUT};
    (void)log_flush();
    if (poll(&standard, 1, READER_MS) != 0) { /* otherwise nobody reads it, and the end must not wait for a reader */
        ssize_t written = write(STDERR_FILENO, text, (size_t)(length > 0 ? length : 0));
        (void)written;
        backtrace_symbols_fd(frame, backtrace(frame, 64), STDERR_FILENO);
    }
    _exit(STATUS_BUG);
}

static void stop_early(int number) {
    static const char text[] = "slussd: stopped before anything began\n";
    (void)number;
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
    _exit(0);
}

/* Until the daemon serves its signals: a stop ends at once what has not begun, and what else would end us waits. */
static void await_signals(void) {
    static const struct sigaction stop = {.sa_handler = stop_early};
    static const int later[] = {SIGHUP, SIGUSR1, SIGUSR2};
    sigset_t set;
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)sigaction(SIGINT, &stop, NULL);
    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        (void)sigaddset(&set, later[i]);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Memory images hold events and secrets: none are written, and nobody but root may look into the process. */
static void forbid_memory_images(void) {
    static const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
}

static void show(const struct problems *problems, FILE *stream) {
    struct buf text = {0};
    problems_write(problems, isatty(fileno(stream)) != 0 && getenv("NO_COLOR") == NULL, &text);
    (void)fwrite(buf_span(&text).data, 1, text.size, stream);
    buf_finish(&text);
}

enum wish { WISH_RUN, WISH_CHECK, WISH_PRINT };

static int serve(const char *path, enum wish wish) {
    struct problems problems;
    problems_init(&problems);
    const struct settings_options options = {.path = path,
                                             .credentials = getenv("CREDENTIALS_DIRECTORY"),
                                             .librdkafka = kafka_version(),
                                             .check = wish != WISH_RUN};
    struct settings *settings = settings_read(&options, &problems);
    int status = problems.status;
    bool nothing = settings == NULL || (settings->plan.route_count == 0 && problems.errors > 0);
    bool shown =
        wish != WISH_RUN || nothing || isatty(STDERR_FILENO) != 0; /* else it goes to the log, as all that follows */
    if (problems.count > 0 && shown)
        show(&problems, wish == WISH_CHECK ? stdout : stderr);
    if (settings == NULL)
        status = problems.failed ? STATUS_SYSTEM : status != 0 ? status : STATUS_CONFIGURATION;
    else if (wish == WISH_PRINT) {
        struct span normal = settings_normal(settings);
        (void)fwrite(normal.data, 1, normal.size, stdout);
    } else if (wish == WISH_RUN && nothing) {
        (void)fputs("slussd: every route is wrong: nothing to run\n", stderr);
    } else if (wish == WISH_RUN) { /* a bad route is left out, the others run */
        status = daemon_run(&options, settings, &problems, shown);
        settings = NULL;
    }
    settings_destroy(settings);
    problems_finish(&problems);
    return status;
}

/* What Kafka sends comes in pieces of up to a mebibyte. They are taken from the heap: a piece of its own from the
 * system has 256 pages to be cleared and mapped anew each time, a sixth of all work in batches. Its end goes back to
 * the system when it is not needed; left to itself, the heap would keep ever more of it.
 */
static void tune_heap(void) {
    (void)mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 4 * 1024 * 1024);
}

/* What was asked for and could not be written must not look as if it stood there. Threads of librdkafka that did not
 * end must find all as it was: the exit handlers would clear away under them. */
static int leave(int status) {
    if ((fflush(stdout) != 0 || ferror(stdout) != 0) && status == 0) {
        (void)fprintf(stderr, "slussd: standard output cannot be written: %s\n", strerror(errno));
        status = STATUS_OUTPUT;
    }
    if (teardown_left() == 0)
        return status;
    (void)fflush(NULL);
    _exit(status);
}

int main(int count, char **argument) {
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'}, {"print", no_argument, NULL, 'p'},
        {"version", no_argument, NULL, 'v'},      {"help", no_argument, NULL, 'h'},  {NULL, 0, NULL, 0}};
    const char *path = NULL;
    enum wish wish = WISH_RUN;
    bug_handler(on_bug);
    await_signals();
    (void)signal(SIGPIPE, SIG_IGN); /* nobody who stops reading may end us, not even at the first word */
    forbid_memory_images();
    tune_heap();
    for (int option; (option = getopt_long(count, argument, "c:h", options, NULL)) != -1;)
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case 'k':
            wish = WISH_CHECK;
            break;
        case 'p':
            wish = WISH_PRINT;
            break;
        case 'v':
            (void)printf("slussd " SLUSS_VERSION ", librdkafka %s\n", kafka_version_text());
            return leave(0);
        case 'h':
            (void)fputs(help, stdout);
            return leave(0);
        default:
            (void)fputs("slussd: see slussd --help\n", stderr);
            return STATUS_USAGE;
        }
    if (optind < count) {
        (void)fprintf(stderr, "slussd: there is no argument \"%s\": see slussd --help\n", argument[optind]);
        return STATUS_USAGE;
    }
    if (wish != WISH_RUN) { /* what is broken off has answered nothing */
        (void)signal(SIGTERM, SIG_DFL);
        (void)signal(SIGINT, SIG_DFL);
    }
    return leave(serve(path, wish));
}
