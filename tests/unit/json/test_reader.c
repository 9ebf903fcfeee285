/* Tests of json/reader: limits, places, every cut and every changed byte. Verdicts on single texts stand in
 * test_corpus.
 */
#include "json/reader.h"

#include "base/buf.h"
#include "support/oracle.h"
#include "json/block_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static const char whole[] =
    "{\"id\":\"9b2e\\u00e5\\ud83d\\ude00\\n\",\"n\":[0,-1,1.50,2e-3,12345678901234567890],\"\xc3\xa5\":{\"t\":true,"
    "\"f\":false, \"z\":null},\"long\":\"0123456789abcdef \xe2\x82\xac \xf0\x9f\x98\x80\"}";

static enum json_fault fault_of(struct span text, const struct json_limits *limits) {
    struct arena arena;
    struct json_document document;
    struct json_problem problem = {0};
    arena_init(&arena, 0);
    bool read = json_read(&arena, text, limits, &document, &problem);
    assert_int_equal(read, problem.fault == JSON_FAULT_NONE);
    arena_finish(&arena);
    return problem.fault;
}

static void lays_out_nodes(void **state) {
    (void)state;
    static const struct {
        enum node_type type;
        unsigned flags;
        uint32_t after;
        const char *source;
    } expected[] = {
        {NODE_OBJECT, 0, 11, NULL},
        {NODE_STRING, NODE_ASCII, 2, "\"a\""},
        {NODE_ARRAY, 0, 6, "[1, 2.5 ,[]]"},
        {NODE_NUMBER, NODE_INTEGER, 4, "1"},
        {NODE_NUMBER, NODE_DECIMAL, 5, "2.5"},
        {NODE_ARRAY, 0, 6, "[]"},
        {NODE_STRING, NODE_ESCAPED, 7, "\"\\u00e5\""},
        {NODE_OBJECT, 0, 10, "{\"b\":null}"},
        {NODE_STRING, NODE_ASCII, 9, "\"b\""},
        {NODE_NULL, 0, 10, "null"},
    };
    struct span text = SPAN(" {\"a\":[1, 2.5 ,[]],\"\\u00e5\":{\"b\":null}}\n");
    struct arena arena;
    struct json_document document;
    arena_init(&arena, 0);
    assert_true(json_read(&arena, text, NULL, &document, NULL));
    assert_int_equal(document.count, 10);
    for (uint32_t i = 0; i < document.count; i++) {
        const struct json_node *node = &document.node[i];
        assert_int_equal(node->type, expected[i].type);
        assert_int_equal(node->flags, expected[i].flags);
        assert_int_equal(node->after, i == 0 ? 10 : expected[i].after);
        if (expected[i].source != NULL)
            assert_true(span_equal(json_source(&document, node), span_of(expected[i].source)));
    }
    assert_int_equal(json_count(&document.node[0]), 2);
    assert_int_equal(json_count(&document.node[2]), 3);
    assert_int_equal(json_count(&document.node[5]), 0);
    assert_true(span_equal(json_text(&document, &document.node[6]), SPAN("\xc3\xa5")));
    arena_finish(&arena);
}

static void tells_where(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t offset;
        uint32_t line, column;
        const char *sentence;
    } rows[] = {
        {"", 0, 1, 1, "the text ends too early"},
        {"{\n \"a\": x}", 8, 2, 7, "expected a value"},
        {"\xef\xbb\xbf{}", 0, 1, 1, "the text begins with a byte order mark: save it as UTF-8 without one"},
        {"[\xef\xbb\xbf]", 1, 1, 2, "expected a value"},
        {"[1\n\n,2\n,]", 8, 4, 2, "expected a value"},
        {"[1 2]", 3, 1, 4, "expected ',' or ']'"},
        {"{\"a\":1 2}", 7, 1, 8, "expected ',' or '}'"},
        {"{\"a\"=1}", 4, 1, 5, "expected ':'"},
        {"{a:1}", 1, 1, 2, "expected a key in double quotes"},
        {"[] 1", 3, 1, 4, "expected nothing but white space after the value"},
        {"[\"a", 3, 1, 4, "the text ends too early"},
        {"[\"a]", 4, 1, 5, "the text ends too early"},
        {"{\"a\":\"b} ", 9, 1, 10, "the text ends too early"},
        {"{\"a\":\"b}\n", 8, 1, 9, "a control character in a string must be escaped"},
        {"{\"a}", 4, 1, 5, "the text ends too early"},
        {"[01]", 1, 1, 2, "a number must not begin with 0"},
        {"[\"ab\\x\"]", 4, 1, 5, "invalid escape in a string"},
        {"[\"\\ud800\"]", 2, 1, 3, "half a surrogate pair in a string"},
        {"{\"a\":1,\n\"a\":2}", 8, 2, 1, "the same key twice in one object"},
        {"[\"a\n\"]", 3, 1, 4, "a control character in a string must be escaped"},
        {"[\"ab\xff\"]", 4, 1, 5, "the text is not UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena;
        struct json_document document;
        struct json_problem problem = {0};
        arena_init(&arena, 0);
        assert_false(json_read(&arena, span_of(rows[i].text), NULL, &document, &problem));
        assert_int_equal(problem.offset, rows[i].offset);
        assert_int_equal(problem.line, rows[i].line);
        assert_int_equal(problem.column, rows[i].column);
        assert_string_equal(problem.sentence, rows[i].sentence);
        arena_finish(&arena);
    }
}

