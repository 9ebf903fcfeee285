/* Runs the official JSON Schema test suite on the library: every draft, mandatory, optional, formats, annotations and
 * outputs. It prints a count a draft and names what fails; it is no unit test. */
#include "read_file.h"
#include "schema/regex.h"
#include "schema/registry.h"
#include "schema/schema.h"
#include "json/reader.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Where the run stands. */
struct suite {
    const char *folder;
    unsigned regex_flags;
    struct arena remotes; /* texts */
    struct remote *remote;
    struct schema_context *context;
    size_t failed;
};

struct remote {
    struct span uri, text;
    struct remote *next;
};

struct count {
    size_t good, all;
};

struct place {
    const char *path; /* of the file */
    enum schema_draft draft;
    bool formats, contents;
};

static int by_name(const void *one, const void *other) {
    return strcmp(*(char *const *)one, *(char *const *)other);
}

/* The sorted names below a folder. */
static char **list_folder(const char *path, size_t *count) {
    char **names = NULL;
    *count = 0;
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        names = realloc(names, (*count + 1) * sizeof *names);
        names[(*count)++] = strdup(entry->d_name);
    }
    if (folder != NULL)
        (void)closedir(folder);
    if (names != NULL)
        qsort(names, *count, sizeof *names, by_name);
    return names;
}

