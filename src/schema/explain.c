/* The explaining evaluator: one function a family of keywords, recursion over the schema as it stands. No shortcuts:
 * every keyword is run, so that each has its say. */
#include "schema/frame.h"
#include "schema/words.h"

/* A step here is that much slower than one of the fast program, and takes more stack: the same budgets bound both. */
enum { STEP_COST = 20, DEPTH_COST = 4, MOST_CHILDREN = 100, MOST_UNITS = 10000 }; /* nobody reads more complaints */

static bool run_schema(struct explainer *explainer, const struct subschema *schema, const struct json_node *value,
                       const struct where *where, uint64_t *marks, struct unit *parent, uint32_t branch);

static bool no_memory(struct explainer *explainer) {
    return context_arena(explainer->context, explainer->arena, EXPLAIN_FULL);
}

/* Hangs what a unit found below its parent, if it is to be kept. */
static void keep(struct explainer *explainer, struct unit *unit, const struct where *where, struct unit *parent) {
    if ((unit->valid && !explainer->everything) || parent == NULL)
        return;
    if (!explainer->everything && unit->first == NULL &&
        (parent->kept >= MOST_CHILDREN || explainer->kept >= MOST_UNITS))
        return;
    parent->kept++;
    explainer->kept++;
    struct unit *copy = arena_take(explainer->arena, sizeof *copy);
    unit->instance = step_text(where->instance, explainer->arena);
    unit->path = step_text(where->path, explainer->arena);
    if (copy == NULL || unit->instance.data == NULL || unit->path.data == NULL) {
        (void)no_memory(explainer);
        return;
    }
    *copy = *unit;
    if (parent->last != NULL)
        parent->last->next = copy;
    else
        parent->first = copy;
    parent->last = copy;
}

void unit_take(struct unit *unit, const struct unit *aside) {
    if (aside->first == NULL)
        return;
    if (unit->last != NULL)
        unit->last->next = aside->first;
    else
        unit->first = aside->first;
    unit->last = aside->last;
}

static uint64_t *take_marks(struct explainer *explainer, const struct json_node *value) {
    if (!explainer->all->unevaluated || json_node_type(value) < NODE_ARRAY)
        return NULL;
    uint64_t *marks = arena_take_zero(&explainer->context->scratch, json_count(value) / 64 + 1, sizeof *marks);
    if (marks == NULL)
        (void)context_arena(explainer->context, &explainer->context->scratch, EXPLAIN_FULL);
    return marks;
}

static void add_marks(uint64_t *marks, const uint64_t *more, const struct json_node *value) {
    for (uint32_t i = 0; marks != NULL && more != NULL && i <= json_count(value) / 64; i++)
        marks[i] |= more[i];
}

bool frame_in_place(struct frame *frame, const struct subschema *schema, const struct step *below, struct unit *unit,
                    uint32_t branch) {
    struct where where = frame->where;
    struct step first = {frame->where.path, json_text(&frame->schema->resource->text->json, unit->keyword->key), 0};
    struct step second;
    where.path = &first;
    if (below != NULL) {
        second = *below;
        second.up = &first;
        where.path = &second;
    }
    uint64_t *marks = frame->marks != NULL ? take_marks(frame->explainer, frame->value) : NULL;
    bool valid = run_schema(frame->explainer, schema, frame->value, &where, marks, unit, branch);
    if (valid)
        add_marks(frame->marks, marks, frame->value);
    return valid;
}

bool frame_below(struct frame *frame, const struct subschema *schema, struct step path, const struct json_node *value,
                 struct step instance, struct unit *unit) {
    struct where where = frame->where;
    struct step first = {frame->where.path, json_text(&frame->schema->resource->text->json, unit->keyword->key), 0};
    where.path = &first;
    if (!step_is_nowhere(&path)) {
        path.up = &first;
        where.path = &path;
    }
    instance.up = frame->where.instance;
    where.instance = &instance;
    return run_schema(frame->explainer, schema, value, &where, NULL, unit, 0);
}

static const struct subschema *dynamic_target(const struct frame *frame, const struct keyword *keyword) {
    const struct subschema *target = keyword->is.to.schema;
    for (const struct scope *one = frame->where.scope; one != NULL; one = one->up) {
        const struct json_node *node = NULL;
        if (keyword->code == KEYWORD_RECURSIVE_REF) {
            if (keyword->is.to.recursive && one->resource->recursive)
                node = one->resource->node;
        } else if (keyword->is.to.dynamic != NULL) {
            const struct anchor *anchor = resource_dynamic(one->resource, keyword->is.to.dynamic->name);
            node = anchor != NULL ? anchor->node : NULL;
        }
        if (node != NULL)
            target = subschemas_find(frame->explainer->all, node);
    }
    return target;
}

