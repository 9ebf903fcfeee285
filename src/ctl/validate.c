/* The verb validate: JSON texts against a JSON Schema. The judgement is schema's own; this only feeds and prints. */
#include "ctl/input.h"
#include "ctl/verbs.h"

#include "base/table.h"
#include "schema/schema.h"
#include "json/reader.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static const struct json_limits limits = {.size = 1 << 30, .depth = 1000, .members = UINT32_MAX, .memory = SIZE_MAX};

struct validation {
    const struct call *call;
    struct schema_registry *registry;
    struct schema_program *program;
    struct schema_context *context;
    char schema[PATH_MAX]; /* its real path */
    struct table files;    /* real path -> its URI (char *): what is registered */
    struct schema_problem problem;
    int output; /* of enum schema_output; -1: text */
    enum schema_show show;
};

/* "file:///home/a%20b.json": unreserved bytes and slashes as they are (RFC 3986 2.3). */
static void write_file_uri(const char *path, struct buf *out) {
    buf_add_text(out, "file://");
    for (; *path != '\0'; path++)
        if ((*path >= 'a' && *path <= 'z') || (*path >= 'A' && *path <= 'Z') || (*path >= '0' && *path <= '9') ||
            strchr("/-._~", *path) != NULL)
            buf_add_byte(out, *path);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)*path);
}

/* Registers one document. Its URI is remembered under its real path; NULL with the problem. */
static const char *add(struct validation *validation, const char *path, const char *real, const char *base,
                       const char *inside) {
    struct error *error = &validation->problem.error;
    struct buf text = {0}, uri = {0};
    if (base != NULL)
        buf_printf(&uri, "%s%s%s", base, span_ends_with(span_of(base), SPAN("/")) ? "" : "/", inside);
    else
        write_file_uri(real, &uri);
    char *kept = strdup(buf_text(&uri));
    bool put = kept != NULL && !uri.failed && table_put(&validation->files, span_of(real), kept);
    if (!put)
        (void)error_memory(error);
    bool good = put && input_read(path, &text, error) &&
                schema_registry_add(validation->registry, buf_span(&uri), buf_span(&text), path, &validation->problem);
    if (!put)
        free(kept);
    buf_finish(&text);
    buf_finish(&uri);
    return good ? kept : NULL;
}

static bool find_real(struct validation *validation, const char *path, char real[PATH_MAX]) {
    return realpath(path, real) != NULL || error_system(&validation->problem.error, errno, "cannot read %s", path);
}

static void print_problem(const struct schema_problem *problem, const char *how) {
    if (problem->line > 0)
        (void)fprintf(stderr, "%s:%u:%u: %s: %s\n", problem->file, problem->line, problem->column, how,
                      problem->error.text);
    else
        (void)fprintf(stderr, "slussctl: %s\n", problem->error.text);
    if (problem->pointer[0] != '\0')
        (void)fprintf(stderr, "  at %s\n", problem->pointer);
}

/* A file of a folder that cannot be a schema is only left out: nobody may ask for it. */
static bool add_below(void *owner, const char *path, const char *inside) {
    struct validation *validation = owner;
    char real[PATH_MAX];
    if (!find_real(validation, path, real))
        return false;
    if (table_find(&validation->files, span_of(real)) != NULL ||
        add(validation, path, real, call_value(validation->call, "base", NULL), inside) != NULL)
        return true;
    if (validation->problem.file[0] == '\0' || validation->problem.error.shortage) /* no fault of the file */
        return false;
    print_problem(&validation->problem, "warning");
    (void)fprintf(stderr, "  = it is left out\n");
    validation->problem = (struct schema_problem){0};
    free(table_remove(&validation->files, span_of(real)));
    return true;
}

/* Of a folder only the schema itself. */
static bool add_itself(void *owner, const char *path, const char *inside) {
    struct validation *validation = owner;
    char real[PATH_MAX];
    if (!find_real(validation, path, real))
        return false;
    return strcmp(real, validation->schema) != 0 || table_find(&validation->files, span_of(real)) != NULL ||
           add(validation, path, real, call_value(validation->call, "base", NULL), inside) != NULL;
}

