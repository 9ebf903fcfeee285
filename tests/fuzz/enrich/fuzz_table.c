/* Any bytes as a table: refused with a sentence, or every answer is JSON. */
#include "enrich/table.h"
#include "json/reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    struct error error = {0};
    struct span value = size > 0 && data[0] % 2 == 0 ? SPAN("b") : SPAN_NONE;
    struct lookup_table *table = lookup_table_create(span_make(data, size), SPAN("a"), value, &error);
    if ((table == NULL) != (error.text[0] != '\0'))
        abort();
    struct span answer = table != NULL ? lookup_table_find(table, SPAN("x")) : SPAN_NONE;
    if (answer.data != NULL) {
        struct arena arena;
        struct json_document document;
        struct json_limits limits = {.size = 1 << 30};
        arena_init(&arena, 0);
        if (!json_read(&arena, answer, &limits, &document, NULL))
            abort();
        arena_finish(&arena);
    }
    lookup_table_release(table);
    return 0;
}
