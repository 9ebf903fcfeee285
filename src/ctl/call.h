/* A call is slussctl's command line taken apart: a verb, its options, its arguments. It runs nothing and prints
 * nothing. */
#ifndef SLUSS_CTL_CALL_H
#define SLUSS_CTL_CALL_H

#include "base/error.h"

#include <stddef.h>

/* Exit codes (CONTRACT 4). */
enum {
    EXIT_YES = 0,
    EXIT_NO = 1, /* the answer is no */
    EXIT_USAGE = 64,
    EXIT_DATA = 65,
    EXIT_INPUT = 66,
    EXIT_KAFKA = 69,
    EXIT_BUG = 70,
    EXIT_SYSTEM = 71, /* too little memory, descriptors, threads */
    EXIT_OUTPUT = 74, /* standard output cannot be written */
    EXIT_CONFIG = 78
};

struct option {
    const char *name;     /* without the dashes; NULL ends a list */
    const char *value;    /* what the help calls its value; NULL: a switch */
    const char *sentence; /* for the help */
    bool many;            /* may be given more than once */
};

struct call;
struct verb {
    const char *name;
    const char *arguments; /* "ROUTE FILE|-" */
    const char *sentence;
    const char *lesson; /* what the help says behind the options: examples, exit codes */
    const struct option *options;
    size_t least, most; /* arguments */
    int (*run)(const struct call *call);
};

struct call_option {
    const struct option *option;
    const char *value; /* "" for a switch */
};

struct call {
    const struct verb *verb; /* NULL: none was given */
    bool help;
    bool version;
    const char *const *arguments;
    size_t argument_count;
    struct call_option *options;
    size_t option_count;
};

/* Takes the command line apart; the order of verb and options is free. `verbs` ends with a NULL; `common` are the
 * options that every verb takes. The call borrows from argv. False with a sentence that names the word and the cure. */
bool call_read(struct call *call, int argc, char *const argv[], const struct verb *const verbs[],
               const struct option *common, struct error *error);
void call_finish(struct call *call);

/* The value given for an option, or `otherwise` (which may be NULL). */
const char *call_value(const struct call *call, const char *name, const char *otherwise);

/* The `index`-th value of an option that may be given more than once, or NULL behind the last. */
const char *call_value_at(const struct call *call, const char *name, size_t index);

bool call_has(const struct call *call, const char *name);

/* Writes a sentence to standard error, as "slussctl: ...", and gives `status` back; of a shortage EXIT_SYSTEM. */
int call_refuse(int status, const struct error *error);

#endif
