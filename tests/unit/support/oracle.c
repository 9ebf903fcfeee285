/* Two readers, one text. Values are compared, not only verdicts. */
#include "support/oracle.h"

#include <jansson.h>

static const char *check_string(const struct json_document *document, const struct json_node *node) {
    struct span text = json_text(document, node);
    bool ascii = true;
    for (size_t i = 0; i < text.size; i++)
        ascii = ascii && (unsigned char)text.data[i] < 0x80;
    if (ascii != ((node->flags & NODE_ASCII) != 0))
        return "a string's ASCII flag is wrong";
    return NULL;
}

static const char *check_container(const struct json_document *document, const struct json_node *node) {
    const struct json_node *at = json_first(node);
    bool object = json_node_type(node) == NODE_OBJECT;
    uint32_t filter = 0;
    for (uint32_t i = 0; i < json_count(node); i++) {
        if (object) {
            if (json_node_type(at) != NODE_STRING || at->after != at - document->node + 1)
                return "a key is no string";
            if (at->is.text.hash != json_hash(json_text(document, at)))
                return "a key's hash is wrong";
            if (json_member(document, node, json_text(document, at)) != at + 1)
                return "a member is not found by its name";
            filter |= json_filter(at->is.text.hash);
            at++;
        }
        if (at->start < node->start || at->start + at->size >= node->start + node->size)
            return "an item lies outside of its container";
        at = json_next(document, at);
    }
    if (at != json_next(document, node))
        return "a container does not end where its items do";
    return object && filter != node->is.filter ? "an object's filter is wrong" : NULL;
}

/* What must be true of every document. */
static const char *check_document(const struct json_document *document) {
    if (document->count == 0 || document->node->after != document->count)
        return "the root does not span all nodes";
    for (uint32_t i = 0; i < document->count; i++) {
        const struct json_node *node = &document->node[i];
        const char *wrong = NULL;
        if (node->size == 0 || (size_t)node->start + node->size > document->source.size)
            return "a node's source lies outside of the text";
        if (json_node_type(node) == NODE_STRING)
            wrong = check_string(document, node);
        else if (json_node_type(node) >= NODE_ARRAY)
            wrong = check_container(document, node);
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

static bool same_number(const struct json_document *document, const struct json_node *node, const json_t *other) {
    if (json_is_integer(other))
        return (node->flags & NODE_INTEGER) != 0 && node->is.integer == json_integer_value(other);
    return json_is_real(other) && json_double(document, node) == json_real_value(other);
}

static bool same_string(struct span text, const json_t *other) {
    return json_is_string(other) && span_equal(text, span_make(json_string_value(other), json_string_length(other)));
}

/* Walks all nodes in order; `at` moves behind the value. */
static bool same_value(const struct json_document *document, const struct json_node **at, const json_t *other) {
    const struct json_node *node = (*at)++;
    switch (json_node_type(node)) {
    case NODE_NULL:
        return json_is_null(other);
    case NODE_FALSE:
        return json_is_false(other);
    case NODE_TRUE:
        return json_is_true(other);
    case NODE_NUMBER:
        return same_number(document, node, other);
    case NODE_STRING:
        return same_string(json_text(document, node), other);
    case NODE_ARRAY:
        if (!json_is_array(other) || json_array_size(other) != json_count(node))
            return false;
        for (uint32_t i = 0; i < json_count(node); i++)
            if (!same_value(document, at, json_array_get(other, i)))
                return false;
        return true;
    case NODE_OBJECT:
        if (!json_is_object(other) || json_object_size(other) != json_count(node))
            return false;
        for (uint32_t i = 0; i < json_count(node); i++) {
            struct span key = json_text(document, (*at)++);
            if (!same_value(document, at, json_object_getn(other, key.data, key.size)))
                return false;
        }
        return true;
    }
    return false;
}

static enum oracle_difference wrong(const char **why, const char *what) {
    *why = what;
    return ORACLE_WRONG;
}

static enum oracle_difference compare(const struct json_document *document, const struct json_problem *problem,
                                      struct span text, const char **why) {
    size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    json_error_t error;
    json_t *root = json_loadb(text.data, text.size, flags, &error);
    enum oracle_difference difference = ORACLE_SAME;
    if (root == NULL && json_error_code(&error) == json_error_null_character) {
        difference = document != NULL ? ORACLE_NUL : ORACLE_SAME;
        root = json_loadb(text.data, text.size, flags | JSON_ALLOW_NUL, &error);
    }
    if (root == NULL) {
        enum json_error_code code = json_error_code(&error);
        if (document == NULL)
            return ORACLE_SAME;
        if (code == json_error_numeric_overflow)
            return ORACLE_RANGE;
        if (code == json_error_null_byte_in_key)
            return ORACLE_NUL;
        return wrong(why, "we read what jansson refuses");
    }
    const struct json_node *at = document != NULL ? document->node : NULL;
    if (document == NULL && problem->offset < text.size && text.data[problem->offset] == '\0')
        difference = ORACLE_NUL;
    else if (document == NULL && problem->fault != JSON_FAULT_DEPTH && problem->fault != JSON_FAULT_SIZE &&
             problem->fault != JSON_FAULT_MEMBERS)
        difference = wrong(why, "we refuse what jansson reads");
    else if (document == NULL)
        difference = ORACLE_LIMIT;
    else if (!same_value(document, &at, root))
        difference = wrong(why, "both read it and found different values");
    json_decref(root);
    return difference;
}

enum oracle_difference oracle_compare(struct span text, const struct json_limits *limits, const char **why) {
    struct arena arena;
    struct json_document document;
    struct json_problem problem = {0};
    arena_init(&arena, 0);
    enum oracle_difference difference;
    bool read = json_read(&arena, text, limits, &document, &problem);
    if (!read && (problem.fault == JSON_FAULT_NONE || problem.sentence == NULL || problem.sentence[0] == '\0' ||
                  problem.offset > text.size || problem.line == 0 || problem.column == 0))
        difference = wrong(why, "a problem is not told whole");
    else if (read && (*why = check_document(&document)) != NULL)
        difference = ORACLE_WRONG;
    else
        difference = compare(read ? &document : NULL, &problem, text, why);
    arena_finish(&arena);
    return difference;
}
