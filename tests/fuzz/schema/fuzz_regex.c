/* Hostile patterns on hostile texts: our own matchers against PCRE2 on the same pattern. Input: pattern, 0xFF, text. */
#include "base/text.h"
#include "schema/regex.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct regex_context *context;
    struct span input = span_make(data, size);
    const char *cut = size > 0 ? memchr(data, 0xff, size) : NULL;
    struct span pattern = {input.data, cut != NULL ? (size_t)(cut - input.data) : size};
    struct span text = span_from(input, pattern.size + 1);
    if (size == 0 || pattern.size > 256 || !text_is_utf8(pattern) || !text_is_utf8(text))
        return 0;
    if (context == NULL)
        context = regex_context_create(10000);
    struct error error = {0};
    size_t position = 0;
    struct regex *own = regex_create(pattern, REGEX_NO_JIT, &position, &error);
    if ((own == NULL) != (error.text[0] != '\0') || position > pattern.size)
        abort();
    struct regex *other = regex_create(pattern, REGEX_NO_JIT | REGEX_NO_AUTOMATON, NULL, NULL);
    if (own != NULL && other != NULL) {
        enum regex_result expected = regex_match(other, text, context);
        if (expected != REGEX_ERROR && regex_match(own, text, context) != expected) {
            fprintf(stderr, "kind %d: PCRE2 says %d\n", (int)regex_kind(own), (int)expected);
            abort();
        }
    }
    regex_destroy(own);
    regex_destroy(other);
    return 0;
}
