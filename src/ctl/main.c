/* slussctl: the tool beside the daemon. What each verb does is in its own file. */
#include "ctl/help.h"
#include "ctl/verbs.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static const struct verb *const verbs[] = {&verb_sandbox, &verb_check, &verb_try,     &verb_validate, &verb_query,
                                           &verb_status,  &verb_why,   &verb_release, &verb_reload,   NULL};

static const struct option common[] = {
    {"config", "PATH", "sluss.cfg, or the folder that holds it (default /etc/sluss)", false},
    {0},
};

static int run(const struct call *call) {
    if (call->version)
        return printf("slussctl %s\n", SLUSS_VERSION) < 0 ? EXIT_BUG : EXIT_YES;
    if (call->help && call->verb != NULL)
        help_verb(stdout, call->verb, common);
    else if (call->help)
        help_all(stdout, verbs, common);
    else if (call->verb == NULL)
        help_all(stderr, verbs, common);
    else
        return call->verb->run(call);
    return call->help ? EXIT_YES : EXIT_USAGE;
}

/* Output that could not be written must not look like success. */
static int written(int status) {
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    (void)fprintf(stderr, "slussctl: standard output cannot be written: %s\n", strerror(errno));
    return EXIT_OUTPUT;
}

int main(int argc, char *argv[]) {
    /* widths of characters only: numbers keep their point */
    (void)setlocale(LC_CTYPE, "");
    struct call call;
    struct error error = {0};
    int status = call_read(&call, argc, argv, verbs, common, &error) ? run(&call) : call_refuse(EXIT_USAGE, &error);
    call_finish(&call);
    return written(status);
}
