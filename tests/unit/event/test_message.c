/* Scalars as text, and media types that mean JSON. */
#include "event/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void only_scalars_have_a_text(void **state) {
    (void)state;
    struct arena arena;
    struct json_document document;
    arena_init(&arena, 0);
    struct span text = SPAN("[\"\\u00c5\\\"\",\"\",-0.50E+1,true,false,null,[],{}]");
    static const struct span expected[] = {{"\xc3\x85\"", 3}, {"", 0}, {"-0.50E+1", 8}, {"true", 4}, {"false", 5}};
    assert_true(json_read(&arena, text, NULL, &document, NULL));
    const struct json_node *node = json_first(document.node);
    for (size_t i = 0; i < 8; i++, node = json_next(&document, node)) {
        struct span got = message_text(&document, node);
        assert_int_equal(got.data != NULL, i < 5);
        assert_true(i >= 5 || span_equal(got, expected[i]));
    }
    assert_null(message_text(&document, NULL).data);
    arena_finish(&arena);
}

static void json_media_types_are_known(void **state) {
    (void)state;
    static const char *const json[] = {"application/json", "Application/JSON ; charset=utf-8", "text/json",
                                       "application/x+json", "application/cloudevents+json;v=1"};
    static const char *const other[] = {"",         "+json", "json", "application/jsonl", "text/plain;application/json",
                                        "a/x+json2"};
    for (size_t i = 0; i < sizeof json / sizeof *json; i++)
        assert_true(message_type_is_json(span_of(json[i])));
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        assert_false(message_type_is_json(span_of(other[i])));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_scalars_have_a_text),
                                       cmocka_unit_test(json_media_types_are_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
