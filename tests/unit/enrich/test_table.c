/* CSV as people and spreadsheets write it, and as nobody should. */
#include "enrich/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "support/memory.h"

#define ASSERT_SPAN(span, text) assert_true(span_equal((span), SPAN(text)))
#define COUNT(array)            (sizeof(array) / sizeof *(array))

static struct lookup_table *create(struct span csv, struct span value) {
    struct error error = {0};
    struct lookup_table *table = lookup_table_create(csv, SPAN("code"), value, &error);
    if (table == NULL)
        fail_msg("%s", error.text);
    return table;
}

static void all_forms_of_csv_are_read_alike(void **state) {
    (void)state;
    static const struct span forms[] = {
        SPAN("code,name\nSLU,Klart\n"),
        SPAN("code,name\r\nSLU,Klart\r\n"),
        SPAN("code,name\nSLU,Klart"),
        {"\xef\xbb\xbf"
         "code;name\r\nSLU;Klart\r\n",
         25},
        SPAN("name;code\nKlart;SLU\n"),
        SPAN("\"code\",\"name\"\n\"SLU\",\"Klart\"\n"),
        SPAN("\n\r\ncode,name\n\nSLU,Klart\n\n,\n"),
        SPAN("code,name,\"a;b;c\"\nSLU,Klart,x\n"),
        SPAN("code;name;\"a,b,c,d\"\nSLU;Klart;x\n"),
        SPAN("code,name\rSLU,Klart\r"),
    };
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct lookup_table *table = create(forms[i], SPAN("name"));
        assert_int_equal(lookup_table_rows(table), 1);
        ASSERT_SPAN(lookup_table_find(table, SPAN("SLU")), "\"Klart\"");
        assert_null(lookup_table_find(table, SPAN("slu")).data);
        assert_null(lookup_table_find(table, SPAN("")).data);
        lookup_table_release(table);
    }
}

static void cells_are_kept_as_they_are(void **state) {
    (void)state;
    struct lookup_table *table =
        create(SPAN("code,name\n A ,\" \"\"Gävle\"\"\n\\ \"\n0042,\n42,x y\ntrue,\xe2\x82\xac\x01\n"), SPAN("name"));
    assert_int_equal(lookup_table_rows(table), 4);
    ASSERT_SPAN(lookup_table_find(table, SPAN(" A ")), "\" \\\"Gävle\\\"\\n\\\\ \"");
    ASSERT_SPAN(lookup_table_find(table, SPAN("0042")), "\"\"");
    ASSERT_SPAN(lookup_table_find(table, SPAN("42")), "\"x y\"");
    ASSERT_SPAN(lookup_table_find(table, SPAN("true")), "\"\xe2\x82\xac\\u0001\"");
    lookup_table_release(table);
}

static void without_a_column_the_row_is_the_answer(void **state) {
    (void)state;
    struct lookup_table *table = create(SPAN("code,\"a \"\"b\"\"\",\nA,1,\nB,\"2\",x\n"), SPAN_NONE);
    ASSERT_SPAN(lookup_table_find(table, SPAN("A")), "{\"code\":\"A\",\"a \\\"b\\\"\":\"1\",\"\":\"\"}");
    ASSERT_SPAN(lookup_table_find(table, SPAN("B")), "{\"code\":\"B\",\"a \\\"b\\\"\":\"2\",\"\":\"x\"}");
    lookup_table_release(table);
}

static void a_table_without_rows_answers_nothing(void **state) {
    (void)state;
    struct lookup_table *table = create(SPAN("code,name\n"), SPAN("name"));
    assert_int_equal(lookup_table_rows(table), 0);
    lookup_table_foresee(table, SPAN("A"));
    assert_null(lookup_table_find(table, SPAN("A")).data);
    lookup_table_release(table);
}

