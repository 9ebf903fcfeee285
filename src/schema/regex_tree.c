/* The parser of regular expressions: alternatives, terms, groups, quantifiers. Escapes and classes are in
 * regex_escape.c. */
#include "schema/regex_tree.h"

#include "schema/format_private.h"
#include "schema/format_utf8.h"
#include "schema/regex_parser.h"

#include <unictype.h>

enum { DEPTH_MAXIMUM = 200, PATTERN_MAXIMUM = 65536 };

bool regex_parser_fail(struct regex_parser *parser, const char *at, const char *sentence) {
    if (parser->wrong == NULL) {
        parser->wrong = at;
        error_set(parser->error, "%s (byte %zu of the pattern)", sentence, (size_t)(at - parser->start));
    }
    return false;
}

struct regex_node *regex_parser_node(struct regex_parser *parser, enum regex_type type) {
    struct regex_node *node = arena_take_zero(parser->arena, 1, sizeof *node);
    if (node == NULL)
        parser->memory = true;
    else
        node->type = type;
    return node;
}

struct regex_node *regex_parser_class(struct regex_parser *parser) {
    struct regex_node *node = regex_parser_node(parser, REGEX_CLASS);
    if (node == NULL)
        return NULL;
    node->class = arena_take_zero(parser->arena, 1, sizeof *node->class);
    parser->memory = node->class == NULL;
    return parser->memory ? NULL : node;
}

struct regex_node *regex_parser_point(struct regex_parser *parser, uint32_t point) {
    struct regex_node *node = regex_parser_class(parser);
    if (node == NULL)
        return NULL;
    parser->memory = !regex_set_add(&node->class->set, point, point, parser->arena) ||
                     !regex_set_settle(&node->class->set, parser->arena);
    return parser->memory ? NULL : node;
}

bool regex_parser_name(struct regex_parser *parser, struct span *name) {
    const char *start = parser->at;
    while (parser->at < parser->end && *parser->at != '>') {
        const char *here = parser->at;
        uint32_t point = utf8_take(&parser->at, parser->end);
        bool good = point == '$' || point == '_' ||
                    (here == start ? uc_is_property_id_start(point)
                                   : uc_is_property_id_continue(point) || point == 0x200c || point == 0x200d);
        if (!good)
            return regex_parser_fail(parser, here,
                                     "the name of a group is made of letters, digits and _, and begins "
                                     "with a letter");
    }
    if (parser->at == parser->end || parser->at == start)
        return regex_parser_fail(parser, start, "the name of a group stands between < and >");
    *name = (struct span){start, (size_t)(parser->at - start)};
    parser->at++;
    return true;
}

static struct regex_node *parse_alternatives(struct regex_parser *parser);

/* Numbers the group and keeps its name. */
static bool open_group(struct regex_parser *parser, struct regex_node *node, bool named) {
    node->index = ++parser->tree->groups;
    if (!named)
        return true;
    const char *start = parser->at;
    struct regex_name *name = arena_take_zero(parser->arena, 1, sizeof *name);
    if (name == NULL) {
        parser->memory = true;
        return false;
    }
    if (!regex_parser_name(parser, &name->name))
        return false;
    for (struct regex_name *other = parser->names; other != NULL; other = other->next)
        if (span_equal(other->name, name->name))
            return regex_parser_fail(parser, start, "another group has this name already: rename one");
    name->index = node->index;
    name->next = parser->names;
    parser->names = name;
    return true;
}