static void add_times(struct buf *out, const char *text, size_t times) {
    for (size_t i = 0; i < times; i++)
        buf_add_text(out, text);
}

/* Every byte at every place of a block, among plain ones and among others. */
static void blocks_are_exact(void **state) {
    (void)state;
    char block[BLOCK_SIZE];
    for (unsigned around = 0; around < 2; around++)
        for (unsigned byte = 0; byte < 256; byte++)
            for (unsigned place = 0; place < BLOCK_SIZE; place++) {
                for (unsigned i = 0; i < BLOCK_SIZE; i++)
                    block[i] = (char)(around == 0 ? 'a' : i * 37 + byte * 11 + place);
                block[place] = (char)byte;
                uint64_t odd = 0;
                for (unsigned i = 0; i < BLOCK_SIZE; i++) {
                    unsigned char one = (unsigned char)block[i];
                    odd |= (uint64_t)(one == '"' || one == '\\' || one < 0x20 || one > 0x7f) << i;
                }
                assert_true(block_odd(block) == odd);
                for (unsigned i = 0; i < BLOCK_SIZE; i += 8) {
                    uint64_t word = word_load_whole(block + i), all = word_odd_all(word), any = word_odd(word);
                    assert_int_equal(word_bits(all), odd >> i & 0xff);
                    assert_int_equal(any & -any, all & -all); /* the first */
                }
            }
}

/* White space of every kind and length at every place where it may stand, in front of strings above all: it moves the
 * places in the blocks of text that are looked at in one step. A letter more than white space is refused where it is.
 */
static void skips_white_space(void **state) {
    (void)state;
    static const char *const parts[] = {"",  "{",     "\"a\"", ":",    "[", "\"b\"",    ",", "1",
                                        ",", "{",     "}",     "]",    ",", "\"c\\n\"", ":", "\"\xc3\xa5\"",
                                        ",", "\"d\"", ":",     "true", "}", ""};
    static const char *const spaces[] = {" ", "\n", "\r", "\t", "\n  ", "\r\n\t"};
    const size_t count = sizeof parts / sizeof *parts;
    struct buf text = {0};
    const char *why = "";
    for (size_t place = 0; place < count; place++)
        for (size_t times = 0; times < 70; times += times < 20 ? 1 : 7)
            for (size_t kind = 0; kind < sizeof spaces / sizeof *spaces; kind++) {
                buf_clear(&text);
                size_t at = 0;
                for (size_t i = 0; i < count; i++) {
                    buf_add_text(&text, parts[i]);
                    if (i == place || (i > place && (i + times) % 7 == 0))
                        add_times(&text, spaces[kind], i == place ? times : times % 11);
                    if (i == place)
                        at = text.size;
                }
                assert_int_equal(oracle_compare(buf_span(&text), NULL, &why), ORACLE_SAME);
                assert_int_equal(fault_of(buf_span(&text), NULL), JSON_FAULT_NONE);
                buf_add(&text, SPAN(" "));
                memmove(text.data + at + 1, text.data + at, text.size - 1 - at);
                text.data[at] = '\v';
                struct arena arena;
                struct json_document document;
                struct json_problem problem = {0};
                arena_init(&arena, 0);
                assert_false(json_read(&arena, buf_span(&text), NULL, &document, &problem));
                assert_int_equal(problem.offset, at);
                arena_finish(&arena);
            }
    buf_finish(&text);
}

