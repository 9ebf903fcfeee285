/* The schemas of DIR/schemas: found, registered by path (and by their own $id), compiled when a route names them. Says
 * nothing about events. */
#include "schema/schema.h"
#include "settings/reader.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Each route's own program would push the others' out of the processor's caches: 0.2 us an event, where fifty routes
 * take turns. */
struct shared_schema {
    struct shared_schema *next;
    struct span uri;
    struct schema_program *program;
};

enum { LARGEST = 16 << 20, DEEPEST = 8, LONGEST = 4096 };

/* The URI of a path: what RFC 3986 does not allow in one is percent-encoded. */
static void write_uri(struct buf *out, struct span path) {
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < path.size; i++) {
        unsigned char byte = (unsigned char)path.data[i];
        bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                     (byte != '\0' && strchr("-._~/", byte) != NULL);
        if (plain) {
            buf_add_byte(out, (char)byte);
        } else {
            buf_add_byte(out, '%');
            buf_add_byte(out, hex[byte >> 4]);
            buf_add_byte(out, hex[byte & 15]);
        }
    }
}

static bool add_file(struct reader *reader, struct schema_registry *registry, const char *path, struct span name,
                     struct schema_problem *problem) {
    struct buf text = {0}, uri = {0};
    write_uri(&uri, name);
    bool good = reader_file(reader, span_of(path), LARGEST, &text, &problem->error) &&
                schema_registry_add(registry, buf_span(&uri), buf_span(&text), path, problem);
    reader->failed = reader->failed || uri.failed || problem->error.shortage;
    buf_finish(&text);
    buf_finish(&uri);
    return good;
}

static void warn(struct reader *reader, const char *path, const struct schema_problem *problem) {
    struct spot spot = {.file = span_of(path), .line = problem->line};
    problems_add(reader->problems, SEVERITY_WARNING, PROBLEM_CONTENT, spot, SPAN("correct it or remove it"),
                 "this schema cannot be used: %s", problem->error.text);
    reader->denied = false;
}

static void warn_of_folder(struct reader *reader, const char *folder, int why) {
    if (!reader_shortage(reader, why) && why != ENOENT)
        problems_add(reader->problems, SEVERITY_WARNING, PROBLEM_CONTENT, (struct spot){.file = span_of(folder)},
                     SPAN("let the user that runs Sluss enter and read it"),
                     "this folder of schemas cannot be read: %s", strerror(why));
    reader->denied = false;
}

static int by_name(const struct dirent **one, const struct dirent **other) {
    return strcmp((*one)->d_name, (*other)->d_name);
}

static int is_shown(const struct dirent *entry) {
    return entry->d_name[0] != '.' && strcmp(entry->d_name, "samples") != 0;
}

/* Registers every *.json below `folder`; `prefix` is how long the path of DIR/schemas is. */
static void add_folder(struct reader *reader, const char *folder, size_t prefix, unsigned depth) {
    struct dirent **entries;
    int count = depth > DEEPEST ? -1 : scandir(folder, &entries, is_shown, by_name);
    if (count < 0 && depth <= DEEPEST)
        warn_of_folder(reader, folder, errno);
    for (int i = 0; i < count; i++) {
        char path[LONGEST];
        struct stat status;
        size_t size = (size_t)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        free(entries[i]);
        if (size >= sizeof path)
            continue;
        if (stat(path, &status) != 0)
            warn_of_folder(reader, path, errno);
        else if (S_ISDIR(status.st_mode)) {
            add_folder(reader, path, prefix, depth + 1);
        } else if (span_ends_with(span_of(path), SPAN(".json"))) {
            struct schema_problem problem = {0};
            if (!add_file(reader, reader->settings->registry, path, span_from(span_of(path), prefix + 1), &problem))
                warn(reader, path, &problem);
        }
    }
    if (count >= 0)
        free(entries);
}

static bool make_registry(struct reader *reader, struct span folder) {
    if (reader->settings->registry != NULL)
        return true;
    reader->settings->registry = schema_registry_create(NULL);
    reader->failed = reader->failed || reader->settings->registry == NULL;
    if (!reader->failed)
        add_folder(reader, folder.data, folder.size, 0);
    return !reader->failed;
}

