/* The command line of slussctl: order-free options, near names, what is refused. */
#include "ctl/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int run_nothing(const struct call *call) {
    (void)call;
    return 0;
}

static const struct option common[] = {{"config", "PATH", "", false}, {0}};
static const struct option of_check[] = {{"json", NULL, "", false}, {0}};
static const struct option of_judge[] = {{"schema", "FILE", "", false}, {"schemas", "DIR", "", true}, {0}};
static const struct verb check = {"check", "", "", "", of_check, 0, 0, run_nothing};
static const struct verb judge = {"judge", "INSTANCE...", "", "", of_judge, 1, SIZE_MAX, run_nothing};
static const struct verb *const verbs[] = {&check, &judge, NULL};

enum { WORDS_MOST = 16 };

/* Reads a line of words divided by single spaces. */
static bool read_line(struct call *call, const char *line, struct error *error) {
    static char copy[256];
    static char *words[WORDS_MOST + 1];
    int count = 0;
    (void)strncpy(copy, line, sizeof copy - 1);
    memset(words, 0, sizeof words);
    for (char *word = strtok(copy, " "); word != NULL && count < WORDS_MOST; word = strtok(NULL, " "))
        words[count++] = word;
    return call_read(call, count, words, verbs, common, error);
}

static void expect_refusal(const char *line, const char *sentence) {
    struct call call;
    struct error error = {0};
    assert_false(read_line(&call, line, &error));
    assert_string_equal(error.text, sentence);
    call_finish(&call);
}

static void order_is_free(void **state) {
    static const char *const lines[] = {"slussctl --config D check --json", "slussctl check --config D --json",
                                        "slussctl --json --config=D check", "slussctl check --json --config=D"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct call call;
        struct error error = {0};
        assert_true(read_line(&call, lines[i], &error));
        assert_ptr_equal(call.verb, &check);
        assert_string_equal(call_value(&call, "config", NULL), "D");
        assert_true(call_has(&call, "json"));
        assert_int_equal(call.argument_count, 0);
        call_finish(&call);
    }
}

static void values_and_arguments_are_found(void **state) {
    struct call call;
    struct error error = {0};
    (void)state;
    assert_true(read_line(&call, "slussctl judge --schemas a - --schemas b --schema s x -- --y", &error));
    assert_string_equal(call_value_at(&call, "schemas", 0), "a");
    assert_string_equal(call_value_at(&call, "schemas", 1), "b");
    assert_null(call_value_at(&call, "schemas", 2));
    assert_string_equal(call_value(&call, "config", "/etc/sluss"), "/etc/sluss");
    assert_int_equal(call.argument_count, 3);
    assert_string_equal(call.arguments[0], "-");
    assert_string_equal(call.arguments[1], "x");
    assert_string_equal(call.arguments[2], "--y");
    call_finish(&call);
}

static void help_and_version_need_no_verb(void **state) {
    struct call call;
    struct error error = {0};
    (void)state;
    assert_true(read_line(&call, "slussctl judge --help", &error)); /* without its arguments */
    assert_true(call.help && call.verb == &judge);
    call_finish(&call);
    assert_true(read_line(&call, "slussctl --version", &error));
    assert_true(call.version && call.verb == NULL);
    call_finish(&call);
}

static void refusals_name_the_cure(void **state) {
    (void)state;
    expect_refusal("slussctl chekc", "there is no verb \"chekc\": did you mean \"check\"?");
    expect_refusal("slussctl polish", "there is no verb \"polish\": see slussctl --help");
    expect_refusal("slussctl check --jsno", "there is no option --jsno: did you mean --json?");
    expect_refusal("slussctl check --schema s", "check has no option --schema: see slussctl check --help");
    expect_refusal("slussctl check x", "check takes no \"x\": slussctl check");
    expect_refusal("slussctl judge", "judge needs more: slussctl judge INSTANCE...");
    expect_refusal("slussctl check --config", "--config needs a value: --config PATH");
    expect_refusal("slussctl check --json=1", "--json takes no value: write it alone");
    expect_refusal("slussctl check --config a --config b", "--config was given twice: give it once");
    expect_refusal("slussctl check -x", "there is no option -x: options are whole words with two dashes");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_free),
        cmocka_unit_test(values_and_arguments_are_found),
        cmocka_unit_test(help_and_version_need_no_verb),
        cmocka_unit_test(refusals_name_the_cure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
