/* The front door: compile, validate, explain, write. The work is done behind it. */
#include "schema/schema.h"

#include "schema/explain.h"
#include "schema/program.h"

#include <stdlib.h>

/* All texts are read for their identifiers first, so that one may refer into another. What is wrong in a text that
 * nobody refers to is nobody's problem. */
static bool index_all(struct schema_registry *registry, struct schema_problem *problem) {
    for (struct schema_text *text = registry->texts; text != NULL; text = text->next) {
        struct schema_problem own = {0};
        if (!registry_index(registry, text, &own) && own.error.shortage)
            return error_memory(&problem->error);
    }
    return true;
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
    struct target target;
    if (!index_all(registry, problem) || !registry_find(registry, NULL, NULL, uri, &target, problem) ||
        !subschemas_read(&program->all, &target, &program->root, problem) || !assemble(program, problem)) {
        schema_program_destroy(program);
        (void)error_memory(&problem->error);
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

/* One unit that says why there is no more of it. */
static struct unit *say_limit(const struct schema_program *program, struct explainer *explainer,
                              const struct json_node *node, const char *fault) {
    struct unit *unit = explain_whole(explainer, program->root, node);
    if (unit == NULL)
        return NULL;
    unit->valid = false;
    unit->sentence =
        arena_printf(explainer->arena, "does not fit the schema; to say where went past a limit: %s", fault);
    return unit;
}

/* Explaining takes more depth, steps and memory than judging: what it could not follow to the end is judged all the
 * same. But that something is valid is no answer to a question for annotations. */
static struct unit *explain(const struct schema_program *program, struct explainer *explainer,
                            const struct json_node *node) {
    struct schema_context *context = explainer->context;
    struct unit *unit = explain_run(explainer, program->root, node);
    if (unit != NULL || context->is_short)
        return unit;
    const char *fault = context->fault;
    switch (schema_validate(program, context, explainer->document, node)) {
    case SCHEMA_INVALID:
        return say_limit(program, explainer, node, fault);
    case SCHEMA_VALID:
        if (!explainer->everything)
            return explain_whole(explainer, program->root, node);
        (void)context_fault(context, fault);
        break;
    case SCHEMA_ERROR:
        break;
    }
    return NULL;
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
    const struct unit *unit = explain(program, &explainer, node);
    if (unit == NULL)
        return SCHEMA_ERROR;
    bool all = complaint_list(unit, arena, complaints);
    if (!all && (!arena->full || arena->starved || complaints->count == 0)) {
        complaints->count = 0;
        (void)context_arena(context, arena, EXPLAIN_FULL);
        return SCHEMA_ERROR;
    }
    return unit->valid ? SCHEMA_VALID : SCHEMA_INVALID;
}

/* False: no memory, and nothing was added. */
static bool write_unit(const struct unit *unit, enum schema_output output, struct arena *arena, struct buf *out) {
    size_t size = out->size;
    if (unit == NULL)
        return false;
    output_write(unit, output, arena, out);
    if (out->failed)
        out->size = size;
    return !out->failed;
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
    const struct unit *unit = explain(program, &explainer, node);
    enum schema_result result = unit == NULL ? SCHEMA_ERROR : unit->valid ? SCHEMA_VALID : SCHEMA_INVALID;
    bool written = write_unit(unit, output, &arena, out);
    if (result == SCHEMA_INVALID && !written && arena.full && !arena.starved) { /* the tree fitted, its text does not */
        out->failed = false;
        arena_reset(&arena);
        written = write_unit(say_limit(program, &explainer, node, EXPLAIN_FULL), output, &arena, out);
    }
    if (unit != NULL && !written) {
        (void)context_arena(context, &arena, EXPLAIN_FULL);
        result = SCHEMA_ERROR;
    }
    arena_finish(&arena);
    return result;
}