static bool judge_references(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    const struct subschema *target =
        keyword->code == KEYWORD_REF ? keyword->is.to.schema : dynamic_target(frame, keyword);
    return frame_in_place(frame, target, NULL, unit, 0);
}

static bool judge_list(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    uint32_t fits = 0, count = keyword->is.children.count, one = 0, two = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct step step = step_numbered(i);
        if (!frame_in_place(frame, keyword->is.children.list[i].schema, &step, unit, i))
            continue;
        one = fits == 0 ? i : one;
        two = fits == 1 ? i : two;
        fits++;
    }
    if (keyword->code == KEYWORD_ALL_OF)
        return fits == count;
    if (keyword->code == KEYWORD_ANY_OF ? fits > 0 : fits == 1)
        return true;
    const char *amount = keyword->code == KEYWORD_ANY_OF ? "at least" : "exactly";
    unit->sentence =
        fits == 0
            ? arena_printf(frame->explainer->arena, "must fit %s one of %u schemas, but fits none", amount, count)
            : arena_printf(frame->explainer->arena, "must fit exactly one of %u schemas, but fits numbers %u and %u",
                           count, one + 1, two + 1);
    return false;
}

static bool judge_not(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    struct unit aside = *unit;
    uint64_t *marks = frame->marks;
    frame->marks = NULL;
    bool fits = frame_in_place(frame, keyword->is.to.schema, NULL, &aside, 0);
    frame->marks = marks;
    if (fits)
        unit->sentence = arena_copy(frame->explainer->arena, SPAN("must not fit the schema of \"not\""));
    return !fits;
}

static bool judge_condition(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    if (keyword->code == KEYWORD_IF) {
        struct unit aside = *unit; /* what `if` says is no failure */
        frame->seen_if = true;
        frame->decided = frame_in_place(frame, keyword->is.to.schema, NULL, &aside, 0);
        if (frame->decided)
            unit_take(unit, &aside);
        return true;
    }
    return frame->decided != (keyword->code == KEYWORD_THEN) ||
           frame_in_place(frame, keyword->is.to.schema, NULL, unit, 0);
}

/* Keywords that look at the value alone. */
static bool judge_value(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    bool valid = words_holds(frame->explainer, frame->schema, keyword, frame->value);
    if (!valid)
        unit->sentence = explain_sentence(frame->explainer, frame->schema, keyword, frame->value);
    return valid;
}

/* What the keyword applies to: the others say nothing about this value. */
static bool applies(const struct keyword *keyword, const struct json_node *value) {
    enum keyword_code code = keyword->code;
    if (code >= KEYWORD_MINIMUM && code <= KEYWORD_MULTIPLE_OF)
        return json_node_type(value) == NODE_NUMBER;
    if (code >= KEYWORD_MIN_LENGTH && code <= KEYWORD_CONTENT_SCHEMA && code != KEYWORD_FORMAT)
        return json_node_type(value) == NODE_STRING;
    if ((code >= KEYWORD_MIN_ITEMS && code <= KEYWORD_MAX_CONTAINS) || code == KEYWORD_UNEVALUATED_ITEMS)
        return json_node_type(value) == NODE_ARRAY;
    if ((code >= KEYWORD_MIN_PROPERTIES && code <= KEYWORD_DEPENDENCIES) || code == KEYWORD_UNEVALUATED_PROPERTIES)
        return json_node_type(value) == NODE_OBJECT;
    return true;
}