static void nesting(struct buf *out, size_t depth) {
    buf_clear(out);
    add_times(out, "[", depth);
    add_times(out, "]", depth);
}

static void limits_are_exact(void **state) {
    (void)state;
    struct buf text = {0};
    nesting(&text, 64);
    assert_int_equal(fault_of(buf_span(&text), NULL), JSON_FAULT_NONE);
    nesting(&text, 65);
    assert_int_equal(fault_of(buf_span(&text), NULL), JSON_FAULT_DEPTH);
    nesting(&text, 100000);
    assert_int_equal(fault_of(buf_span(&text), &(struct json_limits){.depth = 100000}), JSON_FAULT_NONE);
    assert_int_equal(fault_of(buf_span(&text), &(struct json_limits){.depth = 99999}), JSON_FAULT_DEPTH);
    assert_int_equal(fault_of(SPAN("[{\"a\":[]}]"), &(struct json_limits){.depth = 3}), JSON_FAULT_NONE);
    assert_int_equal(fault_of(SPAN("[{\"a\":[]}]"), &(struct json_limits){.depth = 2}), JSON_FAULT_DEPTH);

    assert_int_equal(fault_of(SPAN("[1]"), &(struct json_limits){.size = 3}), JSON_FAULT_NONE);
    assert_int_equal(fault_of(SPAN("[1]"), &(struct json_limits){.size = 2}), JSON_FAULT_SIZE);
    buf_clear(&text);
    add_times(&text, " ", (1 << 20) - 1);
    buf_add_text(&text, "1");
    assert_int_equal(fault_of(buf_span(&text), NULL), JSON_FAULT_NONE);
    buf_add_text(&text, " ");
    assert_int_equal(fault_of(buf_span(&text), NULL), JSON_FAULT_SIZE);

    struct json_limits three = {.members = 3};
    assert_int_equal(fault_of(SPAN("{\"a\":1,\"b\":2,\"c\":3}"), &three), JSON_FAULT_NONE);
    assert_int_equal(fault_of(SPAN("{\"a\":1,\"b\":2,\"c\":3,\"d\":4}"), &three), JSON_FAULT_MEMBERS);
    assert_int_equal(fault_of(SPAN("[1,2,3,4]"), &three), JSON_FAULT_NONE);
    buf_finish(&text);
}

static void memory_is_limited(void **state) {
    (void)state;
    struct json_limits limits = {.memory = 10 * sizeof(struct json_node)};
    assert_int_equal(fault_of(SPAN("[1,2,3,4,5,6,7,8,9]"), &limits), JSON_FAULT_NONE);
    assert_int_equal(fault_of(SPAN("[1,2,3,4,5,6,7,8,9,0]"), &limits), JSON_FAULT_SIZE);
    assert_int_equal(fault_of(SPAN("\"\\n\""), &(struct json_limits){.memory = 1000}), JSON_FAULT_NONE);
    assert_int_equal(fault_of(SPAN("\"\\n\""), &(struct json_limits){.memory = sizeof(struct json_node) + 1}),
                     JSON_FAULT_SIZE);
    struct arena arena;
    struct json_document document;
    struct json_problem problem;
    arena_init(&arena, 2000);
    struct buf text = {0};
    buf_add_text(&text, "[1");
    add_times(&text, ",1", 200);
    buf_add_text(&text, "]");
    assert_false(json_read(&arena, buf_span(&text), NULL, &document, &problem));
    assert_int_equal(problem.fault, JSON_FAULT_MEMORY);
    arena_finish(&arena);
    buf_finish(&text);
}

/* A second reading of texts no larger needs no memory from the heap. */
static void a_reset_arena_is_enough(void **state) {
    (void)state;
    struct arena arena;
    struct json_document document;
    struct buf text = {0};
    buf_add_text(&text, "[0");
    add_times(&text, ",\"\\n\",{\"a\":-1.5}", 1000);
    buf_add_text(&text, "]");
    arena_init(&arena, 0);
    assert_true(json_read(&arena, buf_span(&text), NULL, &document, NULL));
    arena_reset(&arena);
    assert_true(json_read(&arena, buf_span(&text), NULL, &document, NULL));
    arena_reset(&arena);
    size_t held = arena.bytes;
    for (int i = 0; i < 3; i++) {
        assert_true(json_read(&arena, buf_span(&text), NULL, &document, NULL));
        assert_int_equal(arena.bytes, held);
        arena_reset(&arena);
    }
    arena_finish(&arena);
    buf_finish(&text);
}

