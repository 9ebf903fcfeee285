/* A short list of hashes, of file and sentence: a line that only moved within its file is no news. */
#include "daemon/warnings.h"

#include "base/table.h"

#include <stdlib.h>

void warnings_finish(struct warnings *warnings) {
    free(warnings->said);
    *warnings = (struct warnings){0};
}

static uint64_t hash_of(const struct problem *problem) {
    return hash_bytes(problem->what, hash_bytes(problem->spot.file, (uint64_t)problem->code));
}

static bool was_said(const struct warnings *warnings, const struct problem *problem) {
    for (size_t i = 0; i < warnings->count; i++)
        if (warnings->said[i] == hash_of(problem))
            return problem->severity == SEVERITY_WARNING;
    return false;
}

static void add(struct warnings *warnings, const struct problem *problem) {
    if (warnings->count == warnings->capacity) {
        size_t capacity = warnings->capacity * 2 + 64;
        uint64_t *said = realloc(warnings->said, capacity * sizeof *said);
        if (said == NULL)
            return; /* it is said once more */
        warnings->said = said;
        warnings->capacity = capacity;
    }
    warnings->said[warnings->count++] = hash_of(problem);
}

size_t warnings_news(struct warnings *warnings, const struct problems *problems, struct problems *news) {
    size_t known = warnings->count;
    *news = *problems;
    news->list = calloc(problems->count + 1, sizeof *news->list);
    news->count = 0;
    for (size_t i = 0; news->list != NULL && i < problems->count; i++) {
        const struct warnings before = {warnings->said, known,
                                        known}; /* two alike in one configuration are both said */
        if (was_said(&before, &problems->list[i]))
            continue;
        news->list[news->count++] = problems->list[i];
        add(warnings, &problems->list[i]);
    }
    size_t left_out = news->list != NULL ? problems->count - news->count : 0;
    news->warnings -= left_out;
    return left_out;
}

void warnings_keep(struct warnings *warnings, const struct problems *problems) {
    warnings->count = 0;
    for (size_t i = 0; i < problems->count; i++)
        add(warnings, &problems->list[i]);
}
