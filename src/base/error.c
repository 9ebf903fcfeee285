/* Making and enriching error sentences. Prints nothing. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *error, const char *format, ...) {
    if (error == NULL || error->text[0] != '\0')
        return false;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
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
    return error_set(error, "out of memory");
}
