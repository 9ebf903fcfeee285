/* Escapes and character classes (ECMA-262 22.2.1 AtomEscape, CharacterClass). Everything else of the syntax is in
 * regex_tree.c. */
#include "schema/format_private.h"
#include "schema/format_utf8.h"
#include "schema/regex_parser.h"

/* White space and line terminators (ECMA-262 12.2, 12.3), which \s means. */
static const struct regex_range spaces[] = {
    {0x09, 0x0d},     {0x20, 0x20},     {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
    {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff},
};
static const struct regex_range digits[] = {{'0', '9'}};
static const struct regex_range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};

/* Adds what \d \D \s \S \w \W mean. */
static bool add_shorthand(struct regex_parser *parser, struct regex_set *set, char letter) {
    char small = (char)(letter | 0x20);
    struct regex_set own = {0};
    const struct regex_range *range = small == 'd' ? digits : small == 's' ? spaces : words;
    size_t count = small == 'd' ? 1 : small == 's' ? sizeof spaces / sizeof spaces[0] : 4;
    for (size_t i = 0; i < count; i++)
        if (!regex_set_add(&own, range[i].low, range[i].high, parser->arena))
            return false;
    if (letter != small && !regex_set_invert(&own, parser->arena))
        return false;
    return regex_set_add_all(set, &own, parser->arena);
}

/* The pattern's object for this property. NULL when memory is short. */
static struct regex_property *share_property(struct regex_parser *parser, const struct regex_property *read) {
    struct regex_property *shared = parser->tree->property;
    while (shared != NULL && (shared->negated != read->negated || strcmp(shared->text, read->text) != 0))
        shared = shared->next;
    if (shared != NULL)
        return shared;
    shared = arena_take(parser->arena, sizeof *shared);
    if (shared == NULL)
        return NULL;
    *shared = *read;
    shared->next = parser->tree->property;
    parser->tree->property = shared;
    parser->tree->properties++;
    return shared;
}

/* \p{...}, behind the letter */
static bool add_property(struct regex_parser *parser, struct regex_class *class, bool negated) {
    const char *open = parser->at;
    const char *close = open < parser->end && *open == '{' ? memchr(open, '}', (size_t)(parser->end - open)) : NULL;
    struct regex_property property;
    if (close == NULL)
        return regex_parser_fail(parser, open,
                                 "\\p needs a Unicode property in braces, as \\p{L} or \\p{Script=Latin}");
    if (!regex_property_read((struct span){open + 1, (size_t)(close - open - 1)}, negated, &property))
        return regex_parser_fail(parser, open,
                                 "no such Unicode property: write it as ECMA-262 does, as \\p{L}, \\p{Letter}, "
                                 "\\p{Script=Latin} or \\p{Alphabetic}");
    parser->at = close + 1;
    struct regex_property *shared = share_property(parser, &property);
    bool full = (class->properties & (class->properties - 1)) == 0; /* 0, 1, 2, 4, ... */
    if (shared != NULL && full) {
        struct regex_property **grown =
            arena_take(parser->arena, (class->properties * 2 + 1) * sizeof(struct regex_property *));
        if (grown != NULL && class->properties > 0)
            memcpy(grown, class->property, class->properties * sizeof(struct regex_property *));
        class->property = grown;
    }
    if (shared == NULL || class->property == NULL) {
        parser->memory = true;
        return false;
    }
    class->property[class->properties++] = shared;
    class->unresolvable = class->unresolvable || property.source == REGEX_PROPERTY_PCRE2_ONLY;
    return true;
}

/* `count` hexadecimal digits at parser->at. */
static bool read_hex(struct regex_parser *parser, size_t count, uint32_t *value) {
    *value = 0;
    if ((size_t)(parser->end - parser->at) < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        char byte = parser->at[i];
        if (!is_hex(byte))
            return false;
        *value = *value * 16 + (uint32_t)(is_digit(byte) ? byte - '0' : (byte | 0x20) - 'a' + 10);
    }
    parser->at += count;
    return true;
}