static bool walk_folders(struct validation *validation,
                         bool (*each)(void *owner, const char *path, const char *inside)) {
    const char *folder;
    for (size_t i = 0; (folder = call_value_at(validation->call, "schemas", i)) != NULL; i++)
        if (!input_walk(folder, each, validation, &validation->problem.error))
            return false;
    return true;
}

/* The schema comes first, so that no other file takes its $id. It is known by where it lies, in a folder or not. */
static bool compile(struct validation *validation) {
    const char *path = call_value(validation->call, "schema", NULL);
    if (!find_real(validation, path, validation->schema) || !walk_folders(validation, add_itself))
        return false;
    const char *uri = table_find(&validation->files, span_of(validation->schema));
    if (uri == NULL)
        uri = add(validation, path, validation->schema, NULL, NULL);
    if (uri != NULL && walk_folders(validation, add_below))
        validation->program = schema_compile(validation->registry, span_of(uri), &validation->problem);
    return validation->program != NULL;
}

static bool prepare(struct validation *validation) {
    const struct call *call = validation->call;
    const char *draft = call_value(call, "default-draft", NULL);
    const struct schema_options options = {
        .default_draft = draft != NULL ? schema_draft_of(span_of(draft)) : 0,
        .assert_formats = strcmp(call_value(call, "formats", "annotate"), "assert") == 0,
    };
    validation->registry = schema_registry_create(&options);
    validation->context = schema_context_create(NULL);
    if (validation->registry == NULL || validation->context == NULL)
        return error_memory(&validation->problem.error);
    return compile(validation);
}

static int refuse_schema(const struct validation *validation) {
    const struct schema_problem *problem = &validation->problem;
    print_problem(problem, "error");
    if (strstr(problem->error.text, "no such document") != NULL)
        (void)fprintf(stderr, "  = give the folder that holds it with --schemas%s\n",
                      call_has(validation->call, "base") ? "" : ", and --base where its path says what it is called");
    return problem->error.shortage ? EXIT_SYSTEM : EXIT_CONFIG;
}

static void print_complaints(struct validation *validation, const struct json_document *document, struct arena *arena) {
    struct schema_complaints complaints = {0};
    if (schema_explain(validation->program, validation->context, document, document->node, validation->show, arena,
                       &complaints) == SCHEMA_ERROR)
        (void)printf("  the whole: no reasons can be given: %s\n", schema_context_fault(validation->context));
    for (size_t i = 0; i < complaints.count; i++) {
        const struct schema_complaint *one = &complaints.complaint[i];
        struct span where = one->instance.size > 0 ? one->instance : SPAN("the whole");
        (void)printf("  " SPAN_FORMAT ": " SPAN_FORMAT, SPAN_ARGUMENT(where), SPAN_ARGUMENT(one->sentence));
        if (one->path.size > 0)
            (void)printf("  (" SPAN_FORMAT ")", SPAN_ARGUMENT(one->path));
        (void)printf("\n");
    }
}

static int print_error(const struct validation *validation, const char *name, const char *why, bool shortage) {
    (void)fprintf(validation->output >= 0 ? stderr : stdout, "%s: error: %s\n", name, why);
    return shortage ? EXIT_SYSTEM : EXIT_DATA;
}

static int print_fault(const struct validation *validation, const char *name) {
    return print_error(validation, name, schema_context_fault(validation->context),
                       schema_context_is_short(validation->context));
}

/* One line of JSON. */
static int judge_output(struct validation *validation, const char *name, const struct json_document *document) {
    struct buf out = {0};
    enum schema_result result = schema_write(validation->program, validation->context, document, document->node,
                                             (enum schema_output)validation->output, validation->show, &out);
    if (result != SCHEMA_ERROR)
        (void)printf("%s\n", buf_text(&out));
    buf_finish(&out);
    if (result == SCHEMA_ERROR)
        return print_fault(validation, name);
    return result == SCHEMA_VALID ? EXIT_YES : EXIT_NO;
}

