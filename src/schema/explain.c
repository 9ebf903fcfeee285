/* The explaining evaluator: one function a family of keywords, recursion over the schema as it stands. No shortcuts:
 * every keyword is run, so that each has its say. */
#include "schema/explain.h"

#include "schema/step.h"
#include "schema/words.h"
#include "json/splice.h"

/* A step here is that much slower than one of the fast program, and takes more stack: the same budgets bound both. */
enum { STEP_COST = 20, DEPTH_COST = 4, MOST_CHILDREN = 100, MOST_UNITS = 10000 }; /* nobody reads more complaints */

/* The resources entered on the way, innermost first. */
struct scope {
    const struct scope *up;
    const struct resource *resource;
};

struct where {
    const struct step *instance;
    const struct step *path;
    const struct scope *scope;
};

/* One schema against one value. */
struct frame {
    struct explainer *explainer;
    const struct json_document *json; /* the instance's */
    const struct subschema *schema;
    const struct json_node *value;
    struct where where;
    uint64_t *marks;  /* evaluated members or items, NULL when nobody asks */
    uint32_t matches; /* of contains */
    bool decided;     /* what `if` said */
    bool seen_if;
};

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

/* Hangs what was said aside below the unit after all. */
static void unit_take(struct unit *unit, const struct unit *aside) {
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

static void mark(const struct frame *frame, uint32_t index) {
    if (frame->marks != NULL)
        frame->marks[index / 64] |= UINT64_C(1) << (index % 64);
}

static bool is_marked(const struct frame *frame, uint32_t index) {
    return frame->marks != NULL && (frame->marks[index / 64] >> (index % 64) & 1) != 0;
}

/* A schema of this keyword against the same value. */
static bool in_place(struct frame *frame, const struct subschema *schema, const struct step *below, struct unit *unit,
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

/* A schema of this keyword against a member or item. */
static bool below(struct frame *frame, const struct subschema *schema, struct step path, const struct json_node *value,
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
    return in_place(frame, target, NULL, unit, 0);
}

static bool judge_list(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    uint32_t fits = 0, count = keyword->is.children.count, one = 0, two = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct step step = step_numbered(i);
        if (!in_place(frame, keyword->is.children.list[i].schema, &step, unit, i))
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
    bool fits = in_place(frame, keyword->is.to.schema, NULL, &aside, 0);
    frame->marks = marks;
    if (fits)
        unit->sentence = arena_copy(frame->explainer->arena, SPAN("must not fit the schema of \"not\""));
    return !fits;
}

static bool judge_condition(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    if (keyword->code == KEYWORD_IF) {
        struct unit aside = *unit; /* what `if` says is no failure */
        frame->seen_if = true;
        frame->decided = in_place(frame, keyword->is.to.schema, NULL, &aside, 0);
        if (frame->decided)
            unit_take(unit, &aside);
        return true;
    }
    return frame->decided != (keyword->code == KEYWORD_THEN) || in_place(frame, keyword->is.to.schema, NULL, unit, 0);
}

static bool judge_items(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    const struct keyword *prefix = subschema_keyword(frame->schema, KEYWORD_PREFIX_ITEMS);
    uint32_t from = prefix != NULL ? prefix->is.children.count : 0, count = json_count(frame->value);
    const struct json_node *item = json_first(frame->value);
    bool valid = true;
    for (uint32_t i = 0; i < count; i++, item = json_next(frame->json, item)) {
        const struct subschema *schema = keyword->is.to.schema;
        struct step path = step_nowhere();
        if (keyword->code == KEYWORD_PREFIX_ITEMS) {
            if (i >= keyword->is.children.count)
                break;
            schema = keyword->is.children.list[i].schema;
            path = step_numbered(i);
        } else if (keyword->code == KEYWORD_ITEMS ? i < from : is_marked(frame, i)) {
            continue;
        }
        if (below(frame, schema, path, item, step_numbered(i), unit))
            mark(frame, i);
        else
            valid = false;
    }
    if (valid && frame->explainer->everything)
        unit->annotation = words_items(frame->explainer, keyword, from, count);
    return valid;
}

static bool judge_contains(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    struct unit aside = *unit; /* items that do not fit are no failure */
    const struct json_node *item = json_first(frame->value);
    struct buf found = {0};
    for (uint32_t i = 0; i < json_count(frame->value); i++, item = json_next(frame->json, item)) {
        aside.first = aside.last = NULL;
        if (!below(frame, keyword->is.to.schema, step_nowhere(), item, step_numbered(i), &aside))
            continue;
        unit_take(unit, &aside);
        buf_printf(&found, "%s%u", frame->matches == 0 ? "[" : ",", i);
        frame->matches++;
        if (frame->schema->resource->dialect.draft == SCHEMA_DRAFT_2020_12)
            mark(frame, i);
    }
    const struct keyword *least = subschema_keyword(frame->schema, KEYWORD_MIN_CONTAINS);
    bool valid = frame->matches > 0 || (least != NULL && least->is.count == 0);
    if (valid && frame->explainer->everything && frame->matches > 0) {
        buf_add_byte(&found, ']');
        unit->annotation = frame->matches == json_count(frame->value)
                               ? SPAN("true")
                               : arena_copy(frame->explainer->arena, buf_span(&found));
    }
    frame->explainer->arena->starved |= found.failed;
    buf_finish(&found);
    if (!valid)
        unit->sentence = arena_copy(frame->explainer->arena, SPAN("must have an item that fits \"contains\""));
    return valid;
}

/* Members that a keyword's schemas are for. */
static bool judge_member(struct frame *frame, const struct keyword *keyword, const struct json_node *key,
                         uint32_t index, struct unit *unit, bool *used) {
    const struct json_document *schema_json = &frame->schema->resource->text->json;
    struct span name = json_text(frame->json, key);
    bool valid = true;
    for (uint32_t i = 0; i < keyword->is.children.count; i++) {
        const struct child *child = &keyword->is.children.list[i];
        struct span wanted = json_text(schema_json, child->key);
        if (keyword->code == KEYWORD_PROPERTIES ? !span_equal(wanted, name)
                                                : !context_match(frame->explainer->context, child->regex, name))
            continue;
        *used = true;
        if (below(frame, child->schema, step_named(wanted), key + 1, step_named(name), unit))
            mark(frame, index);
        else
            valid = false;
    }
    return valid;
}

static bool is_named(struct frame *frame, const struct json_node *key) {
    const struct keyword *lists[] = {subschema_keyword(frame->schema, KEYWORD_PROPERTIES),
                                     subschema_keyword(frame->schema, KEYWORD_PATTERN_PROPERTIES)};
    struct span name = json_text(frame->json, key);
    for (size_t k = 0; k < 2; k++)
        for (uint32_t i = 0; lists[k] != NULL && i < lists[k]->is.children.count; i++) {
            const struct child *child = &lists[k]->is.children.list[i];
            if (k == 0 ? span_equal(json_text(&frame->schema->resource->text->json, child->key), name)
                       : context_match(frame->explainer->context, child->regex, name))
                return true;
        }
    return false;
}

static bool judge_members(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    const struct json_node *key = json_first(frame->value);
    struct buf names = {0};
    bool valid = true;
    for (uint32_t i = 0; i < json_count(frame->value); i++, key = json_next(frame->json, key + 1)) {
        struct span name = json_text(frame->json, key);
        bool used = false, fits = true;
        if (keyword->code == KEYWORD_PROPERTIES || keyword->code == KEYWORD_PATTERN_PROPERTIES) {
            fits = judge_member(frame, keyword, key, i, unit, &used);
        } else if (keyword->code == KEYWORD_PROPERTY_NAMES) {
            struct unit aside = *unit; /* what is said of a name is nothing about the value there */
            aside.first = aside.last = NULL;
            fits = below(frame, keyword->is.to.schema, step_nowhere(), key, step_named(name), &aside);
            if (!fits)
                unit_take(unit, &aside);
        } else if (keyword->code == KEYWORD_ADDITIONAL_PROPERTIES ? !is_named(frame, key) : !is_marked(frame, i)) {
            used = true;
            fits = below(frame, keyword->is.to.schema, step_nowhere(), key + 1, step_named(name), unit);
            if (fits)
                mark(frame, i);
        }
        valid &= fits;
        if (used && frame->explainer->everything) {
            buf_add_byte(&names, names.size == 0 ? '[' : ',');
            json_write_string(&names, name);
        }
    }
    if (valid && frame->explainer->everything && keyword->code != KEYWORD_PROPERTY_NAMES) {
        buf_add_text(&names, names.size == 0 ? "[]" : "]");
        unit->annotation = arena_copy(frame->explainer->arena, buf_span(&names));
    }
    frame->explainer->arena->starved |= names.failed;
    buf_finish(&names);
    return valid;
}

static bool judge_dependencies(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    const struct json_document *schema_json = &frame->schema->resource->text->json;
    bool valid = true;
    for (uint32_t i = 0; i < keyword->is.children.count; i++) {
        const struct child *child = &keyword->is.children.list[i];
        struct span name = json_text(schema_json, child->key);
        if (json_member(frame->json, frame->value, name) == NULL)
            continue;
        struct step step = step_named(name);
        if (child->schema != NULL) {
            valid &= in_place(frame, child->schema, &step, unit, i);
            continue;
        }
        const struct json_node *wanted = json_first(child->names);
        for (uint32_t n = 0; n < json_count(child->names); n++, wanted = json_next(schema_json, wanted)) {
            if (json_member(frame->json, frame->value, json_text(schema_json, wanted)) != NULL)
                continue;
            valid = false;
            if (unit->sentence.data == NULL)
                unit->sentence =
                    arena_printf(frame->explainer->arena, "must have the member \"%.*s\", because it has \"%.*s\"",
                                 SPAN_ARGUMENT(json_text(schema_json, wanted)), SPAN_ARGUMENT(name));
        }
    }
    return valid;
}

static bool judge_unique(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    if (!keyword->flag)
        return true;
    uint32_t one = 0, two = 0;
    bool unique = context_unique(frame->explainer->context, frame->value, &one, &two);
    if (!unique)
        unit->sentence = arena_printf(frame->explainer->arena,
                                      "must have no two equal items, but items %u and %u are equal", one, two);
    return unique;
}

/* Keywords that look at the value alone. */
static bool judge_value(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    bool valid = words_holds(frame->explainer, frame->schema, keyword, frame->value);
    if (!valid)
        unit->sentence = explain_sentence(frame->explainer, frame->schema, keyword, frame->value);
    return valid;
}

static bool judge_matches(struct frame *frame, const struct keyword *keyword, struct unit *unit) {
    bool least = keyword->code == KEYWORD_MIN_CONTAINS;
    bool valid = least ? frame->matches >= keyword->is.count : frame->matches <= keyword->is.count;
    if (!valid)
        unit->sentence = arena_printf(frame->explainer->arena, "must have at %s %u items that fit \"contains\", not %u",
                                      least ? "least" : "most", keyword->is.count, frame->matches);
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
        return judge_items(frame, keyword, unit);
    if (code == KEYWORD_CONTAINS)
        return judge_contains(frame, keyword, unit);
    if (code == KEYWORD_MIN_CONTAINS || code == KEYWORD_MAX_CONTAINS)
        return judge_matches(frame, keyword, unit);
    if (code == KEYWORD_UNIQUE_ITEMS)
        return judge_unique(frame, keyword, unit);
    if ((code >= KEYWORD_PROPERTIES && code <= KEYWORD_PROPERTY_NAMES) || code == KEYWORD_UNEVALUATED_PROPERTIES)
        return judge_members(frame, keyword, unit);
    if (code == KEYWORD_DEPENDENT_REQUIRED || code == KEYWORD_DEPENDENT_SCHEMAS || code == KEYWORD_DEPENDENCIES)
        return judge_dependencies(frame, keyword, unit);
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
        top.first = arena_take_zero(explainer->arena, 1, sizeof *top.first);
        if (top.first == NULL) {
            (void)no_memory(explainer);
            return NULL;
        }
        *top.first =
            (struct unit){.schema = root, .value = value, .valid = valid, .instance = SPAN(""), .path = SPAN("")};
    }
    return top.first;
}
