/* The front door: compile, validate, explain, write. The work is done behind it. */
#include "schema/schema.h"

#include "schema/explain.h"
#include "schema/program.h"

#include <stdlib.h>

/* All texts are read for their identifiers first, so that one may refer into another. What is wrong in a text that
 * nobody refers to is nobody's problem. */
static void index_all(struct schema_registry *registry) {
    for (struct schema_text *text = registry->texts; text != NULL; text = text->next)
        (void)registry_index(registry, text, NULL);
}

struct schema_program *schema_compile(struct schema_registry *registry, struct span uri,
                                      struct schema_problem *problem) {
    struct schema_problem unused;
    if (problem == NULL)
        problem = &unused;
    memset(problem, 0, sizeof *problem);
    struct schema_program *program = calloc(1, sizeof *program);
    if (program == NULL) {
        (void)error_memory(&problem->error);
        return NULL;
    }
    arena_init(&program->arena, registry->options.program_memory);
    program->all.registry = registry;
    program->all.arena = &program->arena;
    index_all(registry);
    struct target target;
    if (!registry_find(registry, NULL, NULL, uri, &target, problem) ||
        !subschemas_read(&program->all, &target, &program->root, problem) || !assemble(program, problem)) {
        schema_program_destroy(program);
        (void)error_set(&problem->error, "out of memory");
        return NULL;
    }
    return program;
}

void schema_program_destroy(struct schema_program *program) {
    if (program == NULL)
        return;
    subschemas_finish(&program->all);
    arena_finish(&program->arena);
    free(program);
}

enum schema_result schema_validate(const struct schema_program *program, struct schema_context *context,
                                   const struct json_document *document, const struct json_node *node) {
    bool valid = program_run(program, context, document, node);
    if (context->fault != NULL)
        return SCHEMA_ERROR;
    return valid ? SCHEMA_VALID : SCHEMA_INVALID;
}

enum schema_result schema_explain(const struct schema_program *program, struct schema_context *context,
                                  const struct json_document *document, const struct json_node *node,
                                  enum schema_show show, struct arena *arena, struct schema_complaints *complaints) {
    *complaints = (struct schema_complaints){NULL, 0};
    context_start(context, document);
    struct explainer explainer = {.all = &program->all,
                                  .context = context,
                                  .document = document,
                                  .arena = arena,
                                  .values = show == SCHEMA_SHOW_VALUES};
    const struct unit *unit = explain_run(&explainer, program->root, node);
    if (unit == NULL)
        return SCHEMA_ERROR;
    if (!complaint_list(unit, arena, complaints)) {
        (void)context_arena(context, arena, EXPLAIN_FULL);
        return SCHEMA_ERROR;
    }
    return unit->valid ? SCHEMA_VALID : SCHEMA_INVALID;
}

enum schema_result schema_write(const struct schema_program *program, struct schema_context *context,
                                const struct json_document *document, const struct json_node *node,
                                enum schema_output output, enum schema_show show, struct buf *out) {
    context_start(context, document);
    struct arena arena;
    arena_init(&arena, context->limits.memory);
    struct explainer explainer = {.all = &program->all,
                                  .context = context,
                                  .document = document,
                                  .arena = &arena,
                                  .everything = output != SCHEMA_OUTPUT_FLAG,
                                  .values = show == SCHEMA_SHOW_VALUES};
    const struct unit *unit = explain_run(&explainer, program->root, node);
    enum schema_result result = unit == NULL ? SCHEMA_ERROR : unit->valid ? SCHEMA_VALID : SCHEMA_INVALID;
    size_t size = out->size;
    if (unit != NULL) {
        output_write(unit, output, &arena, out);
        if (out->failed) {
            out->size = size;
            (void)context_arena(context, &arena, EXPLAIN_FULL);
            result = SCHEMA_ERROR;
        }
    }
    arena_finish(&arena);
    return result;
}
