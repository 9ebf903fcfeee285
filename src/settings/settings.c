/* Reading a whole configuration: finding sluss.cfg, its groups, then the routes. Knows no single option. */
#include "settings/settings.h"

#include "deliver/acceptance.h"
#include "schema/schema.h"
#include "settings/reader.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { MOST_PROPERTIES = 128 };

static const char standard[] = "/etc/sluss";

/* The path of sluss.cfg as messages call it, and its folder as an absolute path. */
static bool find_file(struct reader *reader) {
    const char *path = reader->options->path != NULL ? reader->options->path : standard;
    struct stat status;
    struct span name = span_of(path);
    bool folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    while (folder && name.size > 1 && name.data[name.size - 1] == '/')
        name.size--;
    struct span file = folder ? arena_printf(reader->arena, SPAN_FORMAT "/sluss.cfg", SPAN_ARGUMENT(name))
                              : arena_copy(reader->arena, name);
    struct span parent = file;
    while (parent.size > 0 && parent.data[parent.size - 1] != '/')
        parent.size--;
    struct span where = parent.size > 0 ? arena_copy(reader->arena, parent) : SPAN(".");
    char *real = where.data != NULL ? realpath(where.data, NULL) : NULL;
    reader->settings->file = file;
    reader->folder = reader->settings->folder = reader_copy(reader, real != NULL ? span_of(real) : where);
    free(real);
    reader->failed = reader->failed || file.data == NULL || reader->folder.data == NULL;
    return !reader->failed;
}

static void check_whole(struct reader *reader, config_setting_t *root) {
    struct settings *settings = reader->settings;
    config_setting_t *kafka = config_setting_get_member(root, "kafka");
    if (kafka != NULL && config_setting_is_group(kafka))
        kafka_check(reader, kafka);
    if (settings->limits.json.size > settings->limits.memory / 4)
        reader_problem(reader, SEVERITY_ERROR, PROBLEM_CONFLICT, root, "limits",
                       SPAN("make `memory` at least four times `event`"),
                       "limits: one event could take more than a quarter of `memory`");
}

/* What several places of the settings say alike. */
static void complete(struct reader *reader) {
    struct settings *settings = reader->settings;
    settings->kafka.properties = reader->properties;
    settings->kafka.count = reader->property_count;
    settings->plan.memory_limit = settings->limits.memory;
    settings->plan.consumer = kafka_measure(reader);
    settings->plan.max_poll_interval_ms = settings->kafka.max_poll_interval_ms;
    settings->plan.session_timeout_ms = settings->kafka.session_timeout_ms;
}

static bool read_all(struct reader *reader) {
    struct source source;
    reader->properties = reader_take(reader, MOST_PROPERTIES, sizeof *reader->properties);
    reader->property_capacity = reader->properties != NULL ? MOST_PROPERTIES : 0;
    if (reader->failed || !find_file(reader))
        return false;
    bool good = source_init(&source, reader->settings->file, SPAN_NONE, reader->problems);
    reader->source = &source;
    config_setting_t *root = good ? config_root_setting(&source.tree) : NULL;
    if (good) {
        reader_section(reader, &section_sluss, root, reader->settings);
        check_whole(reader, root);
        complete(reader);
        good = reader->problems->errors == 0;
        good = routes_read(reader, root) && good;
        good = good && workers_divide(reader, root);
    }
    source_finish(&source);
    reader->source = NULL;
    return good && !reader->failed && !reader->normal.failed;
}

/* With what could be read, also where *good becomes false. NULL when memory is short. */
static struct settings *read_what_is_there(const struct settings_options *options, struct problems *problems,
                                           bool *good) {
    struct settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL) {
        problems->failed = true;
        return NULL;
    }
    arena_init(&settings->arena, 0);
    struct reader reader = {.settings = settings, .arena = &settings->arena, .problems = problems, .options = options};
    *good = read_all(&reader);
    settings->normal = *good ? reader_copy(&reader, buf_span(&reader.normal)) : SPAN_NONE;
    if (reader.normal.failed || reader.failed)
        problems->failed = true;
    buf_finish(&reader.normal);
    if (problems->errors > 0 && problems->denied == problems->errors)
        problems->status = 77;
    problems_sort(problems);
    return settings;
}

struct settings *settings_read(const struct settings_options *options, struct problems *problems) {
    bool good = false;
    struct settings *settings = read_what_is_there(options, problems, &good);
    if (good && !problems->failed)
        return settings;
    settings_destroy(settings);
    return NULL;
}

void settings_find_socket(const struct settings_options *options, struct buf *socket) {
    struct problems problems;
    bool good = false;
    problems_init(&problems);
    struct settings *settings = read_what_is_there(options, &problems, &good);
    bool known = settings != NULL && settings->admin.socket.size > 0;
    buf_add(socket, known ? settings->admin.socket : SPAN("/run/sluss/slussd.sock"));
    settings_destroy(settings);
    problems_finish(&problems);
}

void settings_destroy(struct settings *settings) {
    if (settings == NULL)
        return;
    for (uint32_t i = 0; i < settings->plan.route_count; i++)
        route_finish(&settings->plan.routes[i]);
    for (uint32_t i = 0; settings->plan.platforms != NULL && i < settings->plan.platform_count; i++)
        acceptance_destroy(settings->plan.platforms[i].accept);
    schemas_finish(settings);
    schema_registry_destroy(settings->registry);
    arena_finish(&settings->arena);
    free(settings);
}

const char *settings_kafka_certificate(const struct settings *settings) {
    for (size_t i = 0; i < settings->kafka.count; i++)
        if (strcmp(settings->kafka.properties[i].name, "ssl.certificate.location") == 0)
            return settings->kafka.properties[i].value;
    return NULL;
}

void settings_number(struct settings *settings, uint64_t generation) {
    settings->plan.generation = generation;
    for (uint32_t i = 0; i < settings->workers; i++)
        settings->shares[i].generation = generation;
}

struct span settings_normal(const struct settings *settings) {
    return settings->normal;
}
