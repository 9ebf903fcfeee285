/* The state of one parse and what regex_tree.c and regex_escape.c ask of each other. For these two files only. */
#ifndef SLUSS_SCHEMA_REGEX_PARSER_H
#define SLUSS_SCHEMA_REGEX_PARSER_H

#include "schema/regex_tree.h"

struct regex_name {
    struct span name;
    uint32_t index; /* of the group; 0 for a use */
    struct regex_node *use;
    struct regex_name *next;
};

struct regex_parser {
    const char *start, *at, *end;
    struct arena *arena;
    struct regex_tree *tree;
    struct regex_name *names; /* groups that have one */
    struct regex_name *uses;  /* \k<name> and \1, resolved at the end */
    uint32_t depth;
    const char *wrong; /* where the first mistake is, or NULL */
    bool memory;
    struct error *error;
};

/* Notes the first mistake at `at`; returns false. */
bool regex_parser_fail(struct regex_parser *parser, const char *at, const char *sentence);

struct regex_node *regex_parser_node(struct regex_parser *parser, enum regex_type type);
struct regex_node *regex_parser_class(struct regex_parser *parser);

/* A node that matches one character. */
struct regex_node *regex_parser_point(struct regex_parser *parser, uint32_t point);

/* Reads the name of a group up to and with its '>'. */
bool regex_parser_name(struct regex_parser *parser, struct span *name);

/* regex_escape.c: what begins with a backslash (at it), and a class (behind its '['). NULL after a mistake. */
struct regex_node *regex_parse_escape(struct regex_parser *parser);
struct regex_node *regex_parse_class(struct regex_parser *parser);

#endif
