/* A source is one configuration file: its text, libconfig's tree of it, and where in the text each setting stands. It
 * does not know which options exist. */
#ifndef SLUSS_SETTINGS_SOURCE_H
#define SLUSS_SETTINGS_SOURCE_H

#include "settings/problems.h"

#include <libconfig.h>

struct source {
    struct span file;   /* as the user named it */
    struct span text;   /* all of it, with a NUL behind */
    struct buf content; /* owns it */
    config_t tree;
    struct mark *marks;  /* one a setting, in the order of the text */
    struct span *hidden; /* what a shown line must not show: secrets that are written out */
    size_t mark_count, mark_capacity;
    size_t hidden_count, hidden_capacity;
    bool failed; /* out of memory */
};

/* Reads and parses the file. False with the first problem of that file added: it cannot be read, or its syntax is
 * wrong. source_finish is due in both cases. `text` as the file's content when it is given: then nothing is opened. */
bool source_init(struct source *source, struct span file, struct span text, struct problems *problems);
void source_finish(struct source *source);

/* The place of a setting's value, of its name, or of the file as a whole (setting NULL or the root). */
struct spot source_value(struct source *source, const config_setting_t *setting, struct arena *arena);
struct spot source_name(struct source *source, const config_setting_t *setting, struct arena *arena);

/* The value's own words in the file: a number's digits as written, which libconfig may have wrapped. */
struct span source_token(const config_setting_t *setting);

/* --- between scanner and source --- */

struct mark {
    struct span name;  /* size 0: an element of a list */
    struct span value; /* from its first to its last byte */
};

/* Finds the marks and what must be hidden. False with the place (a part of the text) and the sentence of the first
 * mistake. */
struct scan_mistake {
    struct span at;
    enum problem_code code;
    const char *what;
    const char *cure;
};
bool scan(struct source *source, struct scan_mistake *mistake);

#endif
