/* Starting and ending programs. What they are for, others know. */
#include "ctl/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* In the child: only calls that are allowed between fork and exec. */
_Noreturn static void become(const char *const argv[], int out, int err) {
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if ((out < 0 || dup2(out, STDOUT_FILENO) >= 0) && (err < 0 || dup2(err, STDERR_FILENO) >= 0))
        (void)execv(argv[0], (char *const *)(const void *)argv);
    for (;;)
        (void)raise(SIGKILL); /* not started: nothing may run on here */
}

bool child_start(struct child *child, const char *const argv[], int out, int err, struct error *error) {
    if (access(argv[0], X_OK) != 0)
        return error_set(error, "cannot start %s: %s", argv[0], strerror(errno));
    pid_t pid = fork();
    if (pid < 0)
        return error_set(error, "cannot start %s: %s", argv[0], strerror(errno));
    if (pid == 0)
        become(argv, out, err);
    child->pid = pid;
    return true;
}

static bool collect(struct child *child, int options, int *status) {
    int word = 0;
    if (child->pid == 0)
        return true;
    pid_t ended = 0;
    while ((ended = waitpid(child->pid, &word, options)) < 0 && errno == EINTR)
        ;
    if (ended == 0)
        return false;
    child->pid = 0;
    *status = WIFSIGNALED(word) ? 128 + WTERMSIG(word) : WEXITSTATUS(word);
    return true;
}

bool child_ended(struct child *child, int *status) {
    return collect(child, WNOHANG, status);
}

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* True when the process ended before `until_ms`. What can be read from `hurry` is read and makes it SIGTERM again. */
static bool wait_until(const struct child *child, int64_t until_ms, int hurry) {
    struct pollfd watched[] = {{.fd = pidfd_open(child->pid, 0), .events = POLLIN}, {.fd = hurry, .events = POLLIN}};
    char word[256];
    int64_t left_ms;
    while (watched[0].revents == 0 && (left_ms = until_ms - now_ms()) > 0) {
        watched[1].revents = 0;
        (void)poll(watched, 2, (int)left_ms);
        if (watched[1].revents == 0)
            continue;
        if (read(hurry, word, sizeof word) > 0)
            (void)kill(child->pid, SIGTERM);
        else
            watched[1].fd = -1;
    }
    if (watched[0].fd >= 0)
        (void)close(watched[0].fd);
    return watched[0].revents != 0;
}

int child_stop(struct child *child, int patience_ms, int hurry) {
    int status = 0;
    if (child->pid == 0)
        return 0;
    (void)kill(child->pid, SIGTERM);
    if (!wait_until(child, now_ms() + patience_ms, hurry))
        (void)kill(child->pid, SIGKILL);
    (void)collect(child, 0, &status);
    return status;
}
