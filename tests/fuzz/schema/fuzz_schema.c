/* Hostile schemas and instances, divided by a byte 0x1e: the fast program and the explaining evaluator must agree, and
 * every output must be JSON. */
#include "schema/schema.h"
#include "json/reader.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct schema_program *program, struct schema_context *context,
                  const struct json_document *json) {
    struct arena arena;
    struct schema_complaints complaints;
    arena_init(&arena, 256 << 20);
    enum schema_result fast = schema_validate(program, context, json, json->node);
    enum schema_result slow =
        schema_explain(program, context, json, json->node, SCHEMA_SHOW_VALUES, &arena, &complaints);
    if (fast != SCHEMA_ERROR && slow != SCHEMA_ERROR &&
        (fast != slow || (complaints.count > 0) != (slow != SCHEMA_VALID)))
        abort(); /* they disagree */
    for (int output = SCHEMA_OUTPUT_FLAG; output <= SCHEMA_OUTPUT_DETAILED; output++) {
        struct buf out = {0};
        enum schema_result result =
            schema_write(program, context, json, json->node, (enum schema_output)output, SCHEMA_SHOW_NOTHING, &out);
        struct json_document written;
        struct json_limits limits = {.size = 64 << 20, .depth = 10000};
        struct json_problem problem = {0};
        if (result != SCHEMA_ERROR && !json_read(&arena, buf_span(&out), &limits, &written, &problem) &&
            problem.fault != JSON_FAULT_MEMORY && problem.fault != JSON_FAULT_SIZE && problem.fault != JSON_FAULT_DEPTH)
            abort(); /* the output is not JSON */
        buf_finish(&out);
    }
    arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static const char divider = 0x1e;
    const uint8_t *middle = size > 0 ? memchr(bytes, divider, size) : NULL;
    if (middle == NULL)
        return 0;
    struct span schema = span_make(bytes, (size_t)(middle - bytes));
    struct span instance = span_make(middle + 1, size - schema.size - 1);
    struct arena arena;
    struct json_document json;
    arena_init(&arena, 0);
    struct schema_registry *registry =
        schema_registry_create(&(struct schema_options){.assert_formats = true, .program_memory = 16 << 20});
    struct schema_context *context = schema_context_create(&(struct schema_limits){.steps = 200000, .regex = 10000});
    if (schema_registry_add(registry, SPAN("s.json"), schema, "s.json", NULL)) {
        struct schema_program *program = schema_compile(registry, SPAN("s.json"), NULL);
        if (program != NULL && json_read(&arena, instance, NULL, &json, NULL))
            check(program, context, &json);
        schema_program_destroy(program);
    }
    schema_context_destroy(context);
    schema_registry_destroy(registry);
    arena_finish(&arena);
    return 0;
}
