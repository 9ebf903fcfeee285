/* Problems are everything that is wrong with a configuration, each with its place and its cure. They are collected,
 * then printed together; they decide nothing. */
#ifndef SLUSS_SETTINGS_PROBLEMS_H
#define SLUSS_SETTINGS_PROBLEMS_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdint.h>

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

/* The number behind "SL0". A number never changes its meaning. */
enum problem_code {
    PROBLEM_FILE = 101, /* a file of the configuration cannot be read */
    PROBLEM_SYNTAX,     /* not libconfig's syntax */
    PROBLEM_UNKNOWN,    /* no such option */
    PROBLEM_FORM,       /* a value of the wrong kind or notation */
    PROBLEM_RANGE,      /* a value outside its range */
    PROBLEM_REQUIRED,   /* an option that must be written is not */
    PROBLEM_LATER,      /* not supported yet */
    PROBLEM_NAME,       /* names a platform, lookup or route that is not there, or a name of wrong form */
    PROBLEM_CONTENT,    /* a schema, table or certificate that the configuration names cannot be used */
    PROBLEM_SECRET,     /* a secret is missing, exposed or written out */
    PROBLEM_KAFKA,      /* a property of librdkafka that is not passed on, or not by this version */
    PROBLEM_CONFLICT,   /* two options contradict each other */
    PROBLEM_DUPLICATE,  /* written twice */
    PROBLEM_INCLUDE,    /* @include */
    PROBLEM_RISK        /* legal, but surely or probably not meant */
};

/* A place in a file: `text` is its line as it may be shown (no secrets), the mark covers `width` characters of it from
 * `column` on. */
struct spot {
    struct span file;
    uint32_t line;   /* from 1; 0: the file as a whole */
    uint32_t column; /* from 1, in characters; 0: no mark */
    uint32_t width;
    struct span text; /* SPAN_NONE: no line to show */
};

struct problem {
    enum severity severity;
    enum problem_code code;
    struct spot spot;
    struct span what; /* one sentence without a full stop */
    struct span cure; /* what to do; SPAN_NONE: nothing to say */
};

/* Start with problems_init. Texts are copied. */
struct problems {
    struct arena arena;
    struct problem *list;
    size_t count;
    size_t capacity;
    size_t errors;
    size_t warnings;
    size_t denied;  /* errors that come from a lack of permission alone */
    size_t unready; /* secrets that are not there, or not usable: slussd would not start so */
    bool failed;    /* too little memory, too few descriptors: not all was read, and nothing of it must be used */
    int status; /* the exit code that fits: 0, 66 no configuration, 71 the system has too little, 77 no permission, 78
                   errors */
};

void problems_init(struct problems *problems);
void problems_finish(struct problems *problems);

/* Adds one; `cure` may be SPAN_NONE. */
void problems_add(struct problems *problems, enum severity severity, enum problem_code code, struct spot spot,
                  struct span cure, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Orders by file (as first met), line and column. */
void problems_sort(struct problems *problems);

/* Writes all as `FILE:LINE: error[SL0104]: what`, the line, a mark under it, and the cure; then how many there are. */
void problems_write(const struct problems *problems, bool colours, struct buf *out);

/* Writes all as JSON, one object a line. */
void problems_write_json(const struct problems *problems, struct buf *out);

#endif
