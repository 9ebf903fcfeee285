/* Which problems of a configuration are news at the next reading of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/warnings.h"

#include <stdlib.h>

static void add(struct problems *problems, enum severity severity, uint32_t line, const char *what) {
    problems_add(problems, severity, PROBLEM_RISK, (struct spot){.file = SPAN("routes.d/a.cfg"), .line = line},
                 SPAN_NONE, "%s", what);
}

/* The line, the severity and the words; NULL ends. Returns what is said of them, words joined by a comma. */
struct row {
    uint32_t line;
    enum severity severity;
    const char *what;
};

static void assert_said(struct warnings *warnings, const struct row *rows, bool taken, const char *said,
                        size_t before) {
    struct problems problems, news;
    struct buf words = {0};
    problems_init(&problems);
    for (; rows->what != NULL; rows++)
        add(&problems, rows->severity, rows->line, rows->what);
    assert_int_equal(warnings_news(warnings, &problems, &news), before);
    for (size_t i = 0; i < news.count; i++)
        buf_printf(&words, "%s" SPAN_FORMAT, i > 0 ? "," : "", SPAN_ARGUMENT(news.list[i].what));
    assert_string_equal(buf_text(&words), said);
    assert_int_equal(news.warnings + before, problems.warnings);
    if (taken)
        warnings_keep(warnings, &problems);
    free(news.list);
    buf_finish(&words);
    problems_finish(&problems);
}

static void a_warning_is_news_once(void **state) {
    (void)state;
    struct warnings warnings = {0};
    const struct row first[] = {{1, SEVERITY_WARNING, "one"}, {2, SEVERITY_WARNING, "two"}, {0}};
    const struct row moved[] = {
        {3, SEVERITY_WARNING, "one"}, {4, SEVERITY_WARNING, "two"}, {5, SEVERITY_WARNING, "three"}, {0}};
    const struct row wrong[] = {{1, SEVERITY_ERROR, "wrong"}, {2, SEVERITY_WARNING, "four"}, {0}};
    const struct row fewer[] = {{1, SEVERITY_WARNING, "two"}, {0}};
    assert_said(&warnings, first, true, "one,two", 0);
    assert_said(&warnings, first, true, "", 2);
    assert_said(&warnings, moved, true, "three", 2);
    assert_said(&warnings, wrong, false, "wrong,four", 0); /* refused: */
    assert_said(&warnings, wrong, false, "wrong", 1);      /* errors always are news, */
    assert_said(&warnings, moved, true, "", 3);            /* and what runs has the same warnings still */
    assert_said(&warnings, fewer, true, "", 1);
    assert_said(&warnings, first, true, "one", 1); /* it is back */
    warnings_finish(&warnings);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_warning_is_news_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
