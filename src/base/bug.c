/* Where a broken invariant ends. Knows no files and no streams: the installed handler does the talking. */
#include "base/bug.h"

#include <stdlib.h>

static void (*installed)(const char *file, int line, const char *what);

void bug_handler(void (*handler)(const char *file, int line, const char *what)) {
    installed = handler;
}

_Noreturn void bug(const char *file, int line, const char *what) {
    if (installed != NULL)
        installed(file, line, what);
    abort();
}
