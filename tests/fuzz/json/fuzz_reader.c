/* Any bytes through the reader and jansson: the same verdict and values but for the written list. Limits come from the
 * first byte. */
#include "support/oracle.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    static const struct json_limits limits[] = {{0}, {.depth = 3, .members = 2}, {.memory = 200}, {.size = 20}};
    const char *why = "";
    if (size == 0)
        return 0;
    size_t which = data[0] < 128 ? 0 : data[0] % 4;
    if (oracle_compare(span_make(data + 1, size - 1), &limits[which], &why) == ORACLE_WRONG) {
        (void)fprintf(stderr, "the readers disagree: %s\n", why);
        abort();
    }
    return 0;
}
