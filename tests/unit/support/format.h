/* Rows of texts that a format must take or refuse. Not a test. Included behind cmocka. */
#ifndef SUPPORT_FORMAT_H
#define SUPPORT_FORMAT_H

#include "schema/format.h"

struct format_row {
    const char *format;
    const char *text;
    bool valid;
};

static inline void format_check_rows(const struct format_row *rows, size_t count) {
    struct format_scratch scratch;
    format_scratch_init(&scratch);
    for (size_t i = 0; i < count; i++) {
        const struct format *format;
        assert_true(format_find(span_of(rows[i].format), FORMAT_DRAFT_2020_12, &format, NULL));
        assert_non_null(format);
        if ((format_check(format, span_of(rows[i].text), &scratch) == FORMAT_VALID) != rows[i].valid)
            fail_msg("%s: \"%s\"", rows[i].format, rows[i].text);
    }
    format_scratch_finish(&scratch);
}

#endif