/* Behind "(". */
static struct regex_node *parse_group(struct regex_parser *parser) {
    const char *open = parser->at - 1;
    struct span rest = {parser->at, (size_t)(parser->end - parser->at)};
    static const struct {
        struct span text;
        enum regex_type type;
        bool negated, behind;
    } kinds[] = {
        {SPAN("?:"), REGEX_EMPTY, false, false}, {SPAN("?="), REGEX_LOOK, false, false},
        {SPAN("?!"), REGEX_LOOK, true, false},   {SPAN("?<="), REGEX_LOOK, false, true},
        {SPAN("?<!"), REGEX_LOOK, true, true},   {SPAN("?<"), REGEX_GROUP, true, false},
        {SPAN("?"), REGEX_CLASS, false, false},  {SPAN(""), REGEX_GROUP, false, false},
    };
    size_t kind = 0;
    while (!span_starts_with(rest, kinds[kind].text))
        kind++;
    parser->at += kinds[kind].text.size;
    enum regex_type type = kinds[kind].type;
    if (type == REGEX_CLASS) {
        regex_parser_fail(parser, open,
                          "ECMA-262 knows (?: (?= (?! (?<= (?<! and (?<name> only: other extensions, as "
                          "(?i) or (?P<name>, do not work here");
        return NULL;
    }
    struct regex_node *node = regex_parser_node(parser, type == REGEX_EMPTY ? REGEX_CONCAT : type);
    if (node == NULL || (type == REGEX_GROUP && !open_group(parser, node, kinds[kind].negated)))
        return NULL;
    if (type == REGEX_LOOK) {
        node->negated = kinds[kind].negated;
        node->behind = kinds[kind].behind;
        parser->tree->look = true;
    }
    if (++parser->depth > DEPTH_MAXIMUM) {
        regex_parser_fail(parser, open, "groups nest deeper than 200: simplify the pattern");
        return NULL;
    }
    node->child = parse_alternatives(parser);
    parser->depth--;
    if (node->child == NULL)
        return NULL;
    if (parser->at == parser->end) {
        regex_parser_fail(parser, open, "the group is not closed: add ), or write \\( for a parenthesis");
        return NULL;
    }
    parser->at++;
    return node;
}

/* "{2}" "{2,}" "{2,5}" at parser->at; false (and nothing moved) when it is no quantifier: then { stands for itself. */
static bool read_braces(struct regex_parser *parser, uint32_t *minimum, uint32_t *maximum) {
    const char *at = parser->at + 1;
    uint64_t number[2] = {0, 0};
    int count = 0;
    bool given[2] = {false, false};
    for (; count < 2; count++) {
        while (at < parser->end && is_digit(*at)) {
            given[count] = true;
            number[count] = number[count] * 10 + (uint64_t)(*at++ - '0');
            if (number[count] >= REGEX_UNBOUNDED)
                number[count] = REGEX_UNBOUNDED - 1;
        }
        if (at == parser->end || *at != ',' || count == 1)
            break;
        at++;
    }
    if (at == parser->end || *at != '}' || !given[0])
        return false;
    *minimum = (uint32_t)number[0];
    *maximum = count == 0 ? *minimum : given[1] ? (uint32_t)number[1] : REGEX_UNBOUNDED;
    parser->at = at + 1;
    return true;
}

/* A quantifier at parser->at; false (and nothing moved) where there is none. */
static bool read_quantifier(struct regex_parser *parser, uint32_t *minimum, uint32_t *maximum) {
    if (parser->at == parser->end)
        return false;
    char byte = *parser->at;
    if (byte == '{')
        return read_braces(parser, minimum, maximum);
    if (byte != '*' && byte != '+' && byte != '?')
        return false;
    *minimum = byte == '+';
    *maximum = byte == '?' ? 1 : REGEX_UNBOUNDED;
    parser->at++;
    return true;
}

static struct regex_node *parse_dot(struct regex_parser *parser) {
    struct regex_node *node = regex_parser_class(parser);
    if (node == NULL)
        return NULL;
    struct regex_set *set = &node->class->set; /* no line terminators */
    parser->memory = !regex_set_add(set, '\n', '\n', parser->arena) || !regex_set_add(set, '\r', '\r', parser->arena) ||
                     !regex_set_add(set, 0x2028, 0x2029, parser->arena) || !regex_set_invert(set, parser->arena);
    return parser->memory ? NULL : node;
}

static struct regex_node *parse_atom(struct regex_parser *parser) {
    const char *start = parser->at;
    uint32_t minimum, maximum;
    switch (*start) {
    case '^':
    case '$':
        parser->at++;
        return regex_parser_node(parser, *start == '^' ? REGEX_START : REGEX_END);
    case '(':
        parser->at++;
        return parse_group(parser);
    case '[':
        parser->at++;
        return regex_parse_class(parser);
    case '\\':
        return regex_parse_escape(parser);
    case '.':
        parser->at++;
        return parse_dot(parser);
    default:
        if (read_quantifier(parser, &minimum, &maximum)) {
            regex_parser_fail(parser, start,
                              "there is nothing to repeat: write a backslash in front for the character");
            return NULL;
        }
        return regex_parser_point(parser, utf8_take(&parser->at, parser->end));
    }
}

