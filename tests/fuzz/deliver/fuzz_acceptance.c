/* Any condition on any body, divided by the first NUL: what is no JSON satisfies nothing, and one of == and != holds.
 */
#include "deliver/acceptance.h"
#include "json/reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static bool is_json(struct span body) {
    static const struct json_limits limits = {.size = 64 * 1024, .depth = 64};
    struct arena arena;
    struct json_document document;
    arena_init(&arena, 0);
    bool read = json_read(&arena, body, &limits, &document, NULL);
    arena_finish(&arena);
    return read;
}

/* A condition that is one comparison without quotes, met with the one sign or with the other. */
static void check_opposite(struct span condition, struct span body, bool met) {
    static const char more_than_that[] = "&|['\"<>!";
    char *copy = malloc(condition.size + 1);
    if (copy == NULL)
        return;
    memcpy(copy, condition.data, condition.size);
    copy[condition.size] = '\0';
    char *sign = copy[strcspn(copy, more_than_that)] == '\0' ? strstr(copy, "==") : NULL;
    struct error error = {0};
    if (sign != NULL)
        *sign = '!';
    struct acceptance *opposite = sign != NULL ? acceptance_create(span_of(copy), &error) : NULL;
    if (sign != NULL && (opposite == NULL || acceptance_met(opposite, body) == met))
        abort();
    acceptance_destroy(opposite);
    free(copy);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    const unsigned char *zero = size > 0 ? memchr(data, 0, size) : NULL;
    if (zero == NULL)
        return 0;
    struct span condition = span_make(data, (size_t)(zero - data));
    struct span body = span_make(zero + 1, size - condition.size - 1);
    struct error error = {0};
    struct acceptance *acceptance = acceptance_create(condition, &error);
    if ((acceptance == NULL) != (error.text[0] != '\0'))
        abort();
    if (acceptance == NULL)
        return 0;
    bool met = acceptance_met(acceptance, body), json = is_json(body);
    if (met && !json)
        abort();
    if (json)
        check_opposite(condition, body, met);
    acceptance_destroy(acceptance);
    return 0;
}
