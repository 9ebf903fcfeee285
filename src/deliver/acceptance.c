/* Conditions on answers: compiled to a flat list of tests, or-ed groups of and-ed ones. Follows simple queries only. */
#include "deliver/acceptance.h"

#include "json/path.h"
#include "json/reader.h"

#include <stdlib.h>

enum { MOST_TESTS = 16, MOST_BODY = 64 * 1024, MOST_MEMORY = 4 << 20 };

enum comparison { EXISTS, ABSENT, EQUAL, UNEQUAL, LESS, AT_MOST, MORE, AT_LEAST };

struct test {
    struct json_path *query;
    enum comparison comparison;
    struct json_path *text;        /* a string literal, as the name of a query; else NULL */
    struct json_document *literal; /* any other, in the arena */
    bool ends_group;               /* an || or the end follows */
};

struct acceptance {
    struct arena arena;
    size_t count;
    struct test test[MOST_TESTS];
};

/* --- compiling --- */

struct compiler {
    struct acceptance *acceptance;
    struct span text;
    const char *at, *end;
    struct error *error;
};

static bool refuse(const struct compiler *compiler, const char *at, const char *what) {
    return error_set(compiler->error, "%s at character %zu of \"" SPAN_FORMAT "\"", what,
                     (size_t)(at - compiler->text.data) + 1, SPAN_ARGUMENT(compiler->text));
}

static void skip_blank(struct compiler *compiler) {
    while (compiler->at < compiler->end && memchr(" \t\r\n", *compiler->at, 4) != NULL)
        compiler->at++;
}

static bool take(struct compiler *compiler, struct span sign) {
    skip_blank(compiler);
    struct span rest = span_make(compiler->at, (size_t)(compiler->end - compiler->at));
    if (!span_starts_with(rest, sign))
        return false;
    compiler->at += sign.size;
    return true;
}

/* What stands before the next operator, quoted texts skipped. */
static struct span take_operand(struct compiler *compiler) {
    skip_blank(compiler);
    const char *start = compiler->at;
    char quote = '\0';
    for (; compiler->at < compiler->end; compiler->at++) {
        char byte = *compiler->at;
        if (quote == '\0' && memchr("=!<>&|()", byte, 8) != NULL)
            break;
        if (quote != '\0' && byte == '\\' && compiler->at + 1 < compiler->end)
            compiler->at++;
        else if (byte == quote)
            quote = '\0';
        else if (quote == '\0' && (byte == '\'' || byte == '"'))
            quote = byte;
    }
    return span_trim(span_make(start, (size_t)(compiler->at - start)));
}