static bool judge(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    enum keyword_code code = keyword->code;
    if (code <= KEYWORD_RECURSIVE_REF)
        return judge_references(frame, keyword, unit);
    if (code == KEYWORD_PREFIX_ITEMS || code == KEYWORD_ITEMS || code == KEYWORD_UNEVALUATED_ITEMS)
        return frame_items(frame, keyword, unit);
    if (code == KEYWORD_CONTAINS)
        return frame_contains(frame, keyword, unit);
    if (code == KEYWORD_MIN_CONTAINS || code == KEYWORD_MAX_CONTAINS)
        return frame_matches(frame, keyword, unit);
    if (code == KEYWORD_UNIQUE_ITEMS)
        return frame_unique(frame, keyword, unit);
    if ((code >= KEYWORD_PROPERTIES && code <= KEYWORD_PROPERTY_NAMES) || code == KEYWORD_UNEVALUATED_PROPERTIES)
        return frame_members(frame, keyword, unit);
    if (code == KEYWORD_DEPENDENT_REQUIRED || code == KEYWORD_DEPENDENT_SCHEMAS || code == KEYWORD_DEPENDENCIES)
        return frame_dependencies(frame, keyword, unit);
    if (code >= KEYWORD_ALL_OF && code <= KEYWORD_ONE_OF)
        return judge_list(frame, keyword, unit);
    if (code == KEYWORD_NOT)
        return judge_not(frame, keyword, unit);
    if (code >= KEYWORD_IF && code <= KEYWORD_ELSE)
        return judge_condition(frame, keyword, unit);
    return judge_value(frame, keyword, unit);
}

static bool run_keywords(struct frame *frame, struct unit *unit) {
    bool valid = true;
    for (uint32_t i = 0; i < frame->schema->count && frame->explainer->context->fault == NULL; i++) {
        const struct keyword *keyword = &frame->schema->keyword[i];
        if (!applies(keyword, frame->value))
            continue;
        struct unit said = {.schema = frame->schema, .keyword = keyword, .value = frame->value};
        said.valid = judge(frame, keyword, &said);
        if (said.valid && frame->explainer->everything && said.annotation.data == NULL)
            said.annotation = words_annotation(frame->explainer, frame->schema, keyword);
        struct step step = {frame->where.path, json_text(&frame->schema->resource->text->json, keyword->key), 0};
        struct where where = {frame->where.instance, &step, NULL};
        keep(frame->explainer, &said, &where, unit);
        valid &= said.valid;
    }
    return valid;
}

static bool run_schema(struct explainer *explainer, const struct subschema *schema, const struct json_node *value,
                       const struct where *where, uint64_t *marks, struct unit *parent, uint32_t branch) {
    struct schema_context *context = explainer->context;
    if (context->steps < 0 || schema == NULL)
        return context_fault(context, "more steps than allowed");
    if (context->depth == 0)
        return context_fault(context, "schemas nested deeper than allowed");
    context->depth--;
    context->steps -= STEP_COST * (1 + (int64_t)schema->count);
    struct scope scope = {where->scope, schema->resource};
    struct frame frame = {.explainer = explainer,
                          .json = explainer->document,
                          .schema = schema,
                          .value = value,
                          .where = *where,
                          .marks = marks != NULL ? marks : take_marks(explainer, value)};
    if (where->scope == NULL || where->scope->resource != schema->resource)
        frame.where.scope = &scope;
    struct unit unit = {.schema = schema, .value = value, .branch = branch};
    if (schema->form == SUBSCHEMA_OBJECT)
        unit.valid = run_keywords(&frame, &unit);
    else
        unit.valid = schema->form == SUBSCHEMA_TRUE;
    if (schema->form == SUBSCHEMA_FALSE)
        unit.sentence = arena_copy(explainer->arena, SPAN("must not be there"));
    keep(explainer, &unit, where, parent);
    context->depth++;
    return unit.valid;
}

struct unit *explain_whole(struct explainer *explainer, const struct subschema *root, const struct json_node *value) {
    struct unit *unit = arena_take_zero(explainer->arena, 1, sizeof *unit);
    if (unit == NULL)
        (void)no_memory(explainer);
    else
        *unit = (struct unit){.schema = root, .value = value, .valid = true, .instance = SPAN(""), .path = SPAN("")};
    return unit;
}

struct unit *explain_run(struct explainer *explainer, const struct subschema *root, const struct json_node *value) {
    struct unit top = {.valid = true};
    struct where where = {NULL, NULL, NULL};
    explainer->context->depth = explainer->context->depth / DEPTH_COST + 1;
    explainer->arena->full = explainer->arena->starved = false;
    bool valid = run_schema(explainer, root, value, &where, NULL, &top, 0);
    if (explainer->arena->full || explainer->arena->starved) /* a sentence is lost at least */
        (void)no_memory(explainer);
    if (explainer->context->fault != NULL)
        return NULL;
    if (top.first == NULL) {
        top.first = explain_whole(explainer, root, value);
        if (top.first != NULL)
            top.first->valid = valid;
    }
    return top.first;
}
