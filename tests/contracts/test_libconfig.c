/* What libconfig does silently, as src/settings makes up for it. Not a test of our settings. */
#include "contract.h"

#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT_LEAST_17 (LIBCONFIG_VER_MAJOR > 1 || LIBCONFIG_VER_MINOR >= 7)

static void test_integers_wrap_at_32_bits(void **state) {
    (void)state;
    config_t config;
    config_init(&config);
    int number = 0;
    assert_true(config_read_string(&config, "a = 3000000000;"));
    int found = config_lookup_int(&config, "a", &number);
    if (AT_LEAST_17)
        contract(!found || number != -1294967296, "libconfig wraps 3000000000 again: settings read the token itself");
    else
        contract(found && number == -1294967296,
                 "libconfig no longer makes -1294967296 of 3000000000: settings read the token itself because of it");
    config_destroy(&config);
}

static void test_unknown_options_pass(void **state) {
    (void)state;
    config_t config;
    config_init(&config);
    contract(config_read_string(&config, "no-such-option = { deeper = [ 1, 2 ]; };"),
             "libconfig judges names: only our option table did");
    config_destroy(&config);
}

static void test_equal_names_are_an_error(void **state) {
    (void)state;
    config_t config;
    config_init(&config);
    contract(!config_read_string(&config, "a = 1;\na = 2;"),
             "libconfig lets a name stand twice in a group: settings rely on its refusal");
    config_destroy(&config);
}

static void test_only_the_first_syntax_error_and_only_its_line(void **state) {
    (void)state;
    config_t config;
    config_init(&config);
    contract(!config_read_string(&config, "a = 1;\nb = = 2;\nc = = 3;\n") && config_error_line(&config) == 2,
             "libconfig's error no longer stands at the line of the first fault (it says line %d)",
             config_error_line(&config));
    config_destroy(&config);
}

static void test_names_have_no_dots(void **state) {
    (void)state;
    config_t config;
    config_init(&config);
    contract(!config_read_string(&config, "a.b = 1;"),
             "libconfig takes dots in names: librdkafka's names could be written as they are, not with dashes");
    config_destroy(&config);
}

static void test_include_opens_any_file(void **state) {
    (void)state;
    char path[] = "/tmp/sluss-contract-XXXXXX", text[128];
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, "hidden = 7;\n", 12), 12);
    assert_int_equal(close(file), 0);
    assert_in_range(snprintf(text, sizeof text, "@include \"%s\"\n", path), 1, sizeof text - 1);
    config_t config;
    config_init(&config);
    int number = 0;
    int good = config_read_string(&config, text) && config_lookup_int(&config, "hidden", &number);
    config_destroy(&config);
    unlink(path);
    contract(good && number == 7, "libconfig no longer opens any file for @include: settings refuse such a line");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers_wrap_at_32_bits),
        cmocka_unit_test(test_unknown_options_pass),
        cmocka_unit_test(test_equal_names_are_an_error),
        cmocka_unit_test(test_only_the_first_syntax_error_and_only_its_line),
        cmocka_unit_test(test_names_have_no_dots),
        cmocka_unit_test(test_include_opens_any_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