static bool is_folder(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static void add_remotes(struct suite *suite, const char *path, const char *below) {
    size_t count;
    char **names = list_folder(path, &count);
    for (size_t i = 0; i < count; i++) {
        char file[1024], name[1024];
        (void)snprintf(file, sizeof file, "%s/%s", path, names[i]);
        (void)snprintf(name, sizeof name, "%s/%s", below, names[i]);
        if (is_folder(file)) {
            add_remotes(suite, file, name);
        } else {
            struct remote *remote = arena_take(&suite->remotes, sizeof *remote);
            *remote = (struct remote){arena_printf(&suite->remotes, "http://localhost:1234%s", name),
                                      read_file(file, &suite->remotes), suite->remote};
            suite->remote = remote;
        }
        free(names[i]);
    }
    free(names);
}

static struct schema_registry *start_registry(const struct suite *suite, const struct place *place) {
    static const char *const folders[] = {"draft4/", "draft6/", "draft7/", "draft2019-09/", "draft2020-12/"};
    struct schema_options options = {
        .default_draft = place->draft, .assert_formats = place->formats, .assert_contents = place->contents};
    struct schema_registry *registry = schema_registry_create(&options);
    registry->regex_flags = suite->regex_flags;
    for (const struct remote *one = suite->remote; one != NULL; one = one->next) {
        struct span below = span_from(one->uri, sizeof "http://localhost:1234/" - 1);
        bool other = false; /* documents of another draft count only where they say which they are */
        for (size_t i = 0; i < 5; i++)
            other |= i + 1 != (size_t)place->draft && span_starts_with(below, span_of(folders[i])) &&
                     memmem(one->text.data, one->text.size, "$schema", 7) == NULL;
        other |= span_starts_with(below, SPAN("v1/")) || span_starts_with(below, SPAN("draft3/"));
        if (!other)
            (void)schema_registry_add(registry, one->uri, one->text, one->uri.data, NULL);
    }
    return registry;
}

static struct span text_of(const struct json_document *json, const struct json_node *object, const char *name) {
    const struct json_node *value = json_member(json, object, span_of(name));
    return value != NULL && json_node_type(value) == NODE_STRING ? json_text(json, value) : SPAN("");
}

static void complain(struct suite *suite, const struct place *place, const struct json_document *json,
                     const struct json_node *group, const struct json_node *test, const char *what) {
    suite->failed++;
    struct span one = text_of(json, group, "description");
    struct span two = test != NULL ? text_of(json, test, "description") : SPAN("");
    printf("  %s: %.*s: %.*s: %s\n", place->path, SPAN_ARGUMENT(one), SPAN_ARGUMENT(two), what);
}

static struct json_document read_text(struct arena *arena, struct span text, const char *path) {
    struct json_document json;
    struct json_problem problem;
    if (!json_read(arena, text, NULL, &json, &problem)) {
        printf("%s:%u: not readable: %s\n", path, problem.line, problem.sentence);
        exit(1);
    }
    return json;
}

static bool judge(struct suite *suite, const struct schema_program *program, const struct json_document *json,
                  const struct json_node *value, bool valid, char *why, size_t room) {
    enum schema_result fast = schema_validate(program, suite->context, json, value);
    struct arena arena;
    struct schema_complaints complaints;
    arena_init(&arena, 0);
    enum schema_result slow =
        schema_explain(program, suite->context, json, value, SCHEMA_SHOW_VALUES, &arena, &complaints);
    bool good = fast == slow && fast == (valid ? SCHEMA_VALID : SCHEMA_INVALID) && (complaints.count > 0) == !valid;
    struct span first = complaints.count > 0 ? complaints.complaint[0].sentence : SPAN("");
    if (!good)
        (void)snprintf(why, room, "validate %d, explain %d, wanted %s (%s) %.*s", (int)fast, (int)slow,
                       valid ? "valid" : "invalid", schema_context_fault(suite->context), SPAN_ARGUMENT(first));
    arena_finish(&arena);
    return good;
}

static void run_group(struct suite *suite, const struct place *place, const struct json_document *json,
                      const struct json_node *group, struct count *count) {
    const struct json_node *tests = json_member(json, group, SPAN("tests"));
    struct schema_registry *registry = start_registry(suite, place);
    struct schema_problem problem = {0};
    struct schema_program *program = NULL;
    struct span schema = json_source(json, json_member(json, group, SPAN("schema")));
    if (schema_registry_add(registry, SPAN("schema:///suite/test.json"), schema, place->path, &problem))
        program = schema_compile(registry, SPAN("schema:///suite/test.json"), &problem);
    const struct json_node *test = json_first(tests);
    for (uint32_t i = 0; i < json_count(tests); i++, test = json_next(json, test)) {
        bool valid = json_node_type(json_member(json, test, SPAN("valid"))) == NODE_TRUE;
        char why[1024];
        (void)snprintf(why, sizeof why, "%s (%s)", problem.error.text, problem.pointer);
        bool good = program != NULL &&
                    judge(suite, program, json, json_member(json, test, SPAN("data")), valid, why, sizeof why);
        count->all++;
        count->good += good;
        if (!good)
            complain(suite, place, json, group, test, why);
    }
    schema_program_destroy(program);
    schema_registry_destroy(registry);
}

static void run_folder(struct suite *suite, const char *folder, enum schema_draft draft, bool formats,
                       struct count *count) {
    size_t files;
    char **names = list_folder(folder, &files);
    for (size_t i = 0; i < files; i++) {
        char path[1024];
        int length = snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (length < 0 || (size_t)length >= sizeof path) {
            (void)fprintf(stderr, "%s/%s: the path is too long\n", folder, names[i]);
            exit(1);
        }
        struct place place = {.path = path + strlen(suite->folder) + 1, .draft = draft, .formats = formats};
        bool optional = strstr(path, "/optional/") != NULL;
        place.formats |= optional && strcmp(names[i], "ecmascript-regex.json") == 0;
        place.contents = optional && strcmp(names[i], "content.json") == 0;
        if (!is_folder(path)) {
            struct arena arena;
            arena_init(&arena, 0);
            struct json_document json = read_text(&arena, read_file(path, &arena), path);
            const struct json_node *group = json_first(json.node);
            for (uint32_t g = 0; g < json_count(json.node); g++, group = json_next(&json, group))
                run_group(suite, &place, &json, group, count);
            arena_finish(&arena);
        }
        free(names[i]);
    }
    free(names);
}

static const struct {
    const char *folder;
    enum schema_draft draft;
} drafts[] = {{"draft4", SCHEMA_DRAFT_4},
              {"draft6", SCHEMA_DRAFT_6},
              {"draft7", SCHEMA_DRAFT_7},
              {"draft2019-09", SCHEMA_DRAFT_2019_09},
              {"draft2020-12", SCHEMA_DRAFT_2020_12}};

static void run_drafts(struct suite *suite) {
    static const char *const parts[] = {"", "/optional", "/optional/format"};
    struct count sums[3] = {0};
    for (size_t d = 0; d < sizeof drafts / sizeof drafts[0]; d++) {
        struct count counts[3] = {0};
        for (size_t p = 0; p < 3; p++) {
            char path[1024];
            (void)snprintf(path, sizeof path, "%s/tests/%s%s", suite->folder, drafts[d].folder, parts[p]);
            run_folder(suite, path, drafts[d].draft, p == 2, &counts[p]);
            sums[p].good += counts[p].good;
            sums[p].all += counts[p].all;
        }
        printf("%-13s mandatory %zu/%zu  optional %zu/%zu  formats %zu/%zu\n", drafts[d].folder, counts[0].good,
               counts[0].all, counts[1].good, counts[1].all, counts[2].good, counts[2].all);
    }
    printf("%-13s mandatory %zu/%zu  optional %zu/%zu  formats %zu/%zu\n", "all", sums[0].good, sums[0].all,
           sums[1].good, sums[1].all, sums[2].good, sums[2].all);
}

int main(int count, char **arguments) {
    struct suite suite = {.folder = getenv("JSON_SCHEMA_TEST_SUITE")};
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--no-jit") == 0)
            suite.regex_flags |= REGEX_NO_JIT;
        else if (strcmp(arguments[i], "--pcre2") == 0)
            suite.regex_flags |= REGEX_NO_AUTOMATON;
        else
            suite.folder = arguments[i];
    }
    if (suite.folder == NULL) {
        (void)fprintf(stderr, "usage: suite [--no-jit] [--pcre2] FOLDER (or JSON_SCHEMA_TEST_SUITE)\n");
        return 64;
    }
    char remotes[1024];
    (void)snprintf(remotes, sizeof remotes, "%s/remotes", suite.folder);
    arena_init(&suite.remotes, 0);
    add_remotes(&suite, remotes, "");
    suite.context = schema_context_create(NULL);
    run_drafts(&suite);
    schema_context_destroy(suite.context);
    arena_finish(&suite.remotes);
    return suite.failed > 0;
}
