/* What an operator is told after a reload: names, and what became of them. */
#include "settings/changes.h"

#include "support/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TOP "workers = 1;  # default\nkafka = {\n  start = \"earliest\";\n};\n"
#define PLATFORM(name, value)                                                                                          \
    "  " name " = {\n    base-url = \"" value "\";\n    auth = {\n      type = \"basic\";\n    };\n  };\n"
#define ROUTE(name, value)                                                                                             \
    "  {\n    name = \"" name "\";  # default\n    from = \"" value                                                    \
    "\";\n    deliver = {\n      platform = \"oep\";\n    "                                                            \
    "};\n  }"

static const char before[] = TOP "platforms = {\n" PLATFORM("oep", "a")
    PLATFORM("party", "b") "};\nlookups = {\n};\n"
                           "log = {\n  level = \"info\";  # default\n};\nroutes = (\n" ROUTE(
                               "bygglov", "x") ",\n" ROUTE("skola", "y") "\n);\n";

static void assert_changes(const char *after, const char *expected) {
    struct buf out = {0};
    changes_write(&out, span_of(before), span_of(after));
    assert_string_equal(buf_text(&out), expected);
    buf_finish(&out);
}

static void what_is_the_same_is_not_told(void **state) {
    (void)state;
    assert_changes(before, "");
    /* the same routes, read in another order */
    assert_changes(TOP "platforms = {\n" PLATFORM("party", "b")
                       PLATFORM("oep", "a") "};\nlookups = {\n};\n"
                                            "log = {\n  level = \"info\";  # default\n};\nroutes = (\n" ROUTE(
                                                "skola", "y") ",\n" ROUTE("bygglov", "x") "\n);\n",
                   "");
}

static void what_differs_is_told_by_name(void **state) {
    (void)state;
    assert_changes(
        "workers = 2;\nkafka = {\n  start = \"earliest\";\n};\n"
        "platforms = {\n" PLATFORM("oep", "other") "};\nlookups = {\n  status = {\n    table = \"t\";\n  };\n};\n"
                                                   "log = {\n  level = \"debug\";\n};\nroutes = (\n" ROUTE(
                                                       "bygglov", "z") ",\n" ROUTE("teknik", "y") "\n);\n",
        "workers changed, platform oep changed, lookup status new, log changed, route bygglov changed, route "
        "teknik new, platform party gone, route skola gone");
}

static void a_long_list_is_cut(void **state) {
    (void)state;
    struct buf after = {0}, out = {0};
    buf_add_text(&after, before);
    after.size -= sizeof "\n);\n" - 1;
    for (int i = 0; i < 200; i++)
        buf_printf(&after, ",\n  {\n    name = \"route-number-%d\";\n  }", i);
    buf_add_text(&after, "\n);\n");
    changes_write(&out, span_of(before), buf_span(&after));
    assert_true(out.size < 700);
    assert_non_null(strstr(buf_text(&out), "route route-number-0 new, route route-number-1 new"));
    assert_true(span_ends_with(buf_span(&out), SPAN(" more")));
    buf_finish(&after);
    buf_finish(&out);
}

static void what_memory_was_short_for_is_not_called_nothing(void **state) {
    (void)state;
    bool failed = true;
    struct buf same = {0};
    changes_write(&same, span_of(before), span_of(before));
    assert_string_equal(changes_words(&same), "no option; files and secrets were read again");
    buf_finish(&same);
    for (size_t number = 0; failed; number++) {
        struct buf out = {0};
        memory_fail(number, false);
        changes_write(&out, span_of(before), SPAN("workers = 7;\n"));
        failed = memory_heal() > 0;
        const char *words = changes_words(&out);
        if (strcmp(words, "something: there is too little memory to tell what") != 0)
            assert_non_null(strstr(words, "workers changed"));
        assert_true(!failed || out.failed);
        buf_finish(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_the_same_is_not_told), cmocka_unit_test(what_differs_is_told_by_name),
        cmocka_unit_test(a_long_list_is_cut), cmocka_unit_test(what_memory_was_short_for_is_not_called_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
