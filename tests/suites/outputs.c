/* Runs the official suite's annotation and output tests on the library, and holds all five outputs of every instance of
 * draft 2020-12 against the standard's own output schemas. It judges no instance: suite.c does. */
#include "read_file.h"
#include "schema/equal.h"
#include "schema/schema.h"
#include "json/reader.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

struct count {
    size_t good, all;
};

/* By enum schema_draft; v1 is the next specification, whose outputs are tested too. */
static const char *const drafts[] = {"", "draft4", "draft6", "draft7", "draft2019-09", "draft2020-12", "v1"};
enum { DRAFTS = sizeof drafts / sizeof drafts[0], NEXT = DRAFTS - 1 };

struct outputs {
    const char *folder;
    struct schema_context *context;
    size_t draft;                                                       /* what is run now */
    struct count annotations[DRAFTS], contents[DRAFTS], shapes[DRAFTS]; /* index 0: the sum of all */
};

static void add(const struct outputs *outputs, struct count *counts, bool good) {
    for (size_t i = 0; i <= outputs->draft; i += outputs->draft) {
        counts[i].all++;
        counts[i].good += good;
    }
}

/* The suite's "v1" is not published: its words that are used here mean the same in 2020-12. */
static struct span as_2020(struct span text, struct arena *arena) {
    static const char from[] = "\"https://json-schema.org/v1\"",
                      to[] = "\"https://json-schema.org/draft/2020-12/schema\"";
    struct buf out = {0};
    for (size_t i = 0; i < text.size;) {
        if (span_starts_with(span_from(text, i), span_of(from))) {
            buf_add_text(&out, to);
            i += sizeof from - 1;
        } else {
            buf_add_byte(&out, text.data[i++]);
        }
    }
    struct span copy = arena_copy(arena, buf_span(&out));
    buf_finish(&out);
    return copy;
}

static struct schema_program *compile(struct schema_registry *registry, const char *uri, struct span schema) {
    struct schema_problem problem = {0};
    struct schema_program *program = NULL;
    if (schema_registry_add(registry, span_of(uri), schema, uri, &problem))
        program = schema_compile(registry, span_of(uri), &problem);
    if (program == NULL)
        printf("  %s: %s (%s)\n", uri, problem.error.text, problem.pointer);
    return program;
}

static struct span write_output(struct outputs *outputs, const struct schema_program *program,
                                const struct json_document *json, const struct json_node *value,
                                enum schema_output output, struct arena *arena) {
    struct buf out = {0};
    (void)schema_write(program, outputs->context, json, value, output, SCHEMA_SHOW_NOTHING, &out);
    struct span text = arena_copy(arena, buf_span(&out));
    buf_finish(&out);
    return text;
}

static void each_file(struct outputs *outputs, const char *below, const char *schema,
                      void (*each)(struct outputs *, const struct json_document *, const char *schema)) {
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", outputs->folder, below);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (strstr(entry->d_name, ".json") == NULL)
            continue;
        char file[2048];
        (void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        struct arena arena;
        struct json_document json;
        arena_init(&arena, 0);
        if (!json_read(&arena, as_2020(read_file(file, &arena), &arena), NULL, &json, NULL))
            exit(1);
        each(outputs, &json, schema);
        arena_finish(&arena);
    }
    if (folder != NULL)
        (void)closedir(folder);
}

/* --- annotations --- */

static bool is_compatible(struct span rule, int year) {
    while (rule.size > 0) {
        bool most = span_starts_with(rule, SPAN("<=")), only = span_starts_with(rule, SPAN("="));
        rule = span_from(rule, most ? 2 : only ? 1 : 0);
        int wanted = 0;
        for (; rule.size > 0 && rule.data[0] >= '0' && rule.data[0] <= '9'; rule = span_from(rule, 1))
            wanted = wanted * 10 + (rule.data[0] - '0');
        if (most ? year > wanted : only ? year != wanted : year < wanted)
            return false;
        rule = span_from(rule, 1);
    }
    return true;
}

