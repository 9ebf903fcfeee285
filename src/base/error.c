/* Making and enriching error sentences. Prints nothing. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* True when this is the first sentence: it stays. */
static bool __attribute__((format(printf, 2, 0))) set(struct error *error, const char *format, va_list arguments) {
    if (error == NULL || error->text[0] != '\0')
        return false;
    (void)vsnprintf(error->text, sizeof error->text, format, arguments);
    return true;
}

bool error_set(struct error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)set(error, format, arguments);
    va_end(arguments);
    return false;
}

bool error_shortage(struct error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (set(error, format, arguments))
        error->shortage = true;
    va_end(arguments);
    return false;
}

bool error_is_shortage(int number) {
    return number == ENOMEM || number == EMFILE || number == ENFILE || number == EAGAIN || number == ENOBUFS ||
           number == ENOSPC || number == EADDRINUSE;
}

bool error_system(struct error *error, int number, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    bool first = set(error, format, arguments);
    va_end(arguments);
    if (!first)
        return false;
    size_t used = strlen(error->text);
    (void)snprintf(error->text + used, sizeof error->text - used, ": %s", strerror(number));
    error->shortage = error_is_shortage(number);
    return false;
}

bool error_context(struct error *error, const char *format, ...) {
    if (error == NULL)
        return false;
    char text[2 * sizeof error->text + 4];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof error->text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return false;
    size_t used = strlen(text);
    (void)snprintf(text + used, sizeof text - used, ": %s", error->text);
    text[sizeof error->text - 1] = '\0';
    memcpy(error->text, text, sizeof error->text);
    return false;
}

bool error_memory(struct error *error) {
    return error_shortage(error, "out of memory");
}