/* The cut text stands at the end of its own memory, so that a checker sees a byte read too far. */
/* With white space behind the cut too, and nothing behind that: a checked build sees who looks there. */
static void every_cut_is_refused(void **state) {
    (void)state;
    for (size_t size = 0; size < sizeof whole - 1; size++)
        for (size_t more = 0; more < 3; more++) {
            char *cut = malloc(size + 1 + more);
            assert_non_null(cut);
            memcpy(cut + 1, whole, size);
            memset(cut + 1 + size, '\n', more);
            enum json_fault fault = fault_of(span_make(cut + 1, size + more), NULL);
            assert_true(fault == JSON_FAULT_SYNTAX || fault == JSON_FAULT_UTF8);
            free(cut);
        }
    assert_int_equal(fault_of(span_of(whole), NULL), JSON_FAULT_NONE);
}

static void every_changed_byte_agrees_with_the_oracle(void **state) {
    (void)state;
    char text[sizeof whole - 1];
    for (size_t i = 0; i < sizeof text; i++)
        for (int byte = 0; byte < 256; byte++) {
            const char *why = "";
            memcpy(text, whole, sizeof text);
            text[i] = (char)byte;
            if (oracle_compare(span_make(text, sizeof text), NULL, &why) == ORACLE_WRONG)
                fail_msg("byte %zu as %d: %s", i, byte, why);
        }
}

static void large_objects(void **state) {
    (void)state;
    struct buf text = {0};
    buf_add_text(&text, "{\"last\":0");
    for (int i = 0; i < 65535; i++)
        buf_printf(&text, ",\"key-%d\":%d", i, i);
    size_t size = text.size;
    struct json_limits limits = {.size = 2 << 20, .members = 65537};
    buf_add_text(&text, "}");
    assert_int_equal(fault_of(buf_span(&text), &(struct json_limits){.size = 2 << 20}), JSON_FAULT_NONE);
    text.size = size;
    buf_add_text(&text, ",\"l\\u0061st\":1}");
    assert_int_equal(fault_of(buf_span(&text), &limits), JSON_FAULT_DUPLICATE);
    assert_int_equal(fault_of(buf_span(&text), &(struct json_limits){.size = 2 << 20}), JSON_FAULT_MEMBERS);
    buf_finish(&text);
}

/* Keys of 16 letters, all of one json_hash: the second word undoes what the first made different. */
static void keys_that_collide(void **state) {
    (void)state;
    struct buf text = {0};
    uint32_t common = 0;
    int found = 0;
    buf_add_text(&text, "{");
    for (uint64_t number = 0; found < 3000; number++) {
        char key[16];
        for (size_t i = 0; i < 8; i++)
            key[i] = (char)('a' + (number >> (4 * i) & 15));
        uint64_t first = word_hash(WORD_HASH_START, word_load(key, key + 8));
        uint64_t second = first ^ UINT64_C(0x6b6579206b657920);
        if (word_odd(second) != 0)
            continue;
        second = htole64(second);
        memcpy(key + 8, &second, sizeof second);
        common = json_hash(span_make(key, sizeof key));
        buf_printf(&text, "%s\"%.16s\":%d", found == 0 ? "" : ",", key, found);
        assert_int_equal(common, json_hash(span_make(text.data + 2, sizeof key)));
        found++;
    }
    size_t size = text.size;
    buf_add_text(&text, "}");
    assert_int_equal(fault_of(buf_span(&text), NULL), JSON_FAULT_NONE);
    struct buf twice = {0};
    buf_add(&twice, span_make(text.data, size));
    buf_add_text(&twice, ",");
    buf_add(&twice, span_make(text.data + 1, 18));
    buf_add_text(&twice, ":0}");
    assert_int_equal(fault_of(buf_span(&twice), NULL), JSON_FAULT_DUPLICATE);
    buf_finish(&twice);
    buf_finish(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lays_out_nodes),
        cmocka_unit_test(tells_where),
        cmocka_unit_test(limits_are_exact),
        cmocka_unit_test(skips_white_space),
        cmocka_unit_test(blocks_are_exact),
        cmocka_unit_test(memory_is_limited),
        cmocka_unit_test(a_reset_arena_is_enough),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(every_changed_byte_agrees_with_the_oracle),
        cmocka_unit_test(large_objects),
        cmocka_unit_test(keys_that_collide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