static struct span member_text(const struct json_document *json, const struct json_node *object, const char *name) {
    const struct json_node *value = json_member(json, object, span_of(name));
    return value != NULL && json_node_type(value) == NODE_STRING ? json_text(json, value) : SPAN("");
}

/* The suite counts from the document's root, we from the embedded resource (its own $id): the end is the same. */
static bool same_place(struct span absolute, struct span key) {
    const char *sharp = memchr(absolute.data, '#', absolute.size);
    struct span inside = sharp != NULL ? span_from(absolute, (size_t)(sharp - absolute.data) + 1) : SPAN("");
    return span_ends_with(absolute, key) || (inside.size > 0 && span_ends_with(key, inside));
}

/* The annotations at the assertion's place are exactly those that it expects. */
static bool holds(const struct json_document *json, const struct json_node *assertion,
                  const struct json_document *written) {
    struct span place = member_text(json, assertion, "location"), keyword = member_text(json, assertion, "keyword");
    const struct json_node *expected = json_member(json, assertion, SPAN("expected"));
    const struct json_node *list = json_member(written, written->node, SPAN("annotations"));
    const struct json_node *unit = list != NULL ? json_first(list) : NULL;
    uint32_t found = 0;
    for (uint32_t i = 0; list != NULL && i < json_count(list); i++, unit = json_next(written, unit)) {
        char end[256];
        (void)snprintf(end, sizeof end, "/%.*s", SPAN_ARGUMENT(keyword));
        struct span absolute = member_text(written, unit, "absoluteKeywordLocation");
        if (!span_equal(member_text(written, unit, "instanceLocation"), place) ||
            !span_ends_with(absolute, span_of(end)))
            continue;
        absolute.size -= strlen(end);
        const struct json_node *key = json_first(expected);
        bool known = false;
        for (uint32_t k = 0; k < json_count(expected); k++, key = json_next(json, key + 1))
            known |= same_place(absolute, json_text(json, key)) &&
                     equal_values(json, key + 1, written, json_member(written, unit, SPAN("annotation")));
        if (!known)
            return false;
        found++;
    }
    return found == json_count(expected);
}

static void run_annotations_as(struct outputs *outputs, const struct json_document *json, const struct json_node *one,
                               enum schema_draft draft) {
    outputs->draft = draft;
    struct schema_registry *registry = schema_registry_create(&(struct schema_options){.default_draft = draft});
    const struct json_node *others = json_member(json, one, SPAN("externalSchemas"));
    const struct json_node *key = others != NULL ? json_first(others) : NULL;
    for (uint32_t i = 0; others != NULL && i < json_count(others); i++, key = json_next(json, key + 1))
        (void)schema_registry_add(registry, json_text(json, key), json_source(json, key + 1), "external", NULL);
    struct schema_program *program =
        compile(registry, "schema:///test", json_source(json, json_member(json, one, SPAN("schema"))));
    const struct json_node *tests = json_member(json, one, SPAN("tests")), *test = json_first(tests);
    for (uint32_t t = 0; t < json_count(tests); t++, test = json_next(json, test)) {
        struct arena arena;
        struct json_document written;
        arena_init(&arena, 0);
        struct span text = program == NULL
                               ? SPAN("{}")
                               : write_output(outputs, program, json, json_member(json, test, SPAN("instance")),
                                              SCHEMA_OUTPUT_BASIC, &arena);
        bool read = json_read(&arena, text, NULL, &written, NULL);
        const struct json_node *list = json_member(json, test, SPAN("assertions")), *assertion = json_first(list);
        for (uint32_t a = 0; a < json_count(list); a++, assertion = json_next(json, assertion)) {
            bool good = read && holds(json, assertion, &written);
            add(outputs, outputs->annotations, good);
            if (!good)
                printf("  annotations: %.*s: %.*s\n    %.*s\n", SPAN_ARGUMENT(member_text(json, one, "description")),
                       SPAN_ARGUMENT(json_source(json, assertion)), SPAN_ARGUMENT(text));
        }
        arena_finish(&arena);
    }
    schema_program_destroy(program);
    schema_registry_destroy(registry);
}