/* \u..., behind the letter: four digits, a surrogate pair, or braces */
static bool read_unicode(struct regex_parser *parser, uint32_t *point) {
    const char *start = parser->at;
    if (start < parser->end && *start == '{') {
        const char *at = ++parser->at;
        *point = 0;
        while (at < parser->end && is_hex(*at) && *point <= REGEX_POINT_MAXIMUM)
            *point = *point * 16 + (uint32_t)(is_digit(*at) ? *at - '0' : (*at | 0x20) - 'a' + 10), at++;
        bool good = at > parser->at && at < parser->end && *at == '}' && *point <= REGEX_POINT_MAXIMUM;
        parser->at = at + 1;
        return good || regex_parser_fail(parser, start, "\\u{...} needs hexadecimal digits up to 10FFFF");
    }
    if (!read_hex(parser, 4, point))
        return regex_parser_fail(parser, start, "\\u needs four hexadecimal digits, or braces as \\u{1F600}");
    uint32_t low;
    const char *behind = parser->at;
    if (*point >= 0xd800 && *point <= 0xdbff && parser->end - behind >= 6 && behind[0] == '\\' && behind[1] == 'u') {
        parser->at += 2;
        if (read_hex(parser, 4, &low) && low >= 0xdc00 && low <= 0xdfff)
            *point = 0x10000 + ((*point - 0xd800) << 10) + (low - 0xdc00);
        else
            parser->at = behind;
    }
    return true;
}

/* The escape of one character, behind the backslash. */
static bool read_point(struct regex_parser *parser, uint32_t *point) {
    static const char names[] = "fnrtv", values[] = "\f\n\r\t\v";
    const char *start = parser->at;
    char letter = *parser->at;
    const char *found = letter != '\0' ? strchr(names, letter) : NULL;
    if (found != NULL) {
        parser->at++;
        *point = (uint32_t)values[found - names];
        return true;
    }
    if (letter == 'u' || letter == 'x') {
        parser->at++;
        if (letter == 'u')
            return read_unicode(parser, point);
        return read_hex(parser, 2, point) || regex_parser_fail(parser, start, "\\x needs two hexadecimal digits");
    }
    if (letter == 'c') {
        if (parser->end - start < 2 || !is_letter(start[1]))
            return regex_parser_fail(parser, start, "\\c needs a letter, as \\cC");
        *point = (uint32_t)start[1] & 31;
        parser->at += 2;
        return true;
    }
    if (letter == '0' && (parser->end - start < 2 || !is_digit(start[1]))) {
        parser->at++;
        *point = 0;
        return true;
    }
    if (is_digit(letter))
        return regex_parser_fail(parser, start, "no such group: write \\x and two hexadecimal digits for a character");
    if (is_letter(letter))
        return regex_parser_fail(parser, start,
                                 "this letter has no meaning behind a backslash in ECMA-262: leave the backslash out, "
                                 "or use ^ and $ for \\A and \\Z");
    *point = utf8_take(&parser->at, parser->end);
    return true;
}

/* \1 or \k<name>: which group is known at the end of the pattern. */
static struct regex_node *parse_back(struct regex_parser *parser) {
    struct regex_node *node = regex_parser_node(parser, REGEX_BACK);
    struct regex_name *use = arena_take_zero(parser->arena, 1, sizeof *use);
    if (node == NULL || use == NULL) {
        parser->memory = true;
        return NULL;
    }
    const char *start = parser->at;
    if (*start == 'k') {
        if (parser->end - start < 2 || start[1] != '<') {
            regex_parser_fail(parser, start, "\\k needs the name of a group, as \\k<year>");
            return NULL;
        }
        parser->at += 2;
        if (!regex_parser_name(parser, &use->name))
            return NULL;
    } else {
        while (parser->at < parser->end && is_digit(*parser->at)) {
            if (node->index < 100000)
                node->index = node->index * 10 + (uint32_t)(*parser->at - '0');
            parser->at++;
        }
        use->name.size = 0;
        use->name.data = start;
    }
    use->use = node;
    use->next = parser->uses;
    parser->uses = use;
    parser->tree->back = true;
    return node;
}