static int judge(struct validation *validation, const char *name, const struct json_document *document,
                 struct arena *arena) {
    if (validation->output >= 0)
        return judge_output(validation, name, document);
    enum schema_result result = schema_validate(validation->program, validation->context, document, document->node);
    if (result == SCHEMA_ERROR)
        return print_fault(validation, name);
    (void)printf("%s: %s\n", name, result == SCHEMA_VALID ? "valid" : "invalid");
    if (result == SCHEMA_INVALID)
        print_complaints(validation, document, arena);
    return result == SCHEMA_VALID ? EXIT_YES : EXIT_NO;
}

/* `lines`: the text is one line of many, whose number is in the name. */
static int judge_text(struct validation *validation, const char *name, struct span text, bool lines,
                      struct arena *arena) {
    struct json_document document;
    struct json_problem problem;
    struct error error = {0};
    if (json_read(arena, text, &limits, &document, &problem))
        return judge(validation, name, &document, arena);
    if (problem.fault == JSON_FAULT_MEMORY)
        (void)error_memory(&error);
    else if (lines)
        (void)error_set(&error, "not JSON: column %u: %s", problem.column, problem.sentence);
    else
        (void)error_set(&error, "not JSON: line %u, column %u: %s", problem.line, problem.column, problem.sentence);
    return print_error(validation, name, error.text, error.shortage);
}

static int judge_file(struct validation *validation, const char *name) {
    struct error error = {0};
    struct buf text = {0};
    struct arena arena;
    arena_init(&arena, 0);
    int status = input_read(name, &text, &error) ? judge_text(validation, name, buf_span(&text), false, &arena)
                                                 : print_error(validation, name, error.text, error.shortage);
    arena_finish(&arena);
    buf_finish(&text);
    return status;
}

/* The progress of a long input, shown on a terminal. */
struct progress {
    const char *name;
    size_t lines, bytes, whole; /* whole: the file's bytes, 0 when nobody knows */
    size_t next_line, next_byte;
    bool shown;
};

static void show_progress(struct progress *progress, bool end) {
    enum { LINES = 20000, BYTES = 16 << 20 };
    bool due = progress->lines >= progress->next_line || progress->bytes >= progress->next_byte;
    if (end ? !progress->shown : !due)
        return;
    progress->next_line = progress->lines + LINES;
    progress->next_byte = progress->bytes + BYTES;
    if (progress->lines == 0 || isatty(STDERR_FILENO) == 0) /* the first call only sets the marks */
        return;
    progress->shown = true;
    (void)fprintf(stderr, "\r%s: %zu lines", progress->name, progress->lines);
    if (progress->whole > 0)
        (void)fprintf(stderr, ", %zu %%", (size_t)((double)progress->bytes / (double)progress->whole * 100));
    (void)fputs(end ? "\n" : "", stderr);
}

static size_t size_of(FILE *file) {
    struct stat about;
    return fstat(fileno(file), &about) == 0 && S_ISREG(about.st_mode) ? (size_t)about.st_size : 0;
}

/* NDJSON: a line is an instance, PATH:LINE; empty lines are none. */
static int judge_lines(struct validation *validation, const char *name) {
    struct error error = {0};
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
    if (file == NULL) {
        (void)error_system(&error, errno, "cannot read %s", name);
        return print_error(validation, name, error.text, error.shortage);
    }
    struct arena arena;
    struct buf place = {0};
    char *line = NULL;
    size_t room = 0;
    struct progress progress = {.name = name, .whole = size_of(file)};
    int status = EXIT_YES;
    arena_init(&arena, 0);
    show_progress(&progress, false);
    for (ssize_t size; (size = getline(&line, &room, file)) >= 0;) {
        struct span text = span_trim(span_make(line, (size_t)size));
        progress.lines++;
        progress.bytes += (size_t)size;
        show_progress(&progress, false);
        if (text.size == 0)
            continue;
        buf_clear(&place);
        buf_printf(&place, "%s:%zu", name, progress.lines);
        arena_reset(&arena);
        int one = judge_text(validation, buf_text(&place), text, true, &arena);
        status = one > status ? one : status;
    }
    show_progress(&progress, true);
    if (ferror(file) != 0)
        status = print_error(validation, name, "the file cannot be read to its end", error_is_shortage(errno));
    if (file != stdin)
        (void)fclose(file);
    free(line);
    buf_finish(&place);
    arena_finish(&arena);
    return status;
}