/* A file that is no JSON is not in the registry: then its own mistake is the better answer. */
static void explain(struct reader *reader, const char *path, struct span name, struct schema_problem *problem) {
    struct schema_registry *registry = schema_registry_create(NULL);
    struct schema_problem own = {0};
    if (registry != NULL && !add_file(reader, registry, path, name, &own))
        *problem = own;
    schema_registry_destroy(registry);
}

/* The file's real path, and its end below the folder, whichever links lead to the two; all of it when it is outside. */
static struct span name_inside(struct span folder, struct span file, char path[LONGEST]) {
    char *real = realpath(file.data, NULL), *real_folder = realpath(folder.data, NULL);
    (void)snprintf(path, LONGEST, "%s", real != NULL ? real : file.data);
    struct span name = span_of(path), above = real_folder != NULL ? span_of(real_folder) : folder;
    if (span_starts_with(name, above) && name.size > above.size && name.data[above.size] == '/')
        name = span_from(name, above.size + 1);
    free(real);
    free(real_folder);
    return name;
}

static struct schema_program *find(const struct settings *settings, struct span uri) {
    const struct shared_schema *one = settings->schemas;
    while (one != NULL && !span_equal(one->uri, uri))
        one = one->next;
    return one != NULL ? one->program : NULL;
}

/* NULL when it cannot be compiled or memory is short. */
static struct schema_program *compile_once(struct reader *reader, struct span uri, struct schema_problem *problem) {
    struct settings *settings = reader->settings;
    struct schema_program *program = find(settings, uri);
    if (program != NULL)
        return program;
    struct shared_schema *shared = reader_take(reader, 1, sizeof *shared);
    if (shared == NULL) {
        (void)error_memory(&problem->error);
        return NULL;
    }
    program = schema_compile(settings->registry, uri, problem);
    if (program == NULL)
        return NULL;
    *shared = (struct shared_schema){settings->schemas, reader_copy(reader, uri), program};
    settings->schemas = shared;
    return program;
}

void schemas_finish(struct settings *settings) {
    for (struct shared_schema *one = settings->schemas; one != NULL; one = one->next)
        schema_program_destroy(one->program);
    settings->schemas = NULL;
}

struct schema_program *schemas_compile(struct reader *reader, config_setting_t *group, struct span file) {
    char path[LONGEST];
    struct span folder = arena_printf(reader->arena, SPAN_FORMAT "/schemas", SPAN_ARGUMENT(reader->folder));
    reader->failed = reader->failed || folder.data == NULL;
    if (reader->failed || !make_registry(reader, folder))
        return NULL;
    struct schema_problem problem = {0}, not_added = {0};
    struct span name = name_inside(folder, file, path);
    if (name.size == strlen(path))
        (void)add_file(reader, reader->settings->registry, path, name,
                       &not_added); /* it may be there: compiling tells */
    struct buf uri = {0};
    write_uri(&uri, name);
    reader->failed = reader->failed || uri.failed;
    struct schema_program *program = reader->failed ? NULL : compile_once(reader, buf_span(&uri), &problem);
    buf_finish(&uri);
    reader->failed = reader->failed || problem.error.shortage;
    if (program != NULL || reader->failed)
        return program;
    if (not_added.error.text[0] != '\0')
        problem = not_added;
    explain(reader, path, name, &problem);
    struct span where = problem.line > 0 ? CURE(reader, "see line %u of %s", problem.line,
                                                problem.file[0] != '\0' ? problem.file : path)
                                         : CURE(reader, "see %s%s%s", problem.file[0] != '\0' ? problem.file : path,
                                                problem.pointer[0] != '\0' ? ", at " : "", problem.pointer);
    if (strstr(problem.error.text, "no such document is registered") != NULL)
        where = CURE(reader, SPAN_FORMAT "; what a $ref names is found in schemas/ by its $id, or by its path there",
                     SPAN_ARGUMENT(where));
    reader_problem(reader, SEVERITY_ERROR, PROBLEM_CONTENT, group, "schema", where, "this schema cannot be used: %s",
                   problem.error.text);
    return NULL;
}
