/* What jansson does with numbers, names and depth, as the code relies on it. Not a test of our reader, which replaces
 * it on an event's way. */
#include "contract.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *load(const char *text, size_t flags) {
    json_error_t error;
    return json_loads(text, flags, &error);
}

static void test_the_last_of_two_equal_names_wins_unless_refused(void **state) {
    (void)state;
    json_t *value = load("{\"a\":1,\"a\":2}", 0);
    contract(value != NULL && json_integer_value(json_object_get(value, "a")) == 2,
             "jansson %s no longer lets the last of two equal names win", jansson_version_str());
    json_decref(value);
    contract(load("{\"a\":1,\"a\":2}", JSON_REJECT_DUPLICATES) == NULL,
             "jansson %s no longer refuses equal names with JSON_REJECT_DUPLICATES: tokens and tables rely on it",
             jansson_version_str());
}

static void test_nul_is_refused(void **state) {
    (void)state;
    contract(load("[\"a\\u0000b\"]", JSON_REJECT_DUPLICATES) == NULL,
             "jansson %s takes \\u0000 in strings without being told: C strings made of them end early",
             jansson_version_str());
    json_error_t error;
    contract(json_loadb("[\"a\0b\"]", 7, 0, &error) == NULL, "jansson %s takes a raw NUL", jansson_version_str());
}

static void test_numbers_beyond_64_bits_are_refused(void **state) {
    (void)state;
    contract(load("[9223372036854775808]", 0) == NULL,
             "jansson %s takes integers beyond 64 bits: the differential test of our reader expects a refusal",
             jansson_version_str());
    contract(load("[1e400]", 0) == NULL, "jansson %s takes numbers beyond a double", jansson_version_str());
}

static void test_printing_changes_digits(void **state) {
    (void)state;
    json_t *value = load("[1.10]", 0);
    char *text = json_dumps(value, JSON_COMPACT);
    contract(text != NULL && strcmp(text, "[1.10]") != 0,
             "jansson %s now keeps the digits of a number as written: forwarding original bytes was the way around it",
             jansson_version_str());
    free(text);
    json_decref(value);
    value = load("[0.1]", 0);
    text = json_dumps(value, JSON_COMPACT);
    const char *expected = jansson_version_cmp(2, 14, 1) < 0 ? "[0.10000000000000001]" : "[0.1]";
    contract(text != NULL && strcmp(text, expected) == 0, "jansson %s prints 0.1 as %s, expected was %s",
             jansson_version_str(), text, expected);
    free(text);
    json_decref(value);
}

static void test_depth_is_bounded_far_above_ours(void **state) {
    (void)state;
    char text[4200];
    static const struct {
        size_t depth;
        int accepted;
    } rows[] = {{64, 1}, {2048, 1}, {2049, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(text, '[', rows[i].depth);
        memset(text + rows[i].depth, ']', rows[i].depth);
        text[2 * rows[i].depth] = '\0';
        json_t *value = load(text, 0);
        contract((value != NULL) == (rows[i].accepted != 0), "jansson %s %s arrays %zu deep: its own limit was 2048",
                 jansson_version_str(), value != NULL ? "takes" : "refuses", rows[i].depth);
        json_decref(value);
    }
}

static size_t allocated;

static void *counting(size_t size) {
    allocated += size;
    return malloc(size);
}

static void test_small_text_becomes_much_memory(void **state) {
    (void)state;
    enum { PAIRS = 100000 };
    char *text = malloc(PAIRS * 3 + 2);
    assert_non_null(text);
    text[0] = '[';
    for (size_t i = 0; i < PAIRS; i++)
        memcpy(text + 1 + i * 3, "{},", 3);
    memcpy(text + PAIRS * 3, "]", 2);
    allocated = 0;
    json_set_alloc_funcs(counting, free);
    json_t *value = load(text, 0);
    json_decref(value);
    json_set_alloc_funcs(malloc, free);
    contract(
        value != NULL && allocated > (size_t)PAIRS * 3 * 20,
        "jansson %s needs only %zu bytes for %d bytes of empty objects: the sizes that bound what it reads may grow",
        jansson_version_str(), allocated, PAIRS * 3);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_of_two_equal_names_wins_unless_refused),
        cmocka_unit_test(test_nul_is_refused),
        cmocka_unit_test(test_numbers_beyond_64_bits_are_refused),
        cmocka_unit_test(test_printing_changes_digits),
        cmocka_unit_test(test_depth_is_bounded_far_above_ours),
        cmocka_unit_test(test_small_text_becomes_much_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
