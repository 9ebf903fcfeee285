/* Tests of base/clock. Dates against known instants. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void dates(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t wall_ms;
        const char *written; /* NULL: refused */
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z"},
        {"2026-11-23T12:00:00.123Z", 1795435200123, "2026-11-23T12:00:00.123Z"},
        {"2026-11-23t13:00:00.1239999+01:00", 1795435200123, "2026-11-23T12:00:00.123Z"},
        {"2026-11-23 06:30:00-05:30", 1795435200000, "2026-11-23T12:00:00.000Z"},
        {"1969-12-31T23:59:59.999z", -1, "1969-12-31T23:59:59.999Z"},
        {"2000-02-29T00:00:00Z", 951782400000, "2000-02-29T00:00:00.000Z"},
        {"2024-12-31T23:59:59Z", 1735689599000, "2024-12-31T23:59:59.000Z"},
        {"0000-03-01T00:00:00Z", -62162035200000, "0000-03-01T00:00:00.000Z"},
        {"9999-12-31T23:59:59.999Z", 253402300799999, "9999-12-31T23:59:59.999Z"},
        {"2016-12-31T23:59:60Z", 1483228800000, "2017-01-01T00:00:00.000Z"},
        {"2017-01-01T00:59:60+01:00", 1483228800000, "2017-01-01T00:00:00.000Z"},
        {"2016-12-31T23:58:60Z", 0, NULL},
        {"2026-02-29T00:00:00Z", 0, NULL},
        {"1900-02-29T00:00:00Z", 0, NULL},
        {"2026-13-01T00:00:00Z", 0, NULL},
        {"2026-00-01T00:00:00Z", 0, NULL},
        {"2026-11-31T00:00:00Z", 0, NULL},
        {"2026-11-00T00:00:00Z", 0, NULL},
        {"2026-11-23T24:00:00Z", 0, NULL},
        {"2026-11-23T12:60:00Z", 0, NULL},
        {"2026-11-23T12:00:00", 0, NULL},
        {"2026-11-23T12:00:00.Z", 0, NULL},
        {"2026-11-23T12:00:00+0100", 0, NULL},
        {"2026-11-23T12:00:00+24:00", 0, NULL},
        {"2026-11-23T12:00:00Zx", 0, NULL},
        {"26-11-23T12:00:00Z", 0, NULL},
        {"2026-11-23", 0, NULL},
        {"", 0, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t wall_ms = 0;
        struct buf out = {0};
        assert_int_equal(clock_read_date(span_of(rows[i].text), &wall_ms), rows[i].written != NULL);
        assert_int_equal(wall_ms, rows[i].wall_ms);
        if (rows[i].written != NULL) {
            clock_write_date(&out, wall_ms);
            assert_string_equal(buf_text(&out), rows[i].written);
        }
        buf_finish(&out);
    }
}

/* Every day of 800 years comes back as it went. */
static void every_day(void **state) {
    (void)state;
    struct buf out = {0};
    for (int64_t day = -146097; day < 146097; day += 7) {
        int64_t back;
        buf_clear(&out);
        clock_write_date(&out, day * 86400000);
        assert_true(clock_read_date(buf_span(&out), &back));
        assert_int_equal(back, day * 86400000);
    }
    buf_finish(&out);
}

static void http_dates(void **state) {
    (void)state;
    static const char *const same[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                       "Sun Nov  6 08:49:37 1994"};
    int64_t wall_ms;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        wall_ms = 0;
        assert_true(clock_read_http_date(span_of(same[i]), &wall_ms));
        assert_int_equal(wall_ms, 784111777000);
    }
    assert_true(clock_read_http_date(SPAN("Monday, 23-Nov-26 12:00:00 GMT"), &wall_ms));
    assert_int_equal(wall_ms, 1795435200000);
    static const char *const wrong[] = {"",
                                        "120",
                                        "Sun, 06 Nov 1994 08:49:37",
                                        "Sun, 06 Nov 1994 08:49:37 UTC",
                                        "Sun, 6 Nov 1994 08:49:37 GMT",
                                        "Xxx, 06 Nov 1994 08:49:37 GMT",
                                        "Sun, 31 Nov 1994 08:49:37 GMT",
                                        "Sun Nov 06 08:49:37 1994 GMT",
                                        "Sun, 06 Nov 1994 08:49:37 GMT "};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(clock_read_http_date(span_of(wrong[i]), &wall_ms));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(dates), cmocka_unit_test(every_day),
                                       cmocka_unit_test(http_dates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