static bool take_comparison(struct compiler *compiler, struct test *test) {
    static const struct {
        const char *sign;
        enum comparison comparison;
    } signs[] = {{"==", EQUAL}, {"!=", UNEQUAL}, {"<=", AT_MOST}, {">=", AT_LEAST}, {"<", LESS}, {">", MORE}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (take(compiler, span_of(signs[i].sign))) {
            test->comparison = signs[i].comparison;
            return true;
        }
    return false;
}

/* A string of either quotes is decoded as what it also is: the name in a query. */
static bool read_literal(struct compiler *compiler, struct test *test) {
    struct span text = take_operand(compiler);
    const char *at = text.size > 0 ? text.data : compiler->at;
    struct arena *arena = &compiler->acceptance->arena;
    if (text.size > 0 && (text.data[0] == '\'' || text.data[0] == '"')) {
        struct span query = arena_printf(arena, "$[" SPAN_FORMAT "]", SPAN_ARGUMENT(text));
        struct error error = {0};
        test->text = query.data != NULL ? json_path_create(query, &error) : NULL;
        return (test->text != NULL && json_path_names(test->text) == 1) ||
               refuse(compiler, at, "expected a text in quotes");
    }
    struct span copy = arena_copy(arena, text);
    test->literal = arena_take_zero(arena, 1, sizeof *test->literal);
    if (copy.data == NULL || test->literal == NULL)
        return error_memory(compiler->error);
    return (json_read(arena, copy, NULL, test->literal, NULL) && json_node_type(test->literal->node) < NODE_STRING) ||
           refuse(compiler, at, "expected a number, a text in quotes, true, false or null");
}

static bool read_test(struct compiler *compiler) {
    if (compiler->acceptance->count == MOST_TESTS)
        return refuse(compiler, compiler->at, "more than 16 comparisons");
    struct test *test = &compiler->acceptance->test[compiler->acceptance->count++];
    test->comparison = take(compiler, SPAN("!")) ? ABSENT : EXISTS;
    struct span query = take_operand(compiler);
    if (query.size == 0 || query.data[0] != '$')
        return refuse(compiler, query.size > 0 ? query.data : compiler->at, "expected a query such as $.code");
    test->query = json_path_create(query, compiler->error);
    if (test->query == NULL)
        return false;
    bool negated = test->comparison == ABSENT;
    const char *at = compiler->at;
    if (!take_comparison(compiler, test))
        return true;
    return negated ? refuse(compiler, at, "'!' before a comparison needs parentheses, which are not supported yet")
                   : read_literal(compiler, test);
}

static bool compile(struct compiler *compiler) {
    for (;;) {
        if (!read_test(compiler))
            return false;
        struct test *test = &compiler->acceptance->test[compiler->acceptance->count - 1];
        if (take(compiler, SPAN("&&")))
            continue;
        test->ends_group = true;
        skip_blank(compiler);
        if (compiler->at == compiler->end)
            return true;
        if (!take(compiler, SPAN("||")))
            return refuse(compiler, compiler->at, "expected ==, !=, <, <=, >, >=, && or ||");
    }
}

struct acceptance *acceptance_create(struct span text, struct error *error) {
    struct acceptance *acceptance = calloc(1, sizeof *acceptance);
    if (acceptance == NULL) {
        (void)error_memory(error);
        return NULL;
    }
    arena_init(&acceptance->arena, 0);
    struct compiler compiler = {acceptance, text, text.data, text.data + text.size, error};
    if (compile(&compiler))
        return acceptance;
    acceptance_destroy(acceptance);
    return NULL;
}

void acceptance_destroy(struct acceptance *acceptance) {
    if (acceptance == NULL)
        return;
    for (size_t i = 0; i < acceptance->count; i++) {
        json_path_destroy(acceptance->test[i].query);
        json_path_destroy(acceptance->test[i].text);
    }
    arena_finish(&acceptance->arena);
    free(acceptance);
}

/* --- asking --- */

enum order { BEFORE, SAME, BEHIND, NOTHING_IN_COMMON };

static enum order order_of_numbers(const struct json_document *document, const struct json_node *node,
                                   const struct json_document *literal) {
    const struct json_node *other = literal->node;
    bool integers = (node->flags & other->flags & NODE_INTEGER) != 0;
    if (integers || ((node->flags & other->flags & NODE_DECIMAL) != 0 && node->exponent == other->exponent))
        return node->is.integer == other->is.integer ? SAME : node->is.integer < other->is.integer ? BEFORE : BEHIND;
    double one = json_double(document, node), two = json_double(literal, other);
    return one < two ? BEFORE : one > two ? BEHIND : SAME;
}

/* UTF-8 has the order of its characters. */
static enum order order_of_texts(struct span one, struct span two) {
    size_t size = one.size < two.size ? one.size : two.size;
    int difference = size > 0 ? memcmp(one.data, two.data, size) : 0;
    if (difference == 0)
        return one.size == two.size ? SAME : one.size < two.size ? BEFORE : BEHIND;
    return difference < 0 ? BEFORE : BEHIND;
}

static enum order order_of(const struct test *test, const struct json_document *document,
                           const struct json_node *node) {
    if (node == NULL)
        return NOTHING_IN_COMMON;
    enum node_type type = json_node_type(node);
    if (test->text != NULL)
        return type == NODE_STRING ? order_of_texts(json_text(document, node), json_path_name(test->text, 0))
                                   : NOTHING_IN_COMMON;
    if (type != json_node_type(test->literal->node))
        return NOTHING_IN_COMMON;
    return type == NODE_NUMBER ? order_of_numbers(document, node, test->literal) : SAME;
}

/* RFC 9535 section 2.3.5.2.2 */
static bool holds(const struct test *test, const struct json_document *document) {
    const struct json_node *node = json_path_find(test->query, document);
    if (test->comparison == EXISTS || test->comparison == ABSENT)
        return (node != NULL) == (test->comparison == EXISTS);
    enum order order = order_of(test, document, node);
    switch (test->comparison) {
    case EQUAL:
        return order == SAME;
    case UNEQUAL:
        return order != SAME;
    case AT_MOST:
        return order == SAME || order == BEFORE;
    case AT_LEAST:
        return order == SAME || order == BEHIND;
    case LESS:
        return order == BEFORE;
    case MORE:
        return order == BEHIND;
    case EXISTS:
    case ABSENT:
        break;
    }
    return false;
}

static bool any_group_holds(const struct acceptance *acceptance, const struct json_document *document) {
    bool group = true;
    for (size_t i = 0; i < acceptance->count; i++) {
        group = group && holds(&acceptance->test[i], document);
        if (!acceptance->test[i].ends_group)
            continue;
        if (group)
            return true;
        group = true;
    }
    return false;
}

bool acceptance_met(const struct acceptance *acceptance, struct span body) {
    static const struct json_limits limits = {.size = MOST_BODY, .depth = 64, .memory = MOST_MEMORY};
    struct arena arena;
    struct json_document document;
    arena_init(&arena, 0);
    bool met = json_read(&arena, body, &limits, &document, NULL) && any_group_holds(acceptance, &document);
    arena_finish(&arena);
    return met;
}
