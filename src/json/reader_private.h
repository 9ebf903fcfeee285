/* The state of one reading and what its files do for each other. Nothing of it is seen outside. */
#ifndef SLUSS_JSON_READER_PRIVATE_H
#define SLUSS_JSON_READER_PRIVATE_H

#include "json/reader.h"

/* What is seldom called leaves the loop over the text its registers. */
#define READER_SELDOM     __attribute__((noinline, cold))
#define READER_RARELY(so) __builtin_expect(!!(so), 0)

struct reader {
    const char *text;
    const char *end;
    const char *stop; /* all from here on is taken for odd: the end, or the bracket before it */
    struct json_node *node;
    uint32_t capacity;
    uint32_t depth;
    char *side;
    size_t side_size;
    size_t side_capacity;
    struct json_limits limits;
    struct arena *arena;
    struct json_problem problem; /* without line and column */
};

/* Every step takes the place where it begins and returns the place behind, or NULL when it refused. */
READER_SELDOM const char *reader_refuse(struct reader *reader, const char *at, enum json_fault fault,
                                        const char *sentence);
READER_SELDOM const char *reader_refuse_syntax(struct reader *reader, const char *at, const char *sentence);
READER_SELDOM const char *reader_refuse_memory(struct reader *reader, const char *at);
READER_SELDOM const char *reader_refuse_limit(struct reader *reader, const char *at);

/* The rest of a string whose opening quote is at `start`, from `at`, before which all is plain ASCII. Fills all
 * of the node but `after`; the hash is that of a key, 0 when `key` is false. */
const char *reader_odd_string(struct reader *reader, struct json_node *string, const char *start, const char *at,
                              bool key);

/* The number at `start`, which is a digit or '-'. Fills all of the node but `after`. */
const char *reader_number(struct reader *reader, struct json_node *number, const char *start);

#endif
