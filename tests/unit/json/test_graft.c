/* Tests of json/graft: it is what splicing and reading the whole again would make, node by node. */
#include "json/graft.h"

#include "base/dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void same_node(const struct json_document *one, const struct json_document *other, uint32_t index) {
    const struct json_node *a = &one->node[index], *b = &other->node[index];
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->exponent, b->exponent);
    assert_int_equal(a->after, b->after);
    assert_int_equal(a->start, b->start);
    assert_int_equal(a->size, b->size);
    switch (json_node_type(a)) {
    case NODE_STRING:
        assert_int_equal(a->is.text.hash, b->is.text.hash);
        assert_true(span_equal(json_text(one, a), json_text(other, b)));
        break;
    case NODE_NUMBER:
        assert_true((a->flags & (NODE_INTEGER | NODE_DECIMAL)) == 0 || a->is.integer == b->is.integer);
        break;
    case NODE_ARRAY:
        assert_int_equal(a->is.count, b->is.count);
        break;
    case NODE_OBJECT:
        assert_int_equal(a->is.count, b->is.count);
        assert_int_equal(a->is.filter, b->is.filter);
        break;
    case NODE_NULL:
    case NODE_FALSE:
    case NODE_TRUE:
        break;
    }
}

/* Both ways, with the same limits. Returns what the graft said. */
static enum json_splice compare(struct span text, const char *into, struct span value,
                                const struct json_limits *limits) {
    struct arena arena;
    struct buf out = {0};
    struct json_document document, graft, whole;
    struct json_problem problem = {0}, expected = {0};
    struct json_path *path = json_path_create(span_of(into), NULL);
    assert_non_null(path);
    arena_init(&arena, 0);
    assert_true(json_read(&arena, text, NULL, &document, NULL));
    enum json_splice spliced = json_splice(&document, path, value, &out);
    enum json_splice result = json_graft(&arena, &document, path, value, limits, &graft, &problem);
    if (spliced != JSON_SPLICED)
        assert_int_equal(result, spliced);
    else if (!json_read(&arena, buf_span(&out), limits, &whole, &expected)) {
        assert_int_equal(result, JSON_SPLICE_REFUSED);
        assert_int_equal(problem.fault, expected.fault);
        assert_int_equal(problem.offset, expected.offset);
    } else {
        assert_int_equal(result, JSON_SPLICED);
        assert_true(span_equal(graft.source, whole.source));
        assert_int_equal(graft.count, whole.count);
        for (uint32_t i = 0; i < graft.count; i++)
            same_node(&graft, &whole, i);
    }
    assert_true(json_read(&arena, text, NULL, &whole, NULL)); /* the old document stands as it was */
    assert_int_equal(document.count, whole.count);
    for (uint32_t i = 0; i < whole.count; i++)
        same_node(&document, &whole, i);
    buf_finish(&out);
    json_path_destroy(path);
    arena_finish(&arena);
    return result;
}