/* -1 for text and for what is no output. */
static int find_output(const char *name) {
    static const struct {
        const char *name;
        enum schema_output output;
    } rows[] = {
        {"flag", SCHEMA_OUTPUT_FLAG},
        {"list", SCHEMA_OUTPUT_LIST},
        {"hierarchical", SCHEMA_OUTPUT_HIERARCHICAL},
        {"basic", SCHEMA_OUTPUT_BASIC},
        {"detailed", SCHEMA_OUTPUT_DETAILED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(name, rows[i].name) == 0)
            return (int)rows[i].output;
    return -1;
}

static bool check_options(const struct call *call, struct error *error) {
    const char *output = call_value(call, "output", "text"), *formats = call_value(call, "formats", "annotate");
    const char *draft = call_value(call, "default-draft", NULL);
    if (!call_has(call, "schema"))
        return error_set(error, "validate needs a schema: slussctl validate --schema FILE INSTANCE...");
    if (strcmp(output, "text") != 0 && find_output(output) < 0)
        return error_set(error, "--output is text, flag, list, hierarchical, basic or detailed, not \"%s\"", output);
    if (strcmp(formats, "assert") != 0 && strcmp(formats, "annotate") != 0)
        return error_set(error, "--formats is assert or annotate, not \"%s\"", formats);
    if (draft != NULL && schema_draft_of(span_of(draft)) == 0)
        return error_set(error, "--default-draft is 4, 6, 7, 2019-09 or 2020-12, not \"%s\"", draft);
    return true;
}

static int run(const struct call *call) {
    struct error error = {0};
    struct validation validation = {.call = call,
                                    .output = find_output(call_value(call, "output", "text")),
                                    .show = call_has(call, "show-values") ? SCHEMA_SHOW_VALUES : SCHEMA_SHOW_NOTHING};
    if (!check_options(call, &error))
        return call_refuse(EXIT_USAGE, &error);
    table_init(&validation.files, 0);
    int status = prepare(&validation) ? EXIT_YES : refuse_schema(&validation);
    for (size_t i = 0; validation.program != NULL && i < call->argument_count; i++) {
        const char *name = call->arguments[i];
        int one = call_has(call, "lines") ? judge_lines(&validation, name) : judge_file(&validation, name);
        status = one > status ? one : status;
    }
    schema_context_destroy(validation.context);
    schema_program_destroy(validation.program);
    schema_registry_destroy(validation.registry);
    void *uri;
    for (size_t at = 0; table_next(&validation.files, &at, NULL, &uri);)
        free(uri);
    table_finish(&validation.files);
    return status;
}

static const struct option options[] = {
    {"schema", "FILE", "the schema", false},
    {"schemas", "DIR", "where to find the schemas it refers to: each *.json below, by its $id", true},
    {"base", "URI", "makes these known by their path under URI, too", false},
    {"default-draft", "D", "the draft of schemas without $schema: 4, 6, 7, 2019-09, 2020-12 (default)", false},
    {"formats", "WHAT", "whether format decides: assert, annotate (default)", false},
    {"output", "FORM", "text (default), or JSON: flag, list, hierarchical, basic, detailed", false},
    {"lines", NULL, "each line of an INSTANCE is a JSON text of its own (NDJSON)", false},
    {"show-values", NULL, "let complaints quote the instance's values", false},
    {0},
};

const struct verb verb_validate = {
    .name = "validate",
    .arguments = "--schema FILE INSTANCE...",
    .sentence = "validate JSON texts against a JSON Schema",
    .lesson = "Prints a line for each INSTANCE (- is standard input): PATH: valid, PATH: invalid and the\n"
              "complaints, or PATH: error: WHY. Nothing is fetched: what a schema refers to must be in one of the\n"
              "DIRs.\n"
              "\n"
              "  slussctl validate --schema schemas/bygglov/status-andrad-1.schema.json \\\n"
              "      --schemas schemas event.json\n"
              "\n"
              "Exit, the highest of: 0 valid, 1 invalid, 65 not JSON, or an error; 71 too little memory; 78 the\n"
              "schema does not compile.\n",
    .options = options,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
