/* An option is one row: name, notation, range, default, unit and a sentence for the manual. Checks, the normal form and
 * the manual all come from the row. */
#ifndef SLUSS_SETTINGS_OPTION_H
#define SLUSS_SETTINGS_OPTION_H

#include "base/buf.h"
#include "settings/problems.h"

#include <libconfig.h>
#include <stdint.h>

struct reader;
struct option;
struct section;

enum shape {
    SHAPE_TEXT,   /* "..." */
    SHAPE_NUMBER, /* 16 */
    SHAPE_SWITCH, /* true */
    SHAPE_TEXTS,  /* "..." or [ "...", "..." ] or ( "...", "..." ) */
    SHAPE_GROUP,  /* { ... } with the options of its section, into the same target */
    SHAPE_NAMED,  /* { NAME = { ... }; ... }: read by the section's own function */
    SHAPE_GROUPS, /* ( { ... }, ... ): likewise */
    SHAPE_LATER   /* not supported yet */
};

/* Why a value was refused. The defaults: PROBLEM_FORM, "`name` ...", and a cure made from the row. */
struct complaint {
    enum problem_code code;
    size_t item; /* SHAPE_TEXTS: which */
    char what[320];
    char cure[320];
};

/* Sets what is wrong (and what to do, unless NULL); the first one wins. Returns false. */
bool complain(struct complaint *complaint, enum problem_code code, const char *cure, const char *what, ...)
    __attribute__((format(printf, 4, 5)));

/* How a value is written and where it goes. `read` gets its items (one, but for SHAPE_TEXTS; numbers and switches as
 * their words), sets *field, and adds the value's normal form, with quotes, to `normal`. */
struct option_type {
    enum shape shape;
    const char *noun; /* "a duration" */
    const char *form; /* how to write one, for cures and the manual */
    bool (*read)(struct reader *reader, const struct option *option, const struct span *items, size_t count,
                 void *field, struct buf *normal, struct complaint *complaint);
};

enum {
    OPTION_REQUIRED = 1,
    OPTION_PROPERTY = 2, /* passed on to librdkafka under its dotted name */
    OPTION_CONSUMER = 4, /* a property of consumers only */
    OPTION_SECRET = 16,  /* its field is a struct secret */
    OPTION_QUIET = 8     /* says nothing in the normal form while it is not set; a group: and sets no defaults */
};

struct option {
    const char *name;
    const struct option_type *type;
    size_t field;         /* offset in the section's target; NO_FIELD: kept as a property only */
    const char *sentence; /* for the manual, with a full stop */
    const char *fallback; /* the default in the notation of a text; SHAPE_TEXTS: divided by ", "; NULL: none */
    int64_t least, most;  /* numbers, durations, sizes */
    const char *const *words;
    const char *const *later; /* words that are not supported yet */
    const char *folder;       /* files: relative to DIR/folder */
    const struct section *section;
    unsigned flags;
    struct span (*derive)(struct reader *reader, void *target); /* a default that depends on other options */
};

/* Options in the order in which the normal form and the manual give them. */
struct section {
    const char *name; /* "platforms.NAME" for the manual */
    const struct option *options;
    size_t count;
    void (*read)(struct reader *reader, const struct option *option, config_setting_t *setting, void *target);
};

#define NO_FIELD      SIZE_MAX
#define OPTIONS(rows) (rows), sizeof(rows) / sizeof *(rows)

/* sluss.cfg, and a route's file. */
extern const struct section section_sluss, section_route;

/* "from 1 to 4096", "\"on\" or \"off\"", ...: empty when the row does not limit it. */
void option_range(const struct option *option, struct buf *out);

/* Looks a property up that is not passed on and tells why; NULL when nothing is known about it. */
const char *option_refused_property(struct span name);

#endif
