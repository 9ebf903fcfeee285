/* Reading values out of the Prometheus text format. */
#include "ctl/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char text[] = "# HELP sluss_events_total x\n"
                           "sluss_events_total{route=\"a\",outcome=\"filtered\"} 3\n"
                           "sluss_events_total{route=\"b\",outcome=\"filtered\"} 4\n"
                           "sluss_events_total_more{route=\"b\",outcome=\"skipped\"} 5\n"
                           "sluss_config_generation 7";

static void values_are_found_by_name_and_labels(void **state) {
    struct span all = span_of(text);
    (void)state;
    assert_true(control_metric(all, "sluss_events_total", "route=\"b\"", "outcome=\"filtered\"") == 4);
    assert_true(control_metric(all, "sluss_events_total", "route=\"a\"", NULL) == 3);
    assert_true(control_metric(all, "sluss_config_generation", NULL, NULL) == 7);
    assert_true(control_metric(all, "sluss_events_total", "outcome=\"skipped\"", NULL) == -1);
    assert_true(control_metric(all, "sluss_events", NULL, NULL) == -1);
    assert_true(control_metric(SPAN(""), "sluss_events_total", NULL, NULL) == -1);
}

static void nobody_answers(void **state) {
    struct buf body = {0};
    struct error error = {0};
    int status;
    (void)state;
    assert_false(control_get("/nonexistent/slussd.sock", "/metrics", &status, &body, &error));
    assert_string_equal(error.text,
                        "nobody answers on /nonexistent/slussd.sock (No such file or directory): start "
                        "slussd (systemctl status slussd tells why it does not run), or name its socket with --socket");
    buf_finish(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_by_name_and_labels),
        cmocka_unit_test(nobody_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
