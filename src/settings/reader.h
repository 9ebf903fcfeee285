/* The reader walks a group of the configuration along a section's rows. It knows rows, not what the options mean.
 * Private to this folder. */
#ifndef SLUSS_SETTINGS_READER_H
#define SLUSS_SETTINGS_READER_H

#include "settings/option.h"
#include "settings/settings.h"
#include "settings/source.h"

/* A platform or lookup by name, also one with problems: references to it are no further problem. */
struct names {
    const char **list; /* ended by NULL */
    size_t count;
};

struct reader {
    struct settings *settings;
    struct arena *arena; /* the settings' */
    struct problems *problems;
    const struct settings_options *options;
    struct source *source; /* the file being read */
    struct span folder;    /* DIR, absolute */
    struct buf normal;     /* the normal form so far */
    unsigned depth;        /* of its indentation */
    struct names platforms, lookups;
    struct span start; /* kafka.start as written; SPAN_NONE: not */
    struct span route; /* the name of the route being read */
    struct kafka_setting *properties;
    size_t property_count, property_capacity;
    bool denied; /* the next problem comes from a lack of permission */
    bool failed; /* too little memory, too few descriptors */
};

/* Reads `group` (NULL: not written, all defaults) into `target` by the section's rows, telling what is unknown, missing
 * or wrong, and writes the normal form of each option. */
void reader_section(struct reader *reader, const struct section *section, config_setting_t *group, void *target);

/* Whether the group has an option under a name that is none, but was surely meant to be `name`. */
bool reader_meant(const struct section *section, const char *name, const config_setting_t *group);

/* The problem of an option: `path` below `group` ("tls.ca"); where it is not written, its group is marked. */
void reader_problem(struct reader *reader, enum severity severity, enum problem_code code, config_setting_t *group,
                    const char *path, struct span cure, const char *format, ...) __attribute__((format(printf, 7, 8)));

/* A formatted text in the problems' arena, for cures. */
#define CURE(reader, ...) arena_printf(&(reader)->problems->arena, __VA_ARGS__)

/* Starts and ends a group in the normal form: `name = {` ... `};`, an element of a list `{` ... `}` when name is NULL.
 */
void reader_open(struct reader *reader, const char *name, const char *sign);
void reader_close(struct reader *reader, const char *sign);

/* A copy of a text in the settings' arena; notes a failure. */
struct span reader_copy(struct reader *reader, struct span text);
void *reader_take(struct reader *reader, size_t count, size_t size);

/* Appends to a list of names; all children of `group`. */
void reader_names(struct reader *reader, config_setting_t *group, struct names *names);

/* The index of a name, or SIZE_MAX. */
size_t names_find(const struct names *names, struct span name);

/* Writes a text as libconfig reads it. */
void normal_text(struct buf *out, struct span text);

/* Whether this errno tells of a shortage, which is noted: what could not be read then is not to be left out. A lack of
 * permission is noted, too. */
bool reader_shortage(struct reader *reader, int number);

/* A file's content, at most `most` bytes. False with a sentence. Ended by a NUL that is not counted. */
bool reader_file(struct reader *reader, struct span path, size_t most, struct buf *out, struct error *error);

/* The name in the same folder that is nearest to the path's last one; SPAN_NONE when none is near. */
struct span nearby_file(struct reader *reader, struct span path);

/* "secret:NAME" or a text written out: fills it, or complains. `lines`: it may have several lines. */
bool secret_read(struct reader *reader, struct span text, bool lines, struct secret *secret,
                 struct complaint *complaint);

extern const struct section section_kafka;

/* Cross checks and parts with a function of their own. */
/* What one consumer takes of limits.memory, by what is written of `kafka`. */
struct ration_consumer kafka_measure(const struct reader *reader);
void kafka_check(struct reader *reader, config_setting_t *group);
void platforms_read(struct reader *reader, const struct option *option, config_setting_t *setting, void *target);
void lookups_read(struct reader *reader, const struct option *option, config_setting_t *setting, void *target);
void enrich_read(struct reader *reader, const struct option *option, config_setting_t *setting, void *target);
void routes_skip(struct reader *reader, const struct option *option, config_setting_t *setting, void *target);
bool routes_read(struct reader *reader, config_setting_t *root);
void route_finish(struct route *route);

/* Behind the routes: each worker's share of the plan. False when there is none: an error of sluss.cfg was told, or
 * memory is short. */
bool workers_divide(struct reader *reader, config_setting_t *root);

/* Compiles a schema file with everything in DIR/schemas at hand, or tells at the option `schema` of `group` why not.
 * The program is the settings' own: routes that name the same file share it. */
struct schema_program *schemas_compile(struct reader *reader, config_setting_t *group, struct span file);
void schemas_finish(struct settings *settings);

#endif