static void grafts(void **state) {
    (void)state;
    static const struct json_limits none = {0};
    static const struct {
        const char *text, *into, *value;
        enum json_splice expected;
    } rows[] = {
        {"{}", "$.a", "1", JSON_SPLICED},
        {"{ }", "$.a", " [1, {\"x\":2.50}] ", JSON_SPLICED},
        {"{\"b\":{\"c\":[1]},\"d\":{}}", "$.b.e", "null", JSON_SPLICED},
        {"{\"b\":{\"c\":[1,{\"x\":\"\\u00e5\"}]},\"d\":{\"y\":\"\\n\"}}", "$.b.e", "{\"q\":true}", JSON_SPLICED},
        {"{\"b\":{\"c\":[1]} ,\"d\":{\"\\u0061\":[[2]]}}", "$.b", "\"shorter\"", JSON_SPLICED},
        {"{\"a\":{\"x\":1,\"y\":2},\"z\":[{\"w\":-1.5e3}]}", "$.a.x", "[[],{},9,{\"u\":{\"v\":1}}]", JSON_SPLICED},
        {"{\"a\":1}", "$[\"\\\"\\n\xc3\xa5\"]", "1", JSON_SPLICED},
        {"{\"a\":1}", "$.b", "\"\\u00e5 \\n\"", JSON_SPLICED},
        {"{\"a\":1}", "$.b", "\"\"", JSON_SPLICED},
        {"{\"a\":1}", "$.a", "\"a text of more than one word\"", JSON_SPLICED},
        {"{\"a\":1}", "$.b", "\"\xc3\xa5 \x7f\"", JSON_SPLICED},
        {"{\"a\":1}", "$.b", "\"", JSON_SPLICE_REFUSED},
        {"{\"a\":1}", "$.b", "\"a\"b\"", JSON_SPLICE_REFUSED},
        {"{\"a\":1}", "$.b", "\"a\\\"", JSON_SPLICE_REFUSED},
        {"{\"a\":1}", "$.b", "\"a\n\"", JSON_SPLICE_REFUSED},
        {"{\"a\":1}", "$.b", "\"\xc3\"", JSON_SPLICE_REFUSED},
        {"{\"a\":1}", "$.a", "[[[[[[[[[[1]]]]]]]]]]", JSON_SPLICED},
        {"{\"a\":1}", "$.b.c", "1", JSON_SPLICE_NO_PARENT},
        {"{\"a\":[]}", "$.a.c", "1", JSON_SPLICE_NO_PARENT},
        {"[]", "$.a", "1", JSON_SPLICE_NO_PARENT},
        {"{}", "$", "1", JSON_SPLICE_NO_PARENT},
        {"{}", "$.a", "1,\"b\":2]", JSON_SPLICE_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(compare(span_of(rows[i].text), rows[i].into, span_of(rows[i].value), &none), rows[i].expected);
}

static void keeps_limits(void **state) {
    (void)state;
    struct span text = SPAN("{\"a\":{\"b\":{}},\"c\":[1,2,3]}");
    for (size_t size = 20; size < 60; size++)
        (void)compare(text, "$.a.b.d", SPAN("\"0123456789\""), &(struct json_limits){.size = size});
    for (uint32_t depth = 1; depth < 14; depth++)
        (void)compare(text, "$.a.b.d", SPAN("[[{}]]"), &(struct json_limits){.depth = depth});
    for (uint32_t members = 1; members < 5; members++)
        (void)compare(text, "$.d", SPAN("{\"x\":1,\"y\":2,\"z\":3}"), &(struct json_limits){.members = members});
    for (size_t memory = 24; memory < 4000; memory += 8)
        (void)compare(text, "$.d", SPAN("\"\\n and a text\""), &(struct json_limits){.memory = memory});
}

static void add_value(struct buf *out, struct dice *dice, int depth) {
    static const char *const plain[] = {"null",           "true",         "-12",  "0.10",  "\"text\"",
                                        "\"\\u00e5\\n\"", "\"\xc3\xa5\"", "1e99", " { } ", "[ ]"};
    static const char *const names[] = {"a", "b", "c", "\\u0064", "e f"};
    uint64_t kind = dice_below(dice, depth > 0 ? 4 : 2);
    if (kind < 2) {
        buf_add_text(out, plain[dice_below(dice, sizeof plain / sizeof *plain)]);
        return;
    }
    buf_add_byte(out, kind == 2 ? '[' : '{');
    uint64_t count = dice_below(dice, 5), first = dice_below(dice, 5);
    for (uint64_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_text(out, dice_below(dice, 4) == 0 ? " , " : ",");
        if (kind == 3)
            buf_printf(out, "\"%s\":", names[(first + i) % 5]);
        add_value(out, dice, depth - 1);
    }
    buf_add_byte(out, kind == 2 ? ']' : '}');
}

static void equals_reading_again(void **state) {
    (void)state;
    static const char *const paths[] = {"$.a",   "$.b",     "$.d",   "$['e f']", "$.new",
                                        "$.a.b", "$.b.new", "$.d.a", "$.a.b.c"};
    static const struct json_limits none = {0};
    struct dice dice;
    struct buf text = {0}, value = {0};
    unsigned made = 0;
    dice_init(&dice, 20260101);
    for (unsigned round = 0; round < 20000; round++) {
        buf_clear(&text);
        buf_clear(&value);
        add_value(&text, &dice, 5);
        add_value(&value, &dice, 3);
        made += compare(buf_span(&text), paths[dice_below(&dice, sizeof paths / sizeof *paths)], buf_span(&value),
                        &none) == JSON_SPLICED;
    }
    assert_true(made > 2000);
    buf_finish(&text);
    buf_finish(&value);
}

/* One after the other onto what the one before made. */
static void grafts_many_times(void **state) {
    (void)state;
    static const struct json_limits none = {0};
    struct arena arena;
    struct buf text = {0}, path_text = {0};
    struct json_document graft, whole;
    struct json_problem problem;
    arena_init(&arena, 0);
    buf_add_text(&text, "{\"a\":{\"b\":[1]},\"c\":[{\"d\":2}]}");
    assert_true(json_read(&arena, arena_copy(&arena, buf_span(&text)), NULL, &graft, NULL));
    for (int i = 0; i < 40; i++) {
        buf_clear(&path_text);
        buf_printf(&path_text, i % 2 == 0 ? "$.a.n%d" : "$.n%d", i % 30);
        struct json_path *path = json_path_create(buf_span(&path_text), NULL);
        buf_clear(&text);
        assert_int_equal(json_splice(&graft, path, SPAN("[\"x\",{}]"), &text), JSON_SPLICED);
        assert_int_equal(json_graft(&arena, &graft, path, SPAN("[\"x\",{}]"), &none, &graft, &problem), JSON_SPLICED);
        assert_true(json_read(&arena, buf_span(&text), NULL, &whole, NULL));
        assert_true(span_equal(graft.source, whole.source));
        assert_int_equal(graft.count, whole.count);
        for (uint32_t node = 0; node < graft.count; node++)
            same_node(&graft, &whole, node);
        json_path_destroy(path);
    }
    buf_finish(&text);
    buf_finish(&path_text);
    arena_finish(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(grafts), cmocka_unit_test(grafts_many_times),
                                       cmocka_unit_test(keeps_limits), cmocka_unit_test(equals_reading_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
