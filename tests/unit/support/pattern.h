/* One match of a pattern that must compile. Not a test. Included behind cmocka. */
#ifndef SUPPORT_PATTERN_H
#define SUPPORT_PATTERN_H

#include "schema/regex.h"

static inline enum regex_result pattern_match(const char *pattern, struct span text, unsigned flags,
                                              struct regex_context *context) {
    struct error error = {0};
    struct regex *regex = regex_create(span_of(pattern), flags, NULL, &error);
    if (regex == NULL)
        fail_msg("%s: %s", pattern, error.text);
    enum regex_result result = regex_match(regex, text, context);
    regex_destroy(regex);
    return result;
}

#endif