static void a_wrong_table_is_refused_with_its_line(void **state) {
    (void)state;
    static const struct {
        struct span csv;
        const char *sentence;
    } rows[] = {
        {SPAN(""), "line 1: the table is empty; its first line must name the columns"},
        {SPAN("\n\n"), "line 2: the table is empty; its first line must name the columns"},
        {SPAN("code,name\nA,1\nB,2\nA,3\n"), "lines 2 and 4 have the same key"},
        {SPAN("code,name\nA\n"), "line 2: the row has fewer cells than there are columns"},
        {SPAN("code,name\nA,\"x\n\ny\"\nB,1,2\n"), "line 5: the row has more cells than there are columns"},
        {SPAN("code,name\n,1\n"), "line 2: the key is empty"},
        {SPAN("kode,name\nA,1\n"), "line 1: none of its 2 columns is called \"code\"; did you mean \"kode\"?"},
        {SPAN("191212121212,Tolvan\n"),
         "line 1: none of its 2 columns is called \"code\"; its first line must name the columns"},
        {SPAN("code,namn\nA,1\n"), "line 1: none of its 2 columns is called \"name\"; did you mean \"namn\"?"},
        {SPAN("code,name,code\n"), "line 1: two columns have the same name"},
        {SPAN("code,name\nA,\"x\ny\n"), "line 2: a quoted cell has no end"},
        {SPAN("code,name\nA,1\nB,x\"y\n"), "line 3: a quote is not allowed here"},
        {SPAN("code,name\nA,\"x\"y\n"), "line 2: a quote is not allowed here"},
        {SPAN("code,name\nA,G\xe4vle\n"), "line 2: is not UTF-8"},
        {SPAN("\xff\xfe"
              "c\0o\0"),
         "line 1: is not UTF-8"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error error = {0};
        assert_null(lookup_table_create(rows[i].csv, SPAN("code"), SPAN("name"), &error));
        if (!span_starts_with(span_of(error.text), span_of(rows[i].sentence)))
            fail_msg("%zu: %s", i, error.text);
    }
}

static void a_shared_table_lives_until_all_release_it(void **state) {
    (void)state;
    struct lookup_table *table = create(SPAN("code,name\nA,1\n"), SPAN("name"));
    assert_ptr_equal(lookup_table_share(table), table);
    lookup_table_release(table);
    ASSERT_SPAN(lookup_table_find(table, SPAN("A")), "\"1\"");
    lookup_table_release(table);
    lookup_table_release(NULL);
}

/* Every allocation of ours is failed, once and for ever. */
static void short_memory_leaves_nothing_behind(void **state) {
    (void)state;
    size_t live = memory_live();
    for (int forever = 0; forever < 2; forever++)
        for (size_t number = 0, failed = 1; failed > 0; number++) {
            struct error error = {0};
            memory_fail(number, forever != 0);
            struct lookup_table *table =
                lookup_table_create(SPAN("code,name\nA,1\nB,2\n"), SPAN("code"), SPAN_NONE, &error);
            failed = memory_heal();
            assert_int_equal(table == NULL, failed > 0);
            assert_true(failed == 0 || strcmp(error.text, "out of memory") == 0);
            lookup_table_release(table);
            assert_int_equal(memory_live(), live);
        }
}

static void a_large_table_is_found_in_and_compact(void **state) {
    (void)state;
    enum { ROWS = 100000 };
    struct buf csv = {0};
    buf_add_text(&csv, "code,name\n");
    for (int i = 0; i < ROWS; i++)
        buf_printf(&csv, "K%06d,Name number %d\n", i, i);
    struct lookup_table *table = create(buf_span(&csv), SPAN("name"));
    assert_int_equal(lookup_table_rows(table), ROWS);
    for (int i = 0; i < ROWS; i += 997) {
        char key[16], answer[40];
        (void)snprintf(key, sizeof key, "K%06d", i);
        (void)snprintf(answer, sizeof answer, "\"Name number %d\"", i);
        lookup_table_foresee(table, span_of(key));
        assert_true(span_equal(lookup_table_find(table, span_of(key)), span_of(answer)));
    }
    lookup_table_foresee(table, SPAN_NONE);
    assert_null(lookup_table_find(table, SPAN("K100000")).data);
    assert_true(lookup_table_bytes(table) < ROWS * 42);
    buf_finish(&csv);
    lookup_table_release(table);
}

/* Around each size that takes a byte more to say; a key that comes again is told by its line, however long the rows. */
static void cells_of_any_length_are_kept(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 125, 126, 127, 128, 129, 16381, 16382, 16383, 16384, 300000};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    struct buf csv = {0}, cell[COUNT] = {{0}};
    buf_add_text(&csv, "code,name\n");
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            buf_add_byte(&cell[i], (char)('a' + (k + i) % 26));
    for (size_t i = 0; i < COUNT; i++) {
        buf_add(&csv, buf_span(&cell[i]));
        buf_add_byte(&csv, ',');
        buf_add(&csv, buf_span(&cell[COUNT - 1 - i]));
        buf_add_text(&csv, i == 3 ? "\n\n" : "\n"); /* a blank line is no row */
    }
    struct lookup_table *table = create(buf_span(&csv), SPAN("name"));
    for (size_t i = 0; i < COUNT; i++) {
        struct span found = lookup_table_find(table, buf_span(&cell[i])), wanted = buf_span(&cell[COUNT - 1 - i]);
        assert_true(found.size == wanted.size + 2 && span_equal(span_make(found.data + 1, wanted.size), wanted));
    }
    lookup_table_release(table);
    buf_add(&csv, buf_span(&cell[9]));
    buf_add_text(&csv, ",x\n");
    struct error error = {0};
    assert_null(lookup_table_create(buf_span(&csv), SPAN("code"), SPAN("name"), &error));
    assert_string_equal(error.text, "lines 12 and 14 have the same key");
    for (size_t i = 0; i < COUNT; i++)
        buf_finish(&cell[i]);
    buf_finish(&csv);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms_of_csv_are_read_alike),
        cmocka_unit_test(cells_are_kept_as_they_are),
        cmocka_unit_test(without_a_column_the_row_is_the_answer),
        cmocka_unit_test(a_table_without_rows_answers_nothing),
        cmocka_unit_test(a_wrong_table_is_refused_with_its_line),
        cmocka_unit_test(a_shared_table_lives_until_all_release_it),
        cmocka_unit_test(a_large_table_is_found_in_and_compact),
        cmocka_unit_test(short_memory_leaves_nothing_behind),
        cmocka_unit_test(cells_of_any_length_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