static void run_annotations(struct outputs *outputs, const struct json_document *json, const char *schema) {
    static const int years[] = {4, 6, 7, 2019, 2020};
    (void)schema;
    const struct json_node *suite = json_member(json, json->node, SPAN("suite")), *one = json_first(suite);
    for (uint32_t i = 0; i < json_count(suite); i++, one = json_next(json, one))
        for (size_t d = 0; d < sizeof years / sizeof years[0]; d++)
            if (is_compatible(member_text(json, one, "compatibility"), years[d]))
                run_annotations_as(outputs, json, one, (enum schema_draft)(d + 1));
}

/* --- outputs --- */

static void run_content_test(struct outputs *outputs, const struct json_document *json, const struct json_node *test,
                             const struct schema_program *program, struct span output_schema) {
    const struct json_node *wanted = json_member(json, test, SPAN("output"));
    const struct json_node *basic = json_member(json, wanted, SPAN("basic"));
    const struct json_node *shape = basic != NULL ? basic : json_member(json, wanted, SPAN("list"));
    struct schema_registry *registry = schema_registry_create(NULL);
    (void)schema_registry_add(registry, SPAN("schema:///output"), output_schema, "output-schema.json", NULL);
    struct schema_program *judge = compile(registry, "schema:///wanted", json_source(json, shape));
    struct arena arena;
    struct json_document written;
    arena_init(&arena, 0);
    struct span text = write_output(outputs, program, json, json_member(json, test, SPAN("data")),
                                    basic != NULL ? SCHEMA_OUTPUT_BASIC : SCHEMA_OUTPUT_LIST, &arena);
    bool good = judge != NULL && json_read(&arena, text, NULL, &written, NULL) &&
                schema_validate(judge, outputs->context, &written, written.node) == SCHEMA_VALID;
    add(outputs, outputs->contents, good);
    if (!good)
        printf("  output: %.*s: %.*s\n", SPAN_ARGUMENT(member_text(json, test, "description")), SPAN_ARGUMENT(text));
    arena_finish(&arena);
    schema_program_destroy(judge);
    schema_registry_destroy(registry);
}

static void run_contents(struct outputs *outputs, const struct json_document *json, const char *schema) {
    struct arena arena;
    char path[1024];
    arena_init(&arena, 0);
    (void)snprintf(path, sizeof path, "%s/%s", outputs->folder, schema);
    struct span output_schema = as_2020(read_file(path, &arena), &arena);
    const struct json_node *group = json_first(json->node);
    for (uint32_t g = 0; g < json_count(json->node); g++, group = json_next(json, group)) {
        struct schema_registry *registry = schema_registry_create(NULL);
        struct schema_program *program =
            compile(registry, "schema:///test", json_source(json, json_member(json, group, SPAN("schema"))));
        const struct json_node *tests = json_member(json, group, SPAN("tests")), *test = json_first(tests);
        for (uint32_t t = 0; program != NULL && t < json_count(tests); t++, test = json_next(json, test))
            run_content_test(outputs, json, test, program, output_schema);
        schema_program_destroy(program);
        schema_registry_destroy(registry);
    }
    arena_finish(&arena);
}

/* --- shapes --- */

static void check_shape(struct outputs *outputs, const struct schema_program *judge, struct span text,
                        struct arena *arena) {
    struct json_document written;
    bool good = json_read(arena, text, NULL, &written, NULL) &&
                schema_validate(judge, outputs->context, &written, written.node) == SCHEMA_VALID;
    add(outputs, outputs->shapes, good);
    if (!good)
        printf("  shape: %.*s\n", SPAN_ARGUMENT(text));
}

