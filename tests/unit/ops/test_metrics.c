/* The text format of metrics: labels are escaped, whole numbers stay whole. */
#include "ops/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void samples_are_written_in_prometheus_text(void **state) {
    (void)state;
    struct buf out = {0};
    const struct metrics_label label[] = {{"route", SPAN("a\"b\\c\nd")}, {"result", SPAN("ok")}};
    metrics_family(&out, "sluss_x", "gauge", "An example.");
    metrics_sample(&out, "sluss_x", "", label, 2, 3);
    metrics_sample(&out, "sluss_x", "_sum", NULL, 0, 0.25);
    metrics_sample(&out, "sluss_x", "", NULL, 0, 123456789012.0);
    assert_string_equal(buf_text(&out), "# HELP sluss_x An example.\n# TYPE sluss_x gauge\n"
                                        "sluss_x{route=\"a\\\"b\\\\c\\nd\",result=\"ok\"} 3\n"
                                        "sluss_x_sum 0.25\nsluss_x 123456789012\n");
    buf_finish(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(samples_are_written_in_prometheus_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