struct regex_node *regex_parse_escape(struct regex_parser *parser) {
    parser->at++;
    if (parser->at == parser->end) {
        regex_parser_fail(parser, parser->at - 1, "the pattern ends in a backslash: write \\\\ for a backslash");
        return NULL;
    }
    char letter = *parser->at;
    if (letter == 'b' || letter == 'B') {
        parser->at++;
        parser->tree->words = true;
        return regex_parser_node(parser, letter == 'b' ? REGEX_WORD : REGEX_NOT_WORD);
    }
    if (letter == 'k' || (letter >= '1' && letter <= '9'))
        return parse_back(parser);
    if (letter != '\0' && strchr("dDsSwWpP", letter) != NULL) {
        struct regex_node *node = regex_parser_class(parser);
        parser->at++;
        if (node == NULL)
            return NULL;
        if (letter == 'p' || letter == 'P')
            return add_property(parser, node->class, letter == 'P') ? node : NULL;
        if (add_shorthand(parser, &node->class->set, letter) && regex_set_settle(&node->class->set, parser->arena))
            return node;
        parser->memory = true;
        return NULL;
    }
    uint32_t point;
    return read_point(parser, &point) ? regex_parser_point(parser, point) : NULL;
}

/* One atom of a class: a point, or a shorthand or property that was added (*point == UINT32_MAX). */
static bool parse_class_atom(struct regex_parser *parser, struct regex_class *class, uint32_t *point) {
    *point = UINT32_MAX;
    if (*parser->at != '\\') {
        *point = utf8_take(&parser->at, parser->end);
        return true;
    }
    const char *start = parser->at++;
    if (parser->at == parser->end)
        return regex_parser_fail(parser, start, "the pattern ends in a backslash: write \\\\ for a backslash");
    char letter = *parser->at;
    if (letter == 'b' || letter == '-') {
        parser->at++;
        *point = letter == 'b' ? '\b' : '-';
        return true;
    }
    if (letter == '\0' || strchr("dDsSwWpP", letter) == NULL)
        return read_point(parser, point);
    parser->at++;
    if (letter == 'p' || letter == 'P')
        return add_property(parser, class, letter == 'P');
    parser->memory = !add_shorthand(parser, &class->set, letter);
    return !parser->memory;
}

static bool add_points(struct regex_parser *parser, struct regex_class *class, uint32_t low, uint32_t high) {
    if (low == UINT32_MAX)
        return true; /* it was added already */
    parser->memory = !regex_set_add(&class->set, low, high, parser->arena);
    return !parser->memory;
}

struct regex_node *regex_parse_class(struct regex_parser *parser) {
    const char *open = parser->at - 1;
    struct regex_node *node = regex_parser_class(parser);
    if (node == NULL)
        return NULL;
    struct regex_class *class = node->class;
    if (parser->at < parser->end && *parser->at == '^') {
        class->negated = true;
        parser->at++;
    }
    while (parser->at < parser->end && *parser->at != ']') {
        const char *start = parser->at;
        uint32_t low, high;
        if (!parse_class_atom(parser, class, &low))
            return NULL;
        if (parser->end - parser->at < 2 || parser->at[0] != '-' || parser->at[1] == ']') {
            if (!add_points(parser, class, low, low))
                return NULL;
            continue;
        }
        parser->at++;
        if (!parse_class_atom(parser, class, &high))
            return NULL;
        if (low != UINT32_MAX && high != UINT32_MAX) {
            if (low > high) {
                regex_parser_fail(parser, start,
                                  "the range of the class runs backwards: its first character must come "
                                  "before its last");
                return NULL;
            }
            if (!add_points(parser, class, low, high))
                return NULL;
        } else if (!add_points(parser, class, low, low) || !add_points(parser, class, '-', '-') ||
                   !add_points(parser, class, high, high)) { /* Annex B: the hyphen stands for itself */
            return NULL;
        }
    }
    if (parser->at == parser->end) {
        regex_parser_fail(parser, open, "the class is not closed: add ], or write \\[ for a bracket");
        return NULL;
    }
    parser->at++;
    if (regex_set_settle(&class->set, parser->arena))
        return node;
    parser->memory = true;
    return NULL;
}
