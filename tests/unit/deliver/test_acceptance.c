/* One row a condition and a body. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deliver/acceptance.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *condition, *body;
    bool met;
} rows[] = {
    {"$.code == 20", "{\"code\":20}", true},
    {"$.code==20", " {\"x\":1,\"code\":2e1} ", true},
    {"$.code == 20", "{\"code\":20.5}", false},
    {"$.code == 20", "{\"code\":\"20\"}", false},
    {"$.code == 20", "{\"kod\":20}", false},
    {"$.code == 20", "20", false},
    {"$.code == 20", "[20]", false},
    {"$ == 20", "20", true},
    {"$.a['b c'].d == 'x'", "{\"a\":{\"b c\":{\"d\":\"x\"}}}", true},
    {"$.a == \"x\"", "{\"a\":\"\\u0078\"}", true},
    {"$.a == 'it\\'s && \"so\"'", "{\"a\":\"it's && \\\"so\\\"\"}", true},
    {"$['=='] == '||'", "{\"==\":\"||\"}", true},
    {"$.a != 'x'", "{\"a\":\"y\"}", true},
    {"$.a != 'x'", "{}", true},
    {"$.a != 'x'", "{\"a\":\"x\"}", false},
    {"$.a != 'x'", "{\"a\":1}", true},
    {"$.a == true", "{\"a\":true}", true},
    {"$.a == true", "{\"a\":false}", false},
    {"$.a == null", "{\"a\":null}", true},
    {"$.a == null", "{}", false},
    {"$.a >= null", "{\"a\":null}", true},
    {"$.a > false", "{\"a\":true}", false},
    {"$.a < 300", "{\"a\":299.5}", true},
    {"$.a < 300", "{\"a\":300}", false},
    {"$.a <= 300", "{\"a\":300}", true},
    {"$.a > -1", "{\"a\":0}", true},
    {"$.a >= 0.1", "{\"a\":0.10}", true},
    {"$.a > 9007199254740992", "{\"a\":9007199254740993}", true},
    {"$.a == 123456789012345678901234567890", "{\"a\":123456789012345678901234567890}", true},
    {"$.a < 'b'", "{\"a\":\"aa\"}", true},
    {"$.a < 'b'", "{\"a\":\"b\"}", false},
    {"$.a < 'b'", "{\"a\":\"ba\"}", false},
    {"$.a < 'b'", "{}", false},
    {"$.a <= 'b'", "{\"a\":[]}", false},
    {"$.a", "{\"a\":null}", true},
    {"$.a", "{\"b\":1}", false},
    {"!$.error", "{\"a\":null}", true},
    {"! $.error", "{\"error\":null}", false},
    {"$.a == 1 && $.b == 2", "{\"a\":1,\"b\":2}", true},
    {"$.a == 1 && $.b == 2", "{\"a\":1,\"b\":3}", false},
    {"$.a == 1 || $.b == 2", "{\"a\":0,\"b\":2}", true},
    {"$.a == 1 || $.b == 2 && $.c == 3", "{\"a\":1,\"b\":0,\"c\":0}", true},
    {"$.a == 1 || $.b == 2 && $.c == 3", "{\"a\":0,\"b\":2,\"c\":0}", false},
    {"$.a == 1 && $.b == 2 || $.c == 3", "{\"a\":0,\"b\":0,\"c\":3}", true},
    {"$.a == 1 && $.b == 2 || $.c == 3", "{\"a\":0,\"b\":2,\"c\":0}", false},
    {"!$.a", "", false},
    {"!$.a", "<html>", false},
    {"$.a != 1", "{\"a\":2,\"a\":2}", false},
    {"$.a != 1", "{\"a\":2}x", false},
    {"$.a != 1", "{\"b\":\"\xff\"}", false},
};

static const char *const wrong[] = {
    "",
    "code == 20",
    "$.a = 1",
    "$.a ==",
    "$.a == b",
    "$.a == 'b",
    "$.a == [1]",
    "$.a ==1 &&",
    "$.a == 1 &",
    "$.a == 1 $.b",
    "!$.a == 1",
    "($.a == 1)",
    "$.a[0] == 1",
    "$.a == 1 || ",
    "1 == $.a",
    "$.a == $.b",
    "$.a == 01",
    "$.a == 'x' 'y'",
    "$.a == ''x''",
    "$..a == 1",
    "$.a == {}",
    "== 1",
    "$.a == 'b', 'c'",
    "$.a == 'b'].c['d'",
};

static void judges_bodies(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error error = {0};
        struct acceptance *acceptance = acceptance_create(span_of(rows[i].condition), &error);
        if (acceptance == NULL)
            fail_msg("%s: %s", rows[i].condition, error.text);
        if (acceptance_met(acceptance, span_of(rows[i].body)) != rows[i].met)
            fail_msg("%s of %s", rows[i].condition, rows[i].body);
        acceptance_destroy(acceptance);
    }
}

static void refuses_what_is_no_condition(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error error = {0};
        struct acceptance *acceptance = acceptance_create(span_of(wrong[i]), &error);
        if (acceptance != NULL || error.text[0] == '\0')
            fail_msg("taken: %s", wrong[i]);
    }
    char many[17 * 8];
    size_t size = 0;
    for (int i = 0; i < 17; i++)
        size += (size_t)snprintf(many + size, sizeof many - size, "%s$.a", i > 0 ? "&&" : "");
    struct error error = {0};
    assert_null(acceptance_create(span_make(many, size), &error));
    assert_non_null(strstr(error.text, "more than 16"));
}

/* As deep, wide or long as 64 KiB allow, and a byte more. */
static void hostile_bodies_satisfy_nothing(void **state) {
    (void)state;
    enum { SIZE = 64 * 1024 };
    struct error error = {0};
    struct acceptance *absent = acceptance_create(SPAN("!$.a"), &error);
    char *body = malloc(SIZE + 1);
    assert_non_null(body);
    memset(body, '[', SIZE + 1);
    assert_false(acceptance_met(absent, span_make(body, SIZE)));
    memset(body, '1', SIZE + 1);
    for (int i = 1; i < SIZE - 1; i += 2)
        body[i] = ',';
    body[0] = '[';
    body[SIZE - 2] = '1';
    body[SIZE - 1] = ']';
    body[1] = '1';
    assert_true(acceptance_met(absent, span_make(body, SIZE)));
    memset(body, ' ', SIZE + 1);
    memcpy(body, "{}", 2);
    assert_true(acceptance_met(absent, span_make(body, SIZE)));
    assert_false(acceptance_met(absent, span_make(body, SIZE + 1)));
    assert_false(acceptance_met(absent, SPAN_NONE));
    free(body);
    acceptance_destroy(absent);
    acceptance_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_bodies),
        cmocka_unit_test(refuses_what_is_no_condition),
        cmocka_unit_test(hostile_bodies_satisfy_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
