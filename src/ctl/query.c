/* The verb query: what an RFC 9535 query selects in a JSON text. The queries themselves are json/path's. */
#include "ctl/input.h"
#include "ctl/verbs.h"

#include "json/path.h"
#include "json/reader.h"

#include <stdint.h>
#include <stdio.h>

static const struct json_limits limits = {.size = 1 << 30, .depth = 1000, .members = UINT32_MAX, .memory = SIZE_MAX};

static int print(const struct json_document *document, const struct json_node *node) {
    struct span text = node != NULL ? json_source(document, node) : SPAN("");
    (void)printf("[" SPAN_FORMAT "]\n", SPAN_ARGUMENT(text));
    return node != NULL ? EXIT_YES : EXIT_NO;
}

static int run_on(const struct json_path *path, struct span text, const char *name, struct arena *arena) {
    struct json_document document;
    struct json_problem problem;
    struct error error = {0};
    if (json_read(arena, text, &limits, &document, &problem))
        return print(&document, json_path_find(path, &document));
    if (problem.fault == JSON_FAULT_MEMORY)
        (void)error_memory(&error);
    (void)error_set(&error, "%s:%u:%u: not JSON: %s", name, problem.line, problem.column, problem.sentence);
    return call_refuse(EXIT_DATA, &error);
}

static int run(const struct call *call) {
    const char *name = call->argument_count > 1 ? call->arguments[1] : "-";
    struct error error = {0};
    struct buf text = {0};
    struct arena arena;
    arena_init(&arena, 0);
    int status;
    struct json_path *path = json_path_create(span_of(call->arguments[0]), &error);
    if (path == NULL)
        status = call_refuse(EXIT_USAGE, &error);
    else if (!input_read(name, &text, &error))
        status = call_refuse(EXIT_INPUT, &error);
    else
        status = run_on(path, buf_span(&text), name, &arena);
    json_path_destroy(path);
    buf_finish(&text);
    arena_finish(&arena);
    return status;
}

static const struct option options[] = {{0}};

const struct verb verb_query = {
    .name = "query",
    .arguments = "EXPRESSION [FILE]",
    .sentence = "print what a JSONPath query (RFC 9535) selects in a JSON text",
    .lesson = "Prints a JSON array. Without FILE it reads standard input. So far it knows simple member queries,\n"
              "$.name and $['name'], as routes use them in key, into, order-by and {...}.\n"
              "\n"
              "  slussctl query '$.data.arendeId' event.json\n"
              "\n"
              "Exit: 0 something is selected, 1 nothing is, 64 the query is wrong, 65 the text is not JSON.\n",
    .options = options,
    .least = 1,
    .most = 2,
    .run = run,
};
