/* Comparing and trimming spans. Allocates nothing; knows nothing of encodings. */
#include "base/span.h"

static char lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? (char)(letter + ('a' - 'A')) : letter;
}

bool span_equal_nocase(struct span one, struct span other) {
    if (span_equal(one, other))
        return true; /* as nearly always when they are equal at all */
    if (one.size != other.size)
        return false;
    for (size_t i = 0; i < one.size; i++)
        if (lower(one.data[i]) != lower(other.data[i]))
            return false;
    return true;
}

static bool is_space(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

struct span span_trim(struct span text) {
    while (text.size > 0 && is_space(text.data[0]))
        text = span_from(text, 1);
    while (text.size > 0 && is_space(text.data[text.size - 1]))
        text.size--;
    return text;
}

int span_compare(struct span one, struct span other) {
    size_t shorter = one.size < other.size ? one.size : other.size;
    int order = shorter > 0 ? memcmp(one.data, other.data, shorter) : 0;
    if (order != 0)
        return order;
    return (one.size > other.size) - (one.size < other.size);
}
