/* Tests of base/text. One row a notation. */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void durations(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t milliseconds; /* -1: refused */
        const char *written;  /* NULL: as read */
    } rows[] = {
        {"250ms", 250, NULL},
        {"30s", 30000, NULL},
        {"5m", 300000, NULL},
        {"24h", 86400000, NULL},
        {"7d", 604800000, NULL},
        {"1d", 86400000, "24h"},
        {"0s", 0, NULL},
        {"0ms", 0, "0s"},
        {"90s", 90000, NULL},
        {"120s", 120000, "2m"},
        {"36h", 129600000, NULL},
        {"48h", 172800000, "2d"},
        {"1500ms", 1500, NULL},
        {"", -1, NULL},
        {"5", -1, NULL},
        {"s", -1, NULL},
        {"-5s", -1, NULL},
        {"5 s", -1, NULL},
        {"1.5s", -1, NULL},
        {"5S", -1, NULL},
        {"5sx", -1, NULL},
        {"99999999999999999999ms", -1, NULL},
        {"9223372036854775807ms", INT64_MAX, NULL},
        {"106751991168d", -1, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t milliseconds = -1;
        struct error error = {0};
        struct buf out = {0};
        bool read = text_read_duration(span_of(rows[i].text), &milliseconds, &error);
        assert_int_equal(read, rows[i].milliseconds >= 0);
        assert_int_equal(error.text[0] == '\0', read);
        assert_int_equal(milliseconds, rows[i].milliseconds);
        if (read) {
            text_write_duration(&out, milliseconds);
            assert_string_equal(buf_text(&out), rows[i].written != NULL ? rows[i].written : rows[i].text);
        }
        buf_finish(&out);
    }
}

static void sizes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t bytes;
        const char *written;
    } rows[] = {
        {"512", 512, NULL},
        {"512B", 512, "512"},
        {"512 B", 512, "512"},
        {"64 KiB", 65536, NULL},
        {"64KiB", 65536, "64 KiB"},
        {"10 MiB", 10485760, NULL},
        {"1 GiB", 1 << 30, NULL},
        {"1 kB", 1000, "1000"},
        {"2 MB", 2000000, "2000000"},
        {"3 GB", 3000000000, "3000000000"},
        {"1024", 1024, "1 KiB"},
        {"0", 0, NULL},
        {"", -1, NULL},
        {"KiB", -1, NULL},
        {"5 ", -1, NULL},
        {"5  KiB", -1, NULL},
        {"1 KB", -1, NULL},
        {"1 TiB", -1, NULL},
        {"-1", -1, NULL},
        {"9999999999 GiB", -1, NULL},
        {"99999999999999999999", -1, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t bytes = 0;
        struct error error = {0};
        struct buf out = {0};
        bool read = text_read_size(span_of(rows[i].text), &bytes, &error);
        assert_int_equal(read, rows[i].bytes >= 0);
        assert_int_equal(error.text[0] == '\0', read);
        if (read) {
            assert_int_equal(bytes, rows[i].bytes);
            text_write_size(&out, bytes);
            assert_string_equal(buf_text(&out), rows[i].written != NULL ? rows[i].written : rows[i].text);
        }
        buf_finish(&out);
    }
}

static void rates(void **state) {
    (void)state;
    uint64_t rate;
    struct error error = {0};
    assert_true(text_read_rate(SPAN("50/s"), &rate, &error));
    assert_int_equal(rate, 50000);
    assert_true(text_read_rate(SPAN("1000/min"), &rate, &error));
    assert_int_equal(rate, 16666);
    assert_true(text_read_rate(SPAN("20/h"), &rate, &error));
    assert_int_equal(rate, 5);
    static const char *const wrong[] = {
        "", "50", "/s", "50/d", "0/s", "3/h", "1.5/s", "50 /s", "99999999999999999999/s"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        error = (struct error){0};
        assert_false(text_read_rate(span_of(wrong[i]), &rate, &error));
        assert_string_not_equal(error.text, "");
    }
}

