/* Any answer of a token endpoint, behind a byte for its status: a token is a clean header line, or the reason is a
 * short sentence in ASCII. */
#include "http/grant.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static bool is_clean(struct span line, struct span start) {
    if (!span_starts_with(line, start) || line.size == start.size || line.size > start.size + LONGEST_TOKEN)
        return false;
    for (size_t i = start.size; i < line.size; i++)
        if (line.data[i] <= ' ' || line.data[i] > '~' || memchr("\"\\,;:", line.data[i], 5) != NULL)
            return false;
    return true;
}

static bool is_sentence(const char *text) {
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return size > 0 && size < 100;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    static const int statuses[] = {200, 200, 200, 400, 401, 503, 302, 599};
    if (size == 0)
        return 0;
    const struct reply reply = {.kind = REPLY_ANSWERED,
                                .status = statuses[data[0] % 8],
                                .body = span_make(data + 1, size - 1),
                                .body_whole = true};
    struct buf line = {0};
    struct error why = {0};
    int64_t good_ms = -1;
    bool read = grant_read(&reply, &line, &good_ms, &why);
    if (read && (!is_clean(buf_span(&line), SPAN("Authorization: Bearer ")) || good_ms < 1000 || good_ms > 86400000 ||
                 why.text[0] != '\0'))
        abort();
    if (!read && (line.size > 0 || !is_sentence(why.text)))
        abort();
    buf_finish(&line);
    return 0;
}
