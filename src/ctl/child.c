/* Starting and ending programs. What they are for, others know. */
#include "ctl/child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STEP_MS = 20 };

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

bool child_ended(struct child *child, int *status) {
    int word = 0;
    if (child->pid == 0)
        return true;
    if (waitpid(child->pid, &word, WNOHANG) == 0)
        return false;
    child->pid = 0;
    *status = WIFSIGNALED(word) ? 128 + WTERMSIG(word) : WEXITSTATUS(word);
    return true;
}

int child_stop(struct child *child, int patience_ms) {
    int status = 0;
    if (child->pid != 0)
        (void)kill(child->pid, SIGTERM);
    while (!child_ended(child, &status)) {
        (void)nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
        patience_ms -= STEP_MS;
        if (patience_ms <= 0)
            (void)kill(child->pid, SIGKILL);
    }
    return status;
}