static void integers(void **state) {
    (void)state;
    int64_t number;
    assert_true(text_read_integer(SPAN("0"), &number) && number == 0);
    assert_true(text_read_integer(SPAN("-17"), &number) && number == -17);
    assert_true(text_read_integer(SPAN("9223372036854775807"), &number) && number == INT64_MAX);
    assert_true(text_read_integer(SPAN("-9223372036854775808"), &number) && number == INT64_MIN);
    static const char *const wrong[] = {
        "", "-", "+1", " 1", "1 ", "1.0", "0x1", "9223372036854775808", "-9223372036854775809", "18446744073709551616"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(text_read_integer(span_of(wrong[i]), &number));
}

static void nearest(void **state) {
    (void)state;
    static const char *const names[] = {"platform", "path", "method", "headers", "body", "order-by", NULL};
    assert_string_equal(text_nearest(SPAN("platfrom"), names), "platform");
    assert_string_equal(text_nearest(SPAN("plaform"), names), "platform");
    assert_string_equal(text_nearest(SPAN("pth"), names), "path");
    assert_string_equal(text_nearest(SPAN("header"), names), "headers");
    assert_string_equal(text_nearest(SPAN("order_by"), names), "order-by");
    assert_null(text_nearest(SPAN("colour"), names));
    assert_null(text_nearest(SPAN(""), names));
    char long_name[200];
    memset(long_name, 'p', sizeof long_name);
    assert_null(text_nearest(span_make(long_name, sizeof long_name), names));
}

static void base64(void **state) {
    (void)state;
    static const struct {
        struct span bytes;
        const char *plain, *url;
    } rows[] = {
        /* RFC 4648 section 10 */
        {SPAN(""), "", ""},
        {SPAN("f"), "Zg==", "Zg"},
        {SPAN("fo"), "Zm8=", "Zm8"},
        {SPAN("foo"), "Zm9v", "Zm9v"},
        {SPAN("foob"), "Zm9vYg==", "Zm9vYg"},
        {SPAN("fooba"), "Zm9vYmE=", "Zm9vYmE"},
        {SPAN("foobar"), "Zm9vYmFy", "Zm9vYmFy"},
        {SPAN("\xfb\xff\x00"), "+/8A", "-_8A"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf plain = {0}, url = {0}, back = {0};
        text_write_base64(&plain, rows[i].bytes);
        text_write_base64url(&url, rows[i].bytes);
        assert_string_equal(buf_text(&plain), rows[i].plain);
        assert_string_equal(buf_text(&url), rows[i].url);
        assert_true(text_read_base64(&back, buf_span(&plain)));
        assert_true(span_equal(buf_span(&back), rows[i].bytes));
        buf_finish(&plain);
        buf_finish(&url);
        buf_finish(&back);
    }
    static const char *const wrong[] = {
        "Zg", "Zg=", "Z===", "====", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n", "-_8A", "Zm 9"};
    struct buf out = {0};
    buf_add_text(&out, "kept");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(text_read_base64(&out, span_of(wrong[i])));
        assert_string_equal(buf_text(&out), "kept");
    }
    assert_false(text_read_base64(&out, SPAN("Zg\0=")));
    buf_finish(&out);
}

static void utf8(void **state) {
    (void)state;
    static const char *const valid[] = {"",
                                        "abc",
                                        "\xc3\xa5\xc3\xa4\xc3\xb6",
                                        "\xe2\x82\xac",
                                        "\xf0\x9f\x98\x80",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80",
                                        "\xf4\x8f\xbf\xbf",
                                        "\xc2\x80",
                                        "\xe0\xa0\x80"};
    static const char *const wrong[] = {"\x80",
                                        "\xc3",
                                        "\xc0\x80",
                                        "\xc1\xbf",
                                        "\xe0\x9f\xbf",
                                        "\xed\xa0\x80",
                                        "\xf0\x8f\xbf\xbf",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xff",
                                        "\xe2\x82",
                                        "\xf0\x9f\x98",
                                        "a\xe2\x28\xa1",
                                        "\xc3(",
                                        "\xf0\x9f\x98("};
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++)
        assert_true(text_is_utf8(span_of(valid[i])));
    assert_true(text_is_utf8(SPAN("a\0b")));
    assert_true(text_is_utf8(SPAN_NONE));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(text_is_utf8(span_of(wrong[i])));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations), cmocka_unit_test(sizes),  cmocka_unit_test(rates), cmocka_unit_test(integers),
        cmocka_unit_test(nearest),   cmocka_unit_test(base64), cmocka_unit_test(utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
