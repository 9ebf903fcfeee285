/* Measures JSON Schema on pairs NAME.schema.json and NAME.json: one line of JSON a pair, nanoseconds, the least of many
 * rounds. tests/bench/schema.py puts others beside it. */
#include "schema/schema.h"
#include "json/reader.h"

#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static struct span read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(66);
    }
    struct buf bytes = {0};
    char block[65536];
    for (size_t size; (size = fread(block, 1, sizeof block, file)) > 0;)
        buf_add(&bytes, span_make(block, size));
    (void)fclose(file);
    return buf_span(&bytes);
}

struct pair {
    struct span schema, text;
    struct schema_program *program;
    struct schema_registry *registry;
    struct schema_context *context;
    struct json_document json;
    struct arena arena, scratch;
};

static void compile(struct pair *pair, struct schema_registry **registry, struct schema_program **program) {
    struct schema_problem problem = {0};
    *registry = schema_registry_create(NULL);
    *program = NULL;
    if (schema_registry_add(*registry, SPAN("bench.json"), pair->schema, "bench.json", &problem))
        *program = schema_compile(*registry, SPAN("bench.json"), &problem);
    if (*program == NULL) {
        (void)fprintf(stderr, "%s: %s\n", problem.pointer, problem.error.text);
        exit(78);
    }
}

static void once_validate(struct pair *pair) {
    if (schema_validate(pair->program, pair->context, &pair->json, pair->json.node) != SCHEMA_VALID)
        exit(1);
}

static void once_both(struct pair *pair) {
    struct json_document json;
    arena_reset(&pair->scratch);
    if (!json_read(&pair->scratch, pair->text, NULL, &json, NULL) ||
        schema_validate(pair->program, pair->context, &json, json.node) != SCHEMA_VALID)
        exit(1);
}

static void once_jansson(struct pair *pair) {
    json_t *json = json_loadb(pair->text.data, pair->text.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (json == NULL)
        exit(1);
    json_decref(json);
}

static void once_compile(struct pair *pair) {
    struct schema_registry *registry;
    struct schema_program *program;
    compile(pair, &registry, &program);
    schema_program_destroy(program);
    schema_registry_destroy(registry);
}

/* The least time of a call over `seconds`, in rounds long enough for the clock; and the mean of all. */
static double least(struct pair *pair, void (*once)(struct pair *), double seconds, double *mean) {
    double best = 1e18, start = now(), end = start + seconds * 1e9;
    size_t calls = 1, all = 0;
    for (double begin; now() < end;) {
        begin = now();
        for (size_t i = 0; i < calls; i++)
            once(pair);
        double spent = now() - begin;
        all += calls;
        if (spent / (double)calls < best)
            best = spent / (double)calls;
        if (spent < 2e5)
            calls *= 2;
    }
    if (mean != NULL)
        *mean = (now() - start) / (double)all;
    return best;
}

/* mallinfo2 cannot count calls, but a call that leaves the heap as it was took nothing from it. */
static size_t heap(void) {
    return mallinfo2().uordblks;
}

int main(int count, char **arguments) {
    double seconds = 0.5;
    int first = 1;
    if (count > 2 && strcmp(arguments[1], "--seconds") == 0) {
        seconds = strtod(arguments[2], NULL);
        first = 3;
    }
    for (int i = first; i + 1 < count; i += 2) {
        struct pair pair = {.schema = read_file(arguments[i]), .text = read_file(arguments[i + 1])};
        arena_init(&pair.arena, 0);
        arena_init(&pair.scratch, 0);
        pair.context = schema_context_create(NULL);
        compile(&pair, &pair.registry, &pair.program);
        if (!json_read(&pair.arena, pair.text, &(struct json_limits){.size = 64 << 20}, &pair.json, NULL))
            return 65;
        if (schema_validate(pair.program, pair.context, &pair.json, pair.json.node) != SCHEMA_VALID) {
            struct schema_complaints why;
            (void)schema_explain(pair.program, pair.context, &pair.json, pair.json.node, SCHEMA_SHOW_NOTHING,
                                 &pair.arena, &why);
            (void)fprintf(stderr, "%s: invalid: %.*s %.*s\n", arguments[i + 1],
                          SPAN_ARGUMENT(why.complaint[0].instance), SPAN_ARGUMENT(why.complaint[0].sentence));
            return 1;
        }
        size_t before = heap();
        once_validate(&pair);
        size_t after = heap();
        double mean, best = least(&pair, once_validate, seconds, &mean);
        printf("{\"document\":\"%s\",\"validate\":%.0f,\"validate_mean\":%.0f,\"bytes_to_verdict\":%.0f,"
               "\"jansson_load\":%.0f,\"compile\":%.0f,\"heap\":%zd}\n",
               arguments[i + 1], best, mean, least(&pair, once_both, seconds, NULL),
               least(&pair, once_jansson, seconds, NULL), least(&pair, once_compile, seconds, NULL), after - before);
        (void)fflush(stdout);
        schema_program_destroy(pair.program);
        schema_registry_destroy(pair.registry);
        schema_context_destroy(pair.context);
        arena_finish(&pair.arena);
        arena_finish(&pair.scratch);
    }
    return 0;
}