/* An atom with its quantifier. */
static struct regex_node *parse_term(struct regex_parser *parser) {
    struct regex_node *atom = parse_atom(parser);
    if (atom == NULL)
        return NULL;
    const char *start = parser->at;
    uint32_t minimum, maximum;
    if (!read_quantifier(parser, &minimum, &maximum))
        return atom;
    bool assertion = atom->type == REGEX_START || atom->type == REGEX_END || atom->type == REGEX_WORD ||
                     atom->type == REGEX_NOT_WORD || (atom->type == REGEX_LOOK && atom->behind);
    if (assertion) {
        regex_parser_fail(parser, start, "there is nothing to repeat: an assertion takes no room");
        return NULL;
    }
    if (minimum > maximum) {
        regex_parser_fail(parser, start, "the numbers in braces run backwards: write {least,most}");
        return NULL;
    }
    struct regex_node *node = regex_parser_node(parser, REGEX_REPEAT);
    if (node == NULL)
        return NULL;
    node->child = atom;
    node->minimum = minimum;
    node->maximum = maximum;
    if (parser->at < parser->end && *parser->at == '?') {
        node->lazy = true;
        parser->at++;
    }
    return node;
}

/* Terms up to "|", ")" or the end. */
static struct regex_node *parse_terms(struct regex_parser *parser) {
    struct regex_node *node = regex_parser_node(parser, REGEX_CONCAT);
    struct regex_node **last = node != NULL ? &node->child : NULL;
    if (node == NULL)
        return NULL;
    while (parser->at < parser->end && *parser->at != '|' && *parser->at != ')') {
        *last = parse_term(parser);
        if (*last == NULL)
            return NULL;
        last = &(*last)->next;
    }
    return node;
}

static struct regex_node *parse_alternatives(struct regex_parser *parser) {
    struct regex_node *first = parse_terms(parser);
    if (first == NULL || parser->at == parser->end || *parser->at != '|')
        return first;
    struct regex_node *node = regex_parser_node(parser, REGEX_ALTERNATE);
    if (node == NULL)
        return NULL;
    node->child = first;
    for (struct regex_node *last = first; parser->at < parser->end && *parser->at == '|'; last = last->next) {
        parser->at++;
        last->next = parse_terms(parser);
        if (last->next == NULL)
            return NULL;
    }
    return node;
}

/* Finds the group of each back reference. */
static bool resolve_uses(struct regex_parser *parser) {
    for (struct regex_name *use = parser->uses; use != NULL; use = use->next) {
        if (use->name.size > 0) {
            struct regex_name *name = parser->names;
            while (name != NULL && !span_equal(name->name, use->name))
                name = name->next;
            use->use->index = name != NULL ? name->index : 0;
        }
        if (use->use->index == 0 || use->use->index > parser->tree->groups)
            return regex_parser_fail(parser, use->name.data, "the pattern has no such group to refer back to");
    }
    return true;
}

bool regex_tree_parse(struct span pattern, struct arena *arena, struct regex_tree *tree, size_t *position, bool *memory,
                      struct error *error) {
    const char *start = pattern.data != NULL ? pattern.data : "";
    struct regex_parser parser = {
        .start = start, .at = start, .end = start + pattern.size, .arena = arena, .tree = tree, .error = error};
    *tree = (struct regex_tree){0};
    if (pattern.size > PATTERN_MAXIMUM)
        regex_parser_fail(&parser, start, "the pattern is longer than 64 KiB");
    else
        tree->root = parse_alternatives(&parser);
    if (tree->root != NULL && parser.at < parser.end) {
        regex_parser_fail(&parser, parser.at, "there is no ( for this ): write \\) for a parenthesis");
        tree->root = NULL;
    }
    if (tree->root != NULL && !resolve_uses(&parser))
        tree->root = NULL;
    if (tree->root != NULL)
        return true;
    *memory = parser.wrong == NULL;
    *position = parser.wrong != NULL ? (size_t)(parser.wrong - start) : 0;
    if (parser.wrong == NULL)
        error_memory(error);
    return false;
}

bool regex_class_resolve(struct regex_class *class, struct arena *arena) {
    if (class->resolved || class->unresolvable)
        return true;
    struct regex_set *whole = &class->whole;
    if (!regex_set_add_all(whole, &class->set, arena))
        return false;
    for (uint32_t i = 0; i < class->properties; i++)
        if (!regex_property_add(class->property[i], whole, arena))
            return false;
    if (!regex_set_settle(whole, arena) || (class->negated && !regex_set_invert(whole, arena)))
        return false;
    class->resolved = true;
    return true;
}