static void run_shapes(struct outputs *outputs, const struct json_document *json, const char *schema) {
    struct arena arena;
    char path[1024];
    arena_init(&arena, 0);
    struct schema_registry *judges = schema_registry_create(NULL);
    (void)snprintf(path, sizeof path, "%s/output-tests/draft2020-12/output-schema.json", outputs->folder);
    struct schema_program *old = compile(judges, "schema:///old", read_file(path, &arena));
    (void)snprintf(path, sizeof path, "%s/output-tests/v1/output-schema.json", outputs->folder);
    struct schema_program *next = compile(judges, "schema:///next", as_2020(read_file(path, &arena), &arena));
    (void)schema;
    const struct json_node *group = json_first(json->node);
    for (uint32_t g = 0; g < json_count(json->node) && old != NULL && next != NULL;
         g++, group = json_next(json, group)) {
        struct schema_registry *registry = schema_registry_create(NULL);
        struct schema_program *program = NULL;
        struct span text = json_source(json, json_member(json, group, SPAN("schema")));
        if (schema_registry_add(registry, SPAN("test"), text, "test", NULL))
            program = schema_compile(registry, SPAN("test"), NULL); /* those that need remotes are left out */
        const struct json_node *tests = json_member(json, group, SPAN("tests")), *test = json_first(tests);
        for (uint32_t t = 0; program != NULL && t < json_count(tests); t++, test = json_next(json, test))
            for (int output = SCHEMA_OUTPUT_FLAG; output <= SCHEMA_OUTPUT_DETAILED; output++)
                check_shape(outputs, output >= SCHEMA_OUTPUT_BASIC ? old : next,
                            write_output(outputs, program, json, json_member(json, test, SPAN("data")),
                                         (enum schema_output)output, &arena),
                            &arena);
        schema_program_destroy(program);
        schema_registry_destroy(registry);
    }
    schema_program_destroy(old);
    schema_program_destroy(next);
    schema_registry_destroy(judges);
    arena_finish(&arena);
}

int main(int count, char **arguments) {
    struct outputs outputs = {.folder = count > 1 ? arguments[1] : getenv("JSON_SCHEMA_TEST_SUITE"),
                              .context = schema_context_create(NULL)};
    if (outputs.folder == NULL || outputs.context == NULL) {
        (void)fprintf(stderr, "usage: outputs FOLDER (or JSON_SCHEMA_TEST_SUITE)\n");
        return 64;
    }
    each_file(&outputs, "annotations/tests", NULL, run_annotations);
    static const size_t with_outputs[] = {SCHEMA_DRAFT_2019_09, SCHEMA_DRAFT_2020_12, NEXT};
    for (size_t i = 0; i < sizeof with_outputs / sizeof with_outputs[0]; i++) {
        char content[64], schema[64];
        outputs.draft = with_outputs[i];
        (void)snprintf(content, sizeof content, "output-tests/%s/content", drafts[outputs.draft]);
        (void)snprintf(schema, sizeof schema, "output-tests/%s/output-schema.json", drafts[outputs.draft]);
        each_file(&outputs, content, schema, run_contents);
    }
    outputs.draft = SCHEMA_DRAFT_2020_12;
    each_file(&outputs, "tests/draft2020-12", NULL, run_shapes);
    schema_context_destroy(outputs.context);
    bool good = true;
    for (size_t n = 1; n <= DRAFTS; n++) { /* the sum is the last */
        size_t i = n % DRAFTS;
        const struct count *annotations = &outputs.annotations[i], *contents = &outputs.contents[i],
                           *shapes = &outputs.shapes[i];
        printf("%-13s annotations %zu/%zu  outputs %zu/%zu  shapes of outputs %zu/%zu\n", i == 0 ? "all" : drafts[i],
               annotations->good, annotations->all, contents->good, contents->all, shapes->good, shapes->all);
        good = annotations->good == annotations->all && contents->good == contents->all && shapes->good == shapes->all;
    }
    return !good || outputs.annotations->all == 0 || outputs.contents->all == 0 || outputs.shapes->all == 0;
}
